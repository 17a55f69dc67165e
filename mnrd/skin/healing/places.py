"""Where in the skin the equations hold: the share of every layer in each material and plane of the mesh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Mesh
from mnrd.skin.transport import Tissue

Array = NDArray[np.float64]
Profiles = dict[str, Array]  # material -> values over z, (nz,)

_EPIDERMAL = ("epidermis", "junction")


@dataclass(frozen=True, eq=False)
class Places:
    """The layers of the healing model on a mesh.

    A material that is no tissue, such as a channel, is what the intact skin is at its depth. The papillary dermis
    gives way to the reticular one with depth, not at the interface of two tissues.

    Parameters
    ----------
    mesh : Mesh
    tissues : tuple of Tissue
        The layers of the skin with their depths on the mesh.
    materials : tuple of str
        All materials of the painting.

    Raises
    ------
    ValueError
        When a tissue is of no layer of the model, or there is no dermis.
    """

    mesh: Mesh
    tissues: tuple[Tissue, ...]
    materials: tuple[str, ...]

    def __post_init__(self) -> None:
        for tissue in self.tissues:
            if tissue.kind not in ("stratum corneum", *_EPIDERMAL, "dermis"):
                raise ValueError(
                    f"skin.layers: healing knows no layer '{tissue.name}', its name must hold 'corneum', 'epidermis', "
                    "'junction' or 'dermis'"
                )
        if not any(tissue.kind == "dermis" for tissue in self.tissues):
            raise ValueError("skin.layers: got no dermis, healing needs one")

    def coefficient(
        self,
        values: Mapping[str, float],
        *,
        corneum: float = 0.0,
        epidermis: float = 0.0,
        dermis: float | tuple[float, float] = 0.0,
    ) -> Profiles:
        """A coefficient with its value in each layer; 0 above the skin.

        Parameters
        ----------
        values : mapping of name to float
            Parameters in internal units; the papillary dermis gives way between the depths `z_PD` and `z_RD`.
        corneum, epidermis : float
        dermis : float or (papillary, reticular)

        Returns
        -------
        dict of material to (nz,) array
        """
        papillary, reticular = dermis if isinstance(dermis, tuple) else (dermis, dermis)
        deep = self._deep(values["z_PD"], values["z_RD"])
        in_dermis = papillary + (reticular - papillary) * deep
        corneal, epidermal = self._shares("stratum corneum"), self._shares(*_EPIDERMAL)
        dermal = self._shares("dermis")
        return {
            name: corneum * corneal[name] + epidermis * epidermal[name] + in_dermis * dermal[name]
            for name in self.materials
        }

    def _shares(self, *kinds: str) -> Profiles:
        """1 in the tissues of some kinds, and by depth in what is no tissue."""
        nz = self.mesh.shape[0]
        found = {tissue.name: np.full(nz, float(tissue.kind in kinds)) for tissue in self.tissues}
        by_depth = sum((self._extent(tissue) for tissue in self.tissues if tissue.kind in kinds), np.zeros(nz))
        return {name: found.get(name, by_depth) for name in self.materials}

    def _extent(self, tissue: Tissue) -> Array:
        """Share of every plane of cells that lies within the depths of a tissue, (nz,)."""
        z = np.clip(self.mesh.z, tissue.top, tissue.base)
        return np.round(np.diff(z) / self.mesh.hz, 9)  # an interface is an edge but for round-off

    def _deep(self, begin: float, end: float) -> Array:
        """Mean over every plane of S(x) = x^2 (3 - 2 x), x from 0 to 1 between two depths below the surface, (nz,)."""
        x = np.maximum((self.mesh.z - self.tissues[0].top - begin) / (end - begin), 0.0)
        ramp = np.minimum(x, 1.0)
        integral = ramp**3 - 0.5 * ramp**4 + (x - ramp)
        return np.minimum(np.diff(integral) * (end - begin) / self.mesh.hz, 1.0)
