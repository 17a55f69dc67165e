"""The healing model: definitions, fields and equations.

Every field c obeys dc/dt = div(D grad c - c chi grad(potential)) + P - L c. The rates below are P - L c, written so
that the sign of every term is plain: 1 - x/(K + x) is K/(K + x), and what may not fall below 0 stands in Max(..., 0).

Oxygen is a field as any other although it settles within a minute (rates of 1600 per day): the time stepping damps
what is fast, so oxygen is quasi-steady without a solve of its own.

Outside of the dermis there are no vessels, dermal cells and matrix. All that they make is then 0 by itself; only J
needs to be told. Ratios that would be 0/0 there are bounded by `tiny`, or cancelled by hand as in the scar index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from mnrd.model.field import Coefficient, Field, Reservoir, Taxis
from mnrd.model.model import Model
from mnrd.model.reaction import Reaction
from mnrd.skin.healing.ageing import factor_texts
from mnrd.skin.healing.places import Places, Profiles
from mnrd.skin.healing.rest import resting, supply

TINY = 1e-9


@dataclass(frozen=True)
class Effects:
    """What topical agents do: expressions that may name the fields that hold them.

    Parameters
    ----------
    vitamin_c, retinol : str
        Retained dose over that of half effect.
    growth_factor : str
        ng/mL, added to PDGF wherever that acts.
    """

    vitamin_c: str = "0"
    retinol: str = "0"
    growth_factor: str = "0"


NONE = Effects()

# Helper quantities, each of fields, parameters, the time and those above it; b_C, b_R, u_G come from `Effects`.
DEFINITIONS = {
    "Q_rest": "Q_lay*eta_Q",
    "B_rest": "B_lay*B_age",
    "b": "B/Max(B_rest, tiny)",
    # leukocytes
    "PDGF": "P + u_G",
    "H_P": "PDGF/(K_P + PDGF)",
    "H_T": "T/(K_TC + T)",
    "infl": "A/(K_AM + A)",
    "repair": "K_AM/(K_AM + A)",
    "R": "A/K_A + g_R*(H_P + H_T)",
    "rec": "R**2/(1 + R**2)",
    "Bp": "Min(B, B_in*B_rest)",
    # matrix and stimulus
    "C": "C1 + C3",
    "void": "Max(1 - C/C_v, 0)",
    "a": "A/(K_A + A)",
    "stimulus": "j_A*eta_J*dermis*(a + K_A/(K_A + A)*void)",
    "calm": "Max(1 - J, 0)",
    # oxygen
    "h_O": "O/(K_OC + O)*(K_OC + O_n)/O_n",
    "hyp": "1/(1 + (O/K_H)**2)",
    # cells
    "n_F": "F + Q + Y",
    "renewal": "r_lay*eta_K*on*(1 + g_KP*H_P)",  # h_O = 1: the epidermis gets its oxygen from the air
    "g": "H_P + K_P/(K_P + PDGF)*g_v*void",
    "S_Y": "phi_Y*T**n_Y/(K_TY**n_Y + T**n_Y)",
    "surplus": "Max(b - 1, 0)",
    "prune": "del_B*surplus**2/((surplus + B_p)*(1 + surplus))",
    # collagen
    "boost": "(1 + e_C*b_C/(1 + b_C))*(1 + e_R*b_R/(1 + b_R))",
    "mmp": "Max(1 - e_Rm*b_R/(1 + b_R), 0)",
    "coll": "k_C*eta_C*h_O*boost*Max(1 - C/C_max, 0)*(1 + b_T*H_T)",
    "dep_F": "coll*F",
    "dep_Y": "y_C*coll*Y",
    "dep": "dep_F + dep_Y",
    "disordered": "dep_F*gam_sc*C_sc**2/(C_sc**2 + C**2) + dep_Y*w_Y",
    "loss": "mu_0 + mmp*(mu_N*N + mu_M*M*infl + mu_F*F) + mu_x*Max(C - 1, 0)",
    "III_to_I": "mu_3*C3*Max(1 - f30*C/Max(C3, tiny), 0)",
}

# fmt: off
EQUATIONS = {
    "Pl": "-k_g*Pl",
    "W": "-(c_N*N + c_M*M + c_0)*eta_I*W",
    "P": "q_P*k_g*Pl + p_M*M - (lam_P + u_P*(F + Y))*P",
    "T": "q_T*k_g*Pl + t_M*M*repair + t_F*F + t_Y*Y - lam_T*T",
    "V": "v_M*M*repair + v_H*hyp*(M + F + Y) - lam_V*V",
    "A": "a_W*W + a_N*N + a_P*k_g*Pl - lam_A*A",
    "O": "kap_B*b*O_B - kap_B*b*O - (m_0*m_lay*Max(m_min, 1 - W) + m_c*(N + M + Max(n_F - Q_rest, 0)))/(K_m + O)*O",
    "N": "k_N*Bp*rec - (lam_N + e_MN*M)*N",
    "M": "k_M*Bp*rec*N/(K_NM + N) - lam_M*eta_I*M",
    "J": "stimulus - (1/tau_J + stimulus)*J",
    "Q": "Max(1 - a_F, 0)*del_F*calm*F + r_Q*Q - (alpha*J + r_Q*n_F/Max(Q_rest, tiny))*Q",
    "F": "alpha*J*Q + r_F*g*h_O*F - (r_F*g*h_O*n_F/rho_max + del_F*calm + k_Y*S_Y)*F",
    "Y": "k_Y*S_Y*F - del_Y*(1 + a_Y*C**4/(C_Y**4 + C**4))*Y",
    "B": "r_B*V/(K_V + V)*B + m_B*B_rest - (r_B*V/(K_V + V)*b/B_max + m_B + prune)*B",
    "K": "renewal*K - renewal*K*K",
    "C3": "f3*dep + mu_0*eta_C*boost*C3 - loss*C3 - III_to_I",
    "C1": "Max(1 - f3, 0)*dep + mu_0*eta_C*boost*C1 + III_to_I - loss*C1",
    "E": "k_E*eta_C*h_O*F*Max(1 - E/E_max, 0)*C**4/(C_E**4 + C**4) + mu_E0*eta_C*E - (mu_E0 + mu_EN*N)*E",
    # theta dep/C, with dep cancelled
    "s": "disordered/Max(C, tiny) - dep/Max(C, tiny)*s",
}
# fmt: on

# name: unit, meaning
FIELDS = {
    "Pl": ("", "clot store of growth factors"),
    "W": ("", "debris and provisional clot"),
    "P": ("ng/mL", "PDGF"),
    "T": ("ng/mL", "active TGF-beta"),
    "V": ("ng/mL", "VEGF"),
    "A": ("", "alarmins and matrix fragments"),
    "O": ("mmHg", "oxygen"),
    "N": ("", "neutrophils"),
    "M": ("", "macrophages"),
    "J": ("", "integrin, FAK and MAPK activity"),
    "Q": ("", "dormant fibroblasts"),
    "F": ("", "active fibroblasts"),
    "Y": ("", "myofibroblasts"),
    "B": ("", "capillaries"),
    "K": ("", "keratinocytes and barrier"),
    "C3": ("", "collagen III"),
    "C1": ("", "collagen I"),
    "E": ("", "elastin"),
    "s": ("", "scar index"),
}
FLOOR = 0.01  # of the unit of a field: below it errors do not matter
SHARES = ("Pl", "W", "J", "K", "s")  # from 0 to 1 by their equations


def declare(
    places: Places,
    values: Mapping[str, float],
    *,
    age: float,
    scar: bool = False,
    effects: Effects = NONE,
    before: Model | None = None,
) -> Model:
    """The healing model of skin at rest.

    Parameters
    ----------
    places : Places
        Where the layers are.
    values : mapping of name to float
        Parameters in internal units.
    age : float, years
        At t = 0; the skin ages from then on.
    scar : bool
        Whether the dermis is an old scar.
    effects : Effects
        Of topical agents.
    before : Model, optional
        What is solved first, such as the agents; `effects` may name its fields.

    Returns
    -------
    Model
        The parameter `on`, the start of the epidermis after a session, is 0: a session gives it its expression of t.
    """
    rest = resting(places, values, age=age, scar=scar)
    moving = _transport(places, values)
    fields = tuple(
        Field(
            name,
            unit,
            meaning,
            rest.get(name, 0.0),
            floor=FLOOR,
            ceiling=1.0 if name in SHARES else inf,
            **moving.get(name, {}),
        )
        for name, (unit, meaning) in FIELDS.items()
    )
    reactions = tuple(Reaction(f"healing of {name}", {name: rate}) for name, rate in EQUATIONS.items())
    parameters = _parameters(places, values, age)
    definitions = {"b_C": effects.vitamin_c, "b_R": effects.retinol, "u_G": effects.growth_factor, **DEFINITIONS}
    if before is None:
        return Model(fields, reactions, parameters, definitions=definitions)
    return Model(
        before.fields + fields,
        before.reactions + reactions,
        {**before.parameters, **parameters},
        before.closings,
        {**before.definitions, **definitions},
    )


def _transport(places: Places, values: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """Coefficients and boundaries of the fields that move; a coefficient of 0 on one side closes an interface."""

    def dermal(name: str) -> Profiles:
        return places.coefficient(values, dermis=values[name])

    def soluble(name: str) -> Profiles:
        return places.coefficient(values, epidermis=values["f_VE"] * values[name], dermis=values[name])

    keratinocytes = places.coefficient(values, corneum=values["D_Ks"], epidermis=values["D_K"])
    return {
        "P": {"diffusivity": soluble("D_P")},
        "T": {"diffusivity": soluble("D_T")},
        "V": {"diffusivity": soluble("D_V")},
        "A": {"diffusivity": soluble("D_A")},
        "O": {"diffusivity": values["D_O"], "top": Reservoir(activity=values["O_air"], transfer=values["k_O"])},
        "N": {"diffusivity": dermal("D_N"), "taxis": Taxis(dermal("chi_N"), "log(1 + A/K_A)")},
        "M": {"diffusivity": dermal("D_M"), "taxis": Taxis(dermal("chi_M"), "log(1 + A/K_A)")},
        "F": {"diffusivity": dermal("D_F"), "taxis": Taxis(dermal("chi_F"), "log(1 + PDGF/K_Px)")},
        "B": {
            "diffusivity": dermal("D_B"),
            "taxis": Taxis(dermal("chi_B"), "log(1 + V/K_V)"),
            "mobility": "V/(K_V + V)",  # sprouts wander under VEGF only, so that layers of different density can rest
        },
        "K": {"diffusivity": keratinocytes, "mobility": "eta_K*on"},
    }


def _parameters(places: Places, values: Mapping[str, float], age: float) -> dict[str, Coefficient | str]:
    """All parameters, the factors of ageing, and what differs between layers."""

    def dermal(name: str) -> Profiles:
        return places.coefficient(values, dermis=(values[f"{name}_PD"], values[f"{name}_RD"]))

    return {
        **values,
        **factor_texts(values, age),
        "on": 0.0,
        "tiny": TINY,
        "kap_B": supply(values),
        "dermis": places.coefficient(values, dermis=1.0),
        "living": places.coefficient(values, epidermis=1.0, dermis=1.0),
        "phi_Y": dermal("phi"),
        "Q_lay": dermal("Q"),
        "B_lay": dermal("B"),
        "m_lay": places.coefficient(values, epidermis=values["m_VE"], dermis=values["m_D"]),
        "r_lay": places.coefficient(values, corneum=values["r_Ks"], epidermis=values["r_K"]),
    }
