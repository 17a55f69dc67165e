"""What host and backend tell each other about a step: orders before it, reports after it, one copy each.

Inside a step nothing is read back. Sums, factors and step lengths stay where the kernels are; see ``enum Order`` and
``enum Report`` in ``kernels/common.cuh`` for the meaning of each number.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np

from mnrd.backends.base import ORDER, REPORT, Array, Backend

FIRST, SECOND = 0, 1
"""The two stages of a step; a step of implicit Euler has the second alone."""


class Block:
    """Numbers (float64) that are copied in one go, in named parts.

    Parameters
    ----------
    backend : Backend
        Where the other copy is.
    shapes : dict of name to tuple of int
        The parts.
    """

    def __init__(self, backend: Backend, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.backend = backend
        self._host: dict[str, np.ndarray] = {}
        self._places: dict[str, Array] = {}
        ends = np.cumsum([0, *(prod(shape) for shape in shapes.values())])
        self.values = np.zeros(max(int(ends[-1]), 1))
        self._there = backend.zeros(self.values.size, np.float64)
        for (name, shape), start, end in zip(shapes.items(), ends[:-1], ends[1:], strict=True):
            self._host[name] = self.values[start:end].reshape(shape)
            self._places[name] = self._there[start:end].reshape(shape)

    def __getitem__(self, name: str) -> np.ndarray:
        """A part on the host; what is written into it goes with the next `send`."""
        return np.asarray(self._host[name])

    def there(self, name: str) -> Array:
        """The same part on the backend, for the kernels."""
        return self._places[name]

    def send(self) -> None:
        """Copy all parts to the backend."""
        self.backend.upload(self.values, self._there)

    def fetch(self) -> None:
        """Copy all parts from the backend, once its kernels are done."""
        self.values[:] = self.backend.host(self._there)


class Board:
    """Orders and reports of all fields in both stages.

    Parameters
    ----------
    backend : Backend
        Where the kernels run.
    fields, materials, scalars, terms, levels : int
        How many there are; `terms` is the largest number of reaction terms of a field.

    Attributes
    ----------
    orders : Block
        ``order`` (2, fields, ORDERS), ``openness`` (2, fields, materials), ``scalars`` (2, scalars).
    reports : Block
        ``report`` (2, fields, REPORTS), ``terms`` (2, fields, terms), ``rates`` (fields, levels): the lateral coupling
        of fields whose transport changes, 1/s.
    """

    def __init__(self, backend: Backend, fields: int, materials: int, scalars: int, terms: int, levels: int) -> None:
        orders = {
            "order": (2, fields, ORDER["ORDERS"]),
            "openness": (2, fields, materials),
            "scalars": (2, max(scalars, 1)),
        }
        reports = {
            "report": (2, fields, REPORT["REPORTS"]),
            "terms": (2, fields, max(terms, 1)),
            "rates": (fields, levels),
        }
        self.orders, self.reports = Block(backend, orders), Block(backend, reports)
        self.reports["report"][:, :, REPORT["SCALE"]] = 1.0  # of fields of which no kernel reports one
        self.reports.send()

    def order(self, stage: int, index: int, name: str, value: float) -> None:
        """Write one number of a field's order."""
        self.orders["order"][stage, index, ORDER[name]] = value

    def said(self, stage: int, index: int, name: str) -> float:
        """Read one number of a field's report."""
        return float(self.reports["report"][stage, index, REPORT[name]])


def slot(report: Array, name: str, count: int = 1) -> Array:
    """The part of one field's report on the backend that begins with a name, as an argument of a kernel."""
    start = REPORT[name]
    return report[start : start + count]
