"""`twinkeel trial`: judge what is on trial beside production."""

from __future__ import annotations

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Component
from twinkeel.records import Trial


def trial(component: Component, /, *, stop: str | None = None, here: Here) -> Reply:
    """Judge what is on trial: promote it, roll it back, or go on.

    A server does this by itself, every ten seconds or more. Ends with 1 if it was rolled back.

    Parameters
    ----------
    component
        The component's name in twinkeel.toml.
    stop
        End the trial for this reason; production stays as it is.
    """
    found = here.project.trial(component, stop=stop)
    code = 1 if found.state == "rolled back" else 0
    return Reply(data=found, parts=(_state(found), *_standing(found)), exit_code=code)


def _state(found: Trial) -> str:
    what = "still running" if found.state == "running" else found.state
    return f"{found.ref}, on trial as a {found.mode}: {what}. {found.why}".strip()


def _standing(found: Trial) -> list[str]:
    at = found.standing
    lines = [f"{at.calls:,} calls asked of both, {at.errors:,} failed, {at.labelled:,} labelled."]
    if at.gain is not None:
        lines.append(
            f"Production's loss less the candidate's: {at.gain:+.4f} ({at.low:+.4f} to "
            f"{at.high:+.4f}, + is better, at any time)."
        )
    if at.production_ms is not None:
        lines.append(f"Mean ms of production {at.production_ms:g}, candidate {at.candidate_ms:g}.")
    return lines
