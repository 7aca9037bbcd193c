"""Fixtures of the command line's tests; what they are made of is in `cli_runs`."""

from cli_runs import cli, folder

__all__ = ["cli", "folder"]
