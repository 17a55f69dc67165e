"""Segmented images from elsewhere: axes, formats, spacing, fractions by overlap, and what can be wrong with them."""

import gzip

import numpy as np
import pytest
import pyvista
from blocks import NAMES, voxels
from PIL import Image
from test_import import TABLE, check

from mnrd.foreign.frame import UPS
from mnrd.foreign.grid import Sizes
from mnrd.foreign.importing import Wish, import_mesh
from mnrd.foreign.reading import ForeignError

HEAD = "NRRD0004\n# made by a test\ntype: {kind}\ndimension: 3\nsizes: {sizes}\nencoding: {encoding}\nendian: little\n"


def vti(path, labels, spacing, *, at_points=False):
    counts = labels.shape[::-1]
    image = pyvista.ImageData(dimensions=counts if at_points else [count + 1 for count in counts], spacing=spacing)
    (image.point_data if at_points else image.cell_data)["labels"] = labels.ravel()
    image.save(path)
    return path


def nrrd(path, labels, more, *, encoding="raw", kind="uint8"):
    head = HEAD.format(kind=kind, sizes=" ".join(map(str, labels.shape[::-1])), encoding=encoding) + more + "\n"
    body = labels.astype("<u2" if kind == "ushort" else "u1").tobytes()
    path.write_bytes(head.encode() + (gzip.compress(body) if encoding == "gzip" else body))
    return path


@pytest.mark.parametrize("up", UPS)
def test_whatever_axis_is_out_of_the_skin_x_and_y_follow_in_turn(up, tmp_path):
    labels, spacing = voxels(up)
    check(import_mesh([vti(tmp_path / "block.vti", labels, spacing)], Wish(TABLE, "um", up)))


def test_values_at_points_are_those_of_voxels_around_them(tmp_path):
    check(import_mesh([vti(tmp_path / "block.vti", *voxels(), at_points=True)], Wish(TABLE, "um", "-z")))


@pytest.mark.parametrize(
    ("more", "encoding", "kind"),
    [
        ('space directions: (0.005,0,0) (0,0.004,0) (0,0,0.0025)\nspace units: "mm" "mm" "mm"\n', "raw", "uint8"),
        ("spacings: 5 4 2.5\n", "gzip", "ushort"),
    ],
)
def test_nrrd_with_its_unit_or_without(more, encoding, kind, tmp_path):
    file = nrrd(tmp_path / "block.nrrd", voxels()[0], more, encoding=encoding, kind=kind)
    check(import_mesh([file], Wish(TABLE, "" if "units" in more else "um", "-z")))


@pytest.mark.parametrize("several", [False, True])
def test_pages_of_tiff_have_their_rows_from_the_top(several, tmp_path):
    labels, spacing = voxels()
    pages = [Image.fromarray(page) for page in labels]
    files = [tmp_path / f"page{number:02d}.tif" for number in range(len(pages) if several else 1)]
    if several:
        for page, file in zip(pages, files, strict=True):
            page.save(file)
    else:
        pages[0].save(files[0], save_all=True, append_images=pages[1:])
    check(import_mesh(files, Wish(TABLE, "um", "-z", spacing=tuple(spacing))))


@pytest.mark.parametrize("suffix", [".mha", ".nii.gz"])
def test_formats_of_medicine(suffix, tmp_path):
    from vtkmodules.vtkIOImage import vtkMetaImageWriter, vtkNIFTIImageWriter

    labels, spacing = voxels()
    image = pyvista.ImageData(dimensions=labels.shape[::-1], spacing=spacing)
    image.point_data["labels"] = labels.ravel()
    writer = vtkMetaImageWriter() if suffix == ".mha" else vtkNIFTIImageWriter()
    writer.SetFileName(str(tmp_path / f"block{suffix}"))
    writer.SetInputData(image)
    writer.Write()
    check(import_mesh([tmp_path / f"block{suffix}"], Wish(TABLE, "um", "-z")))


def test_fractions_are_exact_where_cells_cut_voxels(tmp_path):
    """Random voxels on cells that are no multiples of them, against the pieces that both cut each other into."""
    labels = np.random.default_rng(3).integers(1, 4, (7, 6, 5)).astype(np.uint8)
    file = vti(tmp_path / "noise.vti", labels, (1.0, 1.0, 1.0))
    found = import_mesh([file], Wish(TABLE, "um", "-z", sizes=Sizes(cells=90)))
    mesh, painting = found.mesh, found.painting
    assert mesh.cells < labels.size
    expected = np.zeros(painting.fractions.shape)
    pieces = []
    for edges, count in zip((mesh.z, mesh.y, mesh.x), labels.shape, strict=True):
        cuts = np.union1d(edges, np.arange(count + 1.0))
        middles = 0.5 * (cuts[1:] + cuts[:-1])
        pieces.append([np.diff(cuts), np.searchsorted(edges, middles) - 1, middles.astype(int)])
    for piece in np.ndindex(*(row[0].size for row in pieces)):
        size, cell, voxel = (tuple(row[what][at] for row, at in zip(pieces, piece, strict=True)) for what in range(3))
        row = painting.materials.index(NAMES[int(labels[voxel])])
        expected[(row, *cell)] += np.prod(size) / mesh.volume[cell]
    whole = (expected > 0.02).all(axis=0) & (expected < 0.98).all(axis=0)  # where no sliver was taken away
    assert whole.any()
    assert abs(painting.fractions / 255.0 - expected)[:, whole].max() <= 1.01 / 255


def test_a_large_image_is_coarsened_to_the_number_of_cells(tmp_path):
    z, _y, x = np.meshgrid(*[np.arange(64)] * 3, indexing="ij")
    labels = np.where(z < 8, 1, np.where(z + 4 * np.sin(x / 9) < 30, 2, 3)).astype(np.uint8)
    file = vti(tmp_path / "skin.vti", labels, (5.0, 5.0, 2.0))
    found = import_mesh([file], Wish(TABLE, "um", "-z", sizes=Sizes(cells=1500)))
    assert found.mesh.cells <= 1500
    assert found.raised > 1.0
    assert 16.0 in found.mesh.z  # the flat interface has its edge still
    for name in NAMES.values():
        assert found.after[name] == pytest.approx(found.before[name], rel=0.01)
    assert min(np.diff(found.mesh.z)) >= 2.0 - 1e-9  # not below a voxel


@pytest.mark.parametrize("count", [50, 51])
def test_a_cell_has_room_for_the_least_share_of_every_material(count, tmp_path):
    """Down to 50 voxels in one cell; of more materials the bytes would not sum to 255."""
    labels = np.arange(count, dtype=np.uint8).reshape(1, 1, count)
    table = {str(number): f"part {number}" for number in range(count)}
    file = vti(tmp_path / "parts.vti", np.repeat(labels, 3, axis=0), (1.0, 1.0, 1.0))
    wish = Wish(table, "um", "-z", sizes=Sizes(smallest=50.0, largest=100.0))
    if count > 50:
        with pytest.raises(ForeignError, match="got 51 materials, at most 50 can be: give several tags one material"):
            import_mesh([file], wish)
    else:
        assert (import_mesh([file], wish).painting.fractions.sum(axis=0, dtype=int) == 255).all()


def test_what_is_wrong_with_images(tmp_path):
    labels, spacing = voxels()

    def refused(file, wish, text):
        with pytest.raises(ForeignError, match=text):
            import_mesh([file], wish)

    good = vti(tmp_path / "block.vti", labels, spacing)
    refused(good, Wish(TABLE), r"--unit: is missing, the file does not say its unit of length; such as --unit mm")
    refused(good, Wish({"1": "dermis"}, "um"), r"tags without a material: 2 \(880 cells\), 3 \(80 cells\); give --map")
    refused(good, Wish(TABLE, "um", tags="label"), "say which array holds the labels .--tags.: it has labels")
    tif = tmp_path / "page.tif"
    Image.fromarray(labels[0]).save(tif)
    refused(tif, Wish(TABLE, "um"), "the file does not say how large a voxel is: give --spacing X Y Z")
    refused(tif, Wish(TABLE, "um", spacing=(1.0, 0.0, 1.0)), "got a spacing of 1 0 1, must be > 0")
    for more, text in (
        ("space directions: (0,1,0) (1,0,0) (0,0,1)\n", "its axes are turned: resample it along x, y and z first"),
        ("spacings: 1 1 1\nencoding: bzip2\n", "encoding: got bzip2, must be raw or gzip"),
        ("spacings: 1 1 1\nbyte skip: 2\n", "byte skip: got 2, must be 0 or left out: save it again without"),
        ("spacings: 1 1 1\nsizes: 0 1 2\n", "sizes 0 1 2, must be whole numbers in 3 dimensions"),
    ):
        refused(nrrd(tmp_path / "odd.nrrd", labels, more), Wish(TABLE, "um"), text)
    short = nrrd(tmp_path / "short.nrrd", labels, "spacings: 1 1 1\n")
    short.write_bytes(short.read_bytes()[:-7])
    refused(short, Wish(TABLE, "um"), f"got {labels.size - 7} values, must be {labels.size}")
    for head, text in (("", "it does not begin as NRRD does"), ("NRRD0004\n\n", "its header has no type and no sizes")):
        short.write_text(head)
        refused(short, Wish(TABLE, "um"), text)
    cut = nrrd(tmp_path / "cut.nrrd", labels, "spacings: 1 1 1\n", encoding="gzip")
    cut.write_bytes(cut.read_bytes()[:-20])
    refused(cut, Wish(TABLE, "um"), "cut.nrrd: cannot be read as an image .Compressed file ended")
    grey = np.arange(labels.size).reshape(labels.shape)
    refused(
        vti(tmp_path / "grey.vti", grey, spacing), Wish(TABLE, "um"), "got 1440 different values, at most 255 can be"
    )
    refused(vti(tmp_path / "half.vti", grey / 2, spacing), Wish(TABLE, "um"), "the values are no whole numbers")
