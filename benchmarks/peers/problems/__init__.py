"""The problems by name."""

from __future__ import annotations

from peers.problems.decay import Decay
from peers.problems.gray_scott import GrayScott
from peers.problems.skin import Skin

PROBLEMS = {one.name: one for one in (Decay("decay", 1000.0), Decay("stiff", 1e5), Skin(), GrayScott())}
"""Problems by name, in the order of the report."""
