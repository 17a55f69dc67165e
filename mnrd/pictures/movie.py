"""A scene over all times of a run as an animation: one camera, one colour scale, the clock in the picture."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from errno import EIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnrd.output.directory import replacing
from mnrd.pictures import frame
from mnrd.pictures.pair import draw_times, several
from mnrd.pictures.scenes import completed
from mnrd.pictures.view import View, ViewError
from mnrd.results.run import Run

Picture = NDArray[np.uint8]

FORMATS = (".gif", ".mp4")
HELD = 600
"""ms; how long each time of the run is shown, however far apart they are: the clock tells."""
RATE = 10
"""Pictures per second of an MP4; some players refuse fewer."""


class MovieError(ViewError):
    """The animation cannot be made, and what to do."""


def write(scene: str, run: Run, view: View, path: Path) -> int:
    """Write an animation of all times of the run, picture by picture.

    Parameters
    ----------
    scene : str
        Name of the scene in each picture.
    run : Run
    view : View
        Its time does not count. Where the width or the height is odd, an MP4 has one pixel less, for it keeps the
        colours of squares of 2 by 2.
    path : Path
        Ends in ``.gif`` or ``.mp4``; written in one go.

    Returns
    -------
    int
        Number of times of the run that are shown.

    Raises
    ------
    RunError
        When the run lacks the quantity, or has one time only.
    MovieError
        For another ending, or an MP4 without the package that writes it.
    OSError
        When the file cannot be written.
    """
    encoders = dict(zip(FORMATS, (_write_gif, _write_mp4), strict=True))
    if path.suffix not in encoders:
        raise MovieError(f"{path}: got the ending '{path.suffix}', must be {' or '.join(FORMATS)}")
    several(run)
    with replacing(path) as part:
        encoders[path.suffix](part, frames(scene, run, completed(scene, run, view, run.times)))
    return len(run.times)


def frames(scene: str, run: Run, view: View) -> Iterator[Picture]:
    """Pictures (height, width, 3) of a scene at all times, one after the other.

    Parameters
    ----------
    scene : str
    run : Run
    view : View
        With its quantity and limits, as of `completed`.
    """
    for time in run.times:
        yield frame.pixels(draw_times(scene, run, view, (time,)))


def _write_gif(path: Path, pictures: Iterable[Picture]) -> None:
    """Each picture with its own 256 colours, which is all that the format has; it plays for ever.

    Pillow's `save` would hold all pictures until the last one is there.
    """
    from PIL import Image
    from PIL.GifImagePlugin import getdata, getheader

    with path.open("wb") as file:
        for number, picture in enumerate(pictures):
            image = Image.fromarray(picture).quantize(256, kmeans=1, dither=Image.Dither.NONE)
            if number == 0:
                file.writelines(getheader(image, info={"loop": 0})[0])
            file.writelines(getdata(image, duration=HELD, include_color_table=True))
        file.write(b";")


def _write_mp4(path: Path, pictures: Iterable[Picture]) -> None:
    """H.264 with colours that every player knows (yuv420p)."""
    try:
        from imageio_ffmpeg import write_frames
    except ImportError:
        raise MovieError("an MP4 needs imageio-ffmpeg, a GIF does not: pip install 'mnrd[movie]'") from None
    encoder, sent = None, 0
    try:
        for picture in pictures:
            height, width = (2 * (side // 2) for side in picture.shape[:2])
            if encoder is None:
                encoder = write_frames(
                    str(path), (width, height), fps=RATE, codec="libx264", pix_fmt_out="yuv420p",
                    macro_block_size=1, quality=7, ffmpeg_log_level="error",
                )  # fmt: skip
                encoder.send(None)
            for _ in range(HELD * RATE // 1000):
                encoder.send(np.ascontiguousarray(picture[:height, :width]))
                sent += 1
    finally:
        if encoder is not None:
            encoder.close()
    _check_mp4(path, sent)


def _check_mp4(path: Path, sent: int) -> None:
    """Read the file back; OSError when pictures are missing: a full disk ends ffmpeg, which nobody else notices."""
    from imageio_ffmpeg import count_frames_and_secs

    try:
        found, _ = count_frames_and_secs(str(path))
    except RuntimeError:
        found = 0
    if found != sent:
        raise OSError(EIO, os.strerror(EIO))
