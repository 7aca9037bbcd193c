"""Logs and the event log: what strangers write stays text, and tampering shows."""

from __future__ import annotations

import json
import logging
import sqlite3
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.cli.app import run
from twinkeel.config import load
from twinkeel.lifecycle.verify import Verification, verify_events
from twinkeel.records import Event, now
from twinkeel.server.logs import OneLine
from twinkeel.store.events import new_id
from twinkeel.store.store import Store

TOML = '[project]\nname = "p"\n[sources.s]\npath = "s.csv"\n'
FORGED = 'x\r\n2026-01-01 INFO twinkeel root logged in \x1b[2J\u202e{"level": "info"}\x85\x00'


def logged(message: str) -> str:
    record = logging.LogRecord("twinkeel", logging.INFO, "f", 1, "%s", (message,), None)
    return OneLine("%(levelname)s %(message)s").format(record)


def test_line_breaks_and_terminal_codes_in_logs_are_escaped() -> None:
    """66: CRLF, ANSI and direction marks cannot begin a record or move a cursor."""
    line = logged(FORGED)

    assert line.splitlines() == [line]
    assert not {"\r", "\n", "\x1b", "\x85", "\u202e", "\x00"} & set(line)
    assert "\\x1b[2J" in line


@given(st.text())
def test_any_text_is_one_line_of_the_log(text: str) -> None:
    """66: whatever is logged, a record is one line that no terminal obeys."""
    line = logged(text)

    assert line.splitlines() == [line]
    assert not {"Cc", "Zl", "Zp"} & set(map(unicodedata.category, line))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with ten stored events."""
    (tmp_path / "twinkeel.toml").write_text(TOML)
    (tmp_path / "s.csv").write_text("a\n1\n")
    with Store.open(tmp_path) as store:
        for number in range(10):
            append(store, f"{FORGED}{number}")
        store.events.move()
    return tmp_path


def append(store: Store, said: str, at: str | None = None) -> None:
    made = Event(id=new_id(), kind="call", component="c", at=at or now(), output={"said": said})
    store.events.append(made)


def checked(folder: Path, known: str | None = None) -> Verification:
    with Store.open(folder) as store:
        return verify_events(load(folder), store, known=known)


def changed(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / ".twinkeel" / "catalog.db") as connection:
        connection.execute(statement)


def head(found: Verification) -> str:
    return found.checks[0].detail.rsplit(" ", 1)[-1]


def test_untouched_events_fit_together_and_grow(folder: Path) -> None:
    """66: what is appended later hangs on what was there."""
    before = checked(folder)
    with Store.open(folder) as store:
        append(store, "later")
        store.events.move()
        store.events.move()

    after = checked(folder, known=head(before))

    assert before.ok
    assert after.ok
    assert head(after) != head(before)
    assert after.checks[0].detail.startswith("11 events fit together")


SECOND = "(SELECT event FROM chain WHERE position = 2)"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            f"UPDATE events SET record = replace(record, '1\"', '7\"') WHERE id = {SECOND}",
            "was changed after it was stored",
        ),
        (f"DELETE FROM events WHERE id = {SECOND}", "was removed"),
        ("DELETE FROM chain WHERE position = 2", "The chain is broken"),
        ("UPDATE chain SET digest = 'x' WHERE position = 2", "The chain is broken"),
        (
            "INSERT INTO events SELECT 'forged', sequence, component, kind, at, about, record "
            f"FROM events WHERE id = {SECOND}",
            "forged was added past the chain",
        ),
    ],
)
def test_tampering_with_a_stored_event_shows(folder: Path, statement: str, words: str) -> None:
    """66: an event that was changed, removed or added does not fit the chain of hashes."""
    changed(folder, statement)

    found = checked(folder)

    assert not found.ok
    assert words in found.checks[0].detail


def test_a_chain_made_anew_lacks_the_hash_that_was_noted(folder: Path) -> None:
    """66: whoever rewrites everything cannot rewrite the note of a person."""
    noted = head(checked(folder))
    changed(folder, "DELETE FROM chain WHERE position > 8")
    changed(folder, "DELETE FROM events WHERE id NOT IN (SELECT event FROM chain)")

    assert checked(folder).ok
    assert not checked(folder, known=noted).ok


def test_retention_leaves_a_chain_that_fits(folder: Path) -> None:
    """66: what gc removes by the stated retention is no tampering."""
    with Store.open(folder) as store:
        append(store, "old", at="2020-01-01T00:00:00.000000+00:00")
        append(store, "new")
        store.events.move()
        store.gc(events_before="2021-01-01T00:00:00.000000+00:00")

    assert checked(folder).ok


def test_the_command_says_what_does_not_fit(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """66: `twinkeel verify --events` ends with 1 and names the event."""
    run_: Callable[[], int] = lambda: run(  # noqa: E731
        ["verify", "--events", "--json", "--project", str(folder)]
    )
    assert run_() == 0
    capsys.readouterr()
    changed(folder, f"DELETE FROM events WHERE id = {SECOND}")

    assert run_() == 1
    assert not json.loads(capsys.readouterr().out)["ok"]
