"""Two versions on the same cases: the gate's own differences, decisions case by case, one page."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from fees import SERVICES, write_fee, write_fees
from telecom import churn_lines, write_project
from twinkeel.cli.app import run
from twinkeel.errors import Refused, UnknownName, UsageError
from twinkeel.project import Project
from twinkeel.records import Beside, Comparison, Evidence, Score
from twinkeel.report.comparison import groups_said

Make = Callable[..., Project]
AMOUNTS = """
[project]
name = "bills"

[sources.bills]
path = "bills.csv"

[components.bill]
kind = "regressor"
source = "bills"
target = "amount"
work_limit = 1
"""


def grown(project: Project, rows: int) -> None:
    """A second version, from a source of so many rows."""
    (project.config.root / "customers.csv").write_text("\n".join(churn_lines(rows)) + "\n")
    project.build("churn")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """churn@1 of 700 rows in production, churn@2 of 900, judged against it on all of its cases."""
    folder = tmp_path_factory.mktemp("two") / "project"
    project = Project.open(write_project(folder, rows=700, gates='log_loss = "not worse by 0.5"'))
    project.build("churn")
    project.release("churn@1", override="to compare with")
    grown(project, 900)
    yield project
    project.close()


def test_a_difference_is_the_one_that_the_gate_judged(two: Project, tmp_path: Path) -> None:
    shutil.copytree(two.config.root, tmp_path / "copy")
    project = Project.open(tmp_path / "copy")
    project.evaluate("churn@1")

    found = project.compare("churn@2")

    judged = project.show("churn@2").evaluation
    project.close()
    assert judged is not None
    assert (found.old, found.new, found.production) == ("churn@1", "churn@2", "churn@1")
    assert found.notes == ()
    assert len(found.cases) == found.asked.old == found.asked.new
    [loss] = [one for one in found.scores if one.key == "log_loss"]
    assert loss.gain == judged.verdicts[0].score
    assert loss.new == judged.scorecard.get("log_loss")
    assert [one.key for one in found.timings] == ["latency_ms", "rows_per_second", "bundle_mb"]
    assert all(one.gain is None for one in found.timings)


def test_only_shared_cases_count_and_what_to_run_is_told(two: Project) -> None:
    found = two.compare("churn@1", "churn@2")

    first = two.show("churn@1").evaluation
    assert first is not None
    assert len(found.cases) == found.asked.old < found.asked.new
    assert "run twinkeel evaluate churn@1 and twinkeel evaluate churn@2" in found.notes[0]
    assert [one.old for one in found.scores] == [
        score for score in first.scorecard.scores if score.slice is None and not score.timing
    ]


def test_a_label_that_was_corrected_since_is_another_case(make_project: Make) -> None:
    project = make_project(rows=600)
    project.build("churn")
    table = project.config.root / "customers.csv"
    corrected = evidence(project, "churn@1").ids[:3]
    lines = [turned(line) if line.startswith(corrected) else line for line in churn_lines(600)]
    table.write_text("\n".join(lines) + "\n")
    project.build("churn")

    found = project.compare("churn@1", "churn@2")

    assert not set(corrected) & set(found.cases)
    assert found.notes[0].startswith("6 cases were asked of one version only")


def turned(line: str) -> str:
    """The row with the other label."""
    head, _, label = line.rpartition(",")
    return f"{head},{'No' if label == 'Yes' else 'Yes'}"


def evidence(project: Project, ref: str) -> Evidence:
    judged = project.show(ref).evaluation
    assert judged is not None
    return msgspec.json.decode(project.store.get_object(judged.evidence_digest), type=Evidence)


def test_decisions_are_counted_in_both_directions(two: Project) -> None:
    found = two.compare("churn@2", "churn@1")
    back = two.compare("churn@1", "churn@2")

    one, other = found.decisions, back.decisions
    assert one is not None
    assert other is not None
    assert one.won + one.lost + one.even == len(found.cases)
    assert (one.won, one.lost) == (other.lost, other.won)
    assert sum(switch.n for switch in one.switches) == len(one.turns) > 0
    assert {(s.old, s.new, s.won) for s in one.switches} == {
        (s.new, s.old, s.lost) for s in other.switches
    }
    [accuracy] = [score for score in found.scores if score.key == "accuracy"]
    assert accuracy.gain is not None
    assert accuracy.gain.value == pytest.approx((one.won - one.lost) / len(found.cases))


def test_the_contract_importance_and_origin_stand_side_by_side(make_project: Make) -> None:
    project = make_project(rows=500)
    project.build("churn")
    head, *rows = churn_lines(500)
    lines = [f"{head},visits", *(f"{row},{i % 7}" for i, row in enumerate(rows))]
    (project.config.root / "customers.csv").write_text("\n".join(lines) + "\n")
    project.build("churn", seed=3)

    found = project.compare("churn@1", "churn@2")

    assert found.breaking == ("visits (integer) is new: a call without it is refused.",)
    assert next(one for one in found.importance if one.name == "visits").old is None
    largest = [max(one.old or 0, one.new or 0) for one in found.importance]
    assert largest == sorted(largest, reverse=True)
    assert {"seed", "data"} <= {one.name for one in found.lineage}
    assert "source" not in {one.name for one in found.lineage}


def test_amounts_are_won_by_who_is_nearer(tmp_path: Path) -> None:
    lines = [f"{i},{i % 13},{(i % 13) * 3 + i % 5}" for i in range(300)]
    (tmp_path / "bills.csv").write_text("\n".join(["id,usage,amount", *lines]) + "\n")
    (tmp_path / "twinkeel.toml").write_text(AMOUNTS + 'id = "id"\n')
    project = Project.open(tmp_path)
    for seed in (0, 1):
        project.build("bill", seed=seed)

    found = project.compare("bill@1", "bill@2")

    project.close()
    assert found.decisions is not None
    assert found.decisions.switches == found.decisions.turns == ()
    assert found.decisions.won + found.decisions.lost + found.decisions.even == len(found.cases)


def test_questions_are_won_and_lost_by_name(tmp_path: Path) -> None:
    folder = write_fees(tmp_path / "fees")
    project = Project.open(folder)
    project.build("support")
    for k, service in enumerate(SERVICES[:8]):
        write_fee(folder, service, 90 + k)
    project.build("support")

    found = project.compare("support@1", "support@2")

    project.close()
    assert found.decisions is not None
    assert found.decisions.lost > found.decisions.won == 0
    assert ("right answer", "no answer") in {(s.old, s.new) for s in found.decisions.switches}
    assert any(turn.case.startswith("What is the fee for") for turn in found.decisions.turns)
    assert found.importance == found.breaking == found.differing == ()
    said = groups_said(found.slices)
    assert said.startswith("Of 9 scores of groups ")
    assert f"{len(found.slices) - 9} more scores of groups cannot be judged" in said


def test_the_command_shows_it_as_a_table_as_json_and_as_a_page(
    two: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--project", str(two.config.root)]
    assert run(["compare", "churn@1", "churn@2", *at]) == 0
    shown = capsys.readouterr().out
    for part in ("gain (+ is better)", "log_loss", "importance of", "decided differently"):
        assert part in shown

    assert run(["compare", "churn@1", "churn@2", "--json", *at]) == 0
    data = json.loads(capsys.readouterr().out)
    assert msgspec.convert(data, Comparison) == two.compare("churn@1", "churn@2")

    out = two.config.root / "both.html"
    assert run(["compare", "churn@2", "--out", str(out), *at]) == 0
    assert str(out) in capsys.readouterr().out
    page = out.read_text()
    assert "<title>churn@1 and churn@2</title>" in page
    assert "Cases decided differently" in page
    with pytest.raises(UsageError, match="is a folder: name a file"):
        two.report_comparison(two.compare("churn@2"), two.config.root)


def test_what_cannot_be_compared_is_one_sentence(make_project: Make) -> None:
    project = make_project(rows=400)
    project.build("churn")
    with pytest.raises(UsageError, match="nothing in production to compare churn@1 with"):
        project.compare("churn")
    project.release("churn@1", override="to compare with")
    with pytest.raises(UsageError, match="churn@1 is both: name two versions"):
        project.compare("churn@1")
    with pytest.raises(UnknownName):
        project.compare("churn@1", "churn@9")
    toml = project.config.root / "twinkeel.toml"
    toml.write_text(toml.read_text().replace('id = "customerID"', 'exclude = ["customerID"]'))
    again = Project.open(project.config.root)
    again.build("churn")
    with pytest.raises(Refused, match=r"churn@1 and churn@2 cannot be compared: .* in another way"):
        again.compare("churn@2")
    again.close()


def test_rows_that_are_all_new_have_no_case_in_common(make_project: Make) -> None:
    project = make_project(rows=400)
    project.build("churn")
    head, *rows = churn_lines(1000)
    (project.config.root / "customers.csv").write_text("\n".join([head, *rows[500:]]) + "\n")
    project.build("churn")

    with pytest.raises(Refused, match="no case in common: run twinkeel evaluate churn@1"):
        project.compare("churn@1", "churn@2")


@pytest.mark.parametrize(
    ("low", "high", "change"),
    [
        (0.1, 0.3, "better"),
        (-0.3, -0.1, "worse"),
        (-0.1, 0.3, "no difference seen"),
        (0.0, 0.0, "no difference seen"),
        (None, None, "cannot tell"),
    ],
)
def test_a_whole_interval_decides_the_word(
    low: float | None, high: float | None, change: str
) -> None:
    score = Score(name="f1", value=0.1, low=low, high=high, n=30, direction="higher")

    assert Beside(key="f1", old=score, new=score, gain=score).change == change
