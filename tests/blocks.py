"""An asymmetric block of skin in 18 hexahedra, and the same in other kinds of cells, axes, units and files."""

import numpy as np

EDGES = (np.array([0.0, 20.0, 40.0, 60.0]), np.array([0.0, 20.0, 40.0]), np.array([0.0, 10.0, 20.0, 30.0]))  # um
INTERFACES = ([0.0, 20.0, 60.0], [0.0, 20.0, 40.0], [0.0, 10.0, 20.0, 30.0])  # um
NAMES = {1: "stratum corneum", 2: "viable epidermis", 3: "papillary dermis"}
SIZE = (60.0, 40.0, 30.0)

_HEXAHEDRON = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)]
_TETRA = [(0, 1, 2, 6), (0, 2, 3, 6), (0, 3, 7, 6), (0, 7, 4, 6), (0, 4, 5, 6), (0, 5, 1, 6)]
_WEDGE = [(0, 1, 2, 4, 5, 6), (0, 2, 3, 4, 6, 7)]
_FACES = [(0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]


def tag_at(i, j, k):
    """The stratum corneum is on top, and one block at x < 20, y > 20 in the middle is papillary dermis."""
    return 1 if k == 0 else 3 if (i, j, k) == (0, 1, 1) else 2


def expected(mesh):
    """Tag of every cell of a mesh, by its centre, (nz, ny, nx)."""
    centres = (mesh.xc, mesh.yc, mesh.zc)
    i, j, k = (np.searchsorted(edges, own) - 1 for edges, own in zip(EDGES, centres, strict=True))
    return np.array([[[tag_at(a, b, c) for a in i] for b in j] for c in k])


def block(kind="hexahedron"):
    """Points in um with depth as z, (n, 3); corners and tag of every cell of one kind."""
    counts = [edges.size for edges in EDGES]
    points = np.stack(np.meshgrid(*EDGES, indexing="ij"), axis=-1).reshape(-1, 3)
    number = np.arange(len(points)).reshape(counts)
    corners, tags = [], []
    for i, j, k in np.ndindex(*(count - 1 for count in counts)):
        corners.append([number[i + a, j + b, k + c] for a, b, c in _HEXAHEDRON])
        tags.append(tag_at(i, j, k))
    corners, tags = np.array(corners), np.array(tags)
    if kind == "hexahedron":
        return points, corners, tags
    if kind == "pyramid":
        centres = points[corners].mean(axis=1)
        tops = len(points) + np.arange(len(corners))
        parts = [np.column_stack([corners[:, face[::-1]], tops]) for face in _FACES]
        return np.concatenate([points, centres]), np.concatenate(parts), np.tile(tags, 6)
    split = {"tetra": _TETRA, "wedge": _WEDGE}[kind]
    return points, np.concatenate([corners[:, part] for part in split]), np.tile(tags, len(split))


def turned(points, up):
    """Points of the block in a file in whose axes `up` is out of the skin; x, y and z of mnrd follow in turn."""
    depth = "xyz".index(up[1])
    found = np.empty_like(points)
    found[:, (depth + 1) % 3], found[:, (depth + 2) % 3] = points[:, 0] + 7.0, points[:, 1] - 5.0
    found[:, depth] = 3.0 + (points[:, 2] if up[0] == "-" else -points[:, 2])
    return found


def second_order(points, corners, edges):
    """The same cells with a point in the middle of each of some edges behind the corners."""
    middles = points[corners[:, edges]].mean(axis=2)
    numbers = len(points) + np.arange(middles.shape[0] * middles.shape[1]).reshape(middles.shape[:2])
    return np.concatenate([points, middles.reshape(-1, 3)]), np.column_stack([corners, numbers])


def voxels(up="-z", size=(5.0, 4.0, 2.5)):
    """Labels of the block as an image of a file, (z, y, x) of the file, and its spacing along x, y, z of the file."""
    depth = "xyz".index(up[1])
    axes = ((depth + 1) % 3, (depth + 2) % 3, depth)  # of the file, for x, y and depth of mnrd
    counts = [round(extent / one) for extent, one in zip(SIZE, size, strict=True)]
    labels = np.zeros([counts[axes.index(axis)] for axis in (2, 1, 0)], dtype=np.uint8)
    for place in np.ndindex(labels.shape):
        along = place[::-1]
        where = [along[axis] for axis in axes]
        if up[0] == "+":
            where[2] = counts[2] - 1 - where[2]
        at = [(number + 0.5) * one for number, one in zip(where, size, strict=True)]
        labels[place] = tag_at(*(int(np.searchsorted(edges, one)) - 1 for edges, one in zip(EDGES, at, strict=True)))
    return labels, [size[axes.index(axis)] for axis in range(3)]
