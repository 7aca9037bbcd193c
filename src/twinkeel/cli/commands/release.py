"""`twinkeel release`: put a version into production."""

from __future__ import annotations

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Ref
from twinkeel.errors import UsageError
from twinkeel.records import Mode, Release, Terms, Trial


def release(
    version: Ref,
    /,
    *,
    shadow: float | None = None,
    canary: float | None = None,
    margin: float | None = None,
    override: str | None = None,
    here: Here,
) -> Reply:
    """Put a version into production, if its gates passed, or try it beside production first.

    Parameters
    ----------
    version
        A version such as churn@7, or a component for its newest version.
    shadow
        Try it first: it is asked this share of the cases too, and its answers are only recorded.
    canary
        Try it first: it answers this share of the cases for real.
    margin
        With either: the mean loss by which it may be worse and still be promoted; 0.01 by default.
    override
        The reason to release a version that has not passed; it is recorded with your name.
    """
    share = shadow if canary is None else canary
    if share is not None:
        if shadow is not None and canary is not None:
            raise UsageError("Try a version as --shadow or as --canary, not as both.")
        mode: Mode = "shadow" if canary is None else "canary"
        terms = Terms(mode=mode, share=share)
        if margin is not None:
            terms = Terms(mode=mode, share=share, margin=margin)
        return begun(here.project.try_out(version, terms, override=override))
    if margin is not None:
        raise UsageError("--margin goes with --shadow or --canary.")
    made = here.project.release(version, override=override)
    lines = [in_production(made)]
    if made.override is not None:
        lines.append(f"Its gates were overridden by {made.who}: {made.override}")
    return Reply(data=made, parts=(*lines, "Next: twinkeel serve"))


def begun(trial: Trial) -> Reply:
    """What is on trial, and how it goes on."""
    beside = f"{trial.component}@{trial.against}"
    lines = (
        f"{trial.ref} is on trial as a {trial.mode} beside {beside}, for a share of "
        f"{trial.share:g} of the cases.",
        f"Next: label calls as outcomes come, and twinkeel trial {trial.component}",
    )
    return Reply(data=trial, parts=lines)


def in_production(made: Release) -> str:
    """What is in production now, and what was before."""
    before = "nothing" if made.previous is None else f"{made.component}@{made.previous}"
    return f"{made.component}@{made.number} is in production (before: {before})."
