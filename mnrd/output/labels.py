"""Names, units and times as they are written in outputs."""

from __future__ import annotations

_PER_AREA = ("ug/cm^2", "ng/cm^2", "pg/cm^2", "nmol/cm^2", "pmol/cm^2", "fmol/cm^2")
_DURATIONS = ((86400.0, "d", 2.0), (3600.0, "h", 1.0), (60.0, "min", 1.0), (1.0, "s", 0.0))


def labelled(name: str, unit: str, what: str = "") -> str:
    """Name of a quantity with its unit.

    Examples
    --------
    >>> labelled("ascorbic_acid", "mg/mL", "activity")
    'ascorbic acid activity [mg/mL]'
    """
    words = f"{name.replace('_', ' ')} {what}".rstrip()
    return f"{words} [{unit}]" if unit else words


def duration(seconds: float) -> str:
    """A time in the unit that people would say it in.

    Examples
    --------
    >>> duration(28800.0), duration(90.0), duration(3.456e6)
    ('8 h', '1.5 min', '40 d')
    """
    size, unit = next((size, unit) for size, unit, least in _DURATIONS if seconds >= least * size)
    return f"{seconds / size:.3g} {unit}"


def per_area(unit: str) -> tuple[str, float]:
    """Unit in which an amount per skin area is written, and the factor to it from `unit` times um.

    Masses and amounts of substance come out per cm^2, with the first prefix that leaves no small factor;
    anything else is left as it is.

    Examples
    --------
    >>> per_area("mg/mL")
    ('ug/cm^2', 0.1)
    >>> per_area("cells/mm^3")
    ('cells/mm^3*um', 1.0)
    """
    from mnrd.units import registry

    try:
        amount = registry().Quantity(1.0, f"({unit}) * um")
    except Exception:  # a field's unit is any text its author likes; what pint cannot read stays as it is
        return (f"{unit}*um" if unit else "um"), 1.0
    for target in _PER_AREA:
        if amount.is_compatible_with(target) and (factor := float(amount.to(target).magnitude)) >= 1e-3:
            return target, float(f"{factor:.12g}")
    return f"{unit}*um", 1.0
