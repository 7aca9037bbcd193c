"""`twinkeel rollback`: bring back what was in production before."""

from __future__ import annotations

from twinkeel.cli.commands.release import in_production
from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Component


def rollback(component: Component, /, *, here: Here) -> Reply:
    """Bring back what was in production before, in one step.

    Parameters
    ----------
    component
        The component's name in twinkeel.toml.
    """
    made = here.project.rollback(component)
    return Reply(data=made, parts=(in_production(made),))
