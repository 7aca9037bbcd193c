"""Building an assistant: the files that changed -> segments, and questions -> a threshold."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from twinkeel.errors import InputError
from twinkeel.kinds.assistant.answerer import Answerer
from twinkeel.kinds.assistant.calibrate import calibrate
from twinkeel.kinds.assistant.card import CARD, Calibration, Card, Entry, Skipped
from twinkeel.kinds.assistant.kind import AssistantOptions
from twinkeel.kinds.assistant.library import Library, Shelf
from twinkeel.kinds.assistant.questions import SHARE, Questions, read
from twinkeel.kinds.base import Built, Task
from twinkeel.records import Tick
from twinkeel.retrieval.dense import Embedder
from twinkeel.retrieval.reading import Reader

_SHOWN = 5


def build(task: Task[AssistantOptions]) -> Built:
    """Read, embed and index what no build has before; calibrate; write the card."""
    questions = read(task)
    answerer, made = indexed(task)
    card = calibrated(task, answerer, questions)
    return written(task, card, questions, learned=questions.calibrating_units, made=made)


def indexed(task: Task[AssistantOptions]) -> tuple[Answerer, int]:
    """The documents of now behind an answerer that is not calibrated, and how many were read."""
    shelf = _filled(task)
    card = Card(
        language=task.options.language,
        top_k=task.options.top_k,
        risk=task.options.risk,
        threshold=None,
        calibration=Calibration(questions=0, answered=0, wrong=0, bound=1.0),
        embedder=shelf.embedder.id,
        documents=tuple(shelf.entries),
        skipped=tuple(shelf.skipped),
        passages=shelf.passages,
        unseen=shelf.unseen,
    )
    return Answerer(card=card, library=Library.of(shelf), bundle_bytes=0), shelf.made


def calibrated(task: Task[AssistantOptions], answerer: Answerer, questions: Questions) -> Card:
    """The answerer's card with the threshold that the calibrating questions give it."""
    task.progress(Tick(stage="calibrating", detail=f"{len(questions.calibrating)} questions"))
    risk = task.options.risk
    threshold, found = calibrate(answerer, questions.calibrating, risk=risk)
    return msgspec.structs.replace(answerer.card, threshold=threshold, calibration=found, risk=risk)


def written(
    task: Task[AssistantOptions],
    card: Card,
    questions: Questions,
    *,
    learned: Sequence[str],
    made: int = 0,
) -> Built:
    """Write the card; `made` documents were read anew."""
    (task.bundle / CARD).write_bytes(msgspec.json.encode(card))
    return Built(
        rows=len(questions.all),
        learned=learned,
        split={
            "method": questions.split.method,
            "share": SHARE,
            "cutoff": None,
            "rule": questions.split.rule,
        },
        notes=(*_notes(card, made), *_missing(questions, card.documents)),
    )


def _filled(task: Task[AssistantOptions]) -> Shelf:
    """Every document of the source that can be read; raises InputError where none can."""
    files = task.data.documents()
    with Reader() as reader:
        shelf = Shelf(task.shared, Embedder.open(), task.options.language, reader)
        for i, file in enumerate(files):
            detail = f"{i + 1:,} of {len(files):,} files, {file.name}"
            task.progress(Tick(stage="reading", fraction=i / len(files), detail=detail))
            shelf.take(file)
    if not shelf.entries:
        first: Skipped = shelf.skipped[0]
        raise InputError(
            f"{task.component}: none of the {len(files):,} files of {task.data.name} could be "
            f"read; {first.name}: {first.reason}"
        )
    return shelf


def _notes(card: Card, made: int) -> list[str]:
    return [*_read(card, made), card.promise]


def _read(card: Card, made: int) -> list[str]:
    """What became of the files."""
    notes = [
        f"{len(card.documents):,} documents with {card.passages:,} passages were read; "
        f"{made:,} were new or had changed."
    ]
    if card.skipped:
        named = _named([f"{one.name} ({one.reason})" for one in card.skipped])
        notes.append(f"{len(card.skipped):,} files were skipped: {named}.")
    if card.unseen:
        notes.append(
            "Text that cannot be seen on its page (hidden, white, tiny or beyond the edge) is "
            f"in {_named(card.unseen)}. It is indexed, and an answer that quotes it says so."
        )
    return notes


def _missing(questions: Questions, documents: tuple[Entry, ...]) -> list[str]:
    """A sentence on expected documents that are not there: their questions cannot be answered."""
    there = {entry.name for entry in documents}
    missing = sorted({name for one in questions.all for name in one.documents} - there)
    if not missing:
        return []
    return [f"Questions expect documents that are not among those read: {_named(missing)}."]


def _named(names: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = len(names) - _SHOWN
    return "; ".join(names[:_SHOWN]) + (f"; and {more:,} more" if more > 0 else "")
