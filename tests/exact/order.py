"""Observed order of convergence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def order(errors: Sequence[float], ratios: Sequence[float]) -> float:
    """Slope p of errors = C ratios**(-p), by least squares on the logarithms.

    Parameters
    ----------
    errors : sequence of float
        Errors, one per refinement; signs are ignored.
    ratios : sequence of float
        Refinement of each run against a common one: (1, 2, 4), or the cells of an axis, or the steps.

    Returns
    -------
    float
        The observed order, 2 for a second-order scheme.

    Raises
    ------
    ValueError
        With fewer than two runs, unequal lengths, equal ratios, or an error that is 0 or infinite.
    """
    size = np.abs(np.asarray(errors, dtype=float))
    fineness = np.asarray(ratios, dtype=float)
    if size.shape != fineness.shape or size.size < 2:
        raise ValueError(f"order: got {size.size} errors and {fineness.size} ratios, need two or more of each")
    if not np.all(np.isfinite(size) & (size > 0)) or np.ptp(fineness) == 0:
        raise ValueError(
            f"order: got errors {errors} at ratios {ratios}, need finite nonzero errors, ratios that differ"
        )
    return -float(np.polyfit(np.log(fineness), np.log(size), 1)[0])
