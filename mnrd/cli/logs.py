"""Where the log goes: run.log always, stderr off a terminal, text or one JSON object per line."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

log = logging.getLogger("mnrd")

FIELDS = "fields"
"""Key of `extra` under which a message carries its numbers: ``log.info("...", extra={"fields": {"step": 3}})``."""

PROGRESS = "progress"
"""Value of the field `event` of the lines that say how far a run is."""


class JsonLines(logging.Formatter):
    """One JSON object per line: time (UTC), level, message, and the numbers that the message carries."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, without its end."""
        entries = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        return json.dumps(entries, ensure_ascii=False)


class RunLog(logging.FileHandler):
    """run.log; when the disk is full it says so once on stderr, and the run goes on to its own end."""

    _failed = False

    def handleError(self, record: logging.LogRecord) -> None:
        """Say once that the log cannot be written."""
        if not self._failed:
            self._failed = True
            print(f"{self.baseFilename}: cannot be written ({sys.exc_info()[1]}); the log is cut here", file=sys.stderr)

    def close(self) -> None:
        """Close the file; what a full disk did not take is lost, and was said."""
        with suppress(OSError):
            super().close()


@contextmanager
def to_file(folder: Path, *, as_json: bool = False) -> Iterator[None]:
    """Add what is logged inside the block to ``run.log``; a run that goes on writes behind what is there."""
    handler = RunLog(folder / "run.log", encoding="utf-8")
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    with _attached(handler, JsonLines() if as_json else text):
        yield


@contextmanager
def to_stderr(*, as_json: bool = False, least: int = logging.INFO, without_progress: bool = False) -> Iterator[None]:
    """Write what is logged inside the block to stderr, from the level `least` on; errors are printed by the command."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(least)
    handler.addFilter(lambda record: record.levelno < logging.ERROR)
    if without_progress:
        handler.addFilter(lambda record: getattr(record, FIELDS, {}).get("event") != PROGRESS)
    with _attached(handler, JsonLines() if as_json else logging.Formatter("%(message)s")):
        yield


@contextmanager
def _attached(handler: logging.Handler, formatter: logging.Formatter) -> Iterator[None]:
    handler.setFormatter(formatter)
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        handler.close()
