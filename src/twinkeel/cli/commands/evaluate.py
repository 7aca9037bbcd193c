"""`twinkeel evaluate`: judge a version again."""

from __future__ import annotations

from twinkeel.cli.invocation import Here, Reply
from twinkeel.cli.names import Ref
from twinkeel.cli.scorecards import as_data, describe


def evaluate(version: Ref, /, *, here: Here) -> Reply:
    """Judge a version again, on the cases that its source gives now.

    Ends with 1 if a gate failed or is inconclusive.

    Parameters
    ----------
    version
        A version such as churn@7, or a component for its newest version.
    """
    with here.progress():
        judged = here.project.evaluate(version)
    evaluation = judged.evaluation
    passed = evaluation is not None and evaluation.outcome == "pass"
    store = here.project.store
    current = store.current(judged.version.component)
    released = current is not None and current.number == judged.version.number
    told = describe(judged, released=released)
    if released and not store.served():
        told += ("Next: twinkeel serve",)
    return Reply(data=as_data(judged), parts=told, exit_code=0 if passed else 1)
