"""The answer of a healing run: when what peaked, what was gained, and when it was closed."""

from __future__ import annotations

import numpy as np

from mnrd.output.answer import Entry
from mnrd.output.course import DAY, HOUR, Course, crossing, peak

PEAKS = {
    "P": ("PDGF", "ng/mL"),
    "T": ("TGF-beta", "ng/mL"),
    "A": ("alarmins", ""),
    "V": ("VEGF", "ng/mL"),
    "N": ("neutrophils", ""),
    "M": ("macrophages", ""),
    "F": ("active fibroblasts", ""),
    "Y": ("myofibroblasts", ""),
    "deposition": ("collagen deposition", "1/d"),
    "vessels per baseline": ("vessels", "of baseline"),
}
GAINS = (7.0, 28.0, 84.0, 180.0, 365.0)  # d
LATE, HALF_YEAR = 90.0, 180.0  # d
CLOSURES = (
    ("hole epidermis", 0.9, "viable epidermis closed", "90 % of the hole in the viable epidermis is cells again"),
    ("hole barrier", 0.5, "barrier half closed", "half of the hole in the stratum corneum"),
    ("hole barrier", 0.9, "barrier closed", "90 % of the hole in the stratum corneum"),
)


def healing_answer(course: Course, region: str = "papillary dermis", scar: str = "treated dermis") -> dict[str, Entry]:
    """Numbers that people ask for.

    Parameters
    ----------
    course : Course
    region : str
        Where means are taken: the papillary dermis, or ``hole`` for a large wound.
    scar : str
        Where the scar index is.

    Returns
    -------
    dict of name to Entry
        Peaks are those after the first session, gains are against the skin before it; what lies beyond the end of
        the run is left out.
    """
    found = _peaks(course, region) if course.sessions else {}
    found |= _matrix(course, region) | _vessels(course, region) | _closures(course)
    index = course.last("scar index", scar)
    found["scar index"] = Entry(index, "", f"collagen in scar order / all in the {scar}, at the end")
    found["fibre alignment"] = Entry(course.last("fibre alignment", scar), "", "0.2 native, 0.7 scar")
    return found


def _peaks(course: Course, region: str) -> dict[str, Entry]:
    """Signals, cells and vessels after the first session."""
    found: dict[str, Entry] = {}
    for quantity, (name, unit) in PEAKS.items():
        times, values = course.first(quantity, region)
        time, value = peak(times, values)
        if time >= times[-1]:  # still rising at the end
            continue
        size, shown = (HOUR, "h") if time < 2.0 * DAY else (DAY, "d")
        found[f"{name} peak"] = Entry(value, unit, f"mean over the {region}")
        found[f"time of {name} peak"] = Entry(time / size, shown, "")
        if quantity == "vessels per baseline":
            more = course.at("O", region, time) - course.at_rest("O", region)
            found["oxygen gain"] = Entry(more, "mmHg", "when vessels are most")
    _, renewal = peak(*course.first("renewal", "viable epidermis"))
    found["epidermal renewal"] = Entry(renewal, "of baseline", "peak in the viable epidermis")
    return found


def _matrix(course: Course, region: str) -> dict[str, Entry]:
    """Collagen and elastin."""
    found = {}
    for day in GAINS:
        if course.lasts(day * DAY):
            value = course.at("collagen gain", region, day * DAY)
            found[f"collagen gain day {day:g}"] = Entry(value, "%", f"against rest, {region}")
    time, share = peak(np.asarray(course.times), course.series("collagen III share", region))
    if time < course.times[-1]:
        found["collagen III share peak"] = Entry(100.0 * share, "%", "of the collagen")
        found["time of collagen III share peak"] = Entry(time / DAY, "d", "")
    elastin = course.series("elastin gain", region)
    found["elastin lowest"] = Entry(float(elastin.min()), "%", f"against rest, {region}")
    if course.lasts(HALF_YEAR * DAY):
        share, gain = (course.at(one, region, HALF_YEAR * DAY) for one in ("collagen III share", "elastin gain"))
        found["collagen III share day 180"] = Entry(100.0 * share, "%", "of the collagen")
        found["elastin gain day 180"] = Entry(gain, "%", f"against rest, {region}")
    return found


def _vessels(course: Course, region: str) -> dict[str, Entry]:
    """Whether new vessels are gone again."""
    if not course.lasts(LATE * DAY):
        return {}
    value = course.at("vessels per baseline", region, LATE * DAY)
    return {f"vessels day {LATE:g}": Entry(value, "of baseline", f"mean over the {region}")}


def _closures(course: Course) -> dict[str, Entry]:
    """Times of closing that lie within the run."""
    found = {}
    for region, level, name, meaning in CLOSURES:
        if ("open", region) in course.means:
            time = crossing(*course.first("closed", region), level)
            if np.isfinite(time):
                found[name] = Entry(time / HOUR, "h", meaning)
    return found
