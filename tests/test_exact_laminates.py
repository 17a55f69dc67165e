"""The exact solutions of layers reproduce every number printed in PERMEATION.md, P01 to P06, P10, P18 and P19."""

from __future__ import annotations

from math import cosh, sqrt, tanh

import pytest
from exact import series
from exact.laminate import Donor, Film, Laminate, Parallel, Slab
from exact.printed import compare, printed, table
from scipy.integrate import quad
from scipy.optimize import brentq

CRANK = Laminate((Slab(0.01, 1, 15),))
DOSE = Laminate((Slab(0.01, 5, 15),), Donor(capacity=50))
VOLATILE = Laminate((Slab(0.01, 5, 15),), Donor(capacity=50, evaporation=0.001))
CORNEUM, EPIDERMIS = Slab(0.05, 50, 15), Slab(50, 1.5, 80)
TWO = Laminate((CORNEUM, EPIDERMIS))
VIVO = Laminate((CORNEUM, EPIDERMIS, Slab(80, 1.2, 500, clearance=5e-4)), base=0)
VITRO = Laminate((CORNEUM, EPIDERMIS, Slab(80, 1.2, 500)))
BINDING = Laminate((Slab(50, 1, 100, binding=0.02, release=0.005),))


@pytest.mark.parametrize(
    ("t", "texts"),
    table("""
        1000  | 1.286911253e-5 | 1.851320342e-3 | 1.784124117e-3 | 3.566396912
        3000  | 3.159311230e-4 | 0.3113608316   | 1.031203964e-3 | 5.869412281
        10000 | 6.500742697e-4 | 4.204492851    | 6.832591276e-4 | 7.424347595
        30000 | 6.666640971e-4 | 17.50000586    | 6.666692362e-4 | 7.499988284
    """),
)
def test_p01_crank_slab(t: float, texts: list[str]) -> None:
    compare([CRANK.flux(-1, t), CRANK.crossed(-1, t), CRANK.flux(0, t), CRANK.free_amount(0, t)], texts)
    assert series.slab_flux(0.01, 1, 15, t) == pytest.approx(CRANK.flux(-1, t), rel=1e-12)


def test_p01_steady() -> None:
    compare([CRANK.steady_flux(), CRANK.lag()], ["6.666666667e-4", "3750.000000"])


@pytest.mark.parametrize(
    ("t", "texts"),
    table("""
        2000  | 6.118516812e-4 | 0.3128291085 | 0.6437878584  | 17.49777797
        5000  | 1.672850505e-3 | 4.184804524  | 0.5222101095  | 19.70469000
        15000 | 1.304374246e-3 | 19.92139158  | 0.3310293328  | 13.52714177
        50000 | 2.857986205e-4 | 43.41558576  | 0.07244960102 | 2.961934193
    """),
)
def test_p02_finite_donor(t: float, texts: list[str]) -> None:
    activity = DOSE.donor_activity(t)
    compare([DOSE.flux(-1, t), DOSE.crossed(-1, t), activity, DOSE.free_amount(0, t)], texts)
    assert series.finite_donor_activity(0.01, 5, 15, 50, t) == pytest.approx(activity, rel=1e-10)


def test_p02_eigenvalues_peak_and_total() -> None:
    roots = series.finite_donor_eigenvalues(1.5, 4)
    compare(list(roots), ["0.98824073", "3.5421664", "6.509659", "9.5800917"])
    peak = brentq(lambda t: DOSE.flux_rate(-1, t), 6000, 7000, xtol=1e-4)
    compare([peak, DOSE.flux(-1, peak), DOSE.absorbed()], ["6519.87", "1.739726034e-3", "50.00000000"])


@pytest.mark.parametrize(
    ("t", "texts"),
    table("""
        5000   | 1.614939638e-3 | 0.08191119377 | 0.4834042389
        20000  | 8.455520821e-4 | 0.4671954973  | 0.2036780649
        100000 | 9.587834034e-6 | 0.7658062251  | 2.309298195e-3
    """),
)
def test_p03_evaporation(t: float, texts: list[str]) -> None:
    permeated, donor = VOLATILE.crossed(-1, t), VOLATILE.donor_activity(t)
    compare([VOLATILE.flux(-1, t), permeated / 50, donor], texts)
    total = permeated + VOLATILE.evaporated(t) + 50 * donor + VOLATILE.free_amount(0, t)
    assert total == pytest.approx(50, rel=1e-12)


def test_p03_absorbed_fraction() -> None:
    assert VOLATILE.absorbed() / 50 == printed("0.7692307692")


@pytest.mark.parametrize(
    ("t", "texts"),
    table("""
        100  | 2.609165691e-7 | 1.55453876e-6 | 2.156550683e-6 | 126.1565629 | 6.162208197e-5
        300  | 4.235206767e-3 | 0.1973377007  | 6.082542701e-3 | 217.9951364 | 0.3172119723
        1000 | 0.08437140186  | 31.47664044   | 0.09198668795  | 362.1003411 | 5.459667529
        3000 | 0.1390872117   | 279.7397971   | 0.1484461475   | 428.6828056 | 8.904183990
    """),
)
def test_p04_two_layers(t: float, texts: list[str]) -> None:
    amounts = [TWO.free_amount(layer, t) for layer in (0, 1)]
    compare([TWO.flux(-1, t), TWO.crossed(-1, t), TWO.activity(1, t), *amounts], texts)


def test_p04_steady_and_profile() -> None:
    compare([TWO.steady_flux(), TWO.lag()], ["0.1415094340", "1033.974843"])
    assert series.two_slab_lag((0.05, 50, 15), (50, 1.5, 80)) == pytest.approx(TWO.lag(), rel=1e-12)
    assert TWO.activity_in(1, 0.0, 1000) == pytest.approx(TWO.activity(1, 1000), rel=1e-12)
    stored = quad(lambda z: 1.5 * TWO.activity_in(1, z, 1000), 0, 80, epsrel=1e-6)[0]
    assert stored == pytest.approx(TWO.free_amount(1, 1000), rel=1e-6)


@pytest.mark.parametrize(
    ("t", "texts"),
    table("""
        300   | 4.891732862e-5 | 1.814644068e-3 | 2.14048708e-3 | 218.0115617 | 0.3984749776 | 0.09783465724
        1000  | 7.198061905e-3 | 1.782717082    | 0.04387116876 | 370.1266860 | 12.61882125  | 14.39612381
        3000  | 0.04711824399  | 57.71336062    | 0.07858752537 | 500.7356958 | 38.73052538  | 94.23648798
        10000 | 0.08198336584  | 564.7169765    | 0.08336081068 | 559.7979290 | 53.92314941  | 163.9667317
        30000 | 0.08348243477  | 2231.105685    | 0.08348257560 | 562.1639350 | 54.54958694  | 166.9648695
    """),
)
def test_p05_clearance(t: float, texts: list[str]) -> None:
    amounts = [VIVO.free_amount(layer, t) for layer in range(3)]
    compare([5e-4 * amounts[2], VIVO.cleared(2, t), VIVO.flux(2, t), *amounts], texts)


def test_p05_steady() -> None:
    depth = sqrt(5e-4 / 80)
    dermis = 1.2 * sqrt(5e-4 * 80) * tanh(500 * depth)
    compare([dermis, VIVO.steady_flux(0)], ["0.2035880736", "0.08348258804"])
    steady = [VIVO.steady_activity(interface) for interface in (1, 2, 3)]
    compare(steady, ["0.4991044718", "0.4100563779", "0.2171421273"])
    assert steady[1] / cosh(500 * depth) == pytest.approx(steady[2], rel=1e-12)
    assert VIVO.lag_cleared(2) == printed("3274.602479")


@pytest.mark.parametrize(
    ("t", "texts"),
    table("""
        1000  | 4.302172576e-3 | 0.7407634898
        3000  | 0.05018397288  | 57.12067379
        10000 | 0.08078757629  | 571.2495058
    """),
)
def test_p06_in_vitro(t: float, texts: list[str]) -> None:
    compare([VITRO.flux(-1, t), VITRO.crossed(-1, t)], texts)


def test_p06_steady() -> None:
    compare([VITRO.steady_flux(), VITRO.lag()], ["0.08146639511", "3003.110319"])


@pytest.mark.parametrize(
    ("t", "texts"),
    table("""
        20  | 0.1103348745 | 0.6193447476 | 31.02763226 | 39.46577061
        60  | 0.2828054262 | 9.619221646  | 38.92809097 | 72.25483042
        200 | 0.3685571058 | 56.15017657  | 43.45931389 | 144.1125259
        600 | 0.4651396682 | 226.9729763  | 48.38451099 | 225.2302251
    """),
)
def test_p10_binding(t: float, texts: list[str]) -> None:
    free, bound = BINDING.free_amount(0, t), BINDING.bound_amount(0, t)
    compare([BINDING.flux(-1, t), BINDING.crossed(-1, t), free, free + bound], texts)


@pytest.mark.parametrize("speed", [1, 100])
def test_p10_lag_does_not_depend_on_the_speed_of_binding(speed: float) -> None:
    slab = Laminate((Slab(50, 1, 100, binding=0.02 * speed, release=0.005 * speed),))
    compare([slab.steady_flux(), slab.lag()], ["0.5000000000", "166.6666667"])


PATHS = Parallel(((0.998, CRANK), (0.002, Laminate((Slab(400, 1, 15),)))))


@pytest.mark.parametrize(
    ("t", "flux"),
    [
        (0.1, "0.0349779284"),
        (1, "0.05333333078"),
        (100, "0.05333333333"),
        (1000, "0.05334617671"),
        (5000, "0.05385043138"),
    ],
)
def test_p18_parallel_paths(t: float, flux: str) -> None:
    assert PATHS.flux(t) == printed(flux)


def test_p18_steady() -> None:
    ratio = PATHS.steady_flux() / CRANK.steady_flux()
    compare([PATHS.steady_flux(), ratio, PATHS.lag()], ["0.05399866667", "80.998", "46.29743944"])


@pytest.mark.parametrize(
    ("t", "activity", "permeated"),
    [
        (3600, "0.9234302529", "15.93200139"),
        (7200, "0.8719331214", "27.40851074"),
        (36000, "0.7500840982", "57.51398955"),
        (86400, "0.7074971288", "69.20434154"),
    ],
)
def test_p19_closing_pores(t: float, activity: str, permeated: str) -> None:
    assert series.closing_pores(2e-4, 5e-3, 7200, t, capacity=200)[0] == printed(activity)
    assert series.closing_pores(2e-4, 5e-3, 7200, t)[1] == printed(permeated)


def test_p19_without_closing_is_a_film_under_a_finite_donor() -> None:
    film = Laminate((Film(5.2e-3),), Donor(capacity=200))
    activity, permeated = series.closing_pores(5.2e-3, 0, 1, 3600, capacity=200)
    assert film.donor_activity(3600) == pytest.approx(activity, rel=1e-12)
    assert film.crossed(-1, 3600) == pytest.approx(permeated, rel=1e-12)


def test_boundary_layer_adds_its_resistance() -> None:
    open_top = Laminate((Slab(0.05, 50, 15),), Donor(transfer=0.01))
    assert open_top.steady_flux() == pytest.approx(1 / (100 + 15 / 2.5), rel=1e-12)
    film = Laminate((Film(0.01), Slab(0.05, 50, 15)))
    assert open_top.flux(-1, 500) == pytest.approx(film.flux(-1, 500), rel=1e-12)


def test_robin_base_continues_a_dermis_with_clearance() -> None:
    deep = Laminate((Slab(80, 1.2, 400, clearance=5e-4), Slab(80, 1.2, 8000, clearance=5e-4)))
    cut = Laminate((Slab(80, 1.2, 400, clearance=5e-4),), base=1.2 * sqrt(5e-4 * 80))
    assert cut.steady_flux(0) == pytest.approx(deep.steady_flux(0), rel=1e-9)
