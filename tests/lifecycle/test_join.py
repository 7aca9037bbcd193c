"""Labels and feedback that come late, in a table, join the calls that they are about."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from telecom import churn_lines, write_project
from twinkeel.cli.app import run
from twinkeel.errors import SourceError, UsageError
from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.serve import Live
from twinkeel.project import Project
from twinkeel.records import Event, now
from twinkeel.server.app import application, project_service

SOURCES = {
    "file": 'path = "outcomes.csv"',
    "query": """query = \"\"\"SELECT "customerID", day, max(churned) AS churned
FROM raw GROUP BY ALL\"\"\"
[sources.raw]
path = "outcomes.csv"
""",
    "sqlite": """url = "sqlite:///crm.db"
query = "SELECT customerID, day, churned FROM outcomes WHERE churned IS NOT NULL"
""",
}
OPTIONS = '[components.churn.labels]\nid = "customerID"\ntime = "day"\nvalue = "churned"'
BY_EVENT = {"event": "event", "value": "churned"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a released version, whose labels join by the customer's id."""
    folder = write_project(tmp_path_factory.mktemp("late"), rows=400, options=OPTIONS)
    (folder / "outcomes.csv").write_text("event,churned\nnone,Yes\n")
    project = Project.open(folder)
    project.build("churn")
    project.release("churn", override="for these tests")
    yield project
    project.close()


@pytest.fixture
def called(built: Project) -> Callable[..., list[Event]]:
    """`called(3)`: the events of calls for the first three customers, one after the other."""
    rows = list(csv.DictReader(churn_lines(20)))

    def call(count: int) -> list[Event]:
        live = Live.of(built.config, built.store)
        live.refresh()
        ids = [live.call("churn", [row])[0].event for row in rows[:count]]
        return [event for id_ in ids if (event := built.store.events.find(str(id_)))]

    return call


def table(project: Project, *lines: str) -> Path:
    path = project.config.root / "late.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def labels_of(project: Project, event: Event) -> list[object]:
    return [one.output["value"] for one in project.store.events.query(about=event.id)]


def test_labels_join_by_event_id_once(built: Project, called: Callable[..., list[Event]]) -> None:
    first, second = called(2)
    file = table(built, "event,churned", f"{first.id},Yes", f"{second.id},No")

    once = built.label("churn", file, columns=BY_EVENT)
    again = built.label("churn", file, columns=BY_EVENT)

    assert (once.rows, once.joined, once.known, once.refused) == (2, 2, 0, 0)
    assert (again.joined, again.known) == (0, 2)
    assert labels_of(built, first) == ["Yes"]


def test_a_row_about_no_call_or_with_no_class_is_refused_by_its_number(
    built: Project, called: Callable[..., list[Event]]
) -> None:
    (event,) = called(1)
    label = built.label("churn", table(built, "event,churned", f"{event.id},Yes"), columns=BY_EVENT)
    assert label.joined == 1
    told = built.store.events.query(about=event.id)[0].id
    lines = (f"{event.id},Maybe", "0123,Yes", f"{told},Yes", f"{event.id},", ",Yes")

    found = built.label("churn", table(built, "event,churned", *lines), columns=BY_EVENT)

    assert (found.joined, found.unknown, found.invalid) == (0, 3, 2)
    said = {one.row: one.sentence for one in found.told}
    assert (said[4], said[5]) == ("its label is empty.", "its id is empty.")
    assert said[1] == "there is no label 'Maybe'; there is 'No', 'Yes'."
    assert said[2] == "there is no call with the event id '0123'."


def test_contradicting_labels_are_both_kept(
    built: Project, called: Callable[..., list[Event]]
) -> None:
    (event,) = called(1)
    file = table(built, "event,churned", f"{event.id},Yes", f"{event.id},No", f"{event.id},No")

    found = built.label("churn", file, columns=BY_EVENT)

    assert (found.joined, found.known, found.contradicting) == (2, 1, 1)
    assert sorted(map(str, labels_of(built, event))) == ["No", "Yes"]


def test_labels_join_the_latest_call_of_the_case_before_their_time(
    built: Project, called: Callable[..., list[Event]]
) -> None:
    earlier, later = called(1)[0], called(1)[0]
    after, before = shifted(now(), 60), shifted(earlier.at, -90)
    long_after = shifted(now(), 40 * 86400)
    rows = (f"{earlier.case},{after},Yes", f"{earlier.case},{before},Yes")
    file = table(built, "customerID,day,churned", *rows, f"{earlier.case},{long_after},No")

    found = built.label("churn", file)

    assert (found.joined, found.unknown) == (1, 2)
    assert found.ambiguous == 1
    assert labels_of(built, later) == ["Yes"]
    assert labels_of(built, earlier) == []


@pytest.mark.parametrize("data", SOURCES)
@pytest.mark.parametrize("kind", ["label", "feedback"])
def test_the_configured_source_is_read(
    built: Project, called: Callable[..., list[Event]], data: str, kind: str
) -> None:
    events = called(3)
    root = built.config.root
    today = now()[:10]
    rows = [(str(one.case), today, "Yes") for one in events[:2]] + [("nobody", today, "No")]
    table(built, "customerID,day,churned", *map(",".join, rows)).rename(root / "outcomes.csv")
    with closing(sqlite3.connect(root / "crm.db")) as database, database:
        database.execute("DROP TABLE IF EXISTS outcomes")
        database.execute("CREATE TABLE outcomes (customerID TEXT, day TEXT, churned TEXT)")
        database.executemany("INSERT INTO outcomes VALUES (?, ?, ?)", rows)
    written = (root / "twinkeel.toml").read_text()
    joining = OPTIONS.replace("labels", "labels" if kind == "label" else "feedback")
    plain = written.replace(OPTIONS, f'{joining}\nsource = "late"')
    (root / "twinkeel.toml").write_text(f"{plain}\n[sources.late]\n{SOURCES[data]}")

    try:
        with closing(Project.open(root)) as project:
            found = getattr(project, kind)("churn")
            again = getattr(project, kind)("churn")
    finally:
        (root / "twinkeel.toml").write_text(written)

    assert (found.rows, found.joined, found.unknown) == (3, 2, 1)
    assert (again.joined, again.known) == (0, 2)
    assert [labels_of(built, one) for one in events] == [["Yes"], ["Yes"], []]


def test_a_table_of_labels_is_never_sampled(
    built: Project, called: Callable[..., list[Event]]
) -> None:
    (event,) = called(1)
    root = built.config.root
    written = (root / "twinkeel.toml").read_text()
    late = 'source = "late"\n[sources.late]\npath = "late.csv"\nsample_rows = 10'
    (root / "twinkeel.toml").write_text(written.replace(OPTIONS, f"{OPTIONS}\n{late}"))
    table(built, "event,churned", *["none,Yes"] * 12_000, f"{event.id},Yes")

    try:
        with closing(Project.open(root)) as project:
            found = project.label("churn", columns=BY_EVENT)
    finally:
        (root / "twinkeel.toml").write_text(written)

    assert (found.rows, found.joined, found.told[-1].row) == (12_001, 1, 20)
    assert labels_of(built, event) == ["Yes"]


def test_a_time_that_is_none_is_told(built: Project) -> None:
    found = built.label("churn", table(built, "customerID,day,churned", "7590-VHVEG,soon,Yes"))

    assert (found.invalid, found.told[0].sentence) == (1, "its time is not a date or a time.")


def test_who_said_so_is_kept_and_two_who_agree_are_two(
    built: Project, called: Callable[..., list[Event]]
) -> None:
    (event,) = called(1)
    file = table(built, "event,churned,clerk", f"{event.id},Yes,ann", f"{event.id},Yes,bob")

    found = built.label("churn", file, columns={**BY_EVENT, "by": "clerk"})

    assert found.joined == 2
    assert {one.who for one in built.store.events.query(about=event.id)} == {"ann", "bob"}


def test_feedback_is_any_value_and_does_not_contradict(
    built: Project, called: Callable[..., list[Event]]
) -> None:
    (event,) = called(1)
    file = table(built, "event,stars", f"{event.id},4", f"{event.id},bad")

    found = built.feedback("churn", file, columns={"event": "event", "value": "stars"})

    assert (found.joined, found.contradicting) == (2, 0)
    assert set(labels_of(built, event)) == {4, "bad"}


def test_the_command_ends_with_1_where_a_row_is_refused(
    built: Project, called: Callable[..., list[Event]], capsys: pytest.CaptureFixture[str]
) -> None:
    (event,) = called(1)
    good, bad = f"{event.id},Yes", "none,Yes"
    root, words = str(built.config.root), ("value=churned", "event=event", "--in")

    def label(*lines: str) -> int:
        file = table(built, "event,churned", *lines)
        return run(["label", "churn", *words, str(file), "--json", "--project", root])

    assert label(good) == 0
    assert json.loads(capsys.readouterr().out)["joined"] == 1
    assert label(good, bad) == 1
    counts = json.loads(capsys.readouterr().out)
    assert (counts["known"], counts["unknown"]) == (1, 1)


def test_a_label_over_http_is_checked_too(
    built: Project, called: Callable[..., list[Event]]
) -> None:
    (event,) = called(1)
    app = application(project_service(built.config, built.store))
    with TestClient(app, base_url="http://localhost:8400", client=("127.0.0.1", 5)) as client:
        url = f"/v1/events/{event.id}/label"

        wrong = client.post(url, json={"value": "Maybe"})
        right = client.post(url, json={"value": "Yes"})

    assert (wrong.status_code, right.status_code) == (422, 201)
    assert wrong.json()["error"].startswith("The label's value: there is no label 'Maybe'")


def test_mistakes_are_told_before_anything_is_recorded(built: Project) -> None:
    file = table(built, "event,churned", "x,Yes")

    with pytest.raises(SourceError, match="no column 'evnt'; did you mean 'event'"):
        built.label("churn", file, columns={"event": "evnt", "value": "churned"})
    with pytest.raises(SourceError, match=r"^There is no file .*nope\.csv: correct the path\.$"):
        built.label("churn", file.with_name("nope.csv"), columns=BY_EVENT)
    with pytest.raises(
        UsageError, match=r"^'evnt' is nothing that a row can say; did you mean 'ev"
    ):
        built.label("churn", file, columns={"evnt": "event"})
    with pytest.raises(UsageError, match=r"Give a file, or name a source under \[components"):
        built.label("churn")
    with pytest.raises(UsageError, match="has no value"):
        built.feedback("churn", file, columns={"event": "event"})
