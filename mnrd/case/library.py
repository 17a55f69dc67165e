"""Skins and needle arrays that come with mnrd, as tables with their sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mnrd.case.errors import CaseError
from mnrd.case.healing_reference import markdown
from mnrd.case.view import View
from mnrd.skin.devices import device, devices
from mnrd.skin.layers import presets


def listed() -> Iterator[View]:
    """All needle arrays that come with mnrd."""
    rows = [
        (name, f"{one.needle.length:g}", f"{one.needle.width:g}", one.needle.shape, one.title)
        for name, one in devices().items()
    ]
    yield "Devices", ("device", "length [um]", "width [um]", "shape", "title"), rows


def known_of(name: str) -> Iterator[View]:
    """What is known about one device, with its sources; CaseError when there is none of that name."""
    try:
        found = device(name)
    except ValueError as error:
        raise CaseError([str(error)]) from None
    for section, given in found.written.items():
        rows = [(key, _as_written(value), found.sources[f"{section}.{key}"]) for key, value in given.items()]
        yield f'{section} = "{name}": {found.title}', ("key", "value", "source"), rows


def _as_written(value: Any) -> str:
    """A value of a TOML file; pairs in brackets."""
    return ", ".join(f"({', '.join(pair)})" for pair in value) if isinstance(value, list) else str(value)


def skins() -> Iterator[View]:
    """All stacks of layers that come with mnrd."""
    rows = []
    for name, skin in presets().items():
        layers = ", ".join(f"{layer.name} {layer.thickness:g}" for layer in skin.layers)
        waves = [(layer.name, layer.ridges) for layer in skin.layers if layer.ridges is not None]
        under = (f"under the {over}: {ridges.amplitude:g}, every {ridges.wavelength:g}" for over, ridges in waves)
        rows.append((name, layers, "; ".join(under)))
    yield "Skins", ("skin", "layers from the top down [um]", "ridges, half their height [um]"), rows


def reference() -> str:
    """All tables as Markdown."""
    views = [*skins(), *listed(), *(view for name in devices() for view in known_of(name))]
    return "\n".join(line for view in views for line in markdown(*view))
