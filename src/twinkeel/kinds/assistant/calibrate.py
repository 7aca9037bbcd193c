"""Choosing when to abstain: the calibrating questions -> the least support that is answered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twinkeel.kinds.assistant.answerer import Answerer
from twinkeel.kinds.assistant.card import Calibration
from twinkeel.kinds.assistant.judging import is_right
from twinkeel.kinds.assistant.questions import Question
from twinkeel.metrics.abstention import choose, needed


def calibrate(
    answerer: Answerer, questions: Sequence[Question], *, risk: float
) -> tuple[float | None, Calibration]:
    """The lowest threshold that keeps the stated risk, as far as these questions can show it.

    None is silence. With it comes what the card says of it.
    """
    supports, errors = [], []
    for one in questions:
        found = answerer.find(one.question, one.history)
        cited = [(citation.document, citation.quote) for citation in found.citations]
        if cited:
            supports.append(found.confidence)
            errors.append(not is_right(one.expected, found.text, cited))
    given, bad = np.asarray(supports, dtype=np.float64), np.asarray(errors, dtype=int)
    chosen = choose(given, bad, risk=risk)
    more = None
    if chosen.threshold is None and (more := needed(given, bad, risk=risk)) is not None:
        more = round(more * len(questions) / max(len(given), 1))
    rests_on = Calibration(
        questions=len(questions),
        answered=chosen.answered,
        wrong=chosen.wrong,
        bound=chosen.bound,
        needed=more,
    )
    return chosen.threshold, rests_on
