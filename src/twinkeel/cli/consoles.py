"""Consoles: what is printed arrives whole, in what the terminal's encoding can show."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console

_PIPE_WIDTH = 160
"""Columns of a table that goes to a file or a pipe, which has no width of its own."""


class _Console(Console):
    """Leaves a closed pipe to the one catch, instead of ending the process by itself."""

    def on_broken_pipe(self) -> None:
        """Go on with the BrokenPipeError that is being handled."""
        raise  # noqa: PLE0704  # called while it is handled


def console(stream: TextIO) -> Console:
    """A console on `stream` that prints what its encoding can, and "?" for the rest.

    Texts are shown as they are: brackets in a name are no markup.
    """
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    width = None if stream.isatty() else _PIPE_WIDTH
    return _Console(file=stream, width=width, markup=False, highlight=False, emoji=False)
