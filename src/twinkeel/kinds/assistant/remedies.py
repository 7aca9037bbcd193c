"""What a rebuild may try with an assistant: a new threshold, the documents of now, or both."""

from __future__ import annotations

import msgspec

from twinkeel.kinds.assistant.answerer import Answerer
from twinkeel.kinds.assistant.build import build, calibrated, indexed, written
from twinkeel.kinds.assistant.kind import AssistantOptions
from twinkeel.kinds.assistant.questions import read
from twinkeel.kinds.base import Built, Production, Remedy, Task


def remedies() -> tuple[Remedy[AssistantOptions], ...]:
    """Cheapest first."""
    return (
        Remedy("threshold", "calibrate again", rethreshold, inherits=True),
        Remedy("reindex", "read the documents of now", reindex, inherits=True),
        Remedy("search", "read the documents and calibrate", lambda task, _: build(task)),
    )


def rethreshold(task: Task[AssistantOptions], production: Production) -> Built:
    """Production's documents with a threshold from the calibrating questions of now."""
    questions, answerer = read(task), Answerer.open(production.bundle)
    card = calibrated(task, answerer, questions)
    task.shared.keep(production.bundle.manifest.shared)
    return written(task, card, questions, learned=questions.calibrating_units)


def reindex(task: Task[AssistantOptions], production: Production) -> Built:
    """The documents of now with production's threshold, which learns from no question."""
    kept = Answerer.open(production.bundle).card
    answerer, made = indexed(task)
    card = msgspec.structs.replace(
        answerer.card, threshold=kept.threshold, calibration=kept.calibration, risk=kept.risk
    )
    return written(task, card, read(task), learned=(), made=made)
