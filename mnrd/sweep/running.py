"""Run cells of a sweep: each in a process of its own, so that one that crashes takes no other with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnrd.case import CaseError
from mnrd.output.directory import locked
from mnrd.output.ending import Ending
from mnrd.sweep.folder import Failure, SweepFolder
from mnrd.sweep.plan import Cell

LOOK = 0.2  # s between two looks at a process, and at whether to stop
SAID = 4000  # characters kept of what a failed cell said
ANSWER = 15.0  # s in which a scheduler must answer
STOPPING = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)  # what a batch system or a user sends to stop a run
KILLING = 10.0  # s in which workers see that they shall kill their processes
NOW = "now"
COMMAND = (sys.executable, "-m", "mnrd")


@dataclass(frozen=True)
class Outcome:
    """How the process of a cell ended.

    Parameters
    ----------
    cell : Cell
    code : int
        Its exit code; minus the signal that killed it.
    seconds : float
    failure : Failure or None
        None when it is done or can go on later.
    """

    cell: Cell
    code: int
    seconds: float = 0.0
    failure: Failure | None = None


@dataclass(frozen=True)
class Stop:
    """A file that says to all processes of one sweep command, on whatever machine, that they shall stop.

    Parameters
    ----------
    path : Path
    """

    path: Path

    def ask(self, *, now: bool = False) -> None:
        """Ask for it: politely with checkpoints, or at once."""
        self.path.write_text(NOW if now else "politely", "utf-8")

    @property
    def signal(self) -> signal.Signals | None:
        """What a process is sent; None while nobody asked."""
        try:
            return signal.SIGKILL if self.path.read_text("utf-8") == NOW else signal.SIGTERM
        except FileNotFoundError:
            return None


@dataclass(frozen=True)
class Job:
    """What a worker must know to run a cell.

    Parameters
    ----------
    cell : Cell
    case, folder : Path
        Its case file and its run directory.
    stop : Stop
    deadline : float or None
        Time of day (s since 1970) by which all must have stopped and after which nothing begins; None for the end of
        the batch job that the worker is in.
    threads : int or None
        For the process; None leaves it to the worker's environment.
    """

    cell: Cell
    case: Path
    folder: Path
    stop: Stop
    deadline: float | None = float("inf")
    threads: int | None = None

    @property
    def left(self) -> float:
        """Time until the deadline, s."""
        return float("inf") if self.deadline is None else self.deadline - time.time()


def share(cells: Sequence[Cell], task: int, of: int) -> list[Cell]:
    """The cells of one task of a job array: those whose number leaves the same rest as `task` when divided by `of`.

    Tasks may be counted from 0 or from 1: every cell belongs to exactly one of them.

    Raises
    ------
    CaseError
        When there is no such task.
    """
    if of < 1 or not 0 <= task <= of:
        raise CaseError(
            [
                f"--task: got {task} of {of}, must be 0 to {of - 1} or 1 to {of}; number the tasks of the array "
                "without gaps, such as --array=0-9"
            ]
        )
    return [cell for cell in cells if cell.number % of == task % of]


def run_cells(
    folder: SweepFolder,
    cells: Sequence[Cell],
    executor: Executor,
    stop: Stop,
    *,
    asked: Callable[[], bool] = lambda: False,
    deadline: float | None = float("inf"),
    threads: int | None = None,
) -> Iterator[Outcome]:
    """Run cells and yield each when it has ended; failures are kept in the folder.

    Parameters
    ----------
    folder : SweepFolder
    cells : sequence of Cell
    executor : Executor
        Where: threads here, or the workers of Dask.
    stop : Stop
    asked : callable
        Looked at all the time; from when it gives True the processes are stopped politely and no other begins.
    deadline, threads
        See `Job`.
    """
    waiting: dict[Future[Outcome], Cell] = {}
    for cell in cells:
        folder.remember(cell, None)
        job = Job(cell, folder.case(cell), folder.run(cell), stop, deadline, threads)
        waiting[executor.submit(run_cell, job)] = cell
    try:
        while waiting:
            for future in wait(waiting, timeout=LOOK, return_when=FIRST_COMPLETED).done:
                outcome = _outcome(future, waiting.pop(future))
                if outcome.failure is not None:
                    folder.remember(outcome.cell, outcome.failure)
                yield outcome
            if asked() and stop.signal is None:
                stop.ask()
    except KeyboardInterrupt:
        stop.ask(now=True)
        wait(waiting, timeout=KILLING)
        raise


def run_cell(job: Job) -> Outcome:
    """Run one cell in a process of its own; it is stopped politely when that is asked for."""
    if job.stop.signal is not None or job.left <= 0.0 or _in_use(job.folder):
        return Outcome(job.cell, Ending.STOPPED)
    started = time.monotonic()
    command = [*COMMAND, "run", str(job.case), "--out", str(job.folder), "--resume", "auto", "--no-report", "--quiet"]
    if job.deadline != float("inf"):
        command += ["--max-walltime", "auto" if job.deadline is None else _clock(job.left)]
    # Its own session: Ctrl-C at a terminal is for the sweep, which passes it on once and as SIGTERM.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        env=_environment(os.environ, job.threads), text=True, errors="replace",
    )  # fmt: skip
    said = _until_it_ends(process, job.stop)
    code, seconds = process.returncode, time.monotonic() - started
    if -code in STOPPING or (code < 0 and job.stop.signal is not None):  # it did not listen yet: nothing is lost
        code = Ending.STOPPED
    if code in (Ending.DONE, Ending.STOPPED):
        return Outcome(job.cell, code, seconds)
    return Outcome(job.cell, code, seconds, Failure(code, _reason(code, said), said[-SAID:]))


@contextmanager
def local(workers: int) -> Iterator[Executor]:
    """Places to run cells on this machine: a thread that looks after one process at a time, or a Dask cluster."""
    if workers == 1:
        with ThreadPoolExecutor(1) as executor:
            yield executor
        return
    distributed = _distributed("--workers 1 does without it")
    # Threads are enough for workers that look after processes, and a signal meets one process only.
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=workers, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


@contextmanager
def remote(address: str) -> Iterator[Executor]:
    """The workers of a Dask scheduler that runs already; they must see the same files."""
    distributed = _distributed("--task and --of do without it")
    try:
        client = distributed.Client(address, timeout=ANSWER)
    except (OSError, ValueError) as error:
        raise CaseError(
            [f"--scheduler: got {address}, nobody answers there ({error}); give it as tcp://HOST:PORT"]
        ) from None
    with client:
        yield client.get_executor()


def _distributed(otherwise: str) -> Any:
    try:
        import dask.distributed
    except ModuleNotFoundError:
        raise CaseError([f"workers are run by Dask: pip install 'mnrd[sweep]'; {otherwise}"]) from None
    return dask.distributed


def _outcome(future: Future[Outcome], cell: Cell) -> Outcome:
    """What a worker gave, or that it was lost."""
    try:
        return future.result()
    except Exception as error:  # whatever became of a worker, the other cells go on
        reason = f"its worker was lost: {type(error).__name__}: {error}"
        return Outcome(cell, 1, failure=Failure(1, reason))


def _in_use(folder: Path) -> bool:
    """Whether a process is in a run directory: one of another command, or one that outlived a sweep that was killed."""
    if not folder.exists():
        return False
    try:
        with locked(folder):
            return False
    except OSError:
        return True


def _until_it_ends(process: subprocess.Popen[str], stop: Stop) -> str:
    """Wait for a process, pass on that it shall stop, and give what it wrote to stderr."""
    sent = None
    try:
        while True:
            try:
                return process.communicate(timeout=LOOK)[1]
            except subprocess.TimeoutExpired:
                wanted = stop.signal
                if wanted is not None and wanted != sent:
                    process.send_signal(wanted)
                    sent = wanted
    finally:
        if process.poll() is None:
            process.kill()


def _reason(code: int, said: str) -> str:
    """The last line that a process wrote, or what killed it."""
    if code < 0:
        name = signal.Signals(-code).name
        return f"killed by {name}" + ("; most often for its memory" if name == "SIGKILL" else "")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else f"ended with exit code {code} and said nothing"


def _environment(here: Mapping[str, str], threads: int | None) -> dict[str, str]:
    """The environment of a cell: its share of the cores, unless the user has said how many."""
    return {**({} if threads is None else {"OMP_NUM_THREADS": str(threads)}), **here}


def _clock(seconds: float) -> str:
    """HH:MM:SS, rounded down."""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
