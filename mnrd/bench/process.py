"""Processes of their own: for what must not see the memory, the threads or the imports of this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

CALL = """\
import json, sys
from {module} import {name}
sys.stdout.write(json.dumps({name}(**json.loads(sys.argv[1]))))
"""


def seconds(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Wall time of ``python ARGUMENTS`` with a few more variables of the environment.

    Raises
    ------
    RuntimeError
        When it does not end with 0; with the last lines that it said.
    """
    started = perf_counter()
    _run(arguments, environment)
    return perf_counter() - started


def called(function: Callable[..., Any], environment: Mapping[str, str] | None = None, **arguments: Any) -> Any:
    """What a function of a module returns, called in a process of its own; values are those of JSON."""
    text = CALL.format(module=function.__module__, name=function.__name__)
    return json.loads(_run(["-c", text, json.dumps(arguments)], environment))


def _run(arguments: Sequence[str], environment: Mapping[str, str] | None) -> str:
    command, known = [sys.executable, *arguments], os.environ | (environment or {})
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " / ".join((done.stderr or done.stdout).splitlines()[-3:])
        raise RuntimeError(f"{' '.join(' '.join(command[:3]).split())} ended with {done.returncode}: {said}")
    return done.stdout
