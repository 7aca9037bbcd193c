"""Service: latency, cost and feedback of calls, beside the first cycle that has enough of them.

Owns which cycle that is: for each the first with as many values as the budget asks for. Looks
remember it, so that it never moves: not when calls come late, not when old ones are forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from twinkeel.lifecycle.traffic import CELLS, NONE, Column, Traffic
from twinkeel.stats.bins import number_bins
from twinkeel.stats.tails import Floats

FEEDBACK = "feedback"


def with_service(traffic: Traffic, *, minimum: int, anchors: Mapping[str, int]) -> Traffic:
    """The traffic with a column for each of the three that calls say anything of.

    `anchors` are the cycles that earlier looks have compared with, by name.
    """
    columns = []
    for name, values in traffic.service.items():
        if not np.isnan(values).all():
            anchor = anchors.get(name, _first(values, traffic, minimum))
            columns.append(_column(name, values, traffic, anchor))
    return replace(traffic, columns=(*traffic.columns, *columns))


def anchors(traffic: Traffic) -> dict[str, int]:
    """The cycle that each column of the service is compared with, where there is one."""
    return {one.name: one.anchor for one in traffic.columns if one.anchor is not None}


def _first(values: Floats, traffic: Traffic, minimum: int) -> int | None:
    """The first cycle with enough values; None before there is one."""
    known = ~np.isnan(values) & (traffic.cells < traffic.cycles * CELLS)
    enough = np.flatnonzero(np.bincount(traffic.cells[known] // CELLS) >= minimum)
    return int(enough[0]) if len(enough) else None


def _column(name: str, values: Floats, traffic: Traffic, anchor: int | None) -> Column:
    """The calls after the anchor, beside those in it; without one, nothing counts yet."""
    cycle = traffic.cells // CELLS
    silent = np.isnan(values) & (name == FEEDBACK)  # nobody has to say anything
    then = values[~silent & (cycle == anchor)] if anchor is not None else values[:0]
    before = cycle <= anchor if anchor is not None else True
    bins = number_bins(then)
    now = np.where(before | silent, NONE, bins.code(values)).astype(np.int16)
    return Column("service", name, bins, bins.code(then), now, traffic.cycles, anchor)
