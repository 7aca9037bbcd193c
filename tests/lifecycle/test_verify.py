"""Verify: an untouched version holds, and any tampering shows."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from twinkeel.project import Project
from twinkeel.records import Evidence, now

MakeProject = Callable[..., Project]


def test_an_untouched_version_verifies(make_project: MakeProject) -> None:
    project = make_project()
    project.build("churn")

    verification = project.verify("churn@1")

    assert verification.ok, verification
    assert [check.name for check in verification.checks] == [
        "bundle",
        "outputs",
        "scores",
        "verdicts",
    ]
    assert verification.checks[-1].detail == "1 verdict follows from the scores"


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

    assert not next(check for check in verification.checks if check.name == "scores").ok
    assert "roc_auc was 0.99" in verification.checks[2].detail


def test_a_verdict_that_was_turned_is_found(make_project: MakeProject) -> None:
    project = make_project(gates='roc_auc = ">= 0.999"')
    judged = project.build("churn")
    assert judged.evaluation is not None
    turned = msgspec.structs.replace(judged.evaluation.verdicts[0], outcome="pass")
    project.store.add_evaluation(
        msgspec.structs.replace(judged.evaluation, verdicts=(turned,), created=now())
    )

    verification = project.verify("churn@1")

    assert [check.name for check in verification.checks if not check.ok] == ["verdicts"]


def test_a_comparison_with_production_is_verified_too(make_project: MakeProject) -> None:
    project = make_project(gates='log_loss = "not worse by 0.5"')
    project.build("churn")
    project.release("churn@1")
    judged = project.build("churn")

    assert judged.evaluation is not None
    assert judged.evaluation.against == 1
    assert project.verify("churn@2").ok


@pytest.mark.parametrize(("apart", "ok"), [(3e-6, True), (3e-4, False)])
def test_probabilities_may_differ_by_what_processors_round(
    make_project: MakeProject, apart: float, ok: bool
) -> None:
    project = make_project()
    judged = project.build("churn").evaluation
    assert judged is not None
    evidence = msgspec.json.decode(project.store.get_object(judged.evidence_digest), type=Evidence)
    moved = {
        name: [one + by for one in evidence.outputs[name]]
        for name, by in (("Yes", apart), ("No", -apart))
    }
    rounded = msgspec.structs.replace(evidence, outputs=evidence.outputs | moved)
    digest = project.store.put_object(msgspec.json.encode(rounded))
    project.store.add_evaluation(
        msgspec.structs.replace(judged, evidence_digest=digest, created=now())
    )

    checks = {one.name: one.ok for one in project.verify("churn@1").checks}

    assert checks["outputs"] == ok
