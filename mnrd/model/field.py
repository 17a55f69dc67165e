"""Fields: what diffuses, partitions and reacts, with what it touches above and below."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mnrd.model.expression import RESERVED, SPACE, parse

Array = NDArray[np.float64]

CUT_OFF = "cut off above the ceiling"  # what the books call it

# uniform | per material (a number or a depth profile (nz)) | per cell (nz, ny, nx)
Coefficient: TypeAlias = float | Mapping[str, float | Array] | Array


@dataclass(frozen=True, eq=False)
class Reservoir:
    """A well-stirred compartment in contact with the top or the base of every column.

    Parameters
    ----------
    activity : float
        Initial activity; constant if the capacity is infinite.
    capacity : float, um
        Depth times partition coefficient: amount per area = capacity x activity. Infinite: it is held.
    transfer : float, um/s
        Permeability in series with the half cell (boundary layer, Robin condition). Infinite: none.
    loss : float, um/s
        Amount lost per area and time = loss x activity (evaporation, washing).
    saturation : float
        The activity cannot exceed this; the rest is suspended and dissolves as needed.
    amount : float, um x concentration unit, optional
        Amount per area at first; default capacity x activity. More than that is a suspension.
    drying : (rate in um/s, final capacity in um), optional
        The capacity falls linearly with time down to the final one.
    area : (ny, nx) array, optional
        Covered fraction of each face; default all.
    tops_up : bool
        When it replaces another one in an event: keep what is left there and add its own content to it; the capacity is
        that of both together. Otherwise what is left is removed.

    Raises
    ------
    ValueError
        When a value is out of range or two contradict each other.
    """

    activity: float = 0.0
    capacity: float = inf
    transfer: float = inf
    loss: float = 0.0
    saturation: float = inf
    amount: float | None = None
    drying: tuple[float, float] | None = None
    area: Array | None = None
    tops_up: bool = False

    def __post_init__(self) -> None:
        check_number("reservoir.activity", self.activity)
        check_number("reservoir.capacity", self.capacity, positive=True, infinite=True)
        check_number("reservoir.transfer", self.transfer, positive=True, infinite=True)
        check_number("reservoir.loss", self.loss)
        check_number("reservoir.saturation", self.saturation, positive=True, infinite=True)
        if self.activity > self.saturation:
            raise ValueError(f"reservoir.activity: got {self.activity:g}, saturation is {self.saturation:g}")
        if self.amount is not None:
            self._check_amount(self.amount)
        if self.drying is not None:
            self._check_drying(*self.drying)
        if self.area is not None:
            object.__setattr__(self, "area", np.asarray(self.area, dtype=np.float64))
            if not ((self.area >= 0.0) & (self.area <= 1.0)).all():
                raise ValueError("reservoir.area: covered fractions must be between 0 and 1")

    def _check_amount(self, amount: float) -> None:
        check_number("reservoir.amount", amount)
        if self.capacity == inf:
            raise ValueError("reservoir.amount: the capacity is infinite, give a finite one")
        dissolved = self.capacity * self.activity
        if amount < dissolved * (1 - 1e-12):
            raise ValueError(f"reservoir.amount: got {amount:g}, must be >= capacity x activity = {dissolved:g}")
        if amount > dissolved * (1 + 1e-12) and self.saturation == inf:
            raise ValueError("reservoir.amount: more than capacity x activity is a suspension, give a saturation")

    def _check_drying(self, rate: float, final: float) -> None:
        check_number("reservoir.drying[0]", rate)
        check_number("reservoir.drying[1]", final, positive=True)
        if not final <= self.capacity < inf:
            raise ValueError(
                f"reservoir.drying[1]: got {final:g} um, the capacity must be finite and not below it, "
                f"got {self.capacity:g} um"
            )


@dataclass(frozen=True, eq=False)
class Membrane:
    """A thin resistance on the horizontal faces nearest to a depth.

    Parameters
    ----------
    depth : float, um
    permeability : float or mapping of material to float, um/s
        Of the material of the cell below; infinite where there is no membrane.

    Raises
    ------
    ValueError
        When the depth is negative or a permeability is not positive.
    """

    depth: float
    permeability: float | Mapping[str, float]

    def __post_init__(self) -> None:
        check_number("membrane.depth", self.depth)
        if isinstance(self.permeability, Mapping):
            object.__setattr__(self, "permeability", dict(self.permeability))
            for material, value in self.permeability.items():
                check_number(f"membrane.permeability['{material}']", value, positive=True, infinite=True)
        else:
            check_number("membrane.permeability", self.permeability, positive=True, infinite=True)


@dataclass(frozen=True, eq=False)
class Taxis:
    """Directed movement with the flux concentration x sensitivity x grad(potential).

    Parameters
    ----------
    sensitivity : Coefficient, um^2/s
        chi.
    potential : str
        Expression of fields and parameters, such as ``log(1 + A/K_A)``: cells climb it.

    Raises
    ------
    ValueError
        When the sensitivity is negative or not finite.
    """

    sensitivity: Coefficient
    potential: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "sensitivity", checked_coefficient("taxis.sensitivity", self.sensitivity))


@dataclass(frozen=True, eq=False)
class Field:
    """One concentration in the tissue: how it begins, moves and partitions.

    Parameters
    ----------
    name : str
        An identifier: the symbol of the concentration in reaction expressions.
    unit, meaning : str
        Of the concentration, for output.
    initial : Coefficient or str
        Concentration (amount per tissue volume) at first; a text is an expression of x, y, z (um).
    diffusivity : Coefficient, um^2/s, optional
        In z, and in x and y unless `lateral_diffusivity` is given. None: immobile, solved point by point.
    lateral_diffusivity : Coefficient, um^2/s, optional
        In x and y.
    partition : Coefficient
        Partition coefficient K > 0; the activity, continuous across interfaces, is concentration / K.
    top, base : Reservoir, optional
        What touches the uppermost and the lowest cells. None: no flux.
    membranes : tuple of Membrane
    taxis : Taxis, optional
    mobility : str, optional
        Expression of fields and parameters >= 0 that multiplies the diffusivity in each cell.
    floor : float
        Concentration below which errors do not matter.
    ceiling : float
        Concentration that the field cannot exceed by its equation; what a time step puts above it, within its
        tolerance, is cut off and booked.

    Raises
    ------
    ValueError
        When the name is not an identifier, a value is out of range, or an immobile field has a transport.
    """

    name: str
    unit: str = ""
    meaning: str = ""
    initial: Coefficient | str = 0.0
    diffusivity: Coefficient | None = None
    lateral_diffusivity: Coefficient | None = None
    partition: Coefficient = 1.0
    top: Reservoir | None = None
    base: Reservoir | None = None
    membranes: tuple[Membrane, ...] = ()
    taxis: Taxis | None = None
    mobility: str | None = None
    floor: float = 0.0
    ceiling: float = inf

    def __post_init__(self) -> None:
        check_symbol_name("fields", self.name)
        where = f"fields.{self.name}"
        object.__setattr__(self, "membranes", tuple(self.membranes))
        if isinstance(self.initial, str):
            parse(self.initial, SPACE, f"{where}.initial")
        else:
            object.__setattr__(self, "initial", checked_coefficient(f"{where}.initial", self.initial))
        for key in ("diffusivity", "lateral_diffusivity", "partition"):
            value = getattr(self, key)
            if value is not None:
                checked = checked_coefficient(f"{where}.{key}", value, positive=key == "partition")
                object.__setattr__(self, key, checked)
        check_number(f"{where}.floor", self.floor)
        check_number(f"{where}.ceiling", self.ceiling, positive=True, infinite=True)
        if self.diffusivity is None:
            for key in ("lateral_diffusivity", "top", "base", "membranes", "taxis", "mobility"):
                if getattr(self, key) not in (None, ()):
                    raise ValueError(f"{where}.{key}: the field is immobile, give it a diffusivity")
        if self.changing:
            for key in ("top", "base", "membranes"):
                if getattr(self, key) not in (None, ()):
                    raise ValueError(f"{where}.{key}: is not possible for a field with taxis or mobility")

    @property
    def mobile(self) -> bool:
        """Whether the field has a transport."""
        return self.diffusivity is not None

    @property
    def changing(self) -> bool:
        """Whether the transport depends on the fields."""
        return self.taxis is not None or self.mobility is not None


def check_symbol_name(where: str, name: object) -> None:
    """Raise ValueError unless `name` can be a symbol in expressions."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z_0-9]*", name):
        raise ValueError(f"{where}: the name {name!r} is not an identifier (letters, digits and _)")
    if name in RESERVED:
        raise ValueError(f"{where}: the name '{name}' is taken (taken are {', '.join(sorted(RESERVED))})")


def check_number(where: str, value: object, *, positive: bool = False, infinite: bool = False) -> None:
    """Raise ValueError unless `value` is a number >= 0 (or > 0), finite unless `infinite` is allowed."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ValueError(f"{where}: got {value!r}, must be a number")
    if value < 0 or (positive and value == 0) or not (isfinite(value) or (infinite and value == inf)):
        finite = "" if infinite else " and finite"
        raise ValueError(f"{where}: got {value:g}, must be {'>' if positive else '>='} 0{finite}")


def checked_coefficient(where: str, value: Any, *, positive: bool = False) -> Coefficient:
    """A coefficient with its arrays in float64.

    Parameters
    ----------
    where : str
        Place of the value, for messages.
    value : object
        What was given.
    positive : bool
        Whether 0 is refused.

    Returns
    -------
    Coefficient
        A float, a new dict of floats and (nz) arrays, or a (nz, ny, nx) array.

    Raises
    ------
    ValueError
        For a text, another number of axes, or a value that is negative or not finite.
    """
    if isinstance(value, Mapping):
        if not value:
            raise ValueError(f"{where}: got no material")
        return {name: _checked(f"{where}['{name}']", one, 1, positive) for name, one in value.items()}
    return _checked(where, value, 3, positive)


def _checked(where: str, value: Any, axes: int, positive: bool) -> float | Array:
    if not isinstance(value, np.ndarray) or value.ndim == 0:
        value = value.item() if isinstance(value, np.ndarray) else value
        check_number(where, value, positive=positive)
        return float(value)
    if value.ndim != axes:
        wanted = "(nz, ny, nx)" if axes == 3 else "(nz)"
        raise ValueError(f"{where}: got an array of shape {value.shape}, must be a number or {wanted}")
    array = np.asarray(value, dtype=np.float64)
    check_number(f"{where}, smallest value", float(array.min()), positive=positive)
    check_number(f"{where}, largest value", float(array.max()), positive=positive)
    return array
