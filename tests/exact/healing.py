"""The healing model of HEALING.md written down a second time, from the document alone.

Nothing here imports mnrd. Lengths in mm, times in days, growth factors in ng/mL, oxygen in mmHg; all other fields
are normalised. `rates` gives production and loss of every field, `injured` the jump of a session, `Profile` the
resting state of a place, and `Line` integrates one space dimension (a unit cell, a column, a plane wound).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import exp

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.sparse import csr_matrix

YEAR = 365.25  # days

Array = NDArray[np.float64]
State = dict[str, Array]

FIELDS = ("P", "T", "V", "A", "O", "N", "M", "F", "B", "K", "Q", "Y", "Pl", "J", "W", "C1", "C3", "E", "s")
DERMAL = ("N", "M", "F", "B", "Q", "Y", "J", "Pl", "C1", "C3", "E", "s")

# fmt: off
PARAMETERS: dict[str, float] = {
    "D_P": 0.26, "D_T": 0.17, "D_V": 0.6, "D_A": 0.86, "D_O": 150, "D_N": 0.25, "D_M": 0.02, "D_F": 0.015,
    "D_B": 0.009, "D_K": 0.025, "D_Ks": 0.002, "chi_N": 1.5, "chi_M": 0.18, "chi_F": 0.08, "chi_B": 0.08,
    "k_g": 6, "q_P": 17.5, "q_T": 12, "a_P": 1, "a_W": 3.8, "a_N": 0.06, "lam_P": 4, "u_P": 1, "lam_T": 2,
    "lam_V": 11, "lam_A": 4, "p_M": 4, "t_M": 5, "t_F": 0.25, "t_Y": 8, "v_M": 12, "v_H": 20,
    "K_A": 0.08, "K_AM": 0.08, "K_P": 1, "K_Px": 0.2, "g_R": 0.1, "K_V": 0.4, "K_TC": 1, "K_TY": 0.8, "n_Y": 4,
    "K_NM": 0.2, "k_N": 5, "lam_N": 2, "e_MN": 4, "N_cl": 0.15, "M_cl": 0.05, "k_M": 1.2, "lam_M": 0.25,
    "c_N": 0.8, "c_M": 1.2, "c_0": 0.15, "eps50": 0.1, "tau_J": 6, "j_A": 0.6, "alpha": 0.24, "r_F": 0.7,
    "rho_max": 4, "del_F": 0.09, "a_F": 0.35, "r_Q": 0.02, "k_Y": 0.45, "del_Y": 0.035, "a_Y": 3, "C_v": 0.6,
    "g_v": 0.6, "k_C": 0.11, "b_T": 1, "y_C": 1.3, "C_max": 2.2, "f3": 0.38, "f30": 0.2, "mu_0": 0.000127,
    "mu_N": 0.01, "mu_M": 0.006, "mu_F": 0.008, "mu_x": 0.0022, "mu_3": 0.0035, "k_E": 0.02, "E_max": 1.5,
    "mu_EN": 0.015, "mu_E0": 2.71e-05, "w_Y": 1, "gam_sc": 0.1, "O_B": 80, "O_n": 45, "m_0": 60000, "m_c": 40000,
    "K_m": 3, "K_H": 15, "K_OC": 20, "r_B": 0.4, "B_max": 4, "del_B": 0.09, "m_B": 0.005, "r_K": 2, "r_Ks": 1.6,
    "lag_K": 0.35, "g_KP": 0.5, "tau_C": 5.8, "tau_R": 2, "e_C": 0.8, "e_R": 0.8, "e_Rm": 0.5,
}
# fmt: on


@dataclass(frozen=True)
class Ageing:
    """Age factors of HEALING 7."""

    age: float

    @property
    def x(self) -> float:
        return max((self.age - 25) / 55, 0.0)

    @property
    def eta_C(self) -> float:
        return 1 - 0.32 * self.x

    @property
    def eta_J(self) -> float:
        return 1 - 0.25 * self.x

    @property
    def eta_Q(self) -> float:
        return 1 - 0.35 * self.x

    @property
    def eta_K(self) -> float:
        return 1 - 0.45 * self.x

    @property
    def eta_I(self) -> float:
        return 1 - 0.30 * self.x

    @property
    def E_age(self) -> float:
        return 1 - 0.30 * self.x

    @property
    def B_age(self) -> float:
        return 1 - 0.30 * self.x

    @property
    def C_age(self) -> float:
        years = max(self.age - 25, 0.0)  # 15 years is what the rounded mu_0 of HEALING 10 stands for
        return exp(-PARAMETERS["mu_0"] * YEAR * (1 - 0.68) / 55 * years**2 / 2)


@dataclass(frozen=True)
class Place:
    """Where cells lie: masks of the layers (1 or 0), and the share of the dermis that is reticular."""

    dermis: Array
    epidermis: Array
    corneum: Array
    reticular: Array

    @classmethod
    def layered(cls, edges: Array) -> Place:
        """Cells between depths (mm), which hold the interfaces, in the layered skin of HEALING 2; means of the ramp."""
        z = (edges[1:] + edges[:-1]) / 2
        nodes, weights = np.polynomial.legendre.leggauss(3)  # exact for a cubic
        points = z + nodes[:, None] * np.diff(edges) / 2
        share = np.clip((points - 0.30) / 0.50, 0, 1)
        masks = [z > 0.100, (z > 0.015) & (z < 0.100), z < 0.015]
        return cls(*[np.where(mask, 1.0, 0.0) for mask in masks], weights @ (share**2 * (3 - 2 * share)) / 2)

    @classmethod
    def dermal(cls, n: int, reticular: float = 0.0) -> Place:
        """Dermis without depth."""
        return cls(np.ones(n), np.zeros(n), np.zeros(n), np.full(n, reticular))

    def holds(self, name: str) -> Array:
        """1 where a field exists, else 0."""
        masks = {"K": self.corneum + self.epidermis, "W": self.epidermis + self.dermis}
        return self.dermis if name in DERMAL else masks.get(name, np.ones_like(self.dermis))

    @property
    def phi_Y(self) -> Array:
        return 0.06 + (1.0 - 0.06) * self.reticular

    @property
    def Q_lay(self) -> Array:
        return self.dermis * (1.0 + (0.6 - 1.0) * self.reticular)

    @property
    def B_lay(self) -> Array:
        return self.dermis * (1.0 + (0.7 - 1.0) * self.reticular)

    @property
    def m_lay(self) -> Array:
        return 2 * self.epidermis + self.dermis


def H(x: Array, K: float, n: float = 1) -> Array:
    return x**n / (K**n + x**n)


@dataclass(frozen=True)
class Conditions:
    """What acts from outside: the session clock, topical agents, and what the prototypes leave out of K."""

    on: float = 1.0
    b_C: float = 0.0
    b_R: float = 0.0
    u_G: float = 0.0
    oxygen_in_K: bool = False


def rates(
    c: Mapping[str, Array],
    place: Place,
    age: float,
    p: Mapping[str, float] = PARAMETERS,
    given: Conditions = Conditions(),
) -> dict[str, tuple[Array, Array]]:
    """Production P and loss frequency L of every field per day: dc/dt = transport + P - L c (HEALING 4)."""
    old = Ageing(age)
    P, T, V, A, O, N, M, F, B, K, Q, Y, Pl, J, W, C1, C3, E = (c[name] for name in FIELDS[:-1])  # noqa: E741
    P = P + given.u_G
    C = C1 + C3
    inner = np.where(place.dermis > 0, C, 1.0)  # keeps quotients defined where there is no collagen
    Q_rest = place.Q_lay * old.eta_Q
    B_rest = np.where(place.dermis > 0, place.B_lay * old.B_age, 1.0)

    infl = H(A, p["K_AM"])
    a = H(A, p["K_A"])
    R = A / p["K_A"] + p["g_R"] * (H(P, p["K_P"]) + H(T, p["K_TC"]))
    rec = H(R, 1, 2)
    Bp = np.minimum(B, 1.2 * B_rest)
    void = place.dermis * np.maximum(1 - C / p["C_v"], 0)
    h_O = H(O, p["K_OC"]) / H(p["O_n"], p["K_OC"])
    hyp = 1 / (1 + (O / p["K_H"]) ** 2)
    n_F = F + Q + Y
    g = 1 - (1 - H(P, p["K_P"])) * (1 - p["g_v"] * void)
    S_Y = place.phi_Y * H(T, p["K_TY"], p["n_Y"])
    boost = (1 + p["e_C"] * H(given.b_C, 1)) * (1 + p["e_R"] * H(given.b_R, 1))
    mmp = 1 - p["e_Rm"] * H(given.b_R, 1)
    coll = p["k_C"] * old.eta_C * h_O * boost * np.maximum(1 - C / p["C_max"], 0) * (1 + p["b_T"] * H(T, p["K_TC"]))
    dep_F, dep_Y = coll * F, p["y_C"] * coll * Y
    dep = dep_F + dep_Y
    loss = p["mu_0"] + mmp * (p["mu_N"] * N + p["mu_M"] * M * infl + p["mu_F"] * F) + p["mu_x"] * np.maximum(C - 1, 0)
    x3 = np.maximum(C3 / inner - p["f30"], 0)
    scar = dep_F * p["gam_sc"] * (1 - H(C, 0.25, 2)) + dep_Y * p["w_Y"]
    excess = np.maximum(B / B_rest - 1, 0)
    prune = np.divide(p["del_B"] * excess**2 / (excess + 0.1), B / B_rest, out=np.zeros_like(B), where=excess > 0)
    kap_B = p["m_0"] * p["O_n"] / (p["K_m"] + p["O_n"]) / (p["O_B"] - p["O_n"]) / B_rest
    m = p["m_0"] * place.m_lay * np.maximum(0.05, 1 - W)
    m = m + p["m_c"] * (N + M + np.maximum(F + Y + Q - Q_rest, 0)) * place.dermis
    rk = p["r_K"] * place.epidermis + p["r_Ks"] * place.corneum
    rk = rk * old.eta_K * given.on * (1 + p["g_KP"] * H(P, p["K_P"])) * (h_O if given.oxygen_in_K else 1)
    grow_F = p["r_F"] * g * h_O
    grow_B = p["r_B"] * H(V, p["K_V"])
    awake = p["j_A"] * old.eta_J * (1 - (1 - a) * (1 - void))
    rest = p["mu_0"] * old.eta_C * boost

    table = {
        "P": (p["q_P"] * p["k_g"] * Pl + p["p_M"] * M, p["lam_P"] + p["u_P"] * (F + Y)),
        "T": (p["q_T"] * p["k_g"] * Pl + p["t_M"] * M * (1 - infl) + p["t_F"] * F + p["t_Y"] * Y, p["lam_T"]),
        "V": (p["v_M"] * M * (1 - infl) + p["v_H"] * hyp * (M + F + Y), p["lam_V"]),
        "A": (p["a_W"] * W + p["a_N"] * N + p["a_P"] * p["k_g"] * Pl, p["lam_A"]),
        "O": (kap_B * B * p["O_B"], kap_B * B + m / (p["K_m"] + O)),
        "N": (p["k_N"] * Bp * rec, p["lam_N"] + p["e_MN"] * M),
        "M": (p["k_M"] * Bp * rec * H(N, p["K_NM"]), p["lam_M"] * old.eta_I),
        "F": (
            p["alpha"] * J * Q + grow_F * F,
            grow_F * n_F / p["rho_max"] + p["del_F"] * (1 - J) + p["k_Y"] * S_Y,
        ),
        "B": (grow_B * B + p["m_B"] * B_rest, grow_B * B / (p["B_max"] * B_rest) + p["m_B"] + prune),
        "K": (rk * K, rk * K),
        "Q": (
            (1 - p["a_F"]) * p["del_F"] * (1 - J) * F + p["r_Q"] * Q,
            p["alpha"] * J + p["r_Q"] * n_F / np.where(place.dermis > 0, Q_rest, 1.0),
        ),
        "Y": (p["k_Y"] * S_Y * F, p["del_Y"] * (1 + p["a_Y"] * H(C, 1, 4))),
        "Pl": (0.0, p["k_g"]),
        "J": (awake, 1 / p["tau_J"] + awake),
        "W": (0.0, (p["c_N"] * N + p["c_M"] * M + p["c_0"]) * old.eta_I),
        "C1": ((1 - p["f3"]) * dep + rest * C1 + p["mu_3"] * x3 * C, loss),
        "C3": (p["f3"] * dep + rest * C3, loss + p["mu_3"] * x3 * C / np.where(C3 > 0, C3, 1.0)),
        "E": (
            p["k_E"] * old.eta_C * h_O * F * np.maximum(1 - E / p["E_max"], 0) * H(C, 0.5, 4)
            + p["mu_E0"] * old.eta_C * E,
            p["mu_E0"] + p["mu_EN"] * N,
        ),
        "s": (scar / inner, dep / inner),
    }
    return {name: (place.holds(name) * table[name][0], place.holds(name) * table[name][1]) for name in FIELDS}


def resting(place: Place, age: float, p: Mapping[str, float] = PARAMETERS, scar: bool = False) -> State:
    """Rest of HEALING 3 and 7 (oxygen at O_n: exact without a surface), or an old scar."""
    old = Ageing(age)
    zero = np.zeros_like(place.dermis)
    c = {name: zero.copy() for name in FIELDS}
    c["O"] = zero + p["O_n"]
    c["K"] = place.epidermis + place.corneum
    c["Q"] = place.Q_lay * old.eta_Q
    c["B"] = place.B_lay * old.B_age * (0.8 if scar else 1)
    collagen = place.dermis * old.C_age * (1.15 if scar else 1)
    third = 0.22 if scar else 0.2
    c["C1"], c["C3"] = (1 - third) * collagen, third * collagen
    c["E"] = place.dermis * old.E_age * (0.35 if scar else 1)
    c["s"] = place.dermis * (0.80 if scar else 0)
    return c


@dataclass(frozen=True)
class Harm:
    """What a session does at points: damage, hole, share of matrix taken where d = 1, strain."""

    d: Array
    hole: Array
    kap: Array
    strain: Array


def needle_harm(rho: Array, r_n: float = 0.125, r_w: float = 0.05, l_d: float = 0.035, kap: float = 0.5) -> Harm:
    """One needle, at distances from its axis."""
    hole = rho <= r_w
    d = np.where(hole, 1.0, np.exp(-(rho - r_w) / l_d))
    return Harm(d, hole, np.full_like(rho, kap), np.sqrt(1 + (r_n / rho) ** 2) - 1)


def excision_harm(rho: Array, r_w: float, l_d: float = 0.05) -> Harm:
    """A punch, incision or core of half-width r_w, at distances from its middle."""
    hole = rho <= r_w
    d = np.where(hole, 1.0, np.exp(-(rho - r_w) / l_d))
    return Harm(d, hole, np.where(hole, 0.98, 0.5), 0.10 * np.minimum(1, (r_w / rho) ** 2))


def injured(c: Mapping[str, Array], harm: Harm, place: Place, age: float, p: Mapping[str, float] = PARAMETERS) -> State:
    """The state just after a session (HEALING 5)."""
    after = {name: np.array(values) for name, values in c.items()}
    d, dermis = harm.d, place.dermis
    j0 = Ageing(age).eta_J * harm.strain**2 / (harm.strain**2 + p["eps50"] ** 2) * dermis
    B_lay = np.where(dermis > 0, place.B_lay, 1.0)
    after["Pl"] += dermis * d * np.minimum(c["B"], 1) / B_lay * (1 - c["Pl"])
    after["W"] += (dermis + place.epidermis) * d * (1 - c["W"])
    after["J"] += (1 - c["J"]) * j0
    for name in ("Q", "F", "Y", "B", "N", "M"):
        after[name] *= np.where(harm.hole, 0.02, 1 - d)
    after["N"] += p["N_cl"] * d * dermis
    after["M"] += p["M_cl"] * d * dermis
    for name in ("C1", "C3", "E"):
        after[name] *= 1 - harm.kap * d
    for name in [name for name in c if name.startswith("K")]:
        after[name] = np.where(harm.hole, 0.0, c[name])
    return after


TAXIS = {
    "N": ("chi_N", "A", "K_A"),
    "M": ("chi_M", "A", "K_A"),
    "F": ("chi_F", "P", "K_Px"),
    "B": ("chi_B", "V", "K_V"),
}


@dataclass(frozen=True)
class Line:
    """One space dimension, closed at both ends: plane (power 0) or round the axis (power 1).

    Finite volumes with exponential fitting of drift and diffusion; oxygen keeps its (minute-long) time derivative,
    which makes a plain stiff system of it. A second keratinocyte field Ks stands for the barrier, as the depth is
    missing.
    """

    edges: Array
    power: int
    place: Place
    age: float
    rtol: float = 1e-4
    p: Mapping[str, float] = field(default_factory=PARAMETERS.copy)

    @property
    def centres(self) -> Array:
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def volumes(self) -> Array:
        return np.diff(self.edges ** (self.power + 1)) / (self.power + 1)

    @property
    def names(self) -> tuple[str, ...]:
        return (*FIELDS, "Ks")

    def rest(self, scar: bool = False) -> State:
        c = resting(self.place, self.age, self.p, scar)
        n = len(self.centres)
        return c | {"K": np.ones(n), "Ks": np.ones(n)}

    def mean(self, values: Array, inside: Array | None = None) -> Array:
        weight = self.volumes if inside is None else self.volumes * inside
        return values @ weight / weight.sum()

    def change(self, c: Mapping[str, Array], since: float, age: float) -> Array:
        """dc/dt of all fields, rows as `names`, at a time since the last session."""
        p, old = self.p, Ageing(age)
        on = 1 - exp(-((since / p["lag_K"]) ** 2))
        both = rates(c, self.place, age, p)
        result = {name: both[name][0] - both[name][1] * c[name] for name in FIELDS}
        renewal = old.eta_K * on * (1 + p["g_KP"] * H(c["P"], p["K_P"]))
        result["K"] = p["r_K"] * renewal * c["K"] * (1 - c["K"])
        result["Ks"] = p["r_Ks"] * renewal * c["Ks"] * (1 - c["Ks"])
        for name in ("P", "T", "V", "A", "O", "N", "M", "F"):
            result[name] = result[name] + self._moved(c, name, p["D_" + name])
        result["B"] = result["B"] + self._moved(c, "B", p["D_B"] * H(self._face(c["V"]), p["K_V"]))
        result["K"] = result["K"] + self._moved(c, "K", p["D_K"] * old.eta_K * on)
        result["Ks"] = result["Ks"] + self._moved(c, "Ks", p["D_Ks"] * old.eta_K * on)
        return np.array([result[name] for name in self.names])

    def _face(self, values: Array) -> Array:
        return (values[1:] + values[:-1]) / 2

    def _moved(self, c: Mapping[str, Array], name: str, D: Array | float) -> Array:
        x, values = self.centres, c[name]
        if name in TAXIS:
            chi, attractant, half = TAXIS[name]
            drift = self.p[chi] * np.diff(np.log(self.p[half] + c[attractant]))
        else:
            drift = np.zeros(len(x) - 1)
        D = np.maximum(np.broadcast_to(D, drift.shape), 1e-12)
        left, right = _bernoulli(-drift / D), _bernoulli(drift / D)
        flux = D * (left * values[:-1] - right * values[1:]) / np.diff(x) * self.edges[1:-1] ** self.power
        return -np.diff(flux, prepend=0.0, append=0.0) / self.volumes

    def run(self, start: State, times: Array, sessions: Mapping[float, Harm]) -> State:
        """Histories (time, place) of all fields at `times` (days), with sessions at their moments; the first is 0."""
        records = []
        c, moments = start, [*sorted(sessions), float(times[-1])]
        for begin, end in pairwise(moments):
            c = injured(c, sessions[begin], self.place, self.age + begin / YEAR, self.p)
            wanted = times[(times >= begin) & ((times < end) | (end == moments[-1]))]
            found = self._stretch(c, begin, np.union1d(wanted, [end]))
            records.append(found[: len(wanted)])
            c = dict(zip(self.names, found[-1].T, strict=True))
        return dict(zip(self.names, np.moveaxis(np.concatenate(records), 2, 0), strict=True))

    def _stretch(self, c: State, begin: float, times: Array) -> Array:
        """From one session to the next: (time, place, field)."""
        n, fields = shape = (len(self.centres), len(self.names))
        neighbours = np.abs(np.subtract.outer(np.arange(n), np.arange(n))) <= 1
        sparsity = csr_matrix(np.kron(neighbours, np.ones((fields, fields))))

        def slope(t: float, y: Array) -> Array:
            state = dict(zip(self.names, y.reshape(shape).T, strict=True))
            return self.change(state, t - begin, self.age + t / YEAR).T.ravel()

        y0 = np.array([c[name] for name in self.names]).T.ravel()
        options = {"rtol": self.rtol, "atol": 1e-3 * self.rtol, "jac_sparsity": sparsity}
        solution = solve_ivp(slope, (begin, times[-1]), y0, "BDF", t_eval=times, **options)
        assert solution.success, solution.message
        return solution.y.T.reshape(-1, *shape)


def _bernoulli(x: Array) -> Array:
    small = np.abs(x) < 1e-4
    safe = np.where(small, 1.0, np.clip(x, -500, 500))
    return np.where(small, 1 - x / 2 + x**2 / 12, safe / np.expm1(safe))


def graded(start: float, end: float, fine: float, coarse: float, around: float, growth: float = 1.08) -> Array:
    """Edges with `around` among them, `fine` beside it, growing to `coarse`."""

    def side(length: float) -> Array:
        widths, total = [], 0.0
        while total < length:
            widths.append(min(fine * growth ** len(widths), coarse))
            total += widths[-1]
        return np.cumsum(widths) * length / total

    left, right = side(around - start), side(end - around)
    return np.concatenate([around - left[::-1], [around], around + right])
