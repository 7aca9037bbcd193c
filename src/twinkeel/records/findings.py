"""What a check found in the data before anything was learned, and what was done about it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from twinkeel.records.base import Json, Record

Done: TypeAlias = Literal["left out", "kept"]
Severity: TypeAlias = Literal["warning", "note"]


class Finding(Record, frozen=True, kw_only=True):
    """One thing that a check found: in which columns, with numbers, and what was done."""

    check: str
    """The check's name, such as `leak`."""
    columns: tuple[str, ...] = ()
    """The columns that it is about; none where it is about rows or the target."""
    found: str
    """What was found, one sentence without its full stop."""
    done: Done = "kept"
    """`left out` of learning, or `kept` and told."""
    key: str
    """The line of `twinkeel.toml` that does otherwise."""
    severity: Severity = "warning"
    """A `warning` may make the scores mislead; a `note` is good to know."""
    numbers: dict[str, Json] = {}
    """The numbers of the sentence, by name."""

    @property
    def label(self) -> str:
        """What `allow` calls it: `leak:TotalCharges`, or `imbalance` where it has no column."""
        return f"{self.check}:{'+'.join(self.columns)}" if self.columns else self.check

    @property
    def sentence(self) -> str:
        """The finding, what was done and the key, for people."""
        return f"{self.found}: {self.done}. Otherwise: {self.key}"
