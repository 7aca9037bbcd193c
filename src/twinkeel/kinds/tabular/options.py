"""The options that every kind which learns a column of a table has."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from twinkeel.kinds.base import Options
from twinkeel.learn.preference import Prefer
from twinkeel.metrics.custom import Metric, metric_at
from twinkeel.records import Direction

PROFILE = "profile.json"
"""The file of the bundle that describes what was learned from."""


class TabularOptions(Options, frozen=True, kw_only=True):
    """What the columns of the table are."""

    target: str
    """The column to predict."""
    id: str | None = None
    """The column that names a row; it holds cases out and is never learned from."""
    group: str | None = None
    """The column whose equal values belong together, as a household: never split between
    learning and judging."""
    time: str | None = None
    """The column that says when, in dates, years or numbers; cases are then the newest rows,
    learned from none later."""
    weight: str | None = None
    """The column that says how much a row counts, in learning and in scores."""
    exclude: tuple[str, ...] = ()
    """Columns to leave out of learning, for instance what is not known when predicting."""
    allow: tuple[str, ...] = ()
    """What the checks before training may find without a word and without leaving it out, as
    `leak:TotalCharges`, or `imbalance` for a whole check."""
    sensitive: tuple[str, ...] = ()
    """Columns whose groups are scored one by one and compared."""
    prefer: Prefer = "balanced"
    """What matters more, `accuracy` or `latency`: how much more accurate an ensemble must be for
    each tree that a row then takes longer, and how many it may be as slow as."""
    latency_limit: float | None = None
    """Milliseconds that one row may take on the machine that builds; the most accurate ensemble
    within them is served, whatever `prefer` says."""

    metric: str | None = None
    """A function of your own, as `module:function`, by which the ensemble is chosen and which is a
    score: `function(y_true, y_score, sample_weight=None)` gives one number."""
    metric_direction: Direction = "higher"
    """Whether `higher` or `lower` values of `metric` are better."""

    loss: str | None = None
    """A function of your own, as `module:function`, that models minimise: `function(y_true,
    raw_score)` gives the first and the second derivative of each row's loss by its raw score."""

    @property
    def allowed_checks(self) -> tuple[str, ...]:
        """What `allow` names."""
        return self.allow

    @property
    def own_code(self) -> tuple[str, ...]:
        """What `metric` and `loss` name."""
        return tuple(path for path in (self.metric, self.loss) if path is not None)

    @property
    def roles(self) -> dict[str, str]:
        """The options that each give one column a role, by key."""
        keys = ("target", "id", "group", "time", "weight")
        return {key: name for key in keys if (name := getattr(self, key)) is not None}

    def own_metric(self, root: Path) -> Metric | None:
        """The function that `metric` names, in the project's folder `root`; raises ConfigError."""
        if self.metric is None:
            return None
        return metric_at(self.metric, self.metric_direction, root)


TabularT = TypeVar("TabularT", bound=TabularOptions)
