"""Opens a saved model without being told what it predicts: its card says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twinkeel.errors import BundleError
from twinkeel.learn.model import MODEL
from twinkeel.learn.predictors.amounts import AmountPredictor
from twinkeel.learn.predictors.base import Predictor, decoded, reader
from twinkeel.learn.predictors.classes import ClassPredictor
from twinkeel.records import Record

_PREDICTORS: dict[str, type[Predictor[Any]]] = {
    "classes": ClassPredictor,
    "amount": AmountPredictor,
}


class _Learns(Record, frozen=True):
    """What a card says of its sort; a classifier's says nothing."""

    learns: str = "classes"


def opened(folder: Path) -> Predictor[Any]:
    """The predictor of the bundle in `folder`. Raises BundleError."""
    card = decoded(reader(folder)(MODEL), MODEL, _Learns)
    if card.learns not in _PREDICTORS:
        raise BundleError(
            f"{MODEL} of {folder} is of a model that learns {card.learns!r}, which this version of "
            "Twinkeel does not know: update it."
        )
    return _PREDICTORS[card.learns].open(folder)
