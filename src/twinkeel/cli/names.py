"""The types of what verbs take: names, completed from `twinkeel.toml` by the shell, and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from cyclopts.completion import CompletionContext


def _components(_: CompletionContext) -> dict[str, str]:
    """Component name -> kind, of the project in the current folder."""
    from pathlib import Path

    from twinkeel.config import load
    from twinkeel.errors import TwinkeelError

    try:
        return {name: table.kind for name, table in load(Path()).components.items()}
    except TwinkeelError:
        return {}


Component = Annotated[str, Parameter(completer=_components)]
"""A component's name."""

Ref = Annotated[str, Parameter(completer=_components)]
"""A version such as `churn@7`, or a component's name."""

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
"""Something that is off unless it is named."""
