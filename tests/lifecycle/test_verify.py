"""Verify: an untouched version holds, and any tampering shows."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from twinkeel.project import Project
from twinkeel.records import now

MakeProject = Callable[..., Project]


def test_an_untouched_version_verifies(make_project: MakeProject) -> None:
    project = make_project()
    project.build("churn")

    verification = project.verify("churn@1")

    assert verification.ok, verification
    assert [check.name for check in verification.checks] == ["bundle", "outputs", "scores"]


def test_an_embellished_score_is_found(make_project: MakeProject) -> None:
    project = make_project()
    judged = project.build("churn")
    assert judged.evaluation is not None
    better = [
        msgspec.structs.replace(score, value=0.99) if score.key == "roc_auc" else score
        for score in judged.evaluation.scorecard.scores
    ]
    card = msgspec.structs.replace(judged.evaluation.scorecard, scores=tuple(better))
    project.store.add_evaluation(
        msgspec.structs.replace(judged.evaluation, scorecard=card, created=now())
    )

    verification = project.verify("churn@1")

    assert [check.name for check in verification.checks if not check.ok] == ["scores"]
    assert "roc_auc" in verification.checks[-1].detail
