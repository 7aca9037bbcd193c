"""`twinkeel monitor`: what was found is in the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable

from cli_runs import Ran

from twinkeel.project import Project
from twinkeel.records import Event, now
from twinkeel.store.events import new_id

Cli = Callable[..., Ran]


def test_exit_codes_say_what_was_found(cli: Cli, make_project: Callable[..., Project]) -> None:
    project = make_project(rows=800)
    folder = project.config.root
    assert cli("monitor", project=folder).code == 2
    project.build("churn")
    number = project.release("churn", override="for this test").number

    before = cli("monitor", project=folder)
    for _ in range(150):
        project.store.events.append(
            Event(
                id=new_id(),
                kind="call",
                component="churn",
                number=number,
                at=now(),
                inputs={"tenure": 1},
                output={"prediction": "No", "probabilities": {"No": 1.0, "Yes": 0.0}},
            )
        )
    after = cli("--json", "monitor", "churn", "--now", project=folder)

    assert before.code == 4
    assert "first window ends" in before.out
    assert after.code == 1
    assert json.loads(after.out)[0]["signals"][0]["state"] == "alarm"
