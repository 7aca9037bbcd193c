"""Cases, evidence and comparison: no version is judged on what it, or its rival, learned."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec
import pytest

from telecom import TOML, churn_lines
from twinkeel.errors import ConfigError, Refused
from twinkeel.lifecycle.build import learned_units
from twinkeel.project import Judged, Project
from twinkeel.records import Cases, Evidence

MakeProject = Callable[..., Project]


def cases_of(project: Project, judged: Judged) -> Cases:
    assert judged.evaluation is not None
    return msgspec.json.decode(project.store.get_object(judged.evaluation.cases_digest), type=Cases)


def test_ten_percent_new_rows_never_judge_who_learned_from_them(
    make_project: MakeProject,
) -> None:
    project = make_project(rows=1000, gates='log_loss = "not worse by 0.5"')
    first = project.build("churn")
    project.release("churn@1", override="to compare with")

    (project.config.root / "customers.csv").write_text("\n".join(churn_lines(1100)) + "\n")
    second = project.build("churn")

    old, new = cases_of(project, first), cases_of(project, second)
    judging = set(old.units) | set(new.units)
    assert not judging & learned_units(project.store, first.version)
    assert not judging & learned_units(project.store, second.version)
    assert set(old.ids) < set(new.ids)
    assert second.evaluation is not None
    assert second.evaluation.against == 1
    assert second.evaluation.verdicts[0].outcome == "pass"


def by_date(day: int) -> str:
    return str(dt.date(2024, 1, 1) + dt.timedelta(days=day))


def by_count(day: int) -> str:
    """A count of days that gains a digit between the cutoffs of 800 and of 1,000 rows."""
    return str(day + 640)


def dated(count: int, told: Callable[[int], str]) -> str:
    """The first rows of the churn table, two a day."""
    head, *rows = churn_lines(count)
    days = (told(i // 2) for i in range(count))
    return (
        "\n".join([f"{head},seen", *(f"{row},{day}" for row, day in zip(rows, days, strict=True))])
        + "\n"
    )


@pytest.mark.parametrize(("told", "kind"), [(by_date, str), (by_count, float)])
def test_a_forward_split_moves_its_cutoff_and_compares_after_both(
    make_project: MakeProject, told: Callable[[int], str], kind: type
) -> None:
    project = make_project(options='time = "seen"', gates='log_loss = "not worse by 0.5"')
    (project.config.root / "customers.csv").write_text(dated(800, told))
    first = project.build("churn")
    project.release("churn@1", override="to compare with")
    (project.config.root / "customers.csv").write_text(dated(1000, told))

    second = project.build("churn")

    cutoffs = [judged.version.lineage.split["cutoff"] for judged in (first, second)]
    assert cutoffs[0] < cutoffs[1]
    assert {type(cutoff) for cutoff in cutoffs} == {kind}
    assert second.evaluation is not None
    assert second.evaluation.against_digest is not None
    theirs = msgspec.json.decode(
        project.store.get_object(second.evaluation.against_digest), type=Evidence
    )
    new = cases_of(project, second)
    time_of = dict(zip(new.ids, new.time or [], strict=True))
    assert len(theirs.ids) > 0
    assert all(time_of[name] > max(cutoffs) for name in theirs.ids)


def test_a_count_of_days_that_becomes_dates_is_another_way_of_holding_out(
    make_project: MakeProject,
) -> None:
    project = make_project(options='time = "seen"', gates='log_loss = "not worse by 0.5"')
    (project.config.root / "customers.csv").write_text(dated(400, by_count))
    project.build("churn")
    (project.config.root / "customers.csv").write_text(dated(400, by_date))

    with pytest.raises(Refused, match="held out in another way"):
        project.evaluate("churn@1")


def test_another_way_of_holding_out_is_never_compared(make_project: MakeProject) -> None:
    project = make_project(gates='log_loss = "not worse by 0.5"')
    project.build("churn")
    project.release("churn@1", override="to compare with")
    toml = project.config.root / "twinkeel.toml"
    toml.write_text(toml.read_text().replace('id = "customerID"', 'exclude = ["customerID"]'))

    judged = Project.open(project.config.root).build("churn")

    assert judged.evaluation is not None
    verdict = judged.evaluation.verdicts[0]
    assert verdict.outcome == "inconclusive"
    assert "held its cases out in another way" in verdict.sentence


@pytest.mark.parametrize(
    "change",
    [
        ('name = "telecom-test"', 'name = "telecom-test"\nsplit_key = "other"'),
        ('id = "customerID"', 'group = "customerID"'),
        ('id = "customerID"', ""),
    ],
)
def test_a_version_is_not_judged_under_another_way_of_holding_out(
    make_project: MakeProject, change: tuple[str, str]
) -> None:
    project = make_project(rows=400)
    project.build("churn")
    toml = project.config.root / "twinkeel.toml"
    toml.write_text(toml.read_text().replace(*change))

    with pytest.raises(Refused, match="held out in another way"):
        Project.open(project.config.root).evaluate("churn@1")


def test_a_new_column_changes_the_rule_of_rows_without_an_id(make_project: MakeProject) -> None:
    project = make_project(rows=400, toml=TOML.replace('id = "customerID"', ""))
    project.build("churn")
    table = project.config.root / "customers.csv"
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([f"{head},extra", *(f"{row},1" for row in rows)]) + "\n")

    with pytest.raises(Refused, match="held out in another way"):
        project.evaluate("churn@1")


def test_a_misspelt_gate_says_how_to_go_on(make_project: MakeProject) -> None:
    project = make_project(rows=400, gates='roc_auk = ">= 0.6"')

    with pytest.raises(ConfigError, match=r"did you mean roc_auc.*Nothing was built"):
        project.build("churn")

    assert project.store.versions() == []


def test_evaluating_again_judges_the_rows_that_have_come_since(
    make_project: MakeProject,
) -> None:
    project = make_project(rows=800)
    first = project.build("churn")
    (project.config.root / "customers.csv").write_text("\n".join(churn_lines(1000)) + "\n")

    again = project.evaluate("churn@1")

    assert len(cases_of(project, again)) > len(cases_of(project, first))
    assert again.version == first.version


@pytest.mark.parametrize("name", ["churn@9", "chrun", "churn@x"])
def test_an_unknown_version_is_told(make_project: MakeProject, name: str) -> None:
    from twinkeel.errors import UsageError

    with pytest.raises(UsageError):
        make_project().evaluate(name)
