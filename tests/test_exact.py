"""The exact solutions reproduce every number printed in PERMEATION.md, section 3, to the digits given."""

from __future__ import annotations

from decimal import Decimal
from math import cosh, inf, pi, sqrt, tanh

import numpy as np
import pytest
from exact import channels, halfspace, pores, series, waves
from exact.eigenmode import TwoLayers
from exact.laminate import Donor, Film, Laminate, Parallel, Slab
from exact.order import order
from scipy.integrate import quad
from scipy.optimize import brentq


def printed(text: str) -> object:
    """Matches a value that rounds to the printed one."""
    return pytest.approx(float(text), rel=0, abs=0.51 * 10.0 ** Decimal(text).as_tuple().exponent)


def table(text: str) -> list[tuple[float, list[str]]]:
    """Rows `t | value | value ...` as (t, texts)."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [(float(row[0]), row[1:]) for row in rows]


def compare(values: list[float], texts: list[str]) -> None:
    assert values == [printed(text) for text in texts]


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
        100  | 0.5296496526 | 102.5990384 | 0.1100745091
        1000 | 0.2333261882 | 369.8640867 | 0.5295396366
        5000 | 0.2007885293 | 1198.873183 | 0.6045988260
    """),
)
def test_p07_half_space_with_clearance(t: float, texts: list[str]) -> None:
    flux, uptake = halfspace.danckwerts_flux(80, 1, 5e-4, t), halfspace.danckwerts_uptake(80, 1, 5e-4, t)
    compare([flux, uptake, halfspace.danckwerts_activity(80, 5e-4, 200, t)], texts)


def test_p07_steady_and_deep_slab() -> None:
    compare(list(halfspace.danckwerts_steady(80, 1, 5e-4, 200)), ["0.2000000000", "0.6065306597"])
    slab = Laminate((Slab(80, 1, 4000, clearance=5e-4),))
    assert slab.flux(0, 1000) == pytest.approx(halfspace.danckwerts_flux(80, 1, 5e-4, 1000), rel=1e-12)


def test_p08_two_half_spaces() -> None:
    first, second = (2.0, 10.0), (50.0, 1.5)
    places = {
        -10: "0.8870489383",
        -5: "0.7530785191",
        10: "0.4703218707",
        40: "0.2120533540",
        80: "0.0420790115",
    }
    compare([halfspace.contact_activity(first, second, x, 20) for x in places], list(places.values()))
    interface = halfspace.contact_activity(first, second, 0, 20)
    flux = halfspace.contact_flux(first, second, 20)
    compare(
        [10 * interface, 1.5 * interface, flux, 40 * flux],
        ["5.714285714", "0.8571428571", "0.7646246212", "30.58498485"],
    )
    assert halfspace.contact_activity(first, second, -1e-9, 20) == pytest.approx(4 / 7)


@pytest.mark.parametrize(
    ("dimensions", "texts"),
    [
        (1, ["4.850391249e-3", "2.107971348e-3"]),
        (2, ["2.498108012e-5", "1.085673267e-5"]),
        (3, ["1.286606239e-7", "5.591567664e-8"]),
    ],
)
def test_p09_instantaneous_sources(dimensions: int, texts: list[str]) -> None:
    compare([halfspace.instantaneous_source(50, 1e-3, dimensions, x, 60) for x in (0, 100)], texts)


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


def test_p11_eigenmode() -> None:
    box = TwoLayers()
    rates = box.rates(3)
    assert box.wavenumber2 == printed("7.615435495e-3")
    compare(list(rates), ["0.00846327819267", "0.0457002428897", "0.120072852866"])
    compare(list(box.constants(rates[0])), ["0.0964941495152", "0.0864545016649", "2.8104883793e-5"])


def test_p11_activity_is_continuous_and_solves_the_equation() -> None:
    box = TwoLayers()
    z = np.array([15 - 1e-9, 15 + 1e-9, 120.0])
    above, below, base = box.activity(0.0, 0.0, z, 10.0)
    assert above == pytest.approx(below, rel=1e-8)
    assert base == pytest.approx(0, abs=1e-15)
    h, z = 1e-2, np.array([7.0, 40.0])
    profile, rate = box.profile(box.rates(1)[0]), box.rates(1)[0]
    curvature = (profile(z + h) - 2 * profile(z) + profile(z - h)) / h**2
    assert np.array([0.5, 60]) * (curvature - box.wavenumber2 * profile(z)) == pytest.approx(
        -rate * profile(z), rel=1e-4
    )


def test_p12_disc() -> None:
    assert channels.disc_flow(25, 100) == 10000
    places = {
        (0, 10): "0.7577621168",
        (0, 25): "0.5000000000",
        (0, 50): "0.2951672353",
        (0, 100): "0.1559582608",
    }
    places |= {(30, 0): "0.6271410026", (50, 0): "0.3333333333", (30, 20): "0.4353668141"}
    compare([channels.disc_activity(25, r, z) for r, z in places], list(places.values()))
    fluxes = {0: "2.546479089", 12.5: "2.940420776", 20: "4.244131816", 24: "9.094568177"}
    compare([channels.disc_flux(25, 100, r) for r in fluxes], list(fluxes.values()))
    total = quad(lambda r: 2 * pi * r * channels.disc_flux(25, 100, r), 0, 25)[0]
    assert total == pytest.approx(10000, rel=1e-6)


@pytest.mark.parametrize(
    ("length", "texts"),
    table("""
        0.1 | 1.60886962 | 1.83840395 | 1.88029660
        0.2 | 1.62260868 | 1.72367919 | 1.77411293
        0.5 | 1.63767562 | 1.46963020 | 1.51709399
        1   | 1.64255989 | 1.18884445 | 1.22203094
        2   | 1.64333160 | 0.86228568 | 0.87980169
        5   | 1.64334847 | 0.47289295 | 0.47811445
        10  | 1.64334847 | 0.26981866 | 0.27151050
    """),
)
def test_p13_pore(length: float, texts: list[str]) -> None:
    flow = pores.pore_flow(length)
    correction = pi / flow - length
    assert [flow, pi / (length + pi / 2)] == [printed(text) for text in texts[1:]]
    assert correction == pytest.approx(float(texts[0]), abs=1e-8)  # 1.60886961 where 1.60886962 is printed
    assert pores.PORE_FLOW[1.0][length] == float(texts[1])


@pytest.mark.parametrize(
    ("length", "flow", "in_series"),
    [
        (0.5, "1.85401126", "1.88029660"),
        (1, "1.74795526", "1.77411293"),
        (2, "1.57254218", "1.59407272"),
        (5, "1.20933266", "1.22203094"),
    ],
)
def test_p13_conductive_pore(length: float, flow: str, in_series: str) -> None:
    assert pores.pore_flow(length, inside=5) == printed(flow)
    assert 1 / (length / (5 * pi) + 0.5) == printed(in_series)
    assert pores.PORE_FLOW[5.0][length] == float(flow)


def test_p13_limits() -> None:
    assert pores.pore_flow(1e-4) == pytest.approx(2, rel=1e-3)
    assert (pi / pores.pore_flow(20.0) - 20) / 2 == printed("0.8216742")


@pytest.mark.parametrize(
    ("period", "depth", "flow", "share"),
    [
        (4.0, 4.0, "2.836076947", "0.709019"),
        (8.0, 4.0, "4.244458676", "0.265279"),
        (8.0, 8.0, "3.351749138", "0.418969"),
        (20.0, 5.0, "4.378643266", "0.054733"),
        (20.0, 20.0, "3.717161658", "0.185858"),
    ],
)
def test_p14_disc_array(period: float, depth: float, flow: str, share: str) -> None:
    exact = pores.array_flow(period, depth)
    compare([exact, exact * depth / period**2], [flow, share])
    assert pores.ARRAY_FLOW[period, depth] == float(flow)


def test_p14_sparse_limit() -> None:
    period, depth = 40.0, 80.0
    far = 1 / 4 + depth / period**2 - 3.9002649 / (2 * pi * period) + 3.011 / (2 * pi * period**3)
    assert 1 / pores.array_flow(period, depth) == pytest.approx(far, rel=2e-7)


@pytest.mark.parametrize(
    ("period", "width", "depth", "flow"),
    [
        (100, 20, 50, "1.14568698"),
        (100, 20, 100, "0.727903613"),
        (200, 20, 80, "1.01364169742"),
        (64, 16, 32, "1.24241071449"),
    ],
)
def test_p15_slits(period: float, width: float, depth: float, flow: str) -> None:
    assert channels.slit_flow(period, width, depth) == printed(flow)
    assert channels.slit_flow_deep(period, width, depth) == pytest.approx(float(flow), rel=5e-3)


def test_p16_long_channel() -> None:
    flow = channels.channel_flow(25, 80, 1.2, 5e-4)
    compare([flow], ["207.1664540"])
    compare([channels.channel_activity(25, 80, 5e-4, r) for r in (50, 100)], ["0.7633560961", "0.5329657374"])


def test_p16_annulus() -> None:
    flow = channels.channel_flow(25, 80, 1.2, 5e-4, outer=150)
    profile = [channels.channel_activity(25, 80, 5e-4, r, outer=150) for r in (50, 100, 150)]
    compare([flow, *profile], ["38.28610472", "0.9575512599", "0.9234478872", "0.9152200429"])
    stored = quad(lambda r: 2 * pi * r * channels.channel_activity(25, 80, 5e-4, r, outer=150), 25, 150)[0]
    assert 5e-4 * 1.2 * stored == pytest.approx(flow, rel=1e-10)


@pytest.mark.parametrize(("t", "flow"), [(10, "551.708504"), (100, "263.818876"), (1000, "38.8866321")])
def test_p16_transient_flow(t: float, flow: str) -> None:
    assert channels.channel_flow_transient(25, 80, 1.2, 5e-4, 150, t) == printed(flow)


@pytest.mark.parametrize(("t", "edge"), [(10, "1.55796732e-3"), (100, "0.376202495"), (1000, "0.913784742")])
def test_p16_transient_edge(t: float, edge: str) -> None:
    assert channels.channel_activity_transient(25, 80, 5e-4, 150, 150, t) == printed(edge)


PLACES = ((0, 0), (0, 100), (0, 200), (40, 100), (100, 100), (0, 260))


@pytest.mark.parametrize(
    ("t", "texts"),
    table("""
        5|0.929586497|0.929586494|0.464793249|0.410913804|1.60036764e-4|2.47272567e-4|1004304.84
        60|0.196716784|0.187476441|0.0984428678|0.153717823|0.0540545450|0.0312369564|993318.027
        600|0.0138034183|0.0125527490|9.40472640e-3|0.0122798960|0.0109417735|7.17788119e-3|891629.673
    """),
)
def test_p17_cylinder_bolus(t: float, texts: list[str]) -> None:
    values = [channels.cylinder_bolus(40, 200, 30, 2e-4, r, z, t) for r, z in PLACES]
    compare([*values, channels.cylinder_bolus_mass(40, 200, 2e-4, t)], texts)


def test_p17_sphere_bolus() -> None:
    texts = ["0.9603976448", "0.1254901124", "4.767000937e-3"]
    compare([channels.sphere_bolus(50, 30, t) for t in (5, 60, 600)], texts)


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


def test_p20_fisher_wave() -> None:
    places = {(0, 0): "0.25", (1000, 0): "0.1035771543", (1000, 1e4): "0.2724632872"}
    places |= {(2000, 1e4): "0.1165052860", (2000, 2e4): "0.2958005918"}
    compare([waves.fisher_wave(30, 1e-4, x, t) for x, t in places], list(places.values()))
    speeds = [waves.fisher_minimum_speed(30, 1e-4), waves.fisher_speed(30, 1e-4)]
    compare([*speeds, sqrt(30 / 1e-4)], ["0.1095445115", "0.1118033989", "547.7225575"])


def test_p21_band() -> None:
    jacobian = waves.schnakenberg_jacobian(0.1, 0.9)
    assert waves.schnakenberg_steady(0.1, 0.9) == pytest.approx((1, 0.9))
    assert jacobian == pytest.approx(np.array([[0.8, 1], [-1.8, -1]]))
    fastest = waves.turing_fastest(jacobian, 40)
    band = waves.turing_band(jacobian, 40)
    compare([*band, fastest], ["0.03372570755", "0.7412742925", "0.1768567541"])
    compare(
        [waves.turing_growth(jacobian, 40, k2) for k2 in (*band, fastest)],
        ["0.000000000", "0.000000000", "0.4110112116"],
    )
    assert waves.turing_critical_ratio(jacobian) == printed("8.567627458")


def test_p21_modes_and_discrete_dispersion() -> None:
    jacobian = waves.schnakenberg_jacobian(0.1, 0.9)
    texts = ["-0.2778590284", "0.3623319972", "0.4029315397", "0.2998988738", "0.1133480832"]
    wavenumbers = [waves.wavenumber2(40, mode) for mode in range(1, 6)]
    compare([waves.turing_growth(jacobian, 40, k2) for k2 in wavenumbers], texts)
    k2 = waves.discrete_wavenumber2(40, 3, 64)
    compare([k2, waves.turing_growth(jacobian, 40, k2)], ["0.2204654811", "0.4034448382"])


def test_boundary_layer_adds_its_resistance() -> None:
    open_top = Laminate((Slab(0.05, 50, 15),), Donor(transfer=0.01))
    assert open_top.steady_flux() == pytest.approx(1 / (100 + 15 / 2.5), rel=1e-12)
    film = Laminate((Film(0.01), Slab(0.05, 50, 15)))
    assert open_top.flux(-1, 500) == pytest.approx(film.flux(-1, 500), rel=1e-12)


def test_robin_base_continues_a_dermis_with_clearance() -> None:
    deep = Laminate((Slab(80, 1.2, 400, clearance=5e-4), Slab(80, 1.2, 8000, clearance=5e-4)))
    cut = Laminate((Slab(80, 1.2, 400, clearance=5e-4),), base=1.2 * sqrt(5e-4 * 80))
    assert cut.steady_flux(0) == pytest.approx(deep.steady_flux(0), rel=1e-9)


def test_order_of_a_power_law() -> None:
    assert order([3e-2, -7.5e-3, 1.875e-3], [10, 20, 40]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("errors", "ratios"),
    [([1.0], [1]), ([1.0, 0.5], [1]), ([1.0, 0.0], [1, 2]), ([1.0, inf], [1, 2]), ([1, 2], [2, 2])],
)
def test_order_refuses_what_has_no_order(errors: list[float], ratios: list[float]) -> None:
    with pytest.raises(ValueError, match="order: got"):
        order(errors, ratios)
