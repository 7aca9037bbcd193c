"""Calls without an answer: counted in the event log, bounded, and judged as signals."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from starlette.testclient import TestClient

from telecom import write_project
from twinkeel.errors import ContractError, UnknownName
from twinkeel.lifecycle.moments import shifted
from twinkeel.lifecycle.monitor import monitor
from twinkeel.lifecycle.unanswered import Unanswered
from twinkeel.project import Project
from twinkeel.records import Event, Look, Signal, VersionRef
from twinkeel.server.app import application, project_service
from twinkeel.store.bundles import BundleInfo
from twinkeel.store.events import new_id

DAY = 86_400.0
REF = VersionRef(component="churn", number=1)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = Project.open(write_project(tmp_path_factory.mktemp("unanswered"), rows=1_000))
    project.build("churn")
    project.release("churn", override="for these tests")
    yield project
    project.close()


def begun(project: Project) -> str:
    """Release the same bundle as a new version; returns when."""
    store, first = project.store, project.version("churn@1")
    bundle = BundleInfo(digest=first.bundle, bytes=first.bundle_bytes)
    made = store.add_version("churn", first.kind, bundle, first.lineage)
    judged = store.evaluation(first.ref)
    assert judged is not None
    store.add_evaluation(msgspec.structs.replace(judged, number=made.number))
    return project.release(str(made.ref), override="for this test").at


def number(project: Project) -> int:
    """Of the version in production."""
    release = project.store.current("churn")
    assert release is not None
    return release.number


def served(project: Project, since: str, day: int, calls: int, **unanswered: int) -> None:
    """One day of answered calls, and of calls that got no answer."""
    for i in range(calls):
        event = Event(
            id=new_id(),
            kind="call",
            component="churn",
            number=number(project),
            at=shifted(since, (day + (i + 0.5) / calls) * DAY),
            output={"decision": "No"},
        )
        project.store.events.append(event)
    counted = Event(
        id=new_id(),
        kind="unanswered",
        component="churn",
        number=number(project),
        at=shifted(since, (day + 0.5) * DAY),
        output=dict(unanswered),
    )
    project.store.events.append(counted)


def signals(look: Look) -> dict[str, Signal]:
    return {one.cause: one for one in look.signals}


def test_a_flood_of_refusals_is_one_event_a_version() -> None:
    kept: list[Event] = []
    counter = Unanswered(lambda event: kept.append(event) or True)  # type: ignore[func-returns-value]

    for _ in range(10_000):
        counter.count(REF, ContractError("tenure is missing"))
    counter.count(REF, ZeroDivisionError())
    counter.count(REF, UnknownName("no such version"))
    counter.write()
    assert kept == []  # its minute is not over
    counter.write(all_of_it=True)
    counter.write(all_of_it=True)

    assert [one.output for one in kept] == [{"refused": 10_000, "failed": 1}]
    assert kept[0].inputs is None


def test_a_server_counts_the_calls_that_its_version_refuses(project: Project) -> None:
    app = application(project_service(project.config, project.store))
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client:
        for _ in range(3):
            reply = client.post("/v1/components/churn/call", json={"tenure": []})
            assert reply.status_code == 422, reply.text

    found = project.store.events.query(component="churn", kind="unanswered")

    assert [one.output for one in found] == [{"refused": 3, "failed": 0}]
    assert found[0].number == 1


def test_refused_calls_are_an_alarm_and_few_failures_are_not(project: Project) -> None:
    since = begun(project)
    served(project, since, 0, 400, refused=0, failed=0)
    quiet = monitor(project.config, project.store, "churn", at=shifted(since, 1.1 * DAY))[0]
    served(project, since, 1, 400, refused=80, failed=1)

    look = monitor(project.config, project.store, "churn", at=shifted(since, 2.1 * DAY))[0]

    assert signals(quiet)["service.refused"].state == "quiet"
    refused, failed = signals(look)["service.refused"], signals(look)["service.failed"]
    assert refused.state == "alarm"
    assert refused.now == pytest.approx(80 / 481)
    assert "80" in refused.sentence
    assert failed.state == "quiet"
    assert failed.smallest is not None
    assert 0.01 <= failed.smallest < 0.1


def test_where_nearly_every_call_is_refused_it_is_still_judged(project: Project) -> None:
    since = begun(project)
    served(project, since, 0, 3, refused=0, failed=500)

    look = monitor(project.config, project.store, "churn", at=shifted(since, 1.1 * DAY))[0]

    assert signals(look)["service.failed"].state == "alarm"
    assert look.state == "alarm"


def test_too_few_calls_cannot_be_judged(project: Project) -> None:
    since = begun(project)
    served(project, since, 0, 10, refused=20, failed=0)

    look = monitor(project.config, project.store, "churn", at=shifted(since, 1.1 * DAY))[0]

    assert signals(look)["service.refused"].state == "cannot judge"
