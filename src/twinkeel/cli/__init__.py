"""The command line: parse, call the project, render. Thin, and light until a verb runs."""

from __future__ import annotations


def main() -> None:
    """The `twinkeel` command; ends the process with the verb's exit code."""
    import sys

    from twinkeel.cli.app import run

    sys.exit(run(sys.argv[1:]))
