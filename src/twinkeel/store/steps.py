"""The finished steps of a build, so that one that was killed goes on where it was.

A step fills a temporary folder, which is synced and renamed when it is done: a step is either
there as a whole or not at all. The folder is removed when the build has become a version.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from twinkeel.store import files, points


class Steps:
    """Steps of one build, kept in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.resumed: list[str] = []
        """Keys of the steps that were found finished."""

    def __call__(self, key: str, work: Callable[[Path], None]) -> Path:
        """Run `work(folder)` unless it has run to its end before; return the filled folder."""
        if re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,99}", key) is None:
            raise ValueError(f"step key {key!r}: expected lower case letters, digits, _ . -")
        done = self.folder / key
        if done.is_dir():
            self.resumed.append(key)
            return done
        filling = self.folder / f"{key}~"
        shutil.rmtree(filling, ignore_errors=True)
        filling.mkdir(parents=True)
        work(filling)
        files.sync_tree(filling)
        points.reached("step.filled")
        os.replace(filling, done)  # noqa: PTH105  # the atomic call, by its name
        files.sync(self.folder)
        points.reached("step.done")
        return done

    def forget(self) -> None:
        """Remove all steps: the build has become a version."""
        shutil.rmtree(self.folder, ignore_errors=True)
