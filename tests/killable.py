"""`mnrd` that kills itself at the n-th moment at which it touches a file: python killable.py FOLDER N run ...

A moment is before a file in the folder is opened for writing, moved, removed or cut, and in the middle of each write
of a checkpoint or a row of a table, of which then one half is on the disk.
"""

import os
import signal
import sys
from io import FileIO
from pathlib import Path

FOLDER, LEFT = os.path.realpath(sys.argv[1]), [int(sys.argv[2])]
del sys.argv[1:3]


def moment():
    """Die here if it is the one."""
    LEFT[0] -= 1
    return LEFT[0] == 0


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def touched(event, arguments):
    """Whether something is about to be done to a file in the folder."""
    if event == "open":
        path, mode, _ = arguments
        writes = isinstance(path, str | os.PathLike) and mode is not None and set(mode) & set("wax+")
    else:
        path, writes = arguments[0] if arguments else None, event in ("os.rename", "os.remove", "os.truncate")
    return writes and os.path.realpath(path).startswith(FOLDER)


def watch(event, arguments):
    if touched(event, arguments) and moment():
        die()


def half_written(write):
    """A write that may end in its middle."""

    def wrapper(file, data):
        if moment():
            write(file, bytes(data)[: len(data) // 2])
            die()
        return write(file, data)

    return wrapper


class Halved(FileIO):
    """A file of which a write may end in its middle."""

    write = half_written(FileIO.write)


def opened(path, mode="r", buffering=-1, *rest, **others):
    """`Path.open`; what is written without a buffer is halved."""
    return Halved(path, mode.replace("b", "")) if buffering == 0 else open(path, mode, buffering, *rest, **others)


if __name__ == "__main__":
    from mnrd.cli import main
    from mnrd.output.sink import Sink

    Sink.write = half_written(Sink.write)
    Path.open = opened
    sys.addaudithook(watch)
    main()
