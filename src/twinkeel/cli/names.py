"""The types of what verbs take: names, completed from `twinkeel.toml` by the shell, and flags."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from pathlib import Path

    from cyclopts.completion import CompletionContext


def _components(_: CompletionContext) -> dict[str, str]:
    """Component name -> kind, of the project that the words so far mean; never raises."""
    from twinkeel.config import load

    try:
        root = project_root(sys.argv[1:])
        return {} if root is None else {n: t.kind for n, t in load(root).components.items()}
    except Exception:  # noqa: BLE001  # the shell has no place for an error
        return {}


def project_root(arguments: Sequence[str]) -> Path | None:
    """The project's folder that `--project` in the arguments means, found without opening it."""
    from pathlib import Path

    from twinkeel.config import FILE

    start = Path()
    for name, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if name == "--project":
            start = Path(value)
        elif name.startswith("--project="):
            start = Path(name.removeprefix("--project="))
    start = start.resolve()
    return next((f for f in (start, *start.parents) if (f / FILE).is_file()), None)


Component = Annotated[str, Parameter(completer=_components)]
"""A component's name."""

Ref = Annotated[str, Parameter(completer=_components)]
"""A version such as `churn@7`, or a component's name."""

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
"""Something that is off unless it is named."""
