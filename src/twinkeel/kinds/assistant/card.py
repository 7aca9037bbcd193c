"""What a bundle says of itself: its documents, what was skipped, and when it abstains."""

from __future__ import annotations

import math

from twinkeel.records import Record

CARD = "assistant.json"
"""The card's name in the bundle."""


class Entry(Record, frozen=True):
    """One document of the bundle."""

    name: str
    title: str
    media: str
    folder: str
    """The folder of the bundle that holds its text and its passages."""
    original: str | None = None
    """The bundle's file that holds the document's own bytes, where a browser can show them."""


class Skipped(Record, frozen=True):
    """One file that could not be read."""

    name: str
    reason: str


class Calibration(Record, frozen=True):
    """What the threshold rests on."""

    questions: int
    answered: int
    wrong: int
    bound: float
    """Where the risk lies below, with the confidence that calibration states; without a
    threshold, the lowest risk for which there would be one."""
    needed: int | None = None
    """Without a threshold, about how many calibrating questions like these would give one; None
    where ten times as many would not."""


class Card(Record, frozen=True):
    """The contents of `assistant.json`."""

    language: str
    top_k: int
    risk: float
    """The stated one."""
    threshold: float | None
    """The least support that is answered; None is silence."""
    calibration: Calibration
    embedder: str
    documents: tuple[Entry, ...]
    skipped: tuple[Skipped, ...]
    passages: int
    unseen: tuple[str, ...] = ()
    """Documents with text that cannot be seen on the page, each with the first such page."""

    @property
    def promise(self) -> str:
        """When it abstains, in words."""
        found = self.calibration
        if self.threshold is None:
            return (
                f"The stated risk of {self.risk:.0%} could not be shown on {found.questions} "
                "calibrating questions, so it abstains on everything. The lowest that they can "
                f"show is {math.ceil(found.bound * 100)}%. {self._remedy}"
            )
        return (
            f"It answers from a support of {self.threshold:.3f} on. Of {found.questions} "
            f"calibrating questions it answered {found.answered}, {found.wrong} of them wrongly; "
            f"with 90% confidence at most {found.bound:.1%} of its answers to such questions are "
            f"wrong, where {self.risk:.0%} were stated."
        )

    @property
    def _remedy(self) -> str:
        """What to do about silence."""
        found = self.calibration
        if found.needed is None:
            return (
                "Ten times as many would not show it, since the best supported answers are wrong "
                "too often: improve the documents, or state a higher risk."
            )
        more = max(found.needed - found.questions, 1)
        return (
            f"About {more:,} more calibrating questions that are answered as well would show it, "
            f"which is {2 * more:,} in the file since half of them judge: write them, or state a "
            "higher risk."
        )
