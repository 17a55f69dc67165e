"""`mnrd render`: the ready scenes of a run as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnrd.cli.failures import errors_as_lines
from mnrd.cli.options import length_of, time_of
from mnrd.output import directory

if TYPE_CHECKING:
    from mnrd.pictures.view import View
    from mnrd.results.run import Run

PAIR, MOVIE = "pair", "movie"
SERIES = (PAIR, MOVIE)
"""Scenes that show another one at several times."""
WIDTH = 1600
"""Pixels of pictures of which nobody gave the size."""

Folder = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a run.")]
Scenes = Annotated[
    list[str] | None,
    typer.Option("--scene", metavar="NAME", help="block, slices, surfaces, pair, movie; all if left out."),
]
Fields = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="NAME", help="What gives the colours, such as T or 'collagen gain'."),
]
Times = Annotated[
    list[str] | None,
    typer.Option("--time", metavar="TIME", help="Such as '6 h'; several share camera and limits."),
]
Before = Annotated[str | None, typer.Option(metavar="TIME", help="Earlier time of a pair; the first if left out.")]
Inside = Annotated[str, typer.Option(metavar="NAME", help="Scene in a pair and a movie.")]
Size = Annotated[
    str | None, typer.Option(metavar="WIDTHxHEIGHT", help="Pixels; 1600 by what the scene needs if left out.")
]
Angles = Annotated[str | None, typer.Option(metavar="AZIMUTH,ELEVATION", help="Degrees; 32,28 if left out.")]
Log = Annotated[bool, typer.Option("--log", help="Logarithmic colours.")]
Limits = Annotated[str | None, typer.Option(metavar="LOW,HIGH", help="Of the colours, in the unit shown.")]
Depth = Annotated[str | None, typer.Option(metavar="LENGTH", help="How deep the skin is shown.")]
Level = Annotated[str | None, typer.Option(metavar="LENGTH", help="Depth of the horizontal slice.")]
Repeat = Annotated[int, typer.Option(help="Unit cells along each side, where one needle was computed.")]
Cells = Annotated[str | None, typer.Option(metavar="NAME", help="The cloud beside surfaces.")]
Mp4 = Annotated[bool, typer.Option("--mp4", help="A movie as MP4 rather than GIF.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the pictures; default RUN_DIR/pictures.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace pictures in the folder of --out.")]


def render(
    folder: Folder,
    scene: Scenes = None,
    field: Fields = None,
    time: Times = None,
    before: Before = None,
    inside: Inside = "block",
    size: Size = None,
    camera: Angles = None,
    log: Log = False,
    limits: Limits = None,
    depth: Depth = None,
    level: Level = None,
    repeat: Repeat = 1,
    cells: Cells = None,
    mp4: Mp4 = False,
    out: Out = None,
    overwrite: Overwrite = False,
) -> None:
    """Draw the ready scenes of a run, without a display or OpenGL, and print the files."""
    with errors_as_lines():
        from mnrd.pictures.view import Camera, View
        from mnrd.results.run import open_run

        angles = Camera() if camera is None else Camera(*_numbers("--camera", camera))
        ends = None if limits is None else _numbers("--limits", limits)
        down, at = _length("--depth", depth), _length("--level", level)
        first = None if before is None else time_of("--before", before)
        view = View(None, None, first, View.size, angles, log, ends, down, at, repeat, cells)
        times = tuple(time_of("--time", one) for one in time or ())
        movie = ".mp4" if mp4 else ".gif"
        pixels = None if size is None else _size(size)
        wanted = Wanted(tuple(scene or ()), tuple(field or ()), times, inside, pixels, movie, out, overwrite)
        for path in pictures(open_run(folder), view, wanted):
            print(path)


def _length(option: str, text: str | None) -> float | None:
    return None if text is None else length_of(option, text)


@dataclass(frozen=True)
class Wanted:
    """Which pictures are made, and where they go.

    Parameters
    ----------
    scenes, fields : tuple of str
        Empty: all scenes that the run has data for; what each scene shows if nobody says so.
    times : tuple of float
        s; empty: when each scene shows it if nobody says so.
    inside : str
        Scene in a pair and a movie.
    size : (width, height) or None
        px; as the scene needs if None.
    movie : str
        Ending of the file of a movie.
    out : Path or None
        Folder; that of the run if None.
    overwrite : bool
        Replace what is in `out`.
    """

    scenes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    times: tuple[float, ...] = ()
    inside: str = "block"
    size: tuple[int, int] | None = None
    movie: str = ".gif"
    out: Path | None = None
    overwrite: bool = False


def pictures(run: Run, view: View, wanted: Wanted) -> Iterator[Path]:
    """Make the pictures, and give the path of each when it is there.

    Raises
    ------
    CaseError
        For a scene that is none.
    RunError
        When the run lacks a quantity or a time.
    FileExistsError
        When a picture is in the folder that people named already.
    """
    for name in wanted.scenes:
        _check_scene("--scene", name, (*_stills(), *SERIES))
    _check_scene("--inside", wanted.inside, _stills())
    for time in wanted.times:
        run.snapshot(time)
    run.snapshot()
    for name in wanted.scenes or _all_scenes(run):
        for field in wanted.fields or (None,):
            size = wanted.size or _usual_size(name, wanted.inside)
            asked = replace(view, quantity=None if field is None else run.quantity(field).name, size=size)
            yield from _series(run, name, asked, wanted) if name in SERIES else _still(run, name, asked, wanted)


def _usual_size(name: str, inside: str) -> tuple[int, int]:
    """Pixels of a picture: 1600 wide, and as high as the scene needs."""
    from mnrd.pictures.scenes import SCENES

    scene = SCENES[inside if name in SERIES else name]
    return WIDTH, round(WIDTH * (scene.beside if name == PAIR else scene.alone))


def _still(run: Run, name: str, view: View, wanted: Wanted) -> Iterator[Path]:
    """One picture for each time, with limits that they share."""
    from mnrd.pictures import frame
    from mnrd.pictures.scenes import completed, draw

    view = completed(name, run, view, wanted.times)
    for time in wanted.times or (view.time,):
        path = _place(run, wanted, f"{name}-{view.quantity}-{_clock(run, run.snapshot(time).time)}.png")
        frame.save(draw(name, run, replace(view, time=time)), path)
        yield path


def _series(run: Run, name: str, view: View, wanted: Wanted) -> Iterator[Path]:
    """A pair or a movie."""
    from mnrd.pictures import frame, movie, pair
    from mnrd.pictures.scenes import completed

    quantity = completed(wanted.inside, run, view, run.times[-1:]).quantity
    path = _place(run, wanted, f"{name}-{quantity}" + (".png" if name == PAIR else wanted.movie))
    if name == MOVIE:
        movie.write(wanted.inside, run, view, path)
    else:
        later = replace(view, time=wanted.times[-1] if wanted.times else None)
        frame.save(pair.draw(wanted.inside, run, later), path)
    yield path


def _stills() -> tuple[str, ...]:
    from mnrd.pictures.scenes import SCENES

    return tuple(SCENES)


def _all_scenes(run: Run) -> tuple[str, ...]:
    """What there are data for: a series needs two times."""
    return _stills() + (SERIES if len(run.times) > 1 else ())


def _check_scene(option: str, name: str, known: Sequence[str]) -> None:
    from mnrd.case.errors import CaseError, nearest

    if name not in known:
        raise CaseError([f"{option}: got {name}, {nearest(name, known)}"])


def _place(run: Run, wanted: Wanted, name: str) -> Path:
    """Where a picture goes; its folder is there on return."""
    path = (wanted.out or run.folder / directory.PICTURES) / name.replace(" ", "-")
    if wanted.out is not None and path.exists() and not wanted.overwrite:
        raise FileExistsError(f"{path}: is there already; name another folder, or say --overwrite")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _clock(run: Run, time: float) -> str:
    """A time in the name of a file: as people say it, in s where that would be the same for another time of the run."""
    from mnrd.output.labels import duration

    said = [duration(one) for one in run.times]
    return duration(time).replace(" ", "") if said.count(duration(time)) == 1 else f"{time:.12g}s"


def _size(text: str) -> tuple[int, int]:
    """Width and height of '1600x1200'."""
    from mnrd.case.errors import CaseError

    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise CaseError([f"--size: got {text}, must be WIDTHxHEIGHT in pixels, such as 1600x1200"]) from None
    return width, height


def _numbers(option: str, text: str) -> tuple[float, float]:
    """Two numbers with a comma between."""
    from mnrd.case.errors import CaseError

    try:
        first, second = (float(part) for part in text.split(","))
    except ValueError:
        raise CaseError([f"{option}: got {text}, must be two numbers with a comma between, such as 0,20"]) from None
    return first, second
