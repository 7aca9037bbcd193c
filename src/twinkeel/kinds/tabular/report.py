"""Sections of the report that every version learned from a table has."""

from __future__ import annotations

from collections.abc import Mapping

from twinkeel.data.profile import Profile
from twinkeel.kinds.tabular.options import PROFILE
from twinkeel.learn.model import Card
from twinkeel.report import charts, profiles
from twinkeel.report.notebook import shown
from twinkeel.report.sections import Section, Table
from twinkeel.store.bundles import Bundle


def importance(of: Mapping[str, float], *, moves: str, unit: str) -> Section:
    """How far each column moves what is predicted: `moves` in words, in units of `unit`."""
    return Section(
        title="Importance",
        text=f"How far each column moves {moves} on average, without regard to direction.",
        charts=(charts.bars(dict(of), axis=f"mean absolute contribution, {unit}"),),
    )


def frontier(card: Card) -> Section:
    """What more accuracy would cost in time, and the other way round."""
    table = Table(
        columns=("prefer", "loss, times the least", "trees", "ms a row", "served"),
        rows=tuple(
            (
                one.prefer,
                shown(one.loss),
                one.trees,
                shown(one.milliseconds),
                "yes" if one.served else "",
            )
            for one in card.frontier
        ),
    )
    drawn: dict[str, tuple[float, float]] = {
        one.prefer: (one.milliseconds, one.loss) for one in card.frontier
    }
    return Section(
        title="Accuracy and latency",
        text="The ensembles that `prefer` chooses among: loss out of fold, and what their "
        "trees add to the time of one row, judged by their number; what one row takes in all is "
        "among the scores.",
        table=table,
        charts=(charts.frontier(drawn),) if drawn else (),
    )


def profile(bundle: Bundle) -> Section:
    """The data that was learned from, as the bundle describes it."""
    described = bundle.json(PROFILE, Profile)
    return profiles.section(described, f"The {described.rows:,} rows that were learned from.")
