"""The questions that calibrate and judge an assistant: one JSON object a line.

    {"question": "What is the late fee?", "documents": ["bill.md"], "answers": ["$6"]}
    {"question": "And after 45 days?", "history": ["What is the late fee?"], "answers": ["..."]}
    {"question": "Who won the cup?", "answerable": false}

Owns their form, and which half of them judges: the keyed hash that holds out everything else.
Refuses lines that are no question and questions that state no expectation.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import numpy as np

from twinkeel.data.split import Split, SplitOptions, split
from twinkeel.data.table import Table
from twinkeel.errors import ConfigError, InputError, SourceError
from twinkeel.kinds.assistant.kind import AssistantOptions
from twinkeel.kinds.base import Task
from twinkeel.records import Cases
from twinkeel.retrieval.languages import STEMMERS

SHARE = 0.5
"""The share of questions that judge; the others calibrate."""
_MOST_SLICES = 10
_ROUTES = ("extractive",)


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What a right answer is taken from and says."""

    answerable: bool
    documents: tuple[str, ...] = ()
    """Names of the documents that answer it, relative to the source's fixed folder."""
    passages: tuple[str, ...] = ()
    """Excerpts that the right passages contain."""
    answers: tuple[str, ...] = ()
    """Texts of which the answer contains one."""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the file."""

    question: str
    id: str | None = None
    history: tuple[str, ...] = ()
    """What was asked before, oldest first."""
    documents: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    answerable: bool = True

    @property
    def expected(self) -> Expected:
        """The expectation alone."""
        return Expected(
            answerable=self.answerable,
            documents=self.documents,
            passages=self.passages,
            answers=self.answers,
        )


class Questions(msgspec.Struct, frozen=True):
    """All questions of a component and how they are split."""

    all: tuple[Question, ...]
    split: Split

    @property
    def calibrating(self) -> list[Question]:
        """The questions that choose the threshold."""
        return [self.all[i] for i in np.flatnonzero(~self.split.held_out)]

    @property
    def calibrating_units(self) -> list[str]:
        """The units of `calibrating`."""
        return [self.split.units[i] for i in np.flatnonzero(~self.split.held_out)]


def check(task: Task[AssistantOptions]) -> None:
    """Raise ConfigError for options that cannot be."""
    options, where = task.options, f"[components.{task.component}]"
    for route in options.routes:
        if route not in _ROUTES:
            raise ConfigError(
                f"{where} routes: {route!r} cannot answer yet; the only route is 'extractive'."
            )
    if not options.routes:
        raise ConfigError(f"{where} routes is empty: expected ['extractive'].")
    if options.tools:
        raise ConfigError(f"{where} tools: tools cannot be called yet; leave the key out.")
    if not 0 < options.risk < 1:
        raise ConfigError(f"{where} risk must be more than 0 and less than 1, not {options.risk}.")
    if not 1 <= options.top_k <= 100:
        raise ConfigError(f"{where} top_k must be 1 to 100, not {options.top_k}.")
    if options.language not in STEMMERS:
        raise ConfigError(
            f"{where} language: {options.language!r} is not known; expected one of "
            f"{', '.join(STEMMERS)}."
        )


def read(task: Task[AssistantOptions]) -> Questions:
    """The questions of `task.options.cases`; raises ConfigError or SourceError in one sentence."""
    check(task)
    path = task.root / task.options.cases
    found = tuple(_parsed(path, task.options.cases, f"[components.{task.component}] cases"))
    if not found:
        raise SourceError(f"{task.options.cases} holds no question: write one JSON object a line.")
    columns = {
        "id": np.asarray([one.id for one in found], dtype=object),
        "question": np.asarray([one.question for one in found], dtype=object),
        "history": np.asarray(["\n".join(one.history) for one in found], dtype=object),
    }
    by = SplitOptions(id="id" if all(one.id for one in found) else None)
    table = Table(columns if by.id else {k: v for k, v in columns.items() if k != "id"})
    return Questions(found, split(table, options=by, key=task.split_key, share=SHARE))


def cases(task: Task[AssistantOptions]) -> Cases:
    """The questions that judge, with what is expected."""
    questions = read(task)
    held = np.flatnonzero(questions.split.held_out)
    if len(held) in (0, len(questions.all)):
        raise InputError(
            f"{task.component}: {len(questions.all)} questions cannot be split into those that "
            "calibrate and those that judge: write more."
        )
    picked = [questions.all[i] for i in held]
    return Cases(
        ids=tuple(questions.split.ids[i] for i in held),
        units=tuple(questions.split.units[i] for i in held),
        inputs={
            "question": [one.question for one in picked],
            "history": [list(one.history) for one in picked],
        },
        expected=[msgspec.to_builtins(one.expected) for one in picked],
        slices={
            "answerable": ["yes" if one.answerable else "no" for one in picked],
            "document": _by_document(questions.all, picked),
        },
        rule=questions.split.rule,
    )


def _by_document(every: tuple[Question, ...], picked: list[Question]) -> list[str]:
    """The first expected document of each question, by name where it is a common one."""
    counts = Counter(one.documents[0] for one in every if one.documents)
    common = {name for name, _ in counts.most_common(_MOST_SLICES)}
    return [
        "none" if not one.documents else one.documents[0] if one.documents[0] in common else "other"
        for one in picked
    ]


def _parsed(path: Path, shown: str, where: str) -> list[Question]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError:
        raise ConfigError(f"{where}: there is no file {shown}; correct the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{shown} cannot be read as UTF-8 text: {error}.") from None
    return [_question(line, f"{shown} line {i}") for i, line in enumerate(lines, 1) if line.strip()]


def _question(line: str, where: str) -> Question:
    try:
        found = msgspec.json.decode(line, type=Question)
    except msgspec.ValidationError as error:
        raise SourceError(f"{where}: {error}.") from None
    except msgspec.DecodeError as error:
        raise SourceError(f"{where} is not a JSON object: {error}.") from None
    if not found.question.strip():
        raise SourceError(f"{where} has an empty question: write it or remove the line.")
    stated = bool(found.documents or found.passages or found.answers)
    if found.answerable and not stated:
        raise SourceError(
            f"{where} expects nothing: add documents, passages or answers, or answerable: false."
        )
    if stated and not found.answerable:
        raise SourceError(f"{where} cannot be unanswerable and expect an answer: remove one.")
    return found
