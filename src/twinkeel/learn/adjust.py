"""A finished model that answers otherwise: the same trees and weights behind another head.

Owns the files of its bundle that change, and the proof that the changed graph answers as it should.
Learns nothing of the trees: that is what `engine.train` does.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from twinkeel.errors import BuildError
from twinkeel.learn.compile import reheaded
from twinkeel.learn.model import GRAPH, MODEL
from twinkeel.learn.objectives.base import Adjusted, Fresh
from twinkeel.learn.predictors.base import Predictor

_TOLERANCE = 1e-9
"""The same double precision on both sides."""


def files(graph: bytes, adjusted: Adjusted) -> dict[str, bytes]:
    """The files of the model's bundle that the adjustment changes, by name."""
    changed = {MODEL: msgspec.json.format(msgspec.json.encode(adjusted.card), indent=1)}
    if adjusted.head is not None:
        changed[GRAPH] = reheaded(graph, adjusted.head, adjusted.width)
    return changed


def prove(predictor: Predictor[Any], adjusted: Adjusted, fresh: Fresh) -> None:
    """Raise BuildError unless `predictor`, opened from the changed files, answers as stated."""
    if adjusted.head is None:
        return
    head, rows = adjusted.head, fresh.table
    margin, answers = predictor.raw(rows.columns, len(rows), head.margin, head.output)
    expected = head.outputs(margin)
    if not np.allclose(expected, answers, rtol=_TOLERANCE, atol=_TOLERANCE):
        raise BuildError(
            "The recalibrated model does not answer as it was calibrated to; please report this "
            "with the types of the columns."
        )
