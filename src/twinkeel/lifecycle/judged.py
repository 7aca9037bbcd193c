"""Build and evaluate as one: what a time limit is for, and a sentence where it was not kept."""

from __future__ import annotations

from typing import NamedTuple

from twinkeel.config import Config
from twinkeel.learn.stages import Stages
from twinkeel.lifecycle.build import build
from twinkeel.lifecycle.evaluate import evaluate
from twinkeel.records import Evaluation, Progress, Version, silent
from twinkeel.store.store import Store


class Made(NamedTuple):
    """A new version with its first evaluation."""

    version: Version
    evaluation: Evaluation
    overrun: str | None
    """Where both together took longer than the time limit promises: how long each stage took."""
    seconds: float
    """How long both together took."""


def build_and_judge(
    config: Config,
    store: Store,
    name: str,
    *,
    seed: int | None = None,
    progress: Progress = silent,
) -> Made:
    """Build the component `name` and judge the new version."""
    stages = Stages(progress)
    version, cases = build(config, store, name, seed=seed, progress=stages)
    evaluation = evaluate(config, store, version, cases=cases, progress=stages)
    late = stages.overrun(config.components[name].limits.time)
    return Made(version, evaluation, late, stages.seconds())
