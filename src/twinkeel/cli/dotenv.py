"""Secrets from a project's `.env`, for those who do not set them in the environment.

Lines are `NAME=VALUE`, with `#` comments, an optional `export` and optional quotes; nothing is
expanded. What the environment already has is never overridden. Refuses a `.env` that git tracks
or would add: one that is in a work tree and not ignored.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import MutableMapping
from pathlib import Path

from twinkeel.errors import UsageError

FILE = ".env"
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


def load(root: Path, environ: MutableMapping[str, str] = os.environ) -> None:
    """Add what `.env` in `root` names to `environ`; does nothing where there is no such file.

    Raises UsageError for what cannot be read, without showing it, and for a file that is not kept
    from git.
    """
    path = root / FILE
    if not path.is_file():
        return
    if _git(root, "ls-files", "--error-unmatch", FILE) == 0:
        raise UsageError(
            f"{path} is tracked by git, so its secrets are in the history: run "
            "git rm --cached .env, add .env to .gitignore, and replace those secrets."
        )
    if _git(root, "check-ignore", "--quiet", FILE) == 1:
        raise UsageError(
            f"{path} has secrets that git would add with everything else: add .env to .gitignore."
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text: save it as UTF-8.") from None
    for name, value in parse(text).items():
        environ.setdefault(name, value)


def parse(text: str) -> dict[str, str]:
    """Names and values of a `.env`; raises UsageError naming the line."""
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            raise UsageError(f"{FILE}, line {number}: expected NAME=VALUE.")
        found[match[1]] = _unquoted(match[2])
    return found


def _unquoted(value: str) -> str:
    for quote in ('"', "'"):
        if len(value) >= 2 and value[0] == quote and quote in value[1:]:
            return value[1 : value.index(quote, 1)]
    return value.split(" #", 1)[0].rstrip()


def _git(root: Path, *words: str) -> int | None:
    """The exit code of a git command in `root`; None where there is no git."""
    try:
        answer = subprocess.run(  # noqa: S603  # no shell, fixed words
            ["git", "-C", str(root), *words],  # noqa: S607  # the user's git
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return answer.returncode
