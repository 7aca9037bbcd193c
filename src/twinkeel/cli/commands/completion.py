"""`twinkeel completion`: names, verbs and options completed by the shell."""

from __future__ import annotations

from typing import Literal

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Flag
from twinkeel.errors import UsageError


def completion(
    shell: Literal["bash", "zsh", "fish"] | None = None,
    /,
    *,
    install: Flag = False,
    here: Here,  # noqa: ARG001  # every verb has one
) -> Reply:
    """Print the completion script of a shell, or install it.

    Parameters
    ----------
    shell
        The shell; by default the one you are in.
    install
        Write the script where the shell finds it, and the line that loads it to its start file.
    """
    from cyclopts.completion import ShellDetectionError

    from twinkeel.cli.app import app

    try:
        if install:
            path = app.install_completion(shell=shell)
            done = f"Completion is installed in {path}: open a new shell to use it."
            return Reply(data={"installed": path}, parts=(done,))
        script = app.generate_completion(shell=shell)
    except ShellDetectionError:
        raise UsageError(
            "The shell could not be recognised: name it, as twinkeel completion bash."
        ) from None
    return Reply(data={"script": script}, parts=(script,))
