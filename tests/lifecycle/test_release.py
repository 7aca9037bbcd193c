"""Release and rollback: what may go into production, and how it comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from twinkeel.errors import BundleError, Refused, UnknownName
from twinkeel.project import Project

MakeProject = Callable[..., Project]
IMPOSSIBLE = 'roc_auc = ">= 0.999"'


def test_a_version_that_passed_is_released_and_answers(
    make_project: MakeProject, churn_rows: list[dict[str, str]]
) -> None:
    project = make_project()
    project.build("churn")

    release = project.release("churn")

    assert (release.number, release.override) == (1, None)
    assert project.call("churn", churn_rows[0]).values["prediction"] in ("Yes", "No")


def test_a_failed_gate_refuses_unless_a_reason_is_given(make_project: MakeProject) -> None:
    project = make_project(gates=IMPOSSIBLE)
    judged = project.build("churn")
    assert judged.evaluation is not None
    assert judged.evaluation.outcome == "fail"

    with pytest.raises(Refused, match="roc_auc"):
        project.release("churn@1")
    release = project.release("churn@1", override="the pilot needs it")

    assert release.override == "the pilot needs it"
    assert release.who


@pytest.mark.parametrize("reason", ["", "   "])
def test_an_empty_reason_is_no_reason(make_project: MakeProject, reason: str) -> None:
    project = make_project(gates=IMPOSSIBLE)
    project.build("churn")

    with pytest.raises(Refused, match="needs a reason"):
        project.release("churn@1", override=reason)


def test_rollback_is_one_step_and_walks_back(make_project: MakeProject) -> None:
    project = make_project()
    for _ in range(3):
        project.build("churn")
    for number in (1, 2, 3):
        project.release(f"churn@{number}")

    assert project.rollback("churn").number == 2
    assert project.rollback("churn").number == 1
    with pytest.raises(Refused, match="no earlier release"):
        project.rollback("churn")


def test_what_is_in_production_cannot_be_released_again(make_project: MakeProject) -> None:
    project = make_project()
    project.build("churn")
    project.release("churn@1")

    with pytest.raises(Refused, match="already in production"):
        project.release("churn@1")


def test_gates_that_changed_since_must_be_judged_again(make_project: MakeProject) -> None:
    project = make_project()
    project.build("churn")
    toml = project.config.root / "twinkeel.toml"
    toml.write_text(toml.read_text().replace(">= 0.6", ">= 0.55"))
    project = Project.open(project.config.root)

    with pytest.raises(Refused, match="gates have changed"):
        project.release("churn@1")
    project.evaluate("churn@1")

    assert project.release("churn@1").number == 1


def test_a_comparison_with_what_is_no_longer_production_does_not_count(
    make_project: MakeProject,
) -> None:
    project = make_project(gates='log_loss = "not worse by 0.5"')
    project.build("churn")
    project.build("churn")
    project.release("churn@1")

    with pytest.raises(Refused, match="Production has changed"):
        project.release("churn@2")


def test_a_bundle_with_one_flipped_bit_is_neither_released_nor_verified(
    make_project: MakeProject,
) -> None:
    project = make_project()
    judged = project.build("churn")
    bundle = project.store.open_bundle(judged.version.bundle)
    model = bundle.path / "model.onnx"
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.chmod(0o644)
    model.write_bytes(content)

    with pytest.raises(BundleError, match=r"model\.onnx"):
        project.release("churn@1")
    verification = project.verify("churn@1")

    assert not verification.ok
    assert "model.onnx" in verification.checks[0].detail


def test_rollback_of_an_unknown_component_names_the_nearest(make_project: MakeProject) -> None:
    with pytest.raises(UnknownName, match="did you mean 'churn'"):
        make_project(rows=20).rollback("chrun")
