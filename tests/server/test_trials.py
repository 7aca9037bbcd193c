"""A candidate beside production: in the shadow or for real, it never costs a caller an answer."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from server_site import ROW, TALK, Site, serving

from twinkeel.cli.app import run
from twinkeel.errors import Refused, UsageError
from twinkeel.lifecycle.serve import Answer, Live
from twinkeel.lifecycle.trial import judge, start, stop
from twinkeel.records import Event, Message, Mode, Terms, Trial, now
from twinkeel.store.events import new_id
from waiting import eventually

GOOD, BAD, BROKEN = 3.0, 1.0, -1.0
"""An amount of 20 is `high` above 50: production's factor 2 says `low`."""


@pytest.fixture
def live(site: Site) -> Iterator[Live]:
    made = Live.of(site.config, site.store)
    made.refresh()
    yield made
    made.close()


def trial(
    site: Site, factor: float, mode: Mode = "shadow", share: float = 1.0, margin: float = 0.01
) -> Trial:
    number = site.publish("toy", f'{{"factor": {factor}}}', release=False)
    version = next(one for one in site.store.versions("toy") if one.number == number)
    terms = Terms(mode=mode, share=share, margin=margin)
    return start(site.config, site.store, version, terms, override="a test")


def asked(live: Live, count: int) -> list[Answer]:
    live.refresh()
    return [live.call("toy", [{**ROW, "months": k}])[0] for k in range(count)]


def shadows(site: Site) -> list[Event]:
    return list(site.store.events.each("toy", "shadow"))


def by_production(site: Site) -> list[Event]:
    return [one for one in shadows(site) if one.number == 1]


def label(site: Site, answers: list[Answer], value: str) -> None:
    for answer in answers:
        made = Event(
            id=new_id(),
            kind="label",
            component="toy",
            at=now(),
            about=answer.event,
            output={"value": value},
        )
        site.store.events.append(made)


def test_a_shadow_is_asked_the_same_and_never_answers(site: Site, live: Live) -> None:
    trial(site, GOOD)

    answers = asked(live, 10)

    assert {answer.ref for answer in answers} == {"toy@1"}
    assert eventually(lambda: len(shadows(site)) == 10)
    assert {one.about for one in shadows(site)} == {answer.event for answer in answers}
    assert {(one.number, one.output["tier"]) for one in shadows(site)} == {(2, "high")}


@pytest.mark.parametrize("mode", ["shadow", "canary"])
def test_a_candidate_that_labels_prove_better_is_promoted(
    site: Site, live: Live, mode: Mode
) -> None:
    trial(site, GOOD, mode)
    answers = asked(live, 40)
    assert eventually(lambda: len(shadows(site)) == 40)
    assert judge(site.config, site.store, "toy").state == "running"
    label(site, answers, "high")

    ended = judge(site.config, site.store, "toy")

    assert ended.state == "promoted"
    assert (ended.standing.labelled, ended.standing.gain) == (40, 1.0)
    assert ended.why.startswith("It is not worse by 0.01: production's loss less its own is +1")
    current = site.store.current("toy")
    assert current is not None
    assert (current.number, current.override) == (2, "a test")
    live.refresh()
    assert live.call("toy", [ROW])[0].ref == "toy@2"


@pytest.mark.parametrize("mode", ["shadow", "canary"])
def test_a_candidate_that_labels_prove_worse_is_rolled_back(
    site: Site, live: Live, mode: Mode
) -> None:
    trial(site, GOOD, mode)
    answers = asked(live, 40)
    assert eventually(lambda: len(shadows(site)) == 40)
    label(site, answers, "low")

    ended = judge(site.config, site.store, "toy")

    assert ended.state == "rolled back"
    assert "worse by more than 0.01" in ended.why
    assert site.store.trials.every("toy") == [ended]
    assert {answer.ref for answer in asked(live, 5)} == {"toy@1"}


def test_two_that_answer_alike_are_told_apart_by_the_margin_alone(site: Site, live: Live) -> None:
    trial(site, 2.0, margin=0.2)
    answers = asked(live, 60)
    assert eventually(lambda: len(shadows(site)) == 60)
    label(site, answers, "high")

    assert judge(site.config, site.store, "toy").state == "promoted"


def test_a_shadow_that_fails_touches_nobody_and_is_rolled_back(site: Site, live: Live) -> None:
    trial(site, BROKEN)

    assert {answer.ref for answer in asked(live, 5)} == {"toy@1"}
    assert eventually(lambda: len(shadows(site)) == 5)
    ended = judge(site.config, site.store, "toy")

    assert (ended.state, ended.standing.errors) == ("rolled back", 5)
    assert {(one.status, one.output) for one in shadows(site)} == {(500, None)}


def test_a_canary_that_fails_falls_back_at_once(site: Site, live: Live) -> None:
    trial(site, BROKEN, "canary")

    assert {answer.ref for answer in asked(live, 5)} == {"toy@1"}
    ended = judge(site.config, site.store, "toy")

    assert (ended.state, ended.standing.errors) == ("rolled back", 1)
    assert ended.why == "It failed on 1 of 1 calls that production answered."


def test_a_candidate_that_does_not_load_leaves_production(site: Site, live: Live) -> None:
    trial(site, GOOD)
    candidate = site.store.open_bundle(site.store.versions("toy")[-1].bundle).path / "model.json"
    candidate.chmod(0o644)
    candidate.write_text('{"factor": 9.0}')

    assert {answer.ref for answer in asked(live, 3)} == {"toy@1"}
    ended = judge(site.config, site.store, "toy")
    assert (ended.state, ended.why[:31]) == ("rolled back", "It does not load: model.json in")


def test_one_case_always_goes_one_way_and_the_share_holds(site: Site, live: Live) -> None:
    trial(site, GOOD, "canary", share=0.3)

    first, again = asked(live, 300), asked(live, 300)

    assert [answer.ref for answer in first] == [answer.ref for answer in again]
    assert 60 <= Counter(answer.ref for answer in first)["toy@2"] <= 120


def test_many_rows_and_a_call_that_names_a_version_have_one_answerer(
    site: Site, live: Live
) -> None:
    trial(site, GOOD, "canary")
    live.refresh()

    answers = live.call("toy", [{**ROW, "months": k} for k in range(20)])

    assert {answer.ref for answer in answers} == {"toy@1"}
    assert eventually(lambda: len(shadows(site)) == 20)


def test_another_release_ends_the_trial(site: Site) -> None:
    trial(site, GOOD)
    site.release(5.0)

    ended = judge(site.config, site.store, "toy")

    assert (ended.state, ended.why) == ("stopped", "toy@3 was released meanwhile.")


def test_what_cannot_be_is_refused_in_a_sentence(site: Site) -> None:
    with pytest.raises(UsageError, match="share must be more than 0"):
        trial(site, GOOD, share=0)
    with pytest.raises(Refused, match="Nothing of toy is on trial"):
        judge(site.config, site.store, "toy")
    trial(site, GOOD)
    with pytest.raises(Refused, match=r"toy@3 is on trial already"):
        trial(site, BAD)

    ended = stop(site.config, site.store, "toy", "enough")

    assert (ended.state, ended.why, ended.ended is not None) == ("stopped", "enough", True)


def test_gc_keeps_what_is_on_trial(site: Site) -> None:
    made = trial(site, GOOD)
    site.publish("toy", '{"factor": 4.0}', release=False)

    gone = site.store.gc(keep_versions=1).versions

    assert made.ref not in gone
    assert site.store.versions("toy")[1].number == made.number


def test_a_conversation_is_tried_as_a_call_is(toy_kind: None, tmp_path: Path) -> None:
    site = Site(tmp_path, TALK)
    site.publish("talk", "{}")
    number = site.publish("talk", '{"x": 1}', release=False)
    start(
        site.config,
        site.store,
        next(one for one in site.store.versions("talk") if one.number == number),
        Terms(mode="canary", share=1.0),
        override="a test",
    )
    live = Live.of(site.config, site.store)
    live.refresh()

    answer = live.converse("talk", [Message(role="user", text="What is the late fee?")])

    assert answer.ref == "talk@2"
    (other,) = site.store.events.each("talk", "shadow")
    assert (other.number, other.about) == (1, answer.event)
    live.close()
    site.store.close()


def test_the_command_line_begins_and_ends_a_trial(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.publish("toy", '{"factor": 3.0}', release=False)
    project = ("--json", "--project", str(site.root))

    assert run(["release", "toy@2", "--shadow", "0.5", "--override", "a test", *project]) == 0
    assert json.loads(capsys.readouterr().out)["mode"] == "shadow"
    assert run(["trial", "toy", *project]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "running"
    assert run(["trial", "toy", "--stop", "enough", *project]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "stopped"


def test_no_call_fails_while_candidates_come_fail_and_are_promoted(
    toy_kind: None, tmp_path: Path
) -> None:
    """A real server under load: a broken canary, then a good one, then its promotion."""
    site = Site(tmp_path)
    site.release(2.0)
    done, statuses, seen = threading.Event(), Counter[int](), set[str]()

    def ask(worker: int) -> None:
        with httpx.Client(base_url=url) as client:
            number = worker
            while not done.is_set():
                number += 8
                time.sleep(0.005)
                reply = client.post("/v1/components/toy/call", json={**ROW, "months": number % 72})
                statuses[reply.status_code] += 1
                seen.add(reply.json().get("version", ""))

    with serving(tmp_path) as (url, _), ThreadPoolExecutor(4) as pool:
        workers = [pool.submit(ask, worker) for worker in range(4)]
        try:
            trial(site, BROKEN, "canary", share=0.5)
            ended = eventually(lambda: site.store.trials.running("toy") is None)
            broken = site.store.trials.every("toy")[0]
            trial(site, GOOD, "canary", share=0.5)
            tried = eventually(lambda: "toy@3" in seen)
            assert eventually(lambda: len(by_production(site)) >= 60)
            for one in by_production(site)[:60]:
                httpx.post(f"{url}/v1/events/{one.about}/label", json={"value": "high"})
            promoted = eventually(lambda: site.store.current("toy").number == 3)
        finally:
            done.set()
        for worker in workers:
            worker.result()
    site.store.close()

    assert ended
    assert broken.state == "rolled back"
    assert tried
    assert promoted
    assert set(statuses) == {200}
    assert seen == {"toy@1", "toy@3"}
