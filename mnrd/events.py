"""Events: the problem changes between two steps, and fields may jump; all that comes and goes by it is booked."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnrd.model.problem import Event
from mnrd.solve.fields import Coefficients, make_contacts


def meet(simulation: Any) -> None:
    """Apply the events that are due now: new coefficients, new reservoirs, the same concentrations."""
    changed = False
    while simulation.events and simulation.events[0].time <= simulation.time:
        event = simulation.events.pop(0)
        simulation.met.append(event)
        problem = event.change(simulation.problem)
        changed = changed or problem is not simulation.problem or event.jump is not None
        simulation.problem = problem
        if event.jump is not None:
            _jump(simulation, event)
    if not changed:
        return
    simulation.coefficients = Coefficients(simulation.backend, simulation.grid, simulation.problem)
    simulation.stepper.use(simulation.coefficients)
    _change_reservoirs(simulation)
    simulation.controller.restart(simulation.first_step)
    if simulation.started:
        simulation.stepper.begin(simulation.time, simulation.contacts)


def _change_reservoirs(simulation: Any) -> None:
    """Take the reservoirs of the changed problem, and book what is put on and taken off."""
    contacts = make_contacts(simulation.coefficients, simulation.time, simulation.contacts)
    for key, contact in contacts.items():
        old, account = simulation.contacts[key], simulation.accounts[key[0]]
        if contact is not old:
            account.filled(contact)
            if contact.reservoir.tops_up:
                contact.amount += old.amount
            else:
                account.emptied(old)
    simulation.contacts = contacts


def _jump(simulation: Any, event: Event) -> None:
    """Let fields jump, and book what comes and goes by it."""
    model, volume = simulation.problem.model, simulation.problem.mesh.volume
    before = {name: simulation.concentration(name) for name in model.names}
    for name, values in event.jumped(simulation.problem, before).items():
        index = model.index(name)
        account, change = simulation.accounts[index], volume * (values - before[name])
        account.applied += float(change[change > 0].sum())
        account.removed -= float(change[change < 0].sum())
        simulation.state.now[index] = simulation.backend.array(values, np.float64)
