"""What a healing run writes: regions and their means, courses and what is read from them, targets, and the picture."""

import csv
import json
from dataclasses import dataclass, field
from math import exp, inf, isnan, nan

import numpy as np
import pytest
import pyvista

from mnrd.case import load
from mnrd.cli.healing import Healing, _synergy, collagen_gain
from mnrd.cli.session import run_case
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.discretise import initial_concentration
from mnrd.model.field import Field
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.output.course import DAY, Course, crossing, peak, summits
from mnrd.output.courses_picture import healing_picture
from mnrd.output.healing import IN_DERMIS_ONLY, Courses
from mnrd.output.healing_answer import healing_answer
from mnrd.output.picture import PictureError
from mnrd.output.readings import READINGS
from mnrd.output.regions import Regions, healing_regions, ring_regions
from mnrd.output.rings import Rings
from mnrd.output.schedule import EverySteps
from mnrd.output.targets import SEVERAL, judged, runs, targets, verdicts
from mnrd.simulation import Simulation
from mnrd.skin.healing.distance import distance_from_needles, distance_from_wound
from mnrd.skin.healing.punctures import Puncture
from mnrd.skin.healing.wounds import Wound

PAPILLARY = "papillary dermis"
NAMES = tuple(["Pl", "W", "P", "T", "V", "A", "O", "N", "M", "J", "Q", "F", "Y", "B", "K", "C3", "C1", "E", "s"])
UNITS = {"P": "ng/mL", "T": "ng/mL", "V": "ng/mL", "O": "mmHg"}
REST = {"O": 45.0, "Q": 1.0, "B": 1.0, "K": 1.0, "C3": 0.2, "C1": 0.8, "E": 1.0}
MESH = Mesh(
    100.0 * np.arange(6.0), 100.0 * np.arange(5.0), np.array([0.0, 8.0, 15.0, 60.0, 100.0, 200.0, 300.0, 500.0, 900.0])
)
TOPS = {"stratum corneum": 0.0, "viable epidermis": 15.0, "papillary dermis": 100.0, "reticular dermis": 300.0}
HOLE = np.zeros(MESH.shape)
HOLE[:6, 0, 0], HOLE[:6, 0, 1] = 1.0, 0.25


def layers():
    """Shares of the layers, by depth."""
    tops = [*TOPS.values(), inf]
    inside = [(tops[n] <= MESH.zc) & (MESH.zc < tops[n + 1]) for n in range(4)]
    return {name: one[:, None, None].astype(float) for name, one in zip(TOPS, inside, strict=True)}


@pytest.fixture(scope="module")
def problem():
    """All fields of healing at rest, and what is defined beside them, without kinetics."""
    dermal = {"stratum corneum": 0.0, "viable epidermis": 0.0, "papillary dermis": 1.0, "reticular dermis": 1.0}
    model = Model(
        tuple(Field(name, UNITS.get(name, ""), initial=REST.get(name, 0.0)) for name in NAMES),
        parameters={"k": dermal, "late": "2*t/86400", "g_KP": 0.5, "K_P": 1.0},
        definitions={"H_P": "P/(K_P + P)", "dep": "k*late*F/86400"},
    )
    return Problem(MESH, paint(MESH, list(TOPS.items())), model)


@dataclass
class Fake:
    """Answers of a simulation, without the simulation."""

    problem: Problem
    time: float = 0.0
    changed: dict = field(default_factory=dict)

    def concentration(self, name):
        values = self.changed.get(name, REST.get(name, 0.0))
        return np.zeros(MESH.shape) + values


def shown(problem, time=0.0, **changed):
    """A simulation at a time, with some fields changed."""
    simulation = Simulation(problem, backend="numpy")
    simulation.time = time
    for name, values in changed.items():
        simulation.state.now[problem.model.index(name)] = values
    return simulation


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def made(end=365.0, sessions=(0.0,)):
    """A course with the shapes of one session, from closed forms."""
    course, day = Course(sessions=sessions), np.concatenate(([0.0], np.geomspace(1e-3, end, 800)))

    def bump(at, height, power=1.0):
        return height * (day / at) ** power * np.exp(power * (1.0 - day / at))

    collagen = 1.0 + 0.40 * (1.0 - np.exp(-((day / 14.0) ** 2))) * np.exp(-day / 600.0) - 0.02 * np.exp(-day)
    share = 0.2 + 0.06 * bump(40.0, 1.0, 2.0)
    means = {
        "Pl": np.exp(-6.0 * day), "W": np.exp(-day / 2.0), "P": bump(0.07, 2.0) + bump(2.0, 0.2),
        "T": bump(0.25, 0.5) + bump(4.0, 0.6, 4.0), "V": bump(2.4, 1.0), "A": bump(0.2, 0.3),
        "O": 45.0 + bump(13.0, 12.0), "N": bump(0.86, 0.46), "M": bump(2.1, 0.22), "J": bump(0.1, 0.5),
        "Q": 1.0 - bump(9.0, 0.3), "F": bump(9.7, 0.47, 2.0), "Y": bump(20.0, 0.003, 3.0),
        "B": 1.0 + bump(13.0, 0.75, 3.0), "C3": collagen * share, "C1": collagen * (1.0 - share),
        "E": 1.0 - 0.04 * np.exp(-day / 5.0) + 0.06 * (1.0 - np.exp(-day / 60.0)), "s": 0.01 + 0.0 * day,
        "scar collagen": 0.01 * collagen, "deposition": bump(11.0, 0.03, 2.0),
    }  # fmt: skip
    for region in ("papillary dermis", "dermis", "treated dermis", "hole"):
        course.rest |= {(name, region): REST.get(name, 0.0) for name in means} | {("scar collagen", region): 0.01}
        course.means |= {(name, region): list(values) for name, values in means.items()}
    course.rest["renewal", "viable epidermis"] = 1.0
    course.means["renewal", "viable epidermis"] = list(1.0 + bump(0.1, 0.11))
    course.means["open", "hole epidermis"] = list(1.0 / (1.0 + (day / 0.35) ** 6))
    course.means["open", "hole barrier"] = list(1.0 / (1.0 + (day / 0.52) ** 4))
    course.times = list(day * DAY)
    return course


class TestRegions:
    def test_means_are_by_volume(self):
        share = np.broadcast_to((np.arange(8) >= 6)[:, None, None].astype(float), MESH.shape)
        regions = Regions.of(MESH, {"deep": share, "nowhere": np.zeros(MESH.shape)})
        assert regions.names == ("deep",)
        depth = np.broadcast_to(MESH.zc[:, None, None], MESH.shape)
        assert regions.mean(depth, "deep") == pytest.approx((400.0 * 200.0 + 700.0 * 400.0) / 600.0)

    def test_a_share_of_another_shape_is_refused(self):
        with pytest.raises(ValueError, match=r"regions.a: got shape \(2,\), must be \(8, 4, 5\)"):
            Regions.of(MESH, {"a": np.zeros(2)})

    def test_parts_of_the_hole(self):
        regions = healing_regions(MESH, layers(), HOLE)
        layered = {"papillary dermis", "dermis", "viable epidermis", "treated dermis"}
        assert set(regions.names) == layered | {"hole", "hole epidermis", "hole barrier"}
        here = np.zeros(MESH.shape)
        here[:, 0, 0] = 1.0
        assert regions.mean(here, "hole") == pytest.approx(0.8)
        assert regions.mean(np.broadcast_to(MESH.zc[:, None, None], MESH.shape), "treated dermis") == pytest.approx(
            200.0
        )
        # all of what is missing counts once, also where hole and tissue share a cell
        assert regions.mean(HOLE, "hole barrier") == pytest.approx(1.0)
        assert regions.mean(HOLE, "hole epidermis") == pytest.approx(1.0)

    def test_without_hole_all_of_the_dermis_is_meant(self):
        regions = healing_regions(MESH, layers())
        assert regions.names == ("papillary dermis", "dermis", "viable epidermis", "treated dermis")
        assert regions.weights["treated dermis"][0].size == regions.weights["dermis"][0].size

    def test_rings_are_layer_by_layer_and_cover_everything(self):
        distance = np.hypot(MESH.xc, MESH.yc[:, None]) - 120.0
        rings = ring_regions(MESH, layers(), distance)
        assert rings["papillary dermis"].names == ("inside", "0-50", "50-100", "100-200", "200-400", "> 400")
        cells = [cells for layer in rings.values() for cells, _ in layer.weights.values()]
        assert sorted(np.concatenate(cells)) == list(range(MESH.cells))


class TestDistance:
    def test_from_the_nearest_axis_and_from_the_tip(self):
        needle = Puncture(125.0, 50.0, 300.0)
        distance = distance_from_needles(MESH, needle, [(0.0, 0.0)])
        assert distance[2, 0, 0] == pytest.approx(np.hypot(50.0, 50.0))
        assert distance[-1, 0, 0] == pytest.approx(np.sqrt(2 * 50.0**2 + 400.0**2))
        # mirrors stand at 500 and 400 um: the next needles are at twice that
        np.testing.assert_allclose(distance[2, 0, 4], np.hypot(450.0, 50.0))
        periodic = Mesh(MESH.x, MESH.y, MESH.z, (True, True))
        assert distance_from_needles(periodic, needle, [(0.0, 0.0)])[2, 0, 4] == pytest.approx(np.hypot(50.0, 50.0))

    def test_from_the_margin_of_a_wound(self):
        slot = distance_from_wound(MESH, Wound(kind="incision", width=300.0, depth=300.0))
        np.testing.assert_allclose(slot[2, :, 0], -100.0)
        assert slot[5, 0, 0] == -50.0  # nearer to the floor
        assert slot[6, 0, 0] == 100.0
        assert slot[6, 0, 2] == pytest.approx(np.hypot(100.0, 100.0))
        assert distance_from_wound(MESH, Wound(kind="column", width=300.0))[-1, 0, 0] < 0.0


class TestCourse:
    def test_peaks_are_those_of_parabolas(self):
        times = np.array([0.0, 1.0, 1.7, 3.1, 4.0])
        assert peak(times, 5.0 - (times - 2.3) ** 2) == pytest.approx((2.3, 5.0))
        assert peak(times, times) == (4.0, 4.0)
        assert peak(times, np.zeros(5)) == (0.0, 0.0)

    def test_summits_need_a_rise_and_a_fall(self):
        times = np.linspace(0.0, 10.0, 2001)
        noise = 1e-4 * np.sin(500.0 * times)
        values = np.exp(-((times - 2.0) ** 2)) + 0.5 * np.exp(-((times - 7.0) ** 2)) + noise
        assert [round(time, 1) for time, _ in summits(times, values)] == [2.0, 7.0]
        assert list(summits(times, np.exp(-times) + noise)) == []
        assert list(summits(times, np.zeros(2001))) == []

    def test_levels_are_crossed_between_the_times(self):
        times = np.array([0.0, 2.0, 4.0])
        assert crossing(times, np.array([0.0, 0.5, 1.0]), 0.75) == 3.0
        assert crossing(times, np.array([1.0, 0.5, 1.0]), 0.75) == 0.0
        assert isnan(crossing(times, np.zeros(3), 0.5))

    def test_a_second_look_takes_the_place_of_the_first(self):
        course = Course()
        for time, value in ((0.0, 1.0), (5.0, 2.0), (5.0, 3.0)):
            course.add(time, {("P", "hole"): value})
        assert course.times == [0.0, 5.0]
        assert course.means["P", "hole"] == [1.0, 3.0]
        assert course.at("P", "hole", 2.5) == 2.0
        assert course.lasts(5.0)
        assert not course.lasts(5.1)

    def test_a_value_at_a_session_is_that_before_it(self):
        course = Course(sessions=(0.0, 2.0))
        for time, value in ((0.0, 5.0), (1.0, 6.0), (2.0, 1.0), (3.0, 2.0)):
            course.add(time, {("P", "hole"): value})
        assert course.at("P", "hole", 0.0) == 5.0
        assert course.at("P", "hole", 2.0) == 6.0
        assert course.at("P", "hole", 3.0) == 2.0

    def test_what_is_made_of_means(self):
        course = made()
        day = course.times.index(next(time for time in course.times if time > 28.0 * DAY))
        c1, c3 = (course.means[name, "papillary dermis"][day] for name in ("C1", "C3"))
        assert course.series("collagen gain", "papillary dermis")[day] == pytest.approx(100.0 * (c1 + c3 - 1.0))
        assert course.series("collagen III share", "papillary dermis")[day] == pytest.approx(c3 / (c1 + c3))
        assert course.last("scar index", "treated dermis") == pytest.approx(0.01)
        assert course.last("fibre alignment", "treated dermis") == pytest.approx(0.205)
        assert course.at_rest("collagen", "dermis") == pytest.approx(1.0)

    def test_peaks_after_one_session_are_sought_before_the_next(self):
        course = made(sessions=(0.0, 7.0 * DAY))
        assert course.first("F", "papillary dermis")[0][-1] < 7.0 * DAY


class TestObservers:
    def test_means_and_what_is_not_linear_in_them(self, tmp_path, problem):
        courses = Courses(healing_regions(MESH, layers(), HOLE), [0.0], tmp_path)
        fresh = {"K": 1.0 - HOLE, "P": 4.0 * HOLE}
        courses.observe(shown(problem, 0.0, **fresh))
        depth = np.broadcast_to(MESH.zc[:, None, None], MESH.shape)
        later = {"s": depth / 1000.0, "C1": 0.8 + depth / 1000.0, "F": 3.0, "P": 1.0, "K": 1.0 - 0.4 * HOLE}
        courses.observe(shown(problem, 0.5 * DAY, **later))
        course = courses.course
        assert course.at_rest("collagen", "papillary dermis") == pytest.approx(1.0)
        assert course.means["P", "hole"][0] == pytest.approx(4.0 * (1.0 + 0.25**2) / 1.25)
        np.testing.assert_allclose(course.series("closed", "hole epidermis"), [0.0, 0.6], atol=1e-12)
        s, weight = np.array([0.15, 0.25]), 1.0 + np.array([0.15, 0.25])
        assert course.last("scar index", "treated dermis") == pytest.approx((s * weight).sum() / weight.sum())
        assert course.last("deposition", "dermis") == pytest.approx(3.0)  # k = 1, late = 1 at half a day
        assert course.last("renewal", "viable epidermis") == pytest.approx(1.25)
        rows = rows_of(tmp_path / "healing.csv")
        assert [float(row["time [s]"]) for row in rows] == [0.0, 43200.0]
        assert float(rows[1]["collagen gain in papillary dermis [%]"]) == pytest.approx(20.0)
        assert float(rows[1]["O in hole [mmHg]"]) == 45.0
        assert float(rows[1]["closed in hole barrier"]) == pytest.approx(0.6)
        assert "N in viable epidermis" not in rows[0]
        assert "K in dermis" not in rows[0]

    def test_nothing_is_written_without_a_folder(self, tmp_path, problem):
        Courses(healing_regions(MESH, layers()), []).observe(shown(problem))
        assert list(tmp_path.iterdir()) == []

    def test_rings_are_rows(self, tmp_path, problem):
        distance = np.hypot(MESH.xc, MESH.yc[:, None])
        rings = Rings(ring_regions(MESH, layers(), distance), tmp_path, EverySteps(1))
        for time in (0.0, 60.0):
            rings.observe(Fake(problem, time, {"P": distance + time}))
        rows = rows_of(tmp_path / "rings.csv")
        assert {row["layer"] for row in rows} == set(TOPS)
        assert {row["distance [um]"] for row in rows} == {"50-100", "100-200", "200-400", "> 400"}
        first = next(row for row in rows if (row["layer"], row["distance [um]"]) == ("papillary dermis", "50-100"))
        assert float(first["P [ng/mL]"]) == pytest.approx(np.hypot(50.0, 50.0))
        assert first["K"] == ""
        above = next(row for row in rows if row["layer"] == "viable epidermis")
        assert above["K"] == "1"
        assert {above[name] for name in IN_DERMIS_ONLY} == {""}


class TestTargets:
    def test_all_of_them_are_there_and_the_prototype_was_inside(self):
        assert len(targets()) == 71
        assert {target.run for target in targets().values()} == set(runs())
        for target in targets().values():
            assert target.low <= target.prototype <= target.high
            assert target.kind in ("S", "L", "D")
            assert target.use in ("cal", "check", "built in")
            assert target.source

    def test_every_one_of_a_single_run_can_be_read(self):
        alone = {name for name, target in targets().items() if target.run != SEVERAL}
        assert set(READINGS) == alone

    def test_of_one_session(self):
        found = {verdict.target.name: verdict for verdict in verdicts("array", made())}
        assert set(found) == {name for name, target in targets().items() if target.run == "array"}
        assert [name for name, verdict in found.items() if not verdict.met] == []
        expected = {"T2a": 0.86 * 24, "T4a": 9.7, "T1d": 4.0, "T7a": 1.75, "T7f": 12.0, "T10b": 40.0}
        for name, value in expected.items():
            assert found[name].value == pytest.approx(value, rel=0.02)
        assert found["T12b"].value == pytest.approx(0.52 * 24, rel=0.01)
        assert found["T8a"].value == pytest.approx(40.0 * (1.0 - exp(-4.0)) * exp(-28.0 / 600.0), rel=1e-3)

    def test_a_short_run_is_asked_little(self):
        names = [verdict.target.name for verdict in verdicts("array", made(end=7.0))]
        assert "T8d" in names
        assert "T8a" not in names

    @pytest.mark.parametrize("kind", [kind for kind in runs() if kind not in (SEVERAL, "sessions")])
    def test_of_other_runs(self, kind):
        names = {verdict.target.name for verdict in verdicts(kind, made())}
        assert names == {name for name, target in targets().items() if target.run == kind}

    def test_of_four_sessions(self):
        course = made(sessions=tuple(28.0 * DAY * n for n in range(4)))
        found = {verdict.target.name: verdict.value for verdict in verdicts("sessions", course)}
        assert found["T15a"] == pytest.approx(course.at("collagen gain", "papillary dermis", 112.0 * DAY))
        assert next(verdict.word for verdict in verdicts("sessions", made())) == "missed (not found)"

    def test_what_did_not_happen_is_missed(self):
        course = made()
        course.means["open", "hole barrier"] = [1.0] * len(course.times)
        verdict = next(one for one in verdicts("array", course) if one.target.name == "T12b")
        assert not verdict.met
        assert verdict.word == "missed (not found)"
        assert verdict.entry()["verdict"] == "missed (not found)"

    def test_what_was_switched_off_has_no_ratio(self):
        course = made()
        course.means["P", "hole"] = [0.0] * len(course.times)
        assert isnan(next(one.value for one in verdicts("array", course) if one.target.name == "T1b"))

    def test_values_from_elsewhere(self):
        assert judged("T5c", 0.01).word == "met"
        assert judged("T5c", 0.2).word == "missed"
        assert judged("T5c", nan).word == "missed (not found)"
        with pytest.raises(ValueError, match="unknown target 'T5', must be from T1a to T20b; nearest: 'T5"):
            judged("T5", 1.0)
        with pytest.raises(ValueError, match="unknown kind of run 'arrays', must be among array, "):
            verdicts("arrays", made())


class TestAnswer:
    def test_numbers_have_units(self):
        found = healing_answer(made())
        assert found["time of neutrophils peak"][:2] == (pytest.approx(0.86 * 24, rel=0.01), "h")
        assert found["time of macrophages peak"][:2] == (pytest.approx(2.1, rel=0.01), "d")
        assert found["vessels peak"].value == pytest.approx(1.75, rel=1e-3)
        assert [day for day in (7, 28, 84, 180, 365) if f"collagen gain day {day}" in found] == [7, 28, 84, 180, 365]
        assert found["barrier closed"].value == pytest.approx(24 * 0.52 * 9**0.25, rel=0.01)
        assert all(np.isfinite(entry.value) for entry in found.values())

    def test_only_what_lies_within_the_run(self):
        found = healing_answer(made(end=10.0))
        assert "collagen gain day 7" in found
        assert not {"collagen gain day 28", "elastin gain day 180", "vessels day 90"} & set(found)

    def test_skin_that_is_not_injured_has_no_peaks(self):
        course = made(sessions=())
        course.means = {key: row for key, row in course.means.items() if not key[1].startswith("hole")}
        found = healing_answer(course)
        assert not [name for name in found if "peak" in name and "share" not in name]
        assert "collagen gain day 28" in found


class TestPicture:
    @pytest.mark.parametrize(("kind", "region"), [("array", "papillary dermis"), ("incision", "hole"), ("", "hole")])
    def test_is_drawn(self, tmp_path, kind, region):
        path = tmp_path / "healing.png"
        healing_picture(made(), path, title="one session", kind=kind, region=region)
        assert pyvista.read(path).dimensions[0] > 1500

    def test_what_goes_wrong_is_said(self, tmp_path):
        with pytest.raises(PictureError, match=r"healing.png: no picture drawn \("):
            healing_picture(Course(), tmp_path / "healing.png", title="")


class TestWiring:
    """Of a bundled case, up to the injury."""

    def test_regions_and_rings_of_a_case(self, tmp_path):
        case = load("healing-roller-05mm")
        healing, problem = Healing(case), case.problem()[0]
        courses = healing.courses(problem)
        assert set(courses._regions.names) == {
            PAPILLARY, "dermis", "treated dermis", "viable epidermis", "hole", "hole epidermis", "hole barrier",
        }  # fmt: skip
        assert healing.kind() == "array"
        assert len(list(healing.rings(problem, tmp_path))) == 1

    def test_the_gain_of_collagen_is_that_of_both_kinds(self):
        problem = load("healing-roller-05mm").problem()[0]
        c1, c3 = (initial_concentration(problem, problem.model.fields[problem.model.index(n)]) for n in ("C1", "C3"))
        fake = Fake(problem)
        fake.concentration = lambda name: {"C1": 1.5 * c1, "C3": c3}[name]
        gain = collagen_gain(fake)
        np.testing.assert_allclose(gain[c1 > 0.0], 40.0)
        assert not gain[c1 == 0.0].any()

    def test_needles_and_actives_are_compared_at_one_time(self):
        def gained(percent):
            course = Course(times=[0.0, 56.0 * DAY], rest={("C1", PAPILLARY): 0.8, ("C3", PAPILLARY): 0.2})
            course.means = {("C1", PAPILLARY): [0.8, 0.8 + 0.02 * percent], ("C3", PAPILLARY): [0.2, 0.2]}
            return course

        found = _synergy({"neither": gained(-1), "stimulus": gained(39), "supplement": gained(1), "both": gained(51)})
        assert {name: round(entry.value, 9) for name, entry in found.items()} == {
            "gain by needles": 40.0, "gain by actives": 2.0, "gain by both": 52.0, "interaction": 10.0,
            "both over sum": round(52.0 / 42.0, 9),
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("healing-four-sessions", "sessions"), ("healing-incision", "incision"), ("healing-punch", "punch"),
            ("scar-untreated", "scar untreated"), ("young-skin-needled", None), ("needling-vitamin-c", "array"),
        ],
    )  # fmt: skip
    def test_kinds_of_runs(self, name, kind):
        assert Healing(load(name)).kind() == kind

    def test_targets_are_held_against_needles_without_actives(self):
        healing = Healing(load("needling-vitamin-c"))
        variants = {name: made(end=7.0) for name in ("neither", "stimulus", "supplement")}
        found = [verdict.target.name for verdict in healing.outcome(made(), variants).verdicts]
        assert "T1b" in found
        assert "T8a" not in found
        assert Healing(load("needling-vitamin-c", {"output.compare": "intact"})).kind() is None

    @pytest.mark.parametrize(("density", "kind"), [("190 /cm^2", "array"), ("50 /cm^2", None), ("400 /cm^2", None)])
    def test_arrays_of_another_density_have_no_targets(self, density, kind):
        assert Healing(load("healing-roller-05mm", {"array.density": density})).kind() == kind


def test_a_run_leaves_all_of_it(tmp_path):
    short = {"run.end": "2 day", "run.every": "1 day", "run.at": [], "output.fields_at": []}
    case = load("healing-roller-05mm", short | {"mesh.smallest": "25 um", "mesh.largest": "100 um", "run.rtol": 1e-2})
    results = run_case(case, tmp_path / "run")
    assert {"healing.csv", "rings.csv", "healing.png", "overview.png"} <= {
        path.name for path in results.folder.iterdir()
    }
    times = [float(row["time [s]"]) for row in rows_of(results.folder / "healing.csv")]
    assert len(times) == results.figures["steps"] + 1
    assert {float(row["time [s]"]) for row in rows_of(results.folder / "rings.csv")} == {0.0, DAY, 2.0 * DAY}
    summary = json.loads((results.folder / "summary.json").read_text("utf-8"))["healing"]
    assert summary["targets of"] == "array"
    assert [entry["id"] for entry in summary["targets"]] == ["T1a", "T12a", "T12b", "T19"]
    assert summary["answer"]["barrier half closed [h]"] == pytest.approx(8.6, rel=0.2)
