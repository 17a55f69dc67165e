"""Validation: six cases with a measured or an exact answer, and the enhancement by pores of many actives.

    python benchmarks/validation.py

runs everything on the native backend, prints the tables and writes benchmarks/results/validation.json. The exact
solutions are those of the test suite; docs/validation.md says what is compared with what, and why.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf, log2, log10
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from exact.laminate import Laminate, Slab  # noqa: E402
from exact.unit_cell import pore_array_permeability  # noqa: E402

from mnrd.case import Case, from_document, load  # noqa: E402
from mnrd.model.problem import Problem  # noqa: E402
from mnrd.simulation import Simulation  # noqa: E402
from mnrd.skin.actives import active, properties  # noqa: E402
from mnrd.skin.correlations import CM_PER_HOUR  # noqa: E402

BACKEND = "native"
HOUR = 3600.0
FOREVER = 1e9  # s, beyond every lag
UG_PER_CM2 = 0.1  # of 1 um mg/mL
CORNEUM, TISSUE, RADIUS = 15.0, (("viable epidermis", 100.0), ("dermis", 400.0)), 25.0  # um
MEASURED = {"caffeine": -3.45, "hydrocortisone": -3.84, "testosterone": -2.27, "lidocaine": -2.48}
DEPOSIT = {"Q(6 h)": 0.08878, "Q(12 h)": 0.26225, "Q(24 h)": 0.43695, "J_max": 0.032239, "t_max": 6.625}
ACTIVES = {"caffeine": 7.4, "niacinamide": 7.4, "ascorbic acid": 3.2, "lidocaine": 7.4, "naltrexone": 5.0,
           "hydrocortisone": 7.4, "testosterone": 7.4, "diclofenac": 7.4, "retinol": 7.4, "insulin": 7.4, "egf": 7.4,
           "tgf_beta1": 7.4}  # fmt: skip
"""Active -> pH of its vehicle, in the table of enhancement."""


@dataclass(frozen=True)
class Figure:
    """One figure with the band it should lie in; `target` is what is aimed at, if that is one number."""

    case: str
    name: str
    value: float
    low: float = -inf
    high: float = inf
    target: float | None = None
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the figure lies in its band."""
        return self.low <= self.value <= self.high


def near(case: str, name: str, value: float, target: float, share: float, unit: str = "") -> Figure:
    """A figure that should be within `share` of a target."""
    return Figure(case, name, value, target * (1 - share), target * (1 + share), target, unit)


# --- problems and what is measured in them ----------------------------------------------------------------------------


def skin_with_pores(
    actives: Sequence[str], ph: float, radius: float, pitch: float, cells: int,
    corneum: float = CORNEUM, tissue: Sequence[tuple[str, float]] = TISSUE,
) -> Case:  # fmt: skip
    """Pores through the stratum corneum alone, endless donor above, sink below; `cells` per radius, coarser far away.

    Twice the cells halve every cell of the mesh.
    """
    size, growth = radius / cells, 1.6 ** (4 / cells)
    layers = [
        {"name": name, "thickness": f"{thickness} um", "smallest": f"{size} um", "growth": growth}
        for name, thickness in (("stratum corneum", corneum), *tissue)
    ]
    return from_document({
        "skin": {"layers": layers},
        "array": {"pattern": "square", "pitch": f"{pitch} um"},
        "channel": {"shape": "cylinder", "width": f"{2 * radius} um", "depth": f"{corneum} um"},
        "mesh": {"smallest": f"{size} um", "largest": f"{0.4 * pitch / cells} um", "growth": growth},
        "actives": [{"name": name, "concentration": "1e-5 mg/mL"} for name in actives],
        "donor": {"pH": ph},
        "base": {"kind": "sink"},
        "run": {"end": f"{FOREVER} s"},
    })  # fmt: skip


def steady(problem: Problem) -> dict[str, float]:
    """Permeability (cm/h) of every active in the steady state; the steps on the way there may be long."""
    simulation = Simulation(problem, backend=BACKEND, first_step=HOUR, dt_max=FOREVER).run(FOREVER)
    found = {}
    for name in problem.model.names:
        flux, donor = simulation.fluxes(name), simulation.reservoir(name)["top"]
        assert np.isclose(flux["top"], flux["base"], rtol=1e-5), (name, flux)
        found[name] = flux["base"] / donor / problem.mesh.footprint / CM_PER_HOUR
    return found


def enhancement(case: Case) -> tuple[dict[str, float], dict[str, float]]:
    """Permeabilities (cm/h) with pores and without."""
    return steady(case.problem()[0]), steady(case.problem(without_needles=True)[0])


def exact_pores(name: str, ph: float, density: float) -> float:
    """Permeability (cm/h) of the pores alone, from the exact solution, for the mesh of `skin_with_pores`."""
    found = properties(active(name), vehicle_ph=ph, sc_thickness=CORNEUM)
    conductivities = (
        found.diffusivity_epidermis * found.partition_epidermis,
        found.diffusivity_dermis * found.partition_dermis,
    )
    layers = [(conductivity, thickness) for conductivity, (_, thickness) in zip(conductivities, TISSUE, strict=True)]
    if conductivities[0] == conductivities[1]:
        layers = [(conductivities[0], sum(thickness for _, thickness in TISSUE))]
    pitch = 1e4 / density**0.5
    return pore_array_permeability(RADIUS, CORNEUM, found.diffusivity_water, pitch, layers) / CM_PER_HOUR


def cleared(simulation: Simulation, name: str) -> tuple[float, float]:
    """Clearance to blood per area: rate (mg/mL um/s) and amount (mg/mL um)."""
    term, area = f"clearance of {name}", simulation.problem.mesh.footprint
    rate, amount = simulation.fluxes(name).get(term, 0.0), simulation.ledger(name).terms.get(term, 0.0)
    return -rate / area, -amount / area


# --- the six cases ----------------------------------------------------------------------------------------------------


def intact_skin() -> Iterator[Figure]:
    """V1: intact skin equals the series formula, and measured permeabilities."""
    off = []
    for name, measured in MEASURED.items():
        ph = 12.0 if name == "lidocaine" else 7.4  # the base, not its ions
        case = skin_with_pores([name], ph, RADIUS, 1000.0, 4, corneum=13.0)
        found = steady(case.problem(without_needles=True)[0])[name]
        p = properties(active(name), vehicle_ph=ph, sc_thickness=13.0)
        tissue = (p.diffusivity_epidermis, p.partition_epidermis, 100.0), (p.diffusivity_dermis, p.partition_dermis, 400.0)
        layers = (Slab(p.diffusivity_sc, p.partition_sc, 13.0), *(Slab(*layer) for layer in tissue))
        off.append(log10(found) - measured)
        yield near("V1", f"{name}, Kp over the series formula", found * CM_PER_HOUR / Laminate(layers).steady_flux(),
                   1.0, 1e-3)  # fmt: skip
        yield Figure("V1", f"{name}, log10 Kp", log10(found), measured - 0.6, measured + 0.6, measured, "cm/h")
    yield Figure("V1", "mean |log10 Kp - measured|", float(np.abs(off).mean()), 0.0, 0.25)


def calcein(cells: Sequence[int] = (4, 8, 16)) -> Iterator[Figure]:
    """V2: calcein through arrays like those of Henry et al.; meshes with that many cells per radius, each twice finer."""
    for radius in (5.0, 10.0, 20.0):
        pitch, tissue = 150.0, (("viable epidermis", 60.0),)
        cases = [skin_with_pores(["calcein"], 7.4, radius, pitch, n, tissue=tissue) for n in cells]
        found = [steady(case.problem()[0])["calcein"] for case in cases]
        bare = steady(cases[0].problem(without_needles=True)[0])["calcein"]
        p = properties(active("calcein"), sc_thickness=CORNEUM)
        layers = [(p.diffusivity_epidermis * p.partition_epidermis, 60.0)]
        exact = pore_array_permeability(radius, CORNEUM, p.diffusivity_water, pitch, layers) / CM_PER_HOUR
        errors = [exact + bare - one for one in found]
        order = log2(errors[-2] / errors[-1])
        where = f"radius {radius:g} um"
        yield Figure("V2", f"{where}, Kp", found[-1], 5e-3, 0.2, exact, "cm/h")
        yield near("V2", f"{where}, extrapolated over exact", (2 * found[-1] - found[-2]) / exact, 1.0, 0.02)
        yield Figure("V2", f"{where}, order of the error", order, 0.5, 1.5, 1.0)
        yield Figure("V2", f"{where}, over intact", found[-1] / bare, 1e3, inf)


def lidocaine(settings: Mapping[str, Any] | None = None) -> Iterator[Figure]:
    """V3: lidocaine, which gains little; 24 h in a diffusion cell, straight line through the last third."""
    for ph, kind in ((7.4, "pH 7.4"), (12.0, "base")):
        intact = None
        for density, target in ((25, (2.1, 1.3)), (100, (5.5, 2.1))):
            changed = {"donor.pH": ph, "array.density": f"{density} /cm^2", **(settings or {})}
            case = load("roller-lidocaine", changed)
            intact = intact or line(case.problem(without_needles=True)[0])
            slope, lag, at_6h = line(case.problem()[0])
            where = f"{kind}, {density} /cm2"
            yield Figure("V3", f"{where}, ER of the steady flux", slope / intact[0], 1.2, 6.0, target[ph != 7.4])
            if ph == 7.4:
                yield Figure("V3", f"{where}, lag over intact lag", lag / intact[1], 0.1, 0.6)
                yield Figure("V3", f"{where}, ER of the amount at 6 h", at_6h / intact[2], target=1.7)


def line(problem: Problem) -> tuple[float, float, float]:
    """Slope and intercept (s) of the late amount through the base per area, and the amount at 6 h."""
    simulation, times, amounts = Simulation(problem, backend=BACKEND), [], []
    for report in simulation.until(24 * HOUR, every=HOUR):
        times.append(report.time)
        amounts.append(report.ledger("lidocaine").permeated / problem.mesh.footprint)
    slope, offset = np.polyfit(times[-9:], amounts[-9:], 1)
    return float(slope), float(-offset / slope), amounts[6]


def discrimination(cells: int = 8) -> Iterator[Figure]:
    """V4: vitamin C, retinol and a growth factor through the same pores."""
    case = skin_with_pores(["ascorbic acid", "retinol", "egf"], 3.2, RADIUS, 1000.0, cells)
    pores, bare = enhancement(case)
    bands = {"ascorbic_acid": (10.0, 1000.0), "retinol": (1.0, 1.5), "egf": (100.0, inf)}
    for name, (low, high) in bands.items():
        yield Figure("V4", f"{name}, ER", pores[name] / bare[name], low, high)


def testosterone() -> Iterator[Figure]:
    """V5: a small dose in the upper stratum corneum, against an independent solution."""
    simulation = Simulation(load("intact-testosterone").problem()[0], backend=BACKEND)
    times, rates, amounts = [], [], []
    for report in simulation.until(24 * HOUR, every=HOUR / 20):
        rate, amount = cleared(report, "testosterone")
        times.append(report.time / HOUR)
        rates.append(rate * UG_PER_CM2 * HOUR)
        amounts.append(amount * UG_PER_CM2)
    for hour, share in ((6, inf), (12, inf), (24, 5e-3)):
        name = f"Q({hour} h)"
        yield near("V5", name, amounts[times.index(hour)], DEPOSIT[name], share, "ug/cm2")
    peak = int(np.argmax(rates))
    yield near("V5", "J_max", rates[peak], DEPOSIT["J_max"], 1e-2, "ug/cm2/h")
    yield near("V5", "t_max", times[peak], DEPOSIT["t_max"], inf, "h")


def naltrexone(settings: Mapping[str, Any] | None = None) -> Iterator[Figure]:
    """V6: how long a patch on needled skin delivers; rates of clearance over the plateau with pores that stay open."""
    open_pores = {"closure.half_life_occluded": f"{1e3 * FOREVER} s", **(settings or {})}
    plateau = history(open_pores, FOREVER, FOREVER, dt_max=FOREVER)[-1][1]
    start = history(open_pores, 3 * HOUR, HOUR / 30)
    early = next(i for i, (_, rate) in enumerate(start) if rate >= 0.9 * plateau)
    (t0, r0), (t1, r1) = start[early - 1 : early + 1]
    reached = t0 + (t1 - t0) * (0.9 * plateau - r0) / (r1 - r0)
    yield Figure("V6", "90 % of the plateau after", reached / HOUR, 0.0, 2.0, unit="h")
    for mode, target in (("plug", 0.73), ("shrink", 0.43)):
        chosen = {"closure.mode": mode, **(settings or {})}
        late = history(chosen, 47 * HOUR, 47 * HOUR)[-1][1] / plateau
        yield Figure("V6", f"{mode}, occluded, at 47 h", late, target - 0.06, target + 0.06, target)
        bare = history({"donor.occluded": False, **chosen}, 6 * HOUR, 6 * HOUR)[-1][1] / plateau
        yield Figure("V6", f"{mode}, uncovered, at 6 h", bare, 0.0, 0.05)


def history(settings: Mapping[str, Any], end: float, every: float, **options: float) -> list[tuple[float, float]]:
    """Times (s) and rates of clearance of the bundled patch."""
    problem, events = load("patch-naltrexone", settings).problem()
    simulation = Simulation(problem, events=events, backend=BACKEND, **options)  # type: ignore[arg-type]
    return [(report.time, cleared(report, "naltrexone")[0]) for report in simulation.until(end, every)]


def enhancement_table(cells: int = 8) -> list[dict[str, Any]]:
    """Permeability (cm/h) with pores at 25, 100 and 400 per cm2, computed and exact (pores and intact skin side by side)."""
    rows = []
    for density in (25, 100, 400):
        for name, ph in ACTIVES.items():
            cases = [skin_with_pores([name], ph, RADIUS, 1e4 / density**0.5, n) for n in (cells // 2, cells)]
            coarse, fine = (next(iter(steady(case.problem()[0]).values())) for case in cases)
            bare = next(iter(steady(cases[0].problem(without_needles=True)[0]).values()))
            rows.append({"active": name, "pH": ph, "density": density, "intact": bare, "coarse": coarse, "fine": fine,
                         "extrapolated": 2 * fine - coarse, "exact pores": exact_pores(name, ph, density)})  # fmt: skip
    return rows


CASES = (intact_skin, calcein, lidocaine, discrimination, testosterone, naltrexone)


def main() -> None:
    """Run, print, write."""
    begin, figures = perf_counter(), []
    print(f"{'case':5}{'figure':48}{'target':>10}{'obtained':>11}  {'band':22}")
    for case in CASES:
        for one in case():
            figures.append(one)
            target = "" if one.target is None else f"{one.target:.4g}"
            band = f"{one.low:.4g} to {one.high:.4g}" if one.low > -inf or one.high < inf else ""
            verdict = "" if not band else "met" if one.met else "MISSED"
            print(f"{one.case:5}{one.name:48}{target:>10}{one.value:>11.5g}  {band:22} {verdict} {one.unit}", flush=True)
    rows = enhancement_table()
    print(f"\n{'active':16}{'per cm2':>8}{'intact':>11}{'pores':>11}{'with pores':>11}{'exact':>11}{'ER':>9}{'exact':>9}")
    for row in rows:
        total, exact = row["extrapolated"], row["exact pores"] + row["intact"]
        print(f"{row['active']:16}{row['density']:>8}{row['intact']:>11.3g}{row['exact pores']:>11.3g}{total:>11.3g}"
              f"{exact:>11.3g}{total / row['intact']:>9.4g}{exact / row['intact']:>9.4g}")  # fmt: skip
    path = ROOT / "benchmarks" / "results" / "validation.json"
    path.parent.mkdir(exist_ok=True)
    found = [{**asdict(one), "met": one.met} for one in figures]
    path.write_text(json.dumps({"figures": found, "enhancement": rows}, indent=1) + "\n", "utf-8")
    print(f"\n{path.relative_to(ROOT)}, {perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
