"""Problems of any size: needled skin with fields of all speeds, and a block of fields that diffuse and decay."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mnrd.mesh.paint import Painting, paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Transfer

Size = tuple[int, int, int]
"""Cells in x, y and z."""

H = 10.0  # um, of a cell
PITCH = 32  # columns between needles
RADIUS, DEPTH, CORNEUM = 50.0, 200.0, 20.0  # um, of a channel, and of the stratum corneum
DIFFUSIVITIES = (1000.0, 10.0, 100.0, 0.1)  # um^2/s in tissue: oxygen, a growth factor, a drug, cells
BARRIER, OPEN = 1e-3, 2.0  # diffusivity of the stratum corneum and of a channel over that of tissue
STEP = 900.0  # s

MINUTE = 60.0  # s, the step of a block, in which D dt / h^2 is 1
DECAY = 1e-3  # 1/s


def painted(size: Size) -> tuple[Mesh, Painting]:
    """Mesh and painting of a periodic patch of needled skin: one needle painted, and repeated.

    Parameters
    ----------
    size : (nx, ny, nz)
        Columns are multiples of `PITCH`, or fewer.
    """
    nx, ny, nz = size
    pitch = min(PITCH, nx, ny)
    if nx % pitch or ny % pitch:
        raise ValueError(f"size: got {nx} x {ny} columns, must be multiples of {pitch}")
    z, middle = H * np.arange(nz + 1.0), pitch * H / 2
    radius = min(RADIUS, 0.3 * pitch * H)
    one = Mesh(*(H * np.arange(pitch + 1.0),) * 2, z, (True, True))
    bore = ("channel", lambda x, y, z: (np.hypot(x - middle, y - middle) < radius) & (z < DEPTH))
    painting = paint(one, [("corneum", 0.0), ("tissue", CORNEUM)], [bore])
    fractions = np.tile(painting.fractions, (1, 1, ny // pitch, nx // pitch))
    mesh = Mesh(H * np.arange(nx + 1.0), H * np.arange(ny + 1.0), z, (True, True))
    return mesh, Painting(painting.materials, fractions)


def patch(size: Size, mobile: int, immobile: int = 0, *, reacting: bool = True) -> Problem:
    """A patch with some fields, each made from the one before it unless they shall not react.

    Parameters
    ----------
    size : (nx, ny, nz)
    mobile, immobile : int
        Fields that diffuse, with the diffusivities of `DIFFUSIVITIES` in turn, and fields that do not.
    reacting : bool
        Whether they are made from each other.
    """
    mesh, painting = painted(size)
    fields = []
    for index in range(mobile + immobile):
        tissue = DIFFUSIVITIES[index % len(DIFFUSIVITIES)]
        diffusivity = {"corneum": BARRIER * tissue, "tissue": tissue, "channel": OPEN * tissue}
        initial = {"corneum": 0.0, "tissue": 0.1, "channel": 1.0}
        fields.append(Field(f"f{index}", initial=initial, diffusivity=diffusivity if index < mobile else None))
    pairs = pairwise(fields) if reacting else ()
    reactions = [Transfer(f"{a.name} to {b.name}", a.name, f"rate/(1 + {a.name})", {b.name: 0.9}) for a, b in pairs]
    return Problem(mesh, painting, Model(tuple(fields), tuple(reactions), {"rate": 1e-5}))


def block(cells: int, fields: int) -> Problem:
    """A cube without skin whose fields diffuse, each with waves of its own, and decay: D `MINUTE` / h^2 is 1.

    Parameters
    ----------
    cells : int
        Along each side.
    fields : int
    """
    faces = H * np.arange(cells + 1.0)
    mesh = Mesh(faces, faces, faces)
    declared = tuple(
        Field(f"f{n}", initial=_wave(n + 2, faces[-1]), diffusivity=H * H / MINUTE) for n in range(fields)
    )  # fmt: skip
    reactions = tuple(Transfer(f"decay of {field.name}", field.name, "decay") for field in declared)
    return Problem(mesh, paint(mesh, [("gel", 0.0)]), Model(declared, reactions, {"decay": DECAY}))


def after(cells: int, field: int, steps: int, *, split: bool = False) -> np.ndarray:
    """What field `field` of a `block` is after steps of `MINUTE`, (nz, ny, nx): its waves are eigenvectors of the grid.

    Parameters
    ----------
    cells, field, steps : int
    split : bool
        After implicit Euler steps in x, in y and in z, each with a third of the decay, in place of exactly.
    """
    halves, at = field + 2, (np.arange(cells) + 0.5) / cells
    spread, loss = 2 - 2 * np.cos(halves * np.pi / cells), DECAY * MINUTE / 3  # of one direction in a step
    wave, level = (
        ((1 + rate) ** -3.0 if split else np.exp(-3 * rate)) ** steps for rate in (spread + loss, loss)
    )  # fmt: skip
    along = np.cos(halves * np.pi * at)
    return level + wave * along * along[:, None] * along[:, None, None]


def _wave(halves: int, side: float) -> str:
    """A field between 0 and 2 with this many half waves along each side."""
    return " * ".join(f"cos({halves}*pi*{axis}/{side})" for axis in "xyz") + " + 1"
