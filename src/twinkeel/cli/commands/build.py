"""`twinkeel build`: a component -> a new version, judged."""

from __future__ import annotations

from twinkeel.cli.findings import found
from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Component
from twinkeel.cli.scorecards import as_data, describe, open_findings


def build(component: Component, /, *, seed: int | None = None, here: Here) -> Reply:
    """Build a component and judge the new version.

    Ends with 1 if a gate failed or is inconclusive. A build that was interrupted goes on from
    its finished steps when it is run again.

    Parameters
    ----------
    component
        The component's name in twinkeel.toml.
    seed
        Where all randomness comes from, instead of the configured one.
    """
    table = here.project.config.components.get(component)
    with here.progress(None if table is None else table.limits.time):
        judged = here.project.build(component, seed=seed)
    lineage, evaluation = judged.version.lineage, judged.evaluation
    took = lineage.seconds if judged.seconds is None else judged.seconds
    summary = (
        f"{judged.version.ref}: learned from {lineage.rows_learned:,} of {lineage.rows:,} rows "
        f"in {took:.1f} s, {judged.version.bundle_bytes / 1e6:.1f} MB."
    )
    ref = str(judged.version.ref)
    late = () if judged.overrun is None else (judged.overrun,)
    notes = tuple(f"  {note}" for note in (*lineage.notes, *late))
    passed = evaluation is not None and evaluation.outcome == "pass"
    return Reply(
        data=as_data(judged),
        parts=(summary, *notes, *found(open_findings(judged), ref), *describe(judged)),
        exit_code=0 if passed else 1,
    )
