"""Sections of the report that every version learned from a table has."""

from __future__ import annotations

from collections.abc import Mapping

from twinkeel.data.profile import Profile
from twinkeel.kinds.tabular.options import PROFILE
from twinkeel.learn.leaderboard import leaderboard
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
        columns=("prefer", "loss, times the least", "trees", "ms a row", "members are", "served"),
        rows=tuple(
            (
                one.prefer,
                shown(one.loss),
                one.trees,
                shown(one.milliseconds),
                "of all rows" if one.whole else "of folds",
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
        "members add to the time of one row, judged by their size; what one row takes in all is "
        "among the scores. Where members are of all rows, the loss is that of their folds.",
        table=table,
        charts=(charts.frontier(drawn),) if drawn else (),
    )


def members(card: Card) -> Section:
    """What was tried, and how sure its loss is."""
    rows = tuple(
        (
            one.name,
            shown(one.weight),
            shown(one.loss),
            "" if one.low is None else f"{shown(one.low)} to {shown(one.high)}",
            one.trees,
            shown(one.milliseconds),
        )
        for one in leaderboard(card)
    )
    measure = card.members[0].measure
    columns = ("member", "weight", f"{measure} out of fold", "95% interval", "trees", "ms a row")
    return Section(
        title="Members",
        text=f"What was tried, in {card.folds} folds, and its weight in the ensemble. An interval "
        "is of the member's own loss; of two that overlap, one may still be better on every row.",
        table=Table(columns=columns, rows=rows),
    )


def profile(bundle: Bundle) -> Section:
    """The data that was learned from, as the bundle describes it."""
    described = bundle.json(PROFILE, Profile)
    return profiles.section(described, f"The {described.rows:,} rows that were learned from.")
