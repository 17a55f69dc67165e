"""Ageing: cells of older skin make less, stretch less, divide and leave more slowly.

With x(t) = max(age(t) - 25 years, 0)/55 years, a factor is 1 - slope x. The collagen of the skin at an age is not given
but follows: what the cells make falls with them, what is lost does not, dC/dt = -mu_0 (1 - eta_C(t)) C.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp

YEAR = 365.25 * 86400.0  # s

# factor in the equations -> parameter that holds its slope
SLOPES = {
    "eta_C": "age_C",
    "eta_J": "age_J",
    "eta_Q": "age_Q",
    "eta_K": "age_K",
    "eta_I": "age_I",
    "B_age": "age_B",
    "E_age": "age_E",
}


def factor(name: str, values: Mapping[str, float], age: float) -> float:
    """A factor of ageing at an age.

    Parameters
    ----------
    name : str
        A key of `SLOPES`.
    values : mapping of name to float
        Parameters in internal units.
    age : float, years
    """
    return max(1.0 - values[SLOPES[name]] * max(age * YEAR - values["age_0"], 0.0) / values["age_span"], 0.0)


def factor_texts(values: Mapping[str, float], age: float) -> dict[str, str]:
    """Every factor in the equations as an expression of the time t (s), for skin of an age (years) at t = 0."""
    beyond = f"Max(t + {age * YEAR - values['age_0']!r}, 0)"
    return {
        name: f"Max(1 - {values[slope]!r}*{beyond}/{values['age_span']!r}, 0)"
        for name, slope in SLOPES.items()
        if name != "E_age"  # elastin at rest is where a run begins, then it has an equation of its own
    }


def collagen(values: Mapping[str, float], age: float) -> float:
    """Collagen of untreated skin at an age (years) over that of a young adult.

    The integral of dC/dt = -mu_0 (1 - eta_C(t)) C from 25 years on.
    """
    beyond = max(age * YEAR - values["age_0"], 0.0)
    return exp(-values["mu_0"] * values["age_C"] * beyond**2 / (2.0 * values["age_span"]))
