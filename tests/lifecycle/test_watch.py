"""Watching: an edited, new or deleted document answers at once, as far as the gates allow it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from fees import write_fee, write_fees
from twinkeel.lifecycle.watch import Watch
from twinkeel.project import Project
from waiting import eventually

Watched = tuple[Project, Watch, list[str]]
QUESTION = "What is the fee for late payment?"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """A released assistant, and a watch over it that has looked at everything once."""
    with closing(Project.open(write_fees(tmp_path / "project"))) as project:
        project.build("support")
        project.release("support")
        told: list[str] = []
        watch = Watch(project.config, project.store, told.append)
        looks(watch)
        assert told == []
        yield project, watch, told


def looks(watch: Watch) -> None:
    watch.look()
    watch.look()


def in_production(project: Project) -> int:
    current = project.store.current("support")
    assert current is not None
    return current.number


def test_an_edited_document_is_in_production_after_two_looks(watched: Watched) -> None:
    project, watch, told = watched
    write_fee(project.config.root, "late payment", 99)

    looks(watch)

    assert "$99" in project.ask("support", QUESTION).values["answer"]
    assert told[0] == "help (help/**/*) has changed: building support."
    assert told[1].startswith("support@2 is in production after ")


def test_a_file_that_is_still_being_written_is_waited_for(watched: Watched) -> None:
    project, watch, told = watched
    for dollars in (97, 980, 9900):
        write_fee(project.config.root, "late payment", dollars)
        watch.look()

    assert told == []


def test_a_version_that_its_gates_block_is_told_and_not_released(watched: Watched) -> None:
    project, watch, told = watched
    for path in sorted((project.config.root / "help").glob("*.md"))[:10]:
        path.unlink()

    looks(watch)
    looks(watch)

    assert in_production(project) == 1
    assert len(told) == 2
    assert told[1].startswith("support@2 is built and not released: support@2 has not passed: rec")
    assert told[1].endswith("support@1 goes on answering.")


def test_a_folder_without_a_file_is_told_once_and_the_next_change_is_built(
    watched: Watched,
) -> None:
    project, watch, told = watched
    folder = project.config.root / "help"
    texts = {path: path.read_text() for path in folder.iterdir()}
    for path in texts:
        path.unlink()
    looks(watch)
    looks(watch)
    assert len(told) == 1
    assert "no file matches" in told[0]

    for path, text in texts.items():
        path.write_text(text.replace("month", "year"))
    looks(watch)

    assert "a year" in project.ask("support", QUESTION).values["answer"]


def test_a_rollback_stays(watched: Watched) -> None:
    project, watch, _ = watched
    write_fee(project.config.root, "late payment", 99)
    looks(watch)
    project.rollback("support")

    looks(watch)
    again = Watch(project.config, project.store, print)
    looks(again)

    assert in_production(project) == 1


def test_a_document_under_another_name_is_a_change(watched: Watched) -> None:
    project, watch, _ = watched
    file = project.config.root / "help" / "late-payment.md"
    file.rename(file.with_name("late-payments.md"))

    looks(watch)

    cited = project.ask("support", QUESTION).values["citations"]
    assert [one["document"] for one in cited] == ["late-payments.md"]


def test_what_changed_before_it_was_watched_is_built_at_its_start(watched: Watched) -> None:
    project, _, _ = watched
    write_fee(project.config.root, "late payment", 99)

    looks(Watch(project.config, project.store, print))

    assert in_production(project) == 2


def test_a_component_that_was_never_released_waits_for_a_person(tmp_path: Path) -> None:
    with closing(Project.open(write_fees(tmp_path / "project"))) as project:
        looks(Watch(project.config, project.store, print))

        assert project.store.versions() == []


def test_a_long_build_does_not_make_the_watch_look_less_often(watched: Watched) -> None:
    project, _, _ = watched

    def slowly(_: str) -> None:
        time.sleep(1.5)  # as if it took so long to build

    with Watch(project.config, project.store, slowly):
        for version, dollars in ((2, 98), (3, 99)):
            write_fee(project.config.root, "late payment", dollars)
            assert eventually(lambda wanted=version: in_production(project) == wanted)


def test_a_server_that_watches_answers_from_new_edited_and_without_deleted_documents(
    tmp_path: Path,
) -> None:
    folder = write_fees(tmp_path / "project")
    with closing(Project.open(folder)) as project:
        project.build("support")
        project.release("support")
    log = tmp_path / "log"
    command = [sys.executable, "-m", "twinkeel", "serve", "--watch", "--port", "0"]
    with (
        log.open("w") as told,
        subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=told, text=True
        ) as server,
    ):
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split(" on ")[1].split()[0]
            write_fee(folder, "late payment", 99)
            write_fee(folder, "satellite phones", 77)
            (folder / "help" / "voice-mail.md").unlink()

            assert eventually(lambda: "$99" in answer(url, QUESTION))
            assert "$77" in answer(url, "What is the fee for satellite phones?")
            assert "$25" not in answer(url, "What is the fee for voice mail?")
        finally:
            server.terminate()
    assert server.returncode in (0, -15)
    assert "Watching the files of support." in log.read_text()
    assert "support@2 is in production" in log.read_text()


def answer(url: str, question: str) -> str:
    reply = httpx.post(f"{url}/v1/components/support/call", json={"question": question})
    return str(reply.json()["output"]["answer"]) if reply.is_success else ""
