"""Makes meshes/unit-cell.msh: a quarter of a unit cell with a conical channel through undulating layers, in tetrahedra.

    pip install gmsh
    python meshes/unit_cell.py

The mesh is in mm with z out of the skin and its surface at z = 0, as programs for geometry like it; the axis of the
channel is the edge x = y = 0. mnrd itself does not import this file and needs no Gmsh.
"""

from math import cos, pi
from pathlib import Path

import gmsh

SIDE, DEPTH = 0.250, 0.545  # of the cell
CORNEUM = 0.015  # thickness of the stratum corneum, flat
JUNCTION, WAVE_1 = 0.095, 0.020  # mean depth and amplitude of the base of the viable epidermis
RETICULAR, WAVE_2 = 0.245, 0.015  # and of the papillary dermis
RADIUS, TIP = 0.040, 0.150  # of the channel at the surface, and its depth
BEYOND, STEPS = 4, 16  # control points outside of the cell on each side, and intervals across it


def wavy(depth, amplitude, along_x, along_y):
    """A surface at -(depth + amplitude cos(along_x pi x/SIDE) cos(along_y pi y/SIDE)), a little wider than the cell."""
    step = SIDE / STEPS
    # a cubic spline through control points on a cosine is a cosine that is lower by this factor
    lowered = 1.0
    for waves in (along_x, along_y):
        lowered *= (2.0 + cos(waves * pi / STEPS)) / 3.0
    points = []
    for j in range(-BEYOND, STEPS + BEYOND + 1):
        for i in range(-BEYOND, STEPS + BEYOND + 1):
            wave = cos(along_x * pi * i / STEPS) * cos(along_y * pi * j / STEPS)
            z = -(depth + amplitude / lowered * wave)
            points.append(gmsh.model.occ.addPoint(i * step, j * step, z))
    count = STEPS + 2 * BEYOND + 1
    knots = [float(one) for one in range(count + 4)]  # not clamped, so that x and y are linear in the parameters
    ones = [1] * len(knots)
    return gmsh.model.occ.addBSplineSurface(
        points, count, degreeU=3, degreeV=3, knotsU=knots, knotsV=knots, multiplicitiesU=ones, multiplicitiesV=ones
    )


def build():
    """The cell, cut by the interfaces and the channel; returns the volumes of every part by name."""
    occ = gmsh.model.occ
    box = occ.addBox(0.0, 0.0, -DEPTH, SIDE, SIDE, DEPTH)
    plane = occ.addRectangle(-0.1, -0.1, -CORNEUM, SIDE + 0.2, SIDE + 0.2)
    cone = occ.addCone(0.0, 0.0, 0.0, 0.0, 0.0, -TIP, RADIUS, 0.0)
    cutters = [(2, plane), (2, wavy(JUNCTION, WAVE_1, 2, 1)), (2, wavy(RETICULAR, WAVE_2, 1, 2))]
    channel, _ = occ.intersect([(3, cone)], [(3, box)], removeObject=True, removeTool=False)
    skin, _ = occ.cut([(3, box)], channel, removeObject=True, removeTool=False)
    occ.fragment([*skin, *channel], cutters)
    occ.synchronize()
    return parts()


def parts():
    """Volumes by the part that they belong to: those of the channel lie at its axis, the layers follow by depth."""
    found = {name: [] for name in ("stratum corneum", "viable epidermis", "papillary dermis", "reticular dermis")}
    found["channel"] = []
    for _, tag in gmsh.model.getEntities(3):
        x, y, z = gmsh.model.occ.getCenterOfMass(3, tag)
        if max(x, y) < RADIUS:
            name = "channel"
        elif z > -CORNEUM:
            name = "stratum corneum"
        else:
            name = "viable epidermis" if z > -JUNCTION else "papillary dermis" if z > -RETICULAR else "reticular dermis"
        found[name].append(tag)
    return found


def mesh(file):
    """Write the mesh, in text, with a physical group for each part."""
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        gmsh.option.setNumber("General.NumThreads", 1)
        for number, (name, volumes) in enumerate(build().items(), 1):
            gmsh.model.addPhysicalGroup(3, volumes, number, name)
        surfaces = [tag for dim, tag in gmsh.model.getEntities(2) if gmsh.model.getType(dim, tag) == "Cone"]
        field = gmsh.model.mesh.field
        field.add("Distance", 1)
        field.setNumbers(1, "SurfacesList", surfaces)
        field.add("Threshold", 2)
        for key, value in (
            ("InField", 1),
            ("SizeMin", 0.0055),
            ("SizeMax", 0.030),
            ("DistMin", 0.0),
            ("DistMax", 0.15),
        ):
            field.setNumber(2, key, value)
        field.setAsBackgroundMesh(2)
        gmsh.option.setNumber("Mesh.MeshSizeExtendFromBoundary", 0)
        gmsh.option.setNumber("Mesh.MeshSizeFromPoints", 0)
        gmsh.model.mesh.generate(3)
        gmsh.write(str(file))
    finally:
        gmsh.finalize()


if __name__ == "__main__":
    mesh(Path(__file__).with_name("unit-cell.msh"))
