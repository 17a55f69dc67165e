"""Validation: six cases with a measured or an exact answer, and the enhancement by pores of many actives.

    python benchmarks/validation.py

runs everything on the native backend, prints the tables and writes benchmarks/results/validation.json. The exact
solutions are those of the test suite; docs/validation.md says what is compared with what, and why.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import inf, log2, log10
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from exact.deposit import cleared_after_deposit, peak  # noqa: E402
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
ACTIVES = ("caffeine", "niacinamide", "ascorbic acid", "lidocaine", "naltrexone", "hydrocortisone", "testosterone",
           "diclofenac", "retinol", "insulin", "egf", "tgf_beta1")  # fmt: skip
ACIDITY = {"ascorbic acid": 3.2, "naltrexone": 5.0}  # pH of vehicles other than 7.4


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

    @property
    def band(self) -> str:
        """The band in words, empty if there is none."""
        return "" if (self.low, self.high) == (-inf, inf) else f"{self.low:.4g} to {self.high:.4g}"

    def entry(self) -> dict[str, Any]:
        """For the file of results; a missing bound is None."""
        given = {key: None if value in (inf, -inf) else value for key, value in asdict(self).items()}
        return given | {"met": self.met if self.band else None}


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


def exact_pores(name: str, ph: float, density: float) -> float:
    """Permeability (cm/h) of the pores alone, from the exact solution, for the mesh of `skin_with_pores`."""
    p = properties(active(name), vehicle_ph=ph, sc_thickness=CORNEUM)
    upper, lower = p.diffusivity_epidermis * p.partition_epidermis, p.diffusivity_dermis * p.partition_dermis
    layers = [(upper, 500.0)] if upper == lower else [(upper, 100.0), (lower, 400.0)]
    return pore_array_permeability(RADIUS, CORNEUM, p.diffusivity_water, 1e4 / density**0.5, layers) / CM_PER_HOUR


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
        layers = (
            Slab(p.diffusivity_sc, p.partition_sc, 13.0),
            Slab(p.diffusivity_epidermis, p.partition_epidermis, 100.0),
            Slab(p.diffusivity_dermis, p.partition_dermis, 400.0),
        )
        series = Laminate(layers).steady_flux() / CM_PER_HOUR
        off.append(log10(found) - measured)
        yield near("V1", f"{name}, Kp over the series formula", found / series, 1.0, 1e-3)
        yield Figure("V1", f"{name}, log10 Kp", log10(found), measured - 0.6, measured + 0.6, measured, "cm/h")
    yield Figure("V1", "mean |log10 Kp - measured|", float(np.abs(off).mean()), 0.0, 0.25)


def calcein(cells: Sequence[int] = (4, 8, 16)) -> Iterator[Figure]:
    """V2: calcein through arrays like those of Henry et al.; meshes of that many cells per radius, each twice finer."""
    p = properties(active("calcein"), sc_thickness=CORNEUM)
    layers = [(p.diffusivity_epidermis * p.partition_epidermis, 60.0)]
    for radius in (5.0, 10.0, 20.0):
        where, epidermis = f"radius {radius:g} um", (("viable epidermis", 60.0),)
        exact = pore_array_permeability(radius, CORNEUM, p.diffusivity_water, 150.0, layers) / CM_PER_HOUR
        cases = [skin_with_pores(["calcein"], 7.4, radius, 150.0, n, tissue=epidermis) for n in cells]
        problems = [case.problem()[0] for case in cases]
        bare = steady(cases[0].problem(without_needles=True)[0])["calcein"]
        found = [steady(problem)["calcein"] for problem in problems]
        other = [steady(arithmetic(problem))["calcein"] for problem in problems]
        yield Figure("V2", f"{where}, Kp", found[-1], 5e-3, 0.2, exact, "cm/h")
        yield Figure("V2", f"{where}, Kp over intact", found[-1] / bare, 1e3, inf)
        yield near("V2", f"{where}, extrapolated/exact", (2 * found[-1] - found[-2]) / exact, 1.0, 1e-2)
        yield Figure("V2", f"{where}, order", log2((exact - found[-2]) / (exact - found[-1])), 0.8, 1.3, 1.0)
        # the arithmetic mean is no option of mnrd: it shows where the error comes from
        for kind, values in (("", found), (", arithmetic", other)):
            for n, value in zip(cells, values, strict=True):
                yield Figure("V2", f"{where}, error of {n} cells{kind}", 100 * (value / exact - 1), unit="%")


def arithmetic(problem: Problem) -> Problem:
    """The same with cells that are cut by a wall conducting sideways with the arithmetic mean, not the harmonic one."""
    (field,), mix = problem.model.fields, problem.painting.mix
    partition = mix(field.partition)
    conductivity = mix({name: field.diffusivity[name] * field.partition[name] for name in problem.painting.materials})
    field = replace(field, diffusivity=conductivity / partition, lateral_diffusivity=None, partition=partition)
    return replace(problem, model=replace(problem.model, fields=(field,)))


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
            yield Figure("V3", f"{where}, ER of the amount at 6 h", at_6h / intact[2], 1.2, 6.0, 1.7)
            yield Figure("V3", f"{where}, lag over intact lag", lag / intact[1], 0.1, 0.6)


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
    pores, bare = steady(case.problem()[0]), steady(case.problem(without_needles=True)[0])
    bands = {"ascorbic_acid": (10.0, 1000.0), "retinol": (1.0, 1.5), "egf": (100.0, inf)}
    for name, (low, high) in bands.items():
        yield Figure("V4", f"{name}, ER", pores[name] / bare[name], low, high)


def testosterone() -> Iterator[Figure]:
    """V5: a small dose in the upper stratum corneum, against an independent solution; then with tighter solves."""
    problem = load("intact-testosterone").problem()[0]
    tissue = (27.7225, 4.81954)
    layers = (Slab(1.77027e-3, 51.8044, 13.0), Slab(*tissue, 100.0), Slab(*tissue, 500.0, clearance=2.46559e-4))
    exact_rate, exact_amount = cleared_after_deposit(1.3, layers, 0.53)
    latest, highest = peak(exact_rate, 5 * HOUR, 9 * HOUR)
    for kind, options in (("", {}), (", kappa 1e-3", {"kappa": 1e-3})):
        times, rates, amounts = [], [], []
        for report in Simulation(problem, backend=BACKEND, **options).until(24 * HOUR, every=HOUR / 20):
            rate, amount = cleared(report, "testosterone")
            times.append(report.time / HOUR)
            rates.append(rate * UG_PER_CM2 * HOUR)
            amounts.append(amount * UG_PER_CM2)
        for hour, share in ((6, inf), (12, inf), (24, 5e-3)):
            target = exact_amount(hour * HOUR)
            yield near("V5", f"Q({hour} h){kind}", amounts[times.index(hour)], target, share, "ug/cm2")
        top = int(np.argmax(rates))
        yield near("V5", f"J_max{kind}", rates[top], highest * HOUR, 1e-2, "ug/cm2/h")
        yield near("V5", f"t_max{kind}", times[top], latest / HOUR, inf, "h")


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
    """Permeability (cm/h) with pores at 25, 100 and 400 per cm2, and that of the pores alone, exact."""
    rows = []
    for density in (25, 100, 400):
        for name in ACTIVES:
            ph = ACIDITY.get(name, 7.4)
            cases = [skin_with_pores([name], ph, RADIUS, 1e4 / density**0.5, n) for n in (cells // 2, cells)]
            coarse, fine = (next(iter(steady(case.problem()[0]).values())) for case in cases)
            bare = next(iter(steady(cases[0].problem(without_needles=True)[0]).values()))
            rows.append({"active": name, "pH": ph, "density": density, "intact": bare, "coarse": coarse, "fine": fine,
                         "extrapolated": 2 * fine - coarse, "exact pores": exact_pores(name, ph, density)})  # fmt: skip
    return rows


CASES = (intact_skin, calcein, lidocaine, discrimination, testosterone, naltrexone)


def printed(figures: Iterator[Figure]) -> Iterator[Figure]:
    """The same figures, each printed as soon as it is there."""
    for one in figures:
        target = "" if one.target is None else f"{one.target:.4g}"
        verdict = "" if not one.band else "met" if one.met else "MISSED"
        print(f"{one.case:5}{one.name:44}{target:>9}{one.value:>11.5g} {one.unit:9}{one.band:22}{verdict}", flush=True)
        yield one


def main() -> None:
    """Run, print, write."""
    begin = perf_counter()
    print(f"{'case':5}{'figure':44}{'target':>9}{'obtained':>11} {'':9}band")
    figures = [one.entry() for case in CASES for one in printed(case())]
    rows = enhancement_table()
    heads = ("per cm2", "intact", "pores", "with pores", "sum", "ER", "of the sum")
    print(f"\n{'active':16}" + "".join(f"{head:>12}" for head in heads))
    for row in rows:
        intact, pores, total = row["intact"], row["exact pores"], row["extrapolated"]
        values = (row["density"], intact, pores, total, pores + intact, total / intact, pores / intact + 1)
        print(f"{row['active']:16}" + "".join(f"{value:>12.4g}" for value in values))
    path = ROOT / "benchmarks" / "results" / "validation.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"figures": figures, "enhancement": rows}, indent=1) + "\n", "utf-8")
    print(f"\n{path.relative_to(ROOT)}, {perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
