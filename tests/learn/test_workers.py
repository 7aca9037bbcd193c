"""Where folds are fitted makes no difference to what is learned; a process may be ended."""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace

import numpy as np
import pytest

from learn.hungry import Crashing, Helpless, Hungry, Stuck
from twinkeel.errors import BuildError
from twinkeel.learn import engine
from twinkeel.learn.around import Candidate
from twinkeel.learn.engine import train
from twinkeel.learn.families.regularised import Regularised
from twinkeel.learn.memory import THIS, resident, within
from twinkeel.learn.portfolio import Portfolio
from twinkeel.records import Limits
from twinkeel.store.steps import Steps

SETTINGS = {"C": 0.5, "iterations": 100}
PLAIN = Candidate("plain", Regularised(), SETTINGS)
ROOM = 1_400_000_000


@pytest.fixture(scope="module")
def few(telco):
    rows = np.arange(300)
    return replace(telco.take(rows), check=None)


@pytest.fixture
def tried(monkeypatch):
    """Replaces what is tried."""

    def of(*families) -> None:
        odd = [Candidate(family.name, family, SETTINGS) for family in families]
        listed = Portfolio((*odd, PLAIN), goes_on=False)
        monkeypatch.setattr(engine, "chosen", lambda names: listed)

    return of


def test_processes_learn_the_same_bytes_as_threads(few):
    threads = train(few, limits=Limits(work=3))
    processes = train(few, limits=Limits(work=3, workers="processes"))

    assert processes.graph == threads.graph
    assert processes.card == threads.card


def test_a_search_that_was_killed_on_threads_goes_on_in_processes(few, tmp_path):
    steps = Steps(tmp_path)

    def killed(key, work):
        if key.startswith("lightgbm"):
            raise KeyboardInterrupt
        return steps(key, work)

    with pytest.raises(KeyboardInterrupt):
        train(few, limits=Limits(work=2), step=killed)
    found = train(few, limits=Limits(work=2, workers="processes"), step=steps)

    resumed = {key.partition(".")[0] for key in steps.resumed}
    assert {f"linear-fold{k}" for k in range(5)} <= resumed
    assert found.graph == train(few, limits=Limits(work=2)).graph


def test_what_was_fitted_of_other_rows_is_not_taken(few, tmp_path):
    steps = Steps(tmp_path)
    train(few.take(np.arange(200)), limits=Limits(work=3), step=steps)

    found = train(few, limits=Limits(work=3), step=steps)

    assert steps.resumed == []
    assert found.graph == train(few, limits=Limits(work=3)).graph


def test_a_candidate_that_takes_too_much_memory_is_ended_and_named(few, tried):
    tried(Hungry())

    found = train(few, limits=Limits(work=2, memory=resident() + ROOM))

    assert [member.name for member in found.card.members] == ["plain"]
    (note,) = [note for note in found.card.notes if note.startswith("hungry")]
    assert "learning it took more than its" in note
    assert "of the memory_limit" in note


def test_a_process_that_crashes_costs_only_its_candidate(few, tried):
    tried(Crashing(), Helpless())

    found = train(few, limits=Limits(work=3, workers="processes"))

    assert [member.name for member in found.card.members] == ["plain"]
    assert any(note.startswith("crashing was left out: a process") for note in found.card.notes)


def test_a_process_that_does_not_end_in_time_is_ended(few, tried):
    tried(Stuck())

    found = train(few, limits=Limits(time=30, workers="processes"))

    assert "plain" in [member.name for member in found.card.members]
    assert any("did not end when its time was over" in note for note in found.card.notes)


def test_where_every_candidate_dies_there_is_one_sentence(few, monkeypatch):
    odd = Candidate("crashing", Crashing(), SETTINGS)
    monkeypatch.setattr(engine, "chosen", lambda names: Portfolio((odd,), goes_on=False))

    with pytest.raises(BuildError, match="No model could be learned: crashing was left out"):
        train(few, limits=Limits(work=1, workers="processes"))


def test_memory_for_no_process_at_all_is_refused(few):
    memory = resident() + 10**8

    with pytest.raises(BuildError, match=r"one that learns needs 0\.4 GB\. Raise it to") as told:
        train(few, limits=Limits(work=1, memory=memory, memory_unit="GB"))

    (enough,) = re.findall(r"Raise it to ([\d.]+) GB at least", str(told.value))
    assert float(enough) * 1e9 >= memory + 2e8


def test_memory_for_one_process_is_not_taken_from_this_one(few, tried):
    tried(Hungry())
    memory = resident() + 600_000_000  # for one process, less than two; Hungry takes 1 GB

    found = train(few, limits=Limits(work=2, memory=memory, memory_unit="MB"))

    assert [member.name for member in found.card.members] == ["plain"]
    (note,) = [note for note in found.card.notes if note.startswith("hungry")]
    assert re.search(r"learning it took more than its \d+ MB of the memory_limit", note)


def test_on_one_processor_too_a_crash_costs_only_its_candidate(few, tried, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    tried(Crashing())

    found = train(few, limits=Limits(work=2, workers="processes"))

    assert [member.name for member in found.card.members] == ["plain"]


def test_a_process_that_works_for_itself_is_never_ended():
    with within(1, THIS):
        time.sleep(0.1)  # several looks

    assert resident() > 1
