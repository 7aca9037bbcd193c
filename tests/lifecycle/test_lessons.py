"""Labelled calls of production as rows that a rebuild learns from and is judged on."""

from __future__ import annotations

import csv
import dataclasses
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from telecom import TOML, churn_lines, write_project
from twinkeel.cli.commands.rebuild import exit_code
from twinkeel.data.extended import Extended
from twinkeel.errors import ConfigError, InputError
from twinkeel.kinds.base import Kind, Lesson, Task
from twinkeel.kinds.classifier.rows import classes
from twinkeel.kinds.tabular.lessons import lesson_rows
from twinkeel.kinds.tabular.rows import usable
from twinkeel.lifecycle.build import learned_units, task_for_cases
from twinkeel.lifecycle.components import Component, component
from twinkeel.lifecycle.lessons import Taught, taught
from twinkeel.lifecycle.serve import Live
from twinkeel.lifecycle.trusted import trusted
from twinkeel.project import Project
from twinkeel.records import Event, Tick, now
from twinkeel.store.events import new_id

MakeProject = Callable[..., Project]
Released = Callable[[str], Project]
Row = dict[str, str]
GATES = 'log_loss = "not worse by 0.01"'
CALLS = "[components.churn.rebuild]\ncalls = true\n[events]\nsensitive = true"
BY_ID = '[components.churn.labels]\nid = "customerID"\ntime = "day"\nvalue = "churned"\n'


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(csv.DictReader(churn_lines(3_000)))


def turned(row: Row) -> str:
    """Who has a long contract leaves, who has a short one stays."""
    return "No" if row["Contract"] == "Month-to-month" else "Yes"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project whose first version is in production."""
    root = write_project(tmp_path_factory.mktemp("built"), rows=1_200, gates=GATES)
    project = Project.open(root)
    project.build("churn")
    project.release("churn@1")
    project.close()
    return root


@pytest.fixture
def released(built: Path, tmp_path: Path) -> Iterator[Released]:
    """`released(options)`: a copy of the project with more lines of configuration."""
    opened = []

    def copy(options: str) -> Project:
        root = tmp_path / "copy"
        shutil.copytree(built, root)
        (root / "twinkeel.toml").write_text(TOML.format(gates=GATES, options=options))
        opened.append(Project.open(root))
        return opened[0]

    yield copy
    for project in opened:
        project.close()


def asked(
    project: Project,
    rows: Sequence[Row],
    who: str | None = None,
    says: Callable[[Row], str] = turned,
) -> list[str]:
    """The event ids of calls, one for each row, whose labels have come as `says` gives them."""
    live = Live.of(project.config, project.store)
    live.refresh()
    ids = []
    for row in rows:
        id_ = live.call("churn", [{k: v for k, v in row.items() if k != "Churn"}])[0].event
        assert id_ is not None
        ids.append(id_)
        project.store.events.append(label(id_, says(row), who))
    live.close()
    return ids


def more(project: Project) -> Taught:
    what = component(project.config, "churn")
    return taught(project.config, project.store, what, project.version("churn@1"))


def label(about: str, value: str, who: str | None = None) -> Event:
    return Event(
        id=new_id(),
        kind="label",
        component="churn",
        at=now(),
        about=about,
        who=who,
        output={"value": value},
    )


def test_labelled_calls_teach_what_the_source_does_not_say(
    released: Released, rows: list[Row]
) -> None:
    project = released(CALLS.replace("calls = true", "calls = true\ntrusted = false"))
    asked(project, rows[1_200:2_200])

    found = project.rebuild("churn")

    assert found.calls == 998
    assert found.notes == (
        "998 labelled calls are rows as well; of the others, "
        "2 say what the source or a newer call says.",
    )
    assert (found.chosen in ("refit", "search"), found.released) == (True, True)
    made = project.version("churn@2")
    assert made.lineage.rows == 2_198
    assert [origin.rows for origin in made.lineage.origins] == [1_200, 998]
    assert len(learned_units(project.store, made)) > 1_500
    assert project.verify("churn@2").ok


def test_without_a_word_labels_teach_nothing(released: Released, rows: list[Row]) -> None:
    project = released("[events]\nsensitive = true")
    before = more(project).source.digest()
    asked(project, rows[1_200:1_300])

    after = more(project)

    assert (after.rows, after.notes, after.source.digest()) == (0, (), before)


def test_what_does_not_count_is_said(released: Released, rows: list[Row]) -> None:
    project = released(CALLS)
    ids = asked(project, rows[1_200:1_300])
    for id_ in ids[:7]:
        other = "Yes" if turned(rows[1_200 + ids.index(id_)]) == "No" else "No"
        project.store.events.append(label(id_, other))

    found = more(project)

    assert (found.rows, found.source.rows) == (93, 1_293)
    assert found.notes == (
        "93 labelled calls are rows as well; of the others, 7 have labels that differ.",
    )


def test_a_flood_of_labels_by_one_sender_teaches_nothing(
    released: Released, rows: list[Row]
) -> None:
    project = released(f"{CALLS}\n[components.churn.labels]\nshare = 0.6")
    asked(project, rows[1_200:1_230], "crm")
    asked(project, rows[1_230:1_330], "bot")

    found = more(project)

    assert found.rows == 30
    assert "100 were labelled only by a sender who is set apart" in found.notes[0]


def flipped(row: Row) -> str:
    return "No" if row["Churn"] == "Yes" else "Yes"


def test_what_few_senders_flip_over_time_does_not_get_into_production(
    released: Released, rows: list[Row]
) -> None:
    project = released(f"{CALLS}\n[components.churn.labels]\nshare = 0.5")
    for who, first in (("crm", 1_200), ("web", 1_550), ("desk", 1_900)):
        asked(project, rows[first : first + 245], who, lambda row: row["Churn"])
        asked(project, rows[first + 245 : first + 350], f"bot-{who}", flipped)

    found = project.rebuild("churn")

    assert (found.calls, found.chosen, found.version) == (1_047, "keep", None)
    assert exit_code(found) == 1
    held = [one.reason for one in found.table if one.fate == "held back"]
    assert held
    assert all("but on the trusted cases it is worse than churn@1: log_loss -" in a for a in held)
    assert held[0] in found.why


def test_honest_labels_still_teach(make_project: MakeProject, rows: list[Row]) -> None:
    project = make_project(rows=400, gates='log_loss = "not worse by 0.02"', options=CALLS)
    project.build("churn")
    project.release("churn@1")
    asked(project, rows[400:2_400], says=lambda row: row["Churn"])

    found = project.rebuild("churn", dry_run=True)

    assert found.chosen in ("recalibrate", "refit"), [one.reason for one in found.table]
    assert "trusted cases, those that judged churn@1, judge what learned from" in found.notes[1]


def test_what_goes_on_from_calls_is_still_judged_by_what_no_call_has_taught(
    released: Released, rows: list[Row]
) -> None:
    project = released(CALLS.replace("calls = true", "calls = true\ntrusted = false"))
    asked(project, rows[1_200:2_200])
    project.rebuild("churn")

    found = trusted(project.store, project.version("churn@2"), project_kind(project).remedies())

    assert str(found.version.ref) == "churn@1"
    assert not set(found.cases.units) & learned_units(project.store, project.version("churn@2"))


def project_kind(project: Project) -> Kind[Any]:
    return component(project.config, "churn").kind


def test_what_events_may_not_hold_is_not_guessed(released: Released) -> None:
    project = released("[components.churn.rebuild]\ncalls = true")

    with pytest.raises(ConfigError, match="events hold no gender, which is sensitive: set"):
        project.rebuild("churn")


def test_what_is_wrong_with_the_configuration_is_told_before_a_table_is_looked_at(
    released: Released,
) -> None:
    project = released("[components.churn.rebuild]\ncalls = true")
    (project.config.root / "customers.csv").unlink()

    with pytest.raises(ConfigError, match="events hold no gender"):
        project.rebuild("churn")


def test_a_rebuild_says_which_remedy_of_how_many_is_tried(released: Released) -> None:
    told: list[Tick] = []
    project = released("")
    project.progress = told.append

    project.rebuild("churn", dry_run=True)

    tried = [tick.detail for tick in told if tick.stage == "trying"]
    assert [detail.split(":")[0] for detail in tried] == [
        f"{place} of {len(tried)}" for place in range(1, len(tried) + 1)
    ]
    assert len(tried) > 1


# ------------------------------------------------------------------------------ rows


def made(
    make_project: MakeProject, lessons: Sequence[Lesson], options: str = "", rows: int = 50
) -> list[dict[str, Any]]:
    project = make_project(rows=rows, options=options)
    what = component(project.config, "churn")
    task = task_for_cases(project.config, project.store, what, Path())
    return lesson_rows(task, lessons).rows()


def lesson(row: Mapping[str, str], at: str = "2026-01-01", **more: Any) -> Lesson:
    inputs = {k: v for k, v in row.items() if k not in ("Churn", "customerID")}
    return Lesson(inputs=inputs | more, label=row["Churn"], at=f"{at}T00:00:00.000000+00:00")


def test_a_row_that_the_table_has_is_left_out(make_project: MakeProject, rows: list[Row]) -> None:
    by_id = lesson(rows[100], customerID=rows[3]["customerID"])
    by_contents = lesson({**rows[4], "MonthlyCharges": f"{float(rows[4]['MonthlyCharges']):.3f}"})
    new = lesson(rows[100], customerID="new-1")

    found = made(make_project, [by_id, by_contents, new])

    assert [row["customerID"] for row in found] == ["new-1"]
    assert found[0]["Churn"] == rows[100]["Churn"]


def test_of_one_customer_the_newest_call_counts_and_equal_ones_stay_together(
    make_project: MakeProject, rows: list[Row]
) -> None:
    early, late = rows[100], rows[101]
    lessons = [
        lesson(late, "2026-03-01", customerID="a"),
        lesson(early, "2026-02-01", customerID="a"),
        lesson(rows[102], "2026-02-01"),
        lesson(rows[102], "2026-02-02"),
    ]

    found = made(make_project, lessons)

    assert [row["TotalCharges"] for row in found] == [
        late["TotalCharges"],
        rows[102]["TotalCharges"],
    ]
    assert str(found[1]["customerID"]).startswith("call-")


def test_rows_that_say_more_than_a_call_are_refused(
    make_project: MakeProject, rows: list[Row]
) -> None:
    with pytest.raises(InputError, match="a call does not say its PaymentMethod, which is the gr"):
        made(make_project, [lesson(rows[100])], 'group = "PaymentMethod"')
    with pytest.raises(InputError, match="the moment of a call is no tenure"):
        made(make_project, [lesson(rows[100])], 'time = "tenure"')


def dated(make_project: MakeProject, rows: list[Row]) -> tuple[Component, Task[Any]]:
    """The component of a project whose 50 rows have a day of March 2025."""
    project = make_project(rows=50, options='time = "day"')
    with_day = [row | {"day": f"2025-03-{1 + i % 28:02d}"} for i, row in enumerate(rows[:50])]
    with (project.config.root / "customers.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(with_day[0]))
        writer.writeheader()
        writer.writerows(with_day)
    what = component(project.config, "churn")
    return what, task_for_cases(project.config, project.store, what, Path())


def test_a_known_customer_at_another_moment_is_a_row(
    make_project: MakeProject, rows: list[Row]
) -> None:
    _, task = dated(make_project, rows)
    who = rows[3]["customerID"]
    lessons = [lesson(rows[100], day, customerID=who) for day in ("2025-03-04", "2026-01-02")]

    found = lesson_rows(task, lessons).rows()

    assert [row["day"][:10] for row in found] == ["2026-01-02"]


def test_the_moment_of_a_call_is_its_time_and_judges_as_the_newest(
    make_project: MakeProject, rows: list[Row]
) -> None:
    what, task = dated(make_project, rows)
    lessons = [lesson(row, "2026-01-02") for row in rows[60:70]]

    found = lesson_rows(task, lessons)
    cases = what.kind.cases(dataclasses.replace(task, data=Extended(task.data, found, "calls")))

    assert found.rows()[0]["day"] == "2026-01-02T00:00:00.000000+00:00"
    assert cases.time is not None
    assert list(cases.time).count("2026-01-02") == 10
    assert cases.inputs["Contract"][-10:] == [row["Contract"] for row in rows[60:70]]


def test_trusted_rows_are_not_learned_from_when_later_calls_move_the_cutoff(
    make_project: MakeProject, rows: list[Row]
) -> None:
    what, task = dated(make_project, rows)
    apart = frozenset(what.kind.cases(task).units)
    later = lesson_rows(task, [lesson(row, "2026-01-02") for row in rows[60:160]])
    more = dataclasses.replace(task, data=Extended(task.data, later, "calls"))

    learned, kept = (
        {found.split.units[i] for i in found.learned}
        for found in (
            usable(one, classes) for one in (more, dataclasses.replace(more, apart=apart))
        )
    )

    assert apart < learned
    assert kept == learned - apart
