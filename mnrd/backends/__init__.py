"""The backends by name, and the choice among them."""

from __future__ import annotations

from importlib import import_module

from mnrd.backends.base import Backend, BackendUnavailable

BACKENDS = {
    "cuda": "mnrd.backends.cuda:CudaBackend",
    "native": "mnrd.backends.native:NativeBackend",
    "numpy": "mnrd.backends.numpy_backend:NumpyBackend",
}
"""Name -> class, the fastest first; imported when asked for."""


def choose(name: str = "auto", precision: str = "auto", debug: bool = False) -> Backend:
    """Make a backend.

    Parameters
    ----------
    name : str
        ``cuda``, ``native``, ``numpy`` or ``auto``: the best that works here.
    precision : str
        ``double``, ``mixed``, or ``auto``: mixed on a device, double on a host.
    debug : bool
        Check the arguments of every kernel launch.

    Returns
    -------
    Backend
        Its `description` is one line that says which it is, its precision and, for ``auto``, why not a better one.

    Raises
    ------
    ValueError
        For an unknown name or precision.
    BackendUnavailable
        If the backend that was asked for cannot run here.
    """
    if precision not in ("auto", "double", "mixed"):
        raise ValueError(f"precision: got {precision!r}, must be 'auto', 'double' or 'mixed'")
    if name != "auto":
        if name not in BACKENDS:
            raise ValueError(f"backend: got {name!r}, must be one of auto, {', '.join(BACKENDS)}")
        return _make(name, precision, debug)
    reasons = []
    for candidate in BACKENDS:
        try:
            backend = _make(candidate, precision, debug)
        except BackendUnavailable as error:
            reasons.append(f"{candidate}: {' '.join(str(error).splitlines()[:2])}")
            continue
        if reasons:
            backend.description += f"; {'; '.join(reasons)}"
        return backend
    raise BackendUnavailable("; ".join(reasons))


def _make(name: str, precision: str, debug: bool) -> Backend:
    module, _, attribute = BACKENDS[name].partition(":")
    backend: Backend = getattr(import_module(module), attribute)(precision, debug)
    backend.description += f", {backend.precision} precision"
    return backend
