"""Layers in series between a donor and a base: transfer matrices in Laplace space (P01-P06, P10, P18)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import mpmath as mp

from .talbot import DIGITS, invert


@dataclass(frozen=True)
class Slab:
    """Uniform layer with first-order clearance and linear binding to immobile sites.

    diffusivity (µm²/s), partition (1), thickness (µm), clearance of the free amount (1/s), and the rates of
    binding k_on and of release k_off (1/s).
    """

    diffusivity: float
    partition: float
    thickness: float
    clearance: float = 0.0
    binding: float = 0.0
    release: float = 0.0

    def growth(self, s: mp.mpc) -> mp.mpc:
        """D q²: s + k + k_on s/(s + k_off)."""
        bound = self.binding * s / (s + self.release) if self.binding else 0
        return s + self.clearance + bound

    def transfer(self, s: mp.mpc, depth: mp.mpf | None = None) -> tuple[mp.mpc, ...]:
        """(cosh qL, sinh qL/(DKq), DKq sinh qL), L = `depth` or the whole thickness."""
        q = mp.sqrt(self.growth(s) / self.diffusivity)
        x = q * (self.thickness if depth is None else depth)
        conductivity = q * self.diffusivity * self.partition
        return mp.cosh(x), mp.sinh(x) / conductivity, conductivity * mp.sinh(x)


@dataclass(frozen=True)
class Film:
    """Resistance without thickness and capacity; permeability in µm/s."""

    permeability: float

    def transfer(self, s: mp.mpc) -> tuple[mp.mpc, ...]:
        """(1, 1/P, 0)."""
        return mp.mpf(1), 1 / mp.mpf(self.permeability), mp.mpf(0)


@dataclass(frozen=True)
class Donor:
    """Well-stirred donor, activity 1 at t = 0.

    capacity H K in µm (inf: constant activity), evaporation in µm/s, `transfer` in µm/s of a boundary layer.
    """

    capacity: float = inf
    evaporation: float = 0.0
    transfer: float = inf


@dataclass(frozen=True)
class Laminate:
    """Layers from the top, a donor above, and a base below.

    `base` is inf for a perfect sink, 0 for no flux, else the coefficient k_b of J = k_b a (µm/s).
    Layers are numbered from 0; interface i is the top of layer i, the last one is the base.
    """

    layers: tuple[Slab | Film, ...]
    donor: Donor = Donor()
    base: float = inf

    def flux(self, interface: int, time: float) -> float:
        """Downward flux density through an interface at `time` (0: into the skin, -1: out of the base)."""
        return invert(lambda s: self._states(s)[interface][1], time)

    def flux_rate(self, interface: int, time: float) -> float:
        """Time derivative of `flux`, for every interface but 0, where the initial flux is infinite."""
        return invert(lambda s: s * self._states(s)[interface][1], time)

    def crossed(self, interface: int, time: float) -> float:
        """Amount per area that has crossed an interface until `time`."""
        return invert(lambda s: self._states(s)[interface][1] / s, time)

    def activity(self, interface: int, time: float) -> float:
        """Activity at an interface; just above it where the interface is the top of a `Film`."""
        return invert(lambda s: self._states(s)[interface][0], time)

    def activity_in(self, layer: int, depth: float, time: float) -> float:
        """Activity in a slab at `depth` (µm) below its top."""

        def transform(s: mp.mpc) -> mp.mpc:
            slab = self.layers[layer]
            a, j = self._states(s)[layer + 1]
            cosh, resistance, _ = slab.transfer(s, mp.mpf(slab.thickness) - depth)
            return cosh * a + resistance * j

        return invert(transform, time)

    def donor_activity(self, time: float) -> float:
        """Activity of the donor."""
        return invert(self._donor, time)

    def evaporated(self, time: float) -> float:
        """Amount per area lost by evaporation until `time`."""
        return self.donor.evaporation * invert(lambda s: self._donor(s) / s, time)

    def free_amount(self, layer: int, time: float) -> float:
        """Mobile amount per area in a slab."""
        return invert(lambda s: self._free(layer, s), time)

    def bound_amount(self, layer: int, time: float) -> float:
        """Bound amount per area in a slab."""
        slab = self.layers[layer]
        return invert(lambda s: slab.binding / (s + slab.release) * self._free(layer, s), time)

    def cleared(self, layer: int, time: float) -> float:
        """Amount per area that a slab has lost by clearance until `time`, at clearance x `free_amount`."""
        return self.layers[layer].clearance * invert(lambda s: self._free(layer, s) / s, time)

    def absorbed(self) -> float:
        """Amount per area of a finite donor that has left through the base at infinite time."""
        return self._small(lambda s: self._states(s)[-1][1])[0]

    def steady_flux(self, interface: int = -1) -> float:
        """Flux density at infinite time with a constant donor."""
        return self._small(lambda s: s * self._states(s)[interface][1])[0]

    def steady_activity(self, interface: int) -> float:
        """Activity at an interface at infinite time with a constant donor."""
        return self._small(lambda s: s * self._states(s)[interface][0])[0]

    def lag(self) -> float:
        """Time intercept of the late straight line of the amount out of the base, constant donor."""
        steady, slope = self._small(lambda s: s * self._states(s)[-1][1])
        return -slope / steady

    def lag_cleared(self, layer: int) -> float:
        """The same for the amount cleared in a slab."""
        steady, slope = self._small(lambda s: s * self._free(layer, s))
        return -slope / steady

    def _shape(self, s: mp.mpc) -> list[tuple[mp.mpc, mp.mpc]]:
        """(a, J) at every interface, up to a common factor, from the base upwards."""
        state = (mp.mpf(0), mp.mpf(1)) if self.base == inf else (mp.mpf(1), mp.mpf(self.base))
        states = [state]
        for layer in reversed(self.layers):
            a, j = states[0]
            cosh, resistance, conductance = layer.transfer(s)
            states.insert(0, (cosh * a + resistance * j, conductance * a + cosh * j))
        return states

    def _donor(self, s: mp.mpc) -> mp.mpc:
        """Transform of the donor activity, H/(H s + k_ev + Y), Y = J/a seen through the boundary layer."""
        donor = self.donor
        if donor.capacity == inf:
            return 1 / s
        a, j = self._shape(s)[0]
        return donor.capacity / (donor.capacity * s + donor.evaporation + self._admittance(j / a))

    def _admittance(self, surface: mp.mpc) -> mp.mpc:
        h = self.donor.transfer
        return surface if h == inf else h * surface / (h + surface)

    def _states(self, s: mp.mpc) -> list[tuple[mp.mpc, mp.mpc]]:
        """Transforms of (a, J) at every interface."""
        shape = self._shape(s)
        a, j = shape[0]
        scale = self._donor(s) * self._admittance(j / a) / j
        return [(scale * u, scale * v) for u, v in shape]

    def _free(self, layer: int, s: mp.mpc) -> mp.mpc:
        """Free amount of a slab, (J_top - J_bottom)/(D q²)."""
        states = self._states(s)
        return (states[layer][1] - states[layer + 1][1]) / self.layers[layer].growth(s)

    @staticmethod
    def _small(function: Callable[[mp.mpf], mp.mpf]) -> tuple[float, float]:
        """Value and slope at s = 0 of a transform that is analytic there, by a central difference."""
        with mp.workdps(DIGITS):
            h = mp.mpf(10) ** -15
            above, below = mp.re(function(h)), mp.re(function(-h))
            return float((above + below) / 2), float((above - below) / (2 * h))


@dataclass(frozen=True)
class Parallel:
    """Laminates side by side without lateral exchange, as (area fraction, laminate), constant donor (P18)."""

    paths: tuple[tuple[float, Laminate], ...]

    def flux(self, time: float) -> float:
        """Mean flux density out of the base."""
        return sum(share * path.flux(-1, time) for share, path in self.paths)

    def steady_flux(self) -> float:
        """Mean flux density at infinite time."""
        return sum(share * path.steady_flux() for share, path in self.paths)

    def lag(self) -> float:
        """Flux-weighted mean of the lags of the paths."""
        weighted = sum(share * path.steady_flux() * path.lag() for share, path in self.paths)
        return weighted / self.steady_flux()
