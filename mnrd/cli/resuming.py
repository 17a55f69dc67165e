"""Whether a command starts a run anew or goes on with the one in its folder."""

from __future__ import annotations

import json
import logging
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tomli_w

from mnrd.case import Case
from mnrd.case.case import from_document
from mnrd.case.difference import MAY_CHANGE, Difference, differences
from mnrd.case.errors import CaseError
from mnrd.output import checkpoint, directory
from mnrd.output.ending import Ending
from mnrd.results.run import stored_case

log = logging.getLogger("mnrd")

AUTO, NEVER = "auto", "never"


@dataclass(frozen=True)
class Beginning:
    """How a command begins.

    Parameters
    ----------
    folder : Path
        The run directory.
    way : str
        ``new``: in a new folder; ``over``: in place of the run that is there; ``on``: that run goes on;
        ``finished``: there is nothing to do.
    checkpoint : Path, optional
        The one that was asked for.
    """

    folder: Path
    way: Literal["new", "over", "on", "finished"]
    checkpoint: Path | None = None

    def prepare(self, case: Case) -> None:
        """Make the folder ready for the run, and write case.toml into it."""
        for name in (directory.SUMMARY, directory.FAILED, directory.REPORT):  # of an end that is none any more
            (self.folder / name).unlink(missing_ok=True)
        if self.way == "over":
            for path in checkpoints(self.folder):
                path.unlink()
            directory.clear(self.folder)
        directory.remove_parts(self.folder)
        _keep_mesh(case, self.folder / directory.MESH)
        text = f"# {case.name}\n{tomli_w.dumps(case.effective(directory.MESH))}"
        directory.write_text(self.folder / directory.CASE, text)


def _keep_mesh(case: Case, path: Path) -> None:
    """Copy the imported mesh of a case to a path, unless it lies there; without one nothing is left there."""
    if case.skin is None or case.skin.mesh is None:
        path.unlink(missing_ok=True)
    elif not path.exists() or not path.samefile(case.skin.mesh):
        with directory.replacing(path) as part:
            shutil.copyfile(case.skin.mesh, part)


def look(case: Case, folder: Path, resume: str = AUTO, *, force: bool = False, overwrite: bool = False) -> Beginning:
    """Find out how to begin; changes nothing.

    Parameters
    ----------
    case : Case
    folder : Path
        The run directory.
    resume : str
        ``auto``, ``never``, or the path of a checkpoint or of the run directory, which must hold one then.
    force : bool
        Go on although keys of `MAY_CHANGE` have other values.
    overwrite : bool
        Replace the run in the folder.

    Raises
    ------
    CaseError
        When the run in the folder is one of another case, or the path leads nowhere.
    FileExistsError
        When there is a run, and it is not to go on.
    """
    asked = None if resume in (AUTO, NEVER) else _asked(folder, resume)
    if not (folder / directory.CASE).is_file():
        return Beginning(folder, "new")
    if overwrite:
        return Beginning(folder, "over")
    if resume == NEVER:
        raise FileExistsError(
            f"{folder}: holds a run already; go on with it (--resume auto), replace it (--overwrite) or name another "
            "folder (--out)"
        )
    changed = differences(stored_case(folder), case)
    if changed:
        _may_change(folder, changed, force=force)
    if finished(folder):
        if not changed and asked is None:
            return Beginning(folder, "finished")
        if not checkpoints(folder):
            raise FileExistsError(
                f"{folder}: holds a finished run without checkpoints, which cannot go on; replace it (--overwrite) or "
                "name another folder (--out)"
            )
    return Beginning(folder, "on", asked if asked is None or asked.is_file() else None)


def home(resume: str) -> Path | None:
    """The run directory that a value of --resume means; None for auto and never."""
    if resume in (AUTO, NEVER):
        return None
    path = Path(resume)
    return path if path.is_dir() else path.parent.parent.parent


def finished(folder: Path) -> bool:
    """Whether the run in a folder came to its end."""
    try:
        summary = json.loads((folder / directory.SUMMARY).read_text("utf-8"))
        return bool(summary["exit code"] == Ending.DONE)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def checkpoints(folder: Path, name: str = "*") -> list[Path]:
    """The checkpoints in a run directory, of all its simulations or of one; the oldest first."""
    return sorted((folder / directory.CHECKPOINTS).glob(f"{name}/step-*.h5"), key=lambda path: path.stat().st_mtime)


def checkpoint_of(folder: Path, name: str, case: Case, asked: Path | None) -> checkpoint.Checkpoint | None:
    """The checkpoint from which one of the simulations goes on; None where there is none.

    Raises
    ------
    CaseError
        When it is of another case, or beyond the end of this one.
    CheckpointError
        When none can be read, or not the one that is asked for: nothing starts anew by itself then.
    """
    own = asked if asked is not None and asked.parent.name == name else None
    found = checkpoint.read(own) if own else checkpoint.latest(folder / directory.CHECKPOINTS / name)
    if found is None:
        return None
    changed = [one for one in differences(_case_of(found), case) if not one.may_change]
    if changed:
        _may_change(folder, changed, force=True)
    if found.time > case.run.end:
        raise CaseError([f"run.end: got {case.run.end:g} s, the run in {folder} is at {found.time:g} s already"])
    return found


def _case_of(found: checkpoint.Checkpoint) -> Case:
    return from_document(tomllib.loads(found.about["case"]), str(found.path), beside=home(str(found.path)))


def _asked(folder: Path, resume: str) -> Path:
    """The checkpoint or run directory that --resume names, if it is of this folder."""
    path = Path(resume)
    if not path.exists():
        raise CaseError([f"--resume {resume}: there is no such checkpoint or run directory; or say auto or never"])
    place = home(resume)
    assert place is not None
    if place.resolve() != folder.resolve():
        raise CaseError([f"--resume {resume}: goes on in {place}, so --out must be left out or be the same"])
    if not checkpoints(folder):
        raise CaseError([f"--resume {resume}: holds no checkpoint; --resume auto starts from the beginning then"])
    return path


def _may_change(folder: Path, changed: list[Difference], *, force: bool) -> None:
    """Raise CaseError, unless it is forced and all the keys that differ may change."""
    fixed = [one for one in changed if not one.may_change]
    if force and not fixed:
        for one in changed:
            log.warning("%s goes on with another %s", folder, one)
        return
    lines = [f"{folder}: holds a run of another case; it differs in"]
    lines += [f"    {one}" for one in changed]
    if fixed:
        lines.append("name another folder (--out) or replace the run (--overwrite)")
    else:
        lines.append("go on with the new values by --force, name another folder (--out) or replace it (--overwrite)")
    lines.append(f"only these may change in a run that is under way: {', '.join(MAY_CHANGE)}")
    raise CaseError(lines)
