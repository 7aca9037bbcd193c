"""A new environment that sees everything installed in this one, and may be installed into."""

from __future__ import annotations

import sys
import sysconfig
import venv
from pathlib import Path

_COMMAND = """#!{python}
from twinkeel.cli import main

main()
"""


def new_environment(folder: Path) -> Path:
    """Make the environment without any network; returns the folder of its commands."""
    assert sys.platform != "win32", "commands here start with #!"
    venv.create(folder, with_pip=False, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    here = sysconfig.get_path("purelib")
    (packages / "ours.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    command = folder / "bin" / "twinkeel"
    command.write_text(_COMMAND.format(python=folder / "bin" / "python"))
    command.chmod(0o755)
    return folder / "bin"
