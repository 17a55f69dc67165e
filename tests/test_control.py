"""What steers a solve (kernels/control.cu): cases worked out by hand, limits, and numbers that are not finite."""

from math import acosh, ceil, inf, nan

import numpy as np
import pytest

from mnrd.backends.base import ORDER, REPORT, slots

SIDES = ("TOP", "BASE")


class Desk:
    """One order and one report on a backend, by name."""

    def __init__(self, backend, order=None, report=None):
        self.backend = backend
        self.order = self._filled(ORDER, "ORDERS", order or {})
        self.report = self._filled(REPORT, "REPORTS", report or {})

    def _filled(self, places, count, values):
        numbers = np.zeros(places[count])
        for name, value in values.items():
            numbers[places[name]] = value
        return self.backend.array(numbers, np.float64)

    def partial(self, *sums, rows=3):
        """Partial sums that add up to each of `sums`, exactly."""
        numbers = np.zeros((len(sums), rows))
        numbers[:, 0], numbers[:, -1] = 0.5 * np.array(sums), 0.5 * np.array(sums)
        return self.backend.array(numbers, np.float64)

    def numbers(self, *values):
        return self.backend.array(np.array(values), np.float64)

    def said(self, *names):
        numbers = self.backend.host(self.report)
        found = [float(numbers[REPORT[name]]) for name in names]
        return found if len(found) > 1 else found[0]


def test_slots_are_read_from_the_text():
    assert slots("enum Other { X };\nenum One {\n A, B_TOP, // a comment, with commas\n B_BASE,\n ONES };", "One") == {
        "A": 0, "B_TOP": 1, "B_BASE": 2, "ONES": 3,
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"^enum Two: not in the kernel text$"):
        slots("enum One { A };", "Two")


def test_pairs_of_slots_are_neighbours():
    for places in (ORDER, REPORT):
        for name in (name.removesuffix("_TOP") for name in places if name.endswith("_TOP")):
            assert places[f"{name}_BASE"] == places[f"{name}_TOP"] + 1


class TestGather:
    def test_sums_come_first(self, backend):
        desk, out = Desk(backend), backend.zeros(4, np.float64)
        backend.kernel.gather(3, 2, 1, desk.partial(8.0, -2.0, 5.0), out)
        np.testing.assert_array_equal(backend.host(out), [8.0, -2.0, 2.5, 0.0])

    def test_the_largest_of_negative_numbers(self, backend):
        out = backend.zeros(1, np.float64)
        backend.kernel.gather(3, 0, 1, Desk(backend).numbers(-3.0, -1.0, -2.0), out)
        assert backend.host(out)[0] == -1.0

    @pytest.mark.parametrize("where", range(3))
    def test_what_is_unknown_wins(self, backend, where):
        numbers = np.array([1.0, inf, 2.0])
        numbers[where] = nan
        out = backend.zeros(1, np.float64)
        backend.kernel.gather(3, 0, 1, backend.array(numbers, np.float64), out)
        assert np.isnan(backend.host(out)[0])


@pytest.mark.parametrize(("closed", "wanted"), [(0.25, 0.75), (-1.0, 1.0), (3.0, 0.0), (nan, 0.0)])
def test_openness_stays_between_closed_and_open(backend, closed, wanted):
    out = backend.zeros(1, np.float64)
    backend.kernel.open_channel(3, 1.0, Desk(backend).partial(closed), out)
    assert backend.host(out)[0] == wanted


ORDERS = {
    "TAU": 2.0, "START": 0.5, "AMOUNT_TOP": 6.0, "AMOUNT_BASE": 3.0, "CAPACITY_TOP": 3.0, "CAPACITY_BASE": 1.0,
    "EVAPORATION_TOP": 1.0, "EVAPORATION_BASE": 0.25, "HELD_TOP": 0.1, "HELD_BASE": 0.7, "STIRRED_TOP": 1,
}  # fmt: skip


class TestReservoirs:
    def desk(self, backend, **orders):
        desk = Desk(backend, ORDERS | orders)
        first = Desk(backend, report={"CONTENT_TOP": 10.0, "CONTENT_BASE": 5.0})
        backend.kernel.couple(desk.order, desk.numbers(1.0, 4.0), first.report, desk.report)
        return desk

    def test_one_that_is_stirred_follows_its_content(self, backend):
        # start = 6 + (10 - 6) / 2 = 8, sigma = 2 * 3 + 1 + 1 = 8
        desk = self.desk(backend)
        assert desk.said("START_TOP", "FACTOR_TOP", "OFFSET_TOP", "SHARE_TOP", "CONDUCTANCE_TOP") == [
            8.0, 1 / 8, 2.0, 7 / 8, 1.0,
        ]  # fmt: skip

    def test_one_that_is_held_does_not(self, backend):
        desk = self.desk(backend)
        assert desk.said("START_BASE", "FACTOR_BASE", "OFFSET_BASE", "SHARE_BASE", "CONDUCTANCE_BASE") == [
            4.0, 0.0, 0.7, 1.0, 4.0,
        ]  # fmt: skip

    def test_the_first_stage_does_not_look_at_another(self, backend):
        desk = Desk(backend, ORDERS | {"START": 0.0})
        unknown = backend.array(np.full(REPORT["REPORTS"], nan), np.float64)
        backend.kernel.couple(desk.order, desk.numbers(1.0, 4.0), unknown, desk.report)
        assert desk.said("START_TOP", "START_BASE") == [6.0, 3.0]

    def test_none_without_anything_to_divide_by(self, backend):
        nothing = Desk(backend, {"TAU": 1.0})
        backend.kernel.couple(nothing.order, nothing.numbers(0.0, 0.0), nothing.report, nothing.report)
        assert np.isfinite(backend.host(nothing.report)).all()

    def test_what_passes_sets_the_activity(self, backend):
        desk = self.desk(backend)
        backend.kernel.meet(3, desk.partial(16.0, 5.0), desk.report)
        assert desk.said("PASSED_TOP", "PASSED_BASE") == [16.0, 5.0]
        assert desk.said("EXCHANGE_TOP", "EXCHANGE_BASE") == [4.0, 0.7]

    def test_what_an_increment_answers_has_no_offset(self, backend):
        desk, out = Desk(backend), backend.zeros(2, np.float64)
        given = (desk.partial(16.0, 5.0), desk.numbers(0.125, 0.0), out)
        backend.kernel.exchange(3, desk.numbers(0.0), *given)
        np.testing.assert_array_equal(backend.host(out), [0.0, 0.0])
        backend.kernel.exchange(3, desk.numbers(1.0), *given)
        np.testing.assert_array_equal(backend.host(out), [2.0, 0.0])

    def test_what_goes_out_of_one_comes_into_the_cells(self, backend):
        desk = self.desk(backend)
        backend.kernel.meet(3, desk.partial(16.0, 5.0), desk.report)
        # held = 10 + 16 * 7/8 + 5 = 29; sources = 53.2 + 1 * 2 + 4 * 0.7 = 58
        report = backend.host(desk.report)
        report[REPORT["SOURCES"]], report[REPORT["PRODUCED"]] = 53.2, 1.0
        desk.report = backend.array(report, np.float64)
        backend.kernel.close_stage(3, desk.partial(10.0, 0.5, 3.0), desk.order, desk.report)
        scale, lost, clipped, moved = desk.said("SCALE", "LOST", "CLIPPED", "MOVED")
        assert (scale, lost, clipped, moved) == (pytest.approx(2.0), 0.0, 0.5, pytest.approx(-5.0))
        influx, evaporated, content = (
            np.array(desk.said(f"{n}_TOP", f"{n}_BASE")) for n in ("INFLUX", "EVAPORATED", "CONTENT")
        )
        activity = [6.0, 0.7]  # 32 / 8 + 2
        np.testing.assert_allclose(influx, [6.0 - 32.0, 4 * 0.7 - 10.0], rtol=1e-14)
        np.testing.assert_allclose(evaporated, np.multiply([1.0, 0.25], activity), rtol=1e-14)
        np.testing.assert_allclose(content[0], 3 * 6.0, rtol=1e-14)
        np.testing.assert_allclose(
            2.0 * (content - desk.said("START_TOP", "START_BASE")), -influx - evaporated, rtol=1e-14
        )


class TestClosing:
    @pytest.mark.parametrize(("sources", "held"), [(-3.0, 2.0), (3.0, 0.0), (3.0, -1.0)])
    def test_what_does_not_fit_ends_empty_and_is_counted(self, backend, sources, held):
        desk = Desk(backend, {"TAU": 2.0}, {"SOURCES": sources, "PRODUCED": 4.0, "SHARE_TOP": 1.0, "SHARE_BASE": 1.0})
        backend.kernel.close_stage(3, desk.partial(held, 0.0, 7.0), desk.order, desk.report)
        assert desk.said("SCALE", "LOST", "MOVED") == [0.0, 1.5, 4.0]

    @pytest.mark.parametrize(
        ("sums", "scale", "lost"),
        [
            ((6.0, 6.0, 0.0), 1.0, 0.0),
            ((6.0, 8.0, 0.5), 0.75, 0.0),
            ((-4.0, 8.0, 0.5), 0.0, 2.0),
            ((-4.0, 0.0, 2.0), 1.0, 2.0),
        ],
    )
    def test_an_immobile_field(self, backend, sums, scale, lost):
        desk = Desk(backend, {"TAU": 2.0})
        backend.kernel.settled(3, desk.partial(*sums, 5.0, 8.0), desk.order, desk.report)
        assert desk.said("SCALE", "LOST", "SOURCES", "CLIPPED") == [scale, lost, sums[0], sums[2]]
        assert desk.said("PRODUCED", "SPENT", "MOVED") == [5.0, 8.0, 5.0 - 8.0 * scale]


class TestBegin:
    def begin(self, backend, squares, held=1.0, **report):
        desk = Desk(backend, {"KAPPA": 0.25}, {"COUNT": 7, "RZ": 3.0, "FAILED": 1, "GOING": 1} | report)
        backend.kernel.begin(3, 4.0, desk.partial(5.0, squares, held, 1.5), desk.order, desk.report)
        return desk

    def test_what_is_to_be_solved(self, backend):
        desk = self.begin(backend, 16.0)
        assert desk.said("SOURCES", "PRODUCED", "NORM", "TOLERANCE", "GOING", "FAILED", "COUNT", "RZ") == [
            5.0,
            1.5,
            2.0,
            0.25,
            1,
            0,
            0,
            0,
        ]

    def test_what_is_solved_already(self, backend):
        assert self.begin(backend, 0.25).said("NORM", "GOING", "FAILED") == [0.25, 0, 0]

    def test_an_empty_field_is_solved_all_the_same(self, backend):
        assert self.begin(backend, 0.25, held=0.0).said("NORM", "TOLERANCE", "GOING") == [0.25, 0.0025, 1]
        assert self.begin(backend, 0.0, held=0.0).said("NORM", "TOLERANCE", "GOING") == [0.0, 0.0, 0]
        assert self.begin(backend, 4e6, held=0.0).said("TOLERANCE", "GOING") == [0.25, 1]

    def test_what_passes_to_a_reservoir_counts_as_held(self, backend):
        assert self.begin(backend, 0.25, held=0.0, PASSED_TOP=2.0, SHARE_TOP=0.5).said("TOLERANCE", "GOING") == [
            0.25,
            0,
        ]

    @pytest.mark.parametrize("squares", [nan, inf])
    @pytest.mark.parametrize("held", [1.0, 0.0, nan])
    def test_what_is_not_finite_has_failed(self, backend, squares, held):
        assert self.begin(backend, squares, held=held).said("GOING", "FAILED") == [0, 1]


class TestConjugateGradients:
    def test_the_first_direction_is_steepest_descent(self, backend):
        desk = Desk(backend, report={"GOING": 1, "COUNT": 0, "RZ": 0.0, "BETA": 9.0})
        backend.kernel.cg_turn(3, desk.partial(6.0), desk.report)
        assert desk.said("BETA", "RZ") == [0.0, 6.0]

    def test_the_others_are_conjugate(self, backend):
        desk = Desk(backend, report={"GOING": 1, "COUNT": 2, "RZ": 8.0})
        backend.kernel.cg_turn(3, desk.partial(6.0), desk.report)
        assert desk.said("BETA", "RZ") == [0.75, 6.0]
        backend.kernel.cg_step(3, desk.partial(12.0), desk.report)
        assert desk.said("ALPHA", "GOING") == [0.5, 1]

    def test_nothing_left_for_the_precision(self, backend):
        desk = Desk(backend, report={"GOING": 1, "COUNT": 0, "RZ": 8.0, "ALPHA": 3.0})
        backend.kernel.cg_step(3, desk.partial(0.0), desk.report)
        assert desk.said("ALPHA", "GOING", "COUNT", "FAILED") == [3.0, 0, 0, 0]

    @pytest.mark.parametrize(
        ("squares", "wanted"),
        [(64.0, [4.0, 3.5, 1, 0]), (1.0, [0.5, 3.5, 0, 0]), (nan, [nan, 3.5, 0, 1]), (inf, [inf, 3.5, 0, 1])],
    )
    def test_judgement(self, backend, squares, wanted):
        desk = Desk(backend, report={"GOING": 1, "COUNT": 3, "TOLERANCE": 0.5, "NORM": 9.0})
        backend.kernel.judge(3, 4.0, 0.5, desk.partial(squares), desk.report)
        np.testing.assert_array_equal(desk.said("NORM", "COUNT", "GOING", "FAILED"), wanted)

    def test_the_first_step_does_not_read_what_was_there(self, backend):
        shape, real = (1, 1, 2), backend.real
        p, q, metric = (backend.array(np.full(shape, value), real) for value in (3.0, 1.0, 2.0))
        d, r = backend.array(np.full(shape, nan), real), backend.array(np.full(shape, 5.0), real)
        partial, (step, zero) = backend.zeros((1, 1), np.float64), (Desk(backend).numbers(x) for x in (2.0, 0.0))
        backend.kernel.advance(2, 1, 1, step, step, zero, p, q, metric, d, r, partial)
        np.testing.assert_array_equal(backend.host(d), 6.0)
        np.testing.assert_array_equal(backend.host(r), 3.0)
        np.testing.assert_array_equal(backend.host(partial), 72.0)
        z, unknown = backend.array([7.0, 8.0], real), backend.array([nan, nan], real)
        backend.kernel.direction(2, step, z, zero, unknown)
        np.testing.assert_array_equal(backend.host(unknown), [7.0, 8.0])


class TestBicgstab:
    def test_an_iteration(self, backend):
        desk = Desk(backend, report={"GOING": 1})
        backend.kernel.stab_start(3, desk.partial(6.0), desk.report)
        backend.kernel.stab_alpha(3, desk.partial(12.0), desk.report)
        backend.kernel.stab_omega(3, desk.partial(2.0, 8.0), desk.report)
        backend.kernel.stab_turn(3, desk.partial(3.0), desk.report)
        assert desk.said("ALPHA", "OMEGA", "BETA", "RZ", "GOING", "FAILED") == [0.5, 0.25, 1.0, 3.0, 1, 0]

    @pytest.mark.parametrize(
        ("kernel", "sums"), [("stab_alpha", (0.0,)), ("stab_omega", (1.0, 0.0)), ("stab_turn", (1.0,))]
    )
    def test_a_breakdown(self, backend, kernel, sums):
        desk = Desk(backend, report={"GOING": 1, "RZ": 2.0, "OMEGA": 0.0, "ALPHA": 1.0, "BETA": 5.0})
        getattr(backend.kernel, kernel)(3, desk.partial(*sums), desk.report)
        assert desk.said("GOING", "FAILED", "ALPHA", "BETA", "OMEGA") == [0, 1, 1.0, 5.0, 0.0]


class TestLines:
    LIMIT = 9

    def made(self, backend, rate, norm, budget=5, **report):
        desk = Desk(backend, {"TAU": 2.0}, {"GOING": 1, "NORM": norm, "TOLERANCE": 1.0} | report)
        desk.polynomial = backend.array(np.full((self.LIMIT, 3), nan), np.float64)
        desk.going = backend.array(np.full(self.LIMIT, nan), np.float64)
        given = (desk.numbers(rate), desk.order, desk.report, desk.polynomial, desk.going)
        backend.kernel.line_polynomial(budget, self.LIMIT, *given)
        return desk

    @pytest.mark.parametrize(
        ("rate", "norm", "count"),
        [(0.0, 1e6, 1), (1.0, 1.5, 1), (2.0, 20.0, 3), (2.0, 90.0, 4), (20.0, 1e9, 9), (20.0, inf, 9)],
    )
    def test_the_count_is_that_of_the_bound(self, backend, rate, norm, count):
        desk = self.made(backend, rate, norm)
        if 0 < rate < 20:
            assert count == max(1, ceil(acosh(norm) / acosh(1 + 2.0 / rate)))
        assert desk.said("COUNT", "GOING") == [count, count > 5]
        np.testing.assert_array_equal(backend.host(desk.going), np.arange(self.LIMIT) < count)
        polynomial = backend.host(desk.polynomial)
        assert np.isfinite(polynomial[:count]).all()
        assert np.isnan(polynomial[count:]).all()

    def test_nothing_to_do(self, backend):
        desk = self.made(backend, 2.0, 20.0, GOING=0)
        assert desk.said("COUNT", "GOING") == [0, 0]
        np.testing.assert_array_equal(backend.host(desk.going), 0.0)

    @pytest.mark.parametrize("eigenvalue", [0.5, 0.7, 1.0, 1.5])
    def test_the_error_is_the_chebyshev_polynomial(self, backend, eigenvalue):
        # For a matrix of one number: mu = 1, spectrum of D^-1 A in [1/2, 3/2], delta = 1/2;
        # errors are T_n((1 - x) / delta) / T_n(1 / delta).
        desk = self.made(backend, 2.0, 90.0)
        polynomial = backend.host(desk.polynomial)
        u = previous = 0.0
        for gain, momentum, weight in polynomial[: int(desk.said("COUNT"))]:
            u, previous = gain * u + momentum * (u - previous) + weight * (1.0 - eigenvalue * u), u
        chebyshev = np.polynomial.chebyshev.Chebyshev([0] * 4 + [1])
        wanted = chebyshev((1 - eigenvalue) / 0.5) / chebyshev(1 / 0.5)
        assert 1 - eigenvalue * u == pytest.approx(wanted, abs=1e-15)


class TestMembranes:
    def film(self, backend, openness, add=0, before=0.0, closed=(2.0, np.inf, 4.0), opened=(2.0, 3.0, np.inf)):
        fractions = np.zeros((3, 2, 1, 4), np.uint8)
        fractions[0, 1], fractions[1, 1], fractions[2, 1] = [[255, 0, 51, 0]], [[0, 255, 204, 0]], [[0, 0, 0, 255]]
        out = backend.array(np.full((1, 4), 10.0 if add else nan), np.float64)
        given = (backend.array(np.array(values), np.float64) for values in (opened, closed, openness))
        backend.kernel.film(4, 1, 2, 1, 3, backend.array(fractions, np.uint8), *given, add, before, out)
        return backend.host(out)[0]

    def test_shares_of_a_cell_stand_side_by_side(self, backend):
        closed, opened = (2.0, 1.0, 4.0), (2.0, 3.0, 8.0)
        np.testing.assert_allclose(
            self.film(backend, (1.0, 0.5, 0.0), closed=closed, opened=opened),
            [1 / 2, 1 / 2, 1 / 2, 1 / 4], rtol=1e-15,
        )  # fmt: skip
        np.testing.assert_allclose(
            self.film(backend, (1.0, 1.0, 0.0), 1, 5.0, closed=closed, opened=opened),
            [15.5, 15 + 1 / 3, 15 + 1 / 2.8, 15.25], rtol=1e-15,
        )  # fmt: skip

    def test_what_is_infinite_is_no_membrane(self, backend):
        np.testing.assert_array_equal(self.film(backend, (1.0, 0.0, 1.0)), [0.5, 0.0, 0.0, 0.0])
        assert self.film(backend, (1.0, 0.0, 0.0))[3] == 0.25
        assert self.film(backend, (1.0, 0.0, 0.5))[3] == 0.0

    def test_what_lets_nothing_through(self, backend):
        assert self.film(backend, (0.0, 0.0, 0.0), closed=(0.0,) * 3, opened=(0.0,) * 3).tolist() == [inf] * 4

    def test_conductances_to_a_reservoir(self, backend):
        s = backend.array(np.array([[[9.0, 9.0, 9.0]], [[3.0, 3.0, 0.0]]]))
        cover, resistance = (backend.array([values], np.float64) for values in ([4.0, 4.0, 4.0], [0.5, inf, inf]))
        g = backend.zeros((1, 3))
        backend.kernel.reach(3, 1, 2, 1, 3.0, cover, resistance, s, g)
        np.testing.assert_array_equal(backend.host(g), [[4.0, 0.0, 0.0]])

    def test_a_membrane_between_cells(self, backend):
        tz = backend.array(np.array([[[2.0, 2.0, 0.0]], [[5.0, 5.0, 5.0]]]))
        area, resistance = (backend.array([values], np.float64) for values in ([8.0, 8.0, 8.0], [12.0, inf, inf]))
        backend.kernel.insulate(3, 1, 2, 0, area, resistance, tz)
        np.testing.assert_array_equal(backend.host(tz), [[[0.5, 0.0, 0.0]], [[5.0, 5.0, 5.0]]])


def test_a_channel_like_its_surroundings_changes_no_bit(backend):
    """Where open and closed are the same, the mix does not depend on the openness, to the last bit."""
    fractions = backend.array(np.array([100, 155], np.uint8).reshape(2, 1, 1, 1), np.uint8)
    table = backend.array([[0.1], [1 / 3]], np.float64)
    found = []
    for openness in (0.0, 0.37, 1.0):
        lateral, vertical = backend.zeros((1, 1, 1)), backend.zeros((1, 1, 1))
        given = (fractions, table, table, table, table, backend.array([0.0, openness], np.float64))
        backend.kernel.mix_conductivity(1, 1, 1, 2, *given, lateral, vertical)
        found.append((backend.host(lateral).item(), backend.host(vertical).item()))
    assert found[0] == found[1] == found[2]
