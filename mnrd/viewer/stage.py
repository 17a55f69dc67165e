"""The scene that the browser draws. Nobody renders it here, so no OpenGL is needed."""

from __future__ import annotations

from collections.abc import Mapping

import pyvista as pv
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkGenericOpenGLRenderWindow

from mnrd.output.picture import INK
from mnrd.viewer.geometry import COLOUR

BODIES = ("cut", "walls", "glass", "lines")
LIT = "walls"
"""The body whose shape is shown by light; all others have the very colours of the bar."""


class Stage:
    """A scene without a window, and its bodies by name."""

    def __init__(self) -> None:
        self.window = vtkGenericOpenGLRenderWindow()  # of all windows the one that asks for no display
        renderer = vtkRenderer()
        renderer.SetBackground(1.0, 1.0, 1.0)
        self.window.AddRenderer(renderer)
        self._actors = {name: _actor(lit=name == LIT) for name in BODIES}
        for actor in self._actors.values():
            renderer.AddActor(actor)

    def show(self, pieces: Mapping[str, pv.PolyData], *, walls: bool, opacity: float) -> None:
        """Show bodies.

        Parameters
        ----------
        pieces : mapping of name to polygons
            Of `geometry.pieces`.
        walls : bool
            Whether the walls of the channels are seen.
        opacity : float
            Of the translucent sides, 0 to 1.
        """
        for name, data in pieces.items():
            mapper = self._actors[name].GetMapper()
            mapper.SetScalarVisibility(COLOUR in data.array_names)
            mapper.SetInputData(data)
        self._actors["walls"].SetVisibility(walls)
        self._actors["glass"].SetVisibility(opacity > 0.0)
        self._actors["glass"].GetProperty().SetOpacity(opacity)


def _actor(*, lit: bool) -> vtkActor:
    actor, mapper = vtkActor(), vtkPolyDataMapper()
    mapper.SetColorModeToDirectScalars()
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    look.SetColor(*pv.Color(INK).float_rgb)
    look.SetAmbient(0.45 if lit else 1.0)
    look.SetDiffuse(0.6 if lit else 0.0)
    return actor
