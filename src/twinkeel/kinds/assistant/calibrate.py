"""Choosing when to abstain: the calibrating questions -> the least support that is answered."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from twinkeel.kinds.assistant.answerer import Answerer
from twinkeel.kinds.assistant.card import Calibration
from twinkeel.kinds.assistant.judging import is_right
from twinkeel.kinds.assistant.questions import Question
from twinkeel.metrics.abstention import Chosen, choose


def calibrate(answerer: Answerer, questions: Iterable[Question], *, risk: float) -> Chosen:
    """The lowest threshold that keeps the stated risk, as far as these questions can show it."""
    supports, errors = [], []
    for one in questions:
        found = answerer.find(one.question, one.history)
        cited = [(citation.document, citation.quote) for citation in found.citations]
        if cited:
            supports.append(found.confidence)
            errors.append(not is_right(one.expected, found.text, cited))
    return choose(np.asarray(supports, dtype=np.float64), np.asarray(errors, dtype=int), risk=risk)


def recorded(chosen: Chosen, questions: int) -> Calibration:
    """What the card says of it."""
    return Calibration(
        questions=questions, answered=chosen.answered, wrong=chosen.wrong, bound=chosen.bound
    )
