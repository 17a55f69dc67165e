"""Names, units and times as they are written in outputs."""

from __future__ import annotations

from math import ceil, floor, log10

_PER_AREA = ("ug/cm^2", "ng/cm^2", "pg/cm^2", "nmol/cm^2", "pmol/cm^2", "fmol/cm^2")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_DURATIONS = ((DAY, "d", 2.0), (HOUR, "h", 1.0), (MINUTE, "min", 1.0), (1.0, "s", 0.0))
_TICKS = {
    MINUTE: "1 min", 15 * MINUTE: "15 min", HOUR: "1 h", 6 * HOUR: "6 h", DAY: "1 d",
    3 * DAY: "3 d", 7 * DAY: "1 w", 28 * DAY: "4 w", 180 * DAY: "6 mo", 365.25 * DAY: "1 y", 730.5 * DAY: "2 y",
    1826.25 * DAY: "5 y",
}  # fmt: skip
_SPACINGS = (
    *((size * MINUTE, MINUTE, "min") for size in (1, 2, 5, 10, 15)),
    *((size * HOUR, HOUR, "h") for size in (0.5, 1, 2, 4, 6, 12)),
    *((size * DAY, DAY, "d") for size in (1, 2, 5, 7, 14, 28, 90, 180, 365)),
)
_MOST_TICKS = 7


def labelled(name: str, unit: str, what: str = "") -> str:
    """Name of a quantity with its unit.

    Examples
    --------
    >>> labelled("ascorbic_acid", "mg/mL", "activity")
    'ascorbic acid activity [mg/mL]'
    """
    words = f"{name.replace('_', ' ')} {what}".rstrip()
    return f"{words} [{unit}]" if unit else words


def typeset(unit: str) -> str:
    """A unit as it is printed.

    Examples
    --------
    >>> typeset("ug/cm^2/h"), typeset("mmHg*um")
    ('µg/cm²/h', 'mmHg·µm')
    """
    for plain, printed in (("ug", "µg"), ("um", "µm"), ("^2", "²"), ("^3", "³"), ("*", "·")):
        unit = unit.replace(plain, printed)
    return unit


def duration(seconds: float) -> str:
    """A time in the unit that people would say it in.

    Examples
    --------
    >>> duration(28800.0), duration(90.0), duration(3.456e6)
    ('8 h', '1.5 min', '40 d')
    """
    size, unit = next((size, unit) for size, unit, least in _DURATIONS if seconds >= least * size)
    return f"{seconds / size:.3g} {unit}"


def time_ticks(first: float, last: float, *, log: bool = True) -> dict[float, str]:
    """Ticks of a time axis, s to what is written at it; in the words of people on a logarithmic one.

    Examples
    --------
    >>> time_ticks(600.0, 7200.0)
    {900.0: '15 min', 3600.0: '1 h'}
    >>> time_ticks(0.0, 7200.0, log=False)
    {0.0: '0', 1800.0: '0.5 h', 3600.0: '1 h', 5400.0: '1.5 h', 7200.0: '2 h'}
    """
    if log:
        return {time: text for time, text in _TICKS.items() if first <= time <= last * 1.02}
    enough = (entry for entry in _SPACINGS if (last - first) / entry[0] <= _MOST_TICKS)
    step, size, unit = next(enough, _SPACINGS[-1])
    count = int((last - first) / step * (1.0 + 1e-9)) + 1
    places = [first + number * step for number in range(count)]
    return {place: f"{place / size:g} {unit}" if place else "0" for place in places}


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most so many round numbers, a multiple of 1, 2 or 5 apart, within a range.

    Examples
    --------
    >>> round_ticks(-0.01, 0.26)
    [0.0, 0.05, 0.1, 0.15, 0.2, 0.25]
    """
    decade = 10.0 ** floor(log10((high - low) / most))
    step = next(step for step in (decade, 2.0 * decade, 5.0 * decade, 10.0 * decade) if (high - low) / step < most)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


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
