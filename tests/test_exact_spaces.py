"""The exact solutions in space reproduce every number printed in PERMEATION.md, P07 to P09 and P11 to P17, P20, P21."""

from __future__ import annotations

from math import inf, pi, sqrt

import numpy as np
import pytest
from exact import channels, halfspace, pores, waves
from exact.eigenmode import TwoLayers
from exact.laminate import Laminate, Slab
from exact.order import order
from exact.printed import compare, printed, table
from scipy.integrate import quad


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


def test_order_of_a_power_law() -> None:
    assert order([3e-2, -7.5e-3, 1.875e-3], [10, 20, 40]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("errors", "ratios"),
    [([1.0], [1]), ([1.0, 0.5], [1]), ([1.0, 0.0], [1, 2]), ([1.0, inf], [1, 2]), ([1, 2], [2, 2])],
)
def test_order_refuses_what_has_no_order(errors: list[float], ratios: list[float]) -> None:
    with pytest.raises(ValueError, match="order: got"):
        order(errors, ratios)
