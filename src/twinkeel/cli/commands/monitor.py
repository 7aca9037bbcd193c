"""`twinkeel monitor`: look at what is in production, once or again and again."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Flag

if TYPE_CHECKING:
    from rich.console import RenderableType

    from twinkeel.records import Estimate, Json, Look, Rebuild, Signal

ALARM, CANNOT_JUDGE = 1, 4
_SHOWN = 8


def monitor(
    component: str | None = None,
    /,
    *,
    every: str | None = None,
    now: Flag = False,
    rebuild: Flag = False,
    here: Here,
) -> Reply:
    """Look at what is in production, and say what has changed.

    Exit codes: 0 nothing found, 1 an alarm, 4 nothing could be judged yet.

    Parameters
    ----------
    component
        The component to look at; by default every one in production.
    every
        Look again and again, this far apart, as 5m or 1h, until interrupted.
    now
        Judge the window that has not ended too; raises no alert.
    rebuild
        Rebuild what has an open alert that suspects a loss, as `twinkeel rebuild` does; with
        `--every`, once for each alert.
    """
    answered: set[str] | None = set() if rebuild else None
    if every is None:
        return _look(here, component, now=now, answered=answered)
    from twinkeel.config import seconds

    pause = max(seconds(every, "--every"), 1.0)
    with suppress(KeyboardInterrupt):  # the way to end it
        while True:
            here.print(_look(here, component, now=now, answered=answered))
            time.sleep(pause)
    return Reply(data=[])


def _look(here: Here, component: str | None, *, now: bool, answered: set[str] | None) -> Reply:
    looks = here.project.monitor(component, now=now)
    states = {look.state for look in looks}
    code = ALARM if "alarm" in states else 0 if "quiet" in states else CANNOT_JUDGE
    parts = tuple(part for look in looks for part in _shown(look))
    if answered is None:
        return Reply(data=looks, parts=parts, exit_code=code)
    rebuilds, told = _rebuilt(here, component, answered)
    data: Json = {"looks": looks, "rebuilds": rebuilds}
    return Reply(data=data, parts=(*parts, *told), exit_code=code)


def _rebuilt(
    here: Here, component: str | None, answered: set[str]
) -> tuple[list[Rebuild], list[RenderableType]]:
    """What became of the components whose open alerts suspect a loss; notes those answered."""
    from twinkeel.cli.commands.rebuild import shown
    from twinkeel.errors import Refused

    rebuilds: list[Rebuild] = []
    told: list[RenderableType] = []
    asked = [one for one in here.project.alerts(component) if one.costly and one.id not in answered]
    answered.update(alert.id for alert in asked)
    for name in dict.fromkeys(alert.component for alert in asked):
        try:
            rebuilds.append(here.project.rebuild(name))
            told += ["", f"An alert on {name} suspects a loss.", *shown(rebuilds[-1])]
        except Refused as error:
            told.append(f"{name} was not rebuilt: {error}")
    return rebuilds, told


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _shown(look: Look) -> list[RenderableType]:
    ref = f"{look.component}@{look.number}"
    alarms = [signal for signal in look.signals if signal.state == "alarm"]
    quiet = [signal for signal in look.signals if signal.state == "quiet"]
    unjudged = [signal for signal in look.signals if signal.state == "cannot judge"]
    counts = (
        f"{_counted(len(alarms), 'alarm')}, {len(quiet)} quiet, {len(unjudged)} cannot be judged"
    )
    begin = look.since[:16].replace("T", " ")
    parts: list[RenderableType] = [
        f"{ref}: {_counted(look.calls, 'call')} since {begin} UTC; {counts}."
    ]
    parts += [f"  ! {signal.sentence}" + _carried(signal) for signal in alarms]
    if quiet:
        parts.append(_table(quiet))
    if unjudged and look.state == "cannot judge":
        parts.append(f"  {unjudged[0].sentence}")
    parts += [sentence(one) for one in {one.name: one for one in look.estimates}.values()]
    parts += [f"  {note}" for note in look.notes]
    if look.next is not None:
        parts.append(f"  The next window ends at {look.next[:16].replace('T', ' ')} UTC.")
    return parts


def sentence(one: Estimate) -> str:
    """An estimate beside its cases and its labels, each with its interval and its n."""
    before = _known(one.reference, one.reference_low, one.reference_high)
    cases = f"{one.reference_n:,} cases" if one.reference_n else "the cases"
    said = ""
    if one.realised is not None:
        found = _known(one.realised, one.realised_low, one.realised_high)
        said = f"; {_counted(one.labelled, 'label')} say{'s' * (one.labelled == 1)} {found}"
        if _apart(one):
            said += "; the estimate does not hold here: trust the labels"
    return (
        f"  Without labels, {one.name} of {_counted(one.n, 'call')} is {one.value:.3g} "
        f"({one.low:.3g} to {one.high:.3g}, 90% interval), was {before} on {cases}{said}."
    )


def _apart(one: Estimate) -> bool:
    """Whether the interval of the estimate and that of the labels share no value."""
    low, high = one.realised_low, one.realised_high
    return low is not None and high is not None and (low > one.high or high < one.low)


def _known(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.3g}" + ("" if low is None or high is None else f" ({low:.3g} to {high:.3g})")


def _carried(signal: Signal) -> str:
    if not signal.slices:
        return ""
    told = ", ".join(f"{one.name} ({one.carries:.0%})" for one in signal.slices)
    return f" Carried by {told}."


def _table(quiet: list[Signal]) -> RenderableType:
    from twinkeel.cli.tables import plain_table

    table = plain_table("quiet", "calls", "shift", "would have seen", right=("calls",))
    for signal in quiet[:_SHOWN]:
        table.add_row(
            f"{signal.part} {signal.name}",
            f"{signal.n:,}",
            _amount(signal.size, signal.unit),
            _amount(signal.smallest, signal.unit),
        )
    if len(quiet) > _SHOWN:
        table.add_row(f"and {len(quiet) - _SHOWN} more", "", "", "")
    return table


def _amount(size: float | None, unit: str) -> str:
    if size is None:
        return "-"
    return f"{100 * size:.1f}%" if unit == "share" else f"{size:.2f} {unit}"
