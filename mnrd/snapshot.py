"""What a simulation remembers between two steps: all that the next one needs, as a list of named things."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from mnrd.backends.base import Array
from mnrd.model.problem import Problem
from mnrd.solve.account import Account
from mnrd.solve.fields import Coefficients, make_contacts
from mnrd.solve.step import Rates

CLOCK = ("time", "step", "rejected", "iterations", "started")
CONTROLLER = ("dt", "previous", "started")
CONTACT = ("area", "start", "amount", "applied", "slope")
STATE = ("now", "slope")


def take(simulation: Any) -> tuple[dict[str, Any], dict[str, Array]]:
    """What a simulation remembers now.

    Returns
    -------
    numbers : dict of str to numbers, texts, and lists and mappings of them
        What the problem is known by, the events that are done, the clock, the controller, the error scales,
        what the linear solves are planned with, the reservoirs, the accounts and the fluxes of the last step.
    arrays : dict of str to (fields, nz, ny, nx) array
        Those of `STATE`: the arrays of the simulation, which its next step changes.
    """
    contacts, names = simulation.contacts.items(), simulation.problem.model.names
    numbers = {
        "problem": _known_by(simulation.problem),
        "events": [[event.time, event.name] for event in simulation.met],
        "clock": {name: getattr(simulation, name) for name in CLOCK},
        "controller": {name: getattr(simulation.controller, name) for name in CONTROLLER},
        "scales": list(simulation.stepper.scales),
        "couplings": simulation.stepper.couplings.tolist(),
        "contacts": [[*key, {name: getattr(contact, name) for name in CONTACT}] for key, contact in contacts],
        "accounts": [asdict(account) for account in simulation.accounts],
        "fluxes": [simulation.fluxes(name) for name in names],
    }
    return numbers, {name: getattr(simulation.state, name) for name in STATE}


def put(simulation: Any, numbers: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Make a simulation that was not run yet go on where another one of the same problem and events was.

    Parameters
    ----------
    simulation : Simulation
    numbers, arrays : mapping
        What `take` returned; each field of the arrays may be on the host.

    Raises
    ------
    ValueError
        If the problem or its events are others, or the simulation has begun; nothing is changed then.
    """
    for fault in _faults(simulation, numbers):
        raise ValueError(fault)
    _repeat_events(simulation, len(numbers["events"]))
    for name, value in numbers["clock"].items():
        setattr(simulation, name, value)
    for name, value in numbers["controller"].items():
        setattr(simulation.controller, name, value)
    simulation.contacts = make_contacts(simulation.coefficients, simulation.time, {})
    for index, side, values in numbers["contacts"]:
        for name, value in values.items():
            setattr(simulation.contacts[index, side], name, value)
    simulation.accounts = [Account(**values) for values in numbers["accounts"]]
    simulation.last = [_rates(dict(fluxes)) for fluxes in numbers["fluxes"]]
    for name, values in arrays.items():
        target = getattr(simulation.state, name)
        for index in range(len(target)):
            target[index] = simulation.backend.array(values[index], target.dtype)
    simulation.stepper.resume(simulation.time, numbers["scales"], numbers["couplings"])


def _faults(simulation: Any, numbers: Mapping[str, Any]) -> Iterator[str]:
    """What keeps a simulation from going on from there."""
    if simulation.started:
        yield f"the simulation has begun (t = {simulation.time:g} s), it must be a new one"
    for name, got in _known_by(simulation.problem).items():
        if got != numbers["problem"][name]:
            yield f"{name} of the problem: got {got}, must be {numbers['problem'][name]}"
    got = [[event.time, event.name] for event in simulation.events[: len(numbers["events"])]]
    if got != numbers["events"]:
        yield f"events until {numbers['clock']['time']:g} s: got {got}, must be {numbers['events']}"


def _known_by(problem: Problem) -> dict[str, Any]:
    """What is the same before and after any event."""
    digest = hashlib.sha256(b"".join(edges.tobytes() for edges in (problem.mesh.x, problem.mesh.y, problem.mesh.z)))
    return {"fields": list(problem.model.names), "cells": list(problem.mesh.shape), "mesh": digest.hexdigest()}


def _repeat_events(simulation: Any, count: int) -> None:
    """Let the first events change the problem; what they did to fields and reservoirs is in the snapshot."""
    for _ in range(count):
        event = simulation.events.pop(0)
        simulation.met.append(event)
        simulation.problem = event.change(simulation.problem)
    if count:
        simulation.coefficients = Coefficients(simulation.backend, simulation.grid, simulation.problem)
        simulation.stepper.use(simulation.coefficients)


def _rates(fluxes: dict[str, float]) -> Rates:
    """Rates of which `Simulation.fluxes` makes these fluxes."""
    top, base = fluxes.pop("top"), fluxes.pop("base")
    return Rates(influx={"top": top, "base": -base}, terms=fluxes)
