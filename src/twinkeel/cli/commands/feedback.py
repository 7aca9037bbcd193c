"""`twinkeel feedback`: how answers were received, from a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from twinkeel.cli.commands.label import reply, roles
from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Component


def feedback(
    component: Component,
    /,
    *columns: str,
    in_: Annotated[Path | None, Parameter(name="--in")] = None,
    here: Here,
) -> Reply:
    """Record how answers were received, from a table. Ends with 1 if a row is refused.

    Parameters
    ----------
    component
        The component's name in twinkeel.toml.
    columns
        Which column holds what, as value=stars event=event_id: the keys of
        [components.NAME.feedback], which hold where none are given.
    in_
        The table; by default the source that [components.NAME.feedback] names.
    """
    return reply(here.project.feedback(component, in_, columns=roles(columns)))
