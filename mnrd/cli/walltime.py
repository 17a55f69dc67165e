"""How long a run may take: a time from the command line, or what the batch system leaves."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping

from mnrd.case.errors import CaseError

log = logging.getLogger("mnrd")

_CLOCK = re.compile(r"(?:(\d+)-)?(\d+):([0-5]\d):([0-5]\d)")
ASKING = 10.0  # s that squeue may take


def seconds(text: str, option: str) -> float:
    """Read ``HH:MM:SS`` or ``D-HH:MM:SS``, s.

    Raises
    ------
    CaseError
        Which names the option.
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise CaseError([f"{option}: got {text}, must be HH:MM:SS or D-HH:MM:SS, such as 23:30:00"])
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + rest)


def limit(
    text: str,
    environ: Mapping[str, str],
    now: Callable[[], float] = time.time,
    ask: Callable[[str], str] | None = None,
) -> float | None:
    """Wall time that a run has from now on, s; None for no limit.

    Parameters
    ----------
    text : str
        ``HH:MM:SS``, ``D-HH:MM:SS``, or ``auto``: until the end of the Slurm job, without one no limit.
    environ : mapping of str to str
        The environment variables.
    now : callable
        Time of day as Slurm counts it, s since 1970.
    ask : callable, optional
        Gives what squeue says of the time that a job has left; empty if it says nothing.

    Raises
    ------
    CaseError
        For any other text.
    """
    if text != "auto":
        return seconds(text, "--max-walltime")
    job, end = environ.get("SLURM_JOB_ID"), environ.get("SLURM_JOB_END_TIME", "")
    if job is None:
        log.info("--max-walltime auto: this is no Slurm job, so there is no limit")
        return None
    left = float(end) - now() if end.isdigit() else _seconds_left((ask or _squeue)(job))
    if left is None:
        log.warning("--max-walltime auto: job %s says no end, so there is no limit", job)
        return None
    log.info("--max-walltime auto: job %s has %.0f s left", job, left)
    return left


def _squeue(job: str) -> str:
    """What squeue says of the time that a job has left."""
    command = shutil.which("squeue")
    if command is None:
        return ""
    try:
        said = subprocess.run(
            [command, "--noheader", "--jobs", job, "--format", "%L"],
            capture_output=True, text=True, timeout=ASKING, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout


def _seconds_left(said: str) -> float | None:
    """Time in the words of Slurm, which leaves out hours that are 0; None for one that is not given or unlimited."""
    words = said.split()
    if not words:
        return None
    text = words[0] if words[0].count(":") != 1 else f"0:{words[0].zfill(5)}"
    try:
        return seconds(text, "squeue")
    except CaseError:
        return None
