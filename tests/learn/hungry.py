"""Families that misbehave, for tests of what happens to them in a process of their own."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import ClassVar

import numpy as np

from twinkeel.learn.families.base import Effort, Fold, Settings, Unfit
from twinkeel.learn.families.regularised import Regularised


class Hungry(Regularised):
    """Takes a gigabyte before it learns."""

    name: ClassVar[str] = "hungry"

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        eaten = np.ones(2**27)
        time.sleep(5)
        super().fit(fold, settings, effort, folder)
        del eaten


class Crashing(Regularised):
    """Takes its process down."""

    name: ClassVar[str] = "crashing"

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        os._exit(1)


class Stuck(Regularised):
    """Never looks at the clock."""

    name: ClassVar[str] = "stuck"

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        time.sleep(60)


class Helpless(Regularised):
    """Can learn from nothing."""

    name: ClassVar[str] = "helpless"

    def fit(self, fold: Fold, settings: Settings, effort: Effort, folder: Path) -> None:
        raise Unfit
