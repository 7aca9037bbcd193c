"""What a build says of its limits: which stages took too long, and what cannot fit the memory."""

from __future__ import annotations

import time
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.telecom import write_project

from twinkeel import Project
from twinkeel.errors import BuildError
from twinkeel.learn.memory import resident
from twinkeel.learn.stages import Stages
from twinkeel.records import Tick, silent

TIMED = """
[project]
name = "telecom-test"

[sources.customers]
path = "{path}"

[components.churn]
kind = "classifier"
source = "customers"
target = "Churn"
{options}

[components.churn.gates]
"""


def test_a_build_that_takes_too_long_says_how_long_each_stage_took(tmp_path: Path) -> None:
    ticks: list[Tick] = []
    toml = TIMED.format(path="customers.csv", options='time_limit = "0.1s"')
    write_project(tmp_path, toml=toml.replace("{", "{{").replace("}", "}}"))

    def slowly(tick: Tick) -> None:
        ticks.append(tick)
        time.sleep(0.2)  # a quick machine would keep the limit to a second

    judged = Project.open(tmp_path, progress=slowly).build("churn")

    assert judged.overrun is not None
    assert judged.overrun.startswith("It took ")
    assert " of a time_limit of 0.1 s: " in judged.overrun
    assert "training " in judged.overrun
    done = [tick.fraction for tick in ticks if tick.stage == "scoring" and tick.fraction]
    assert done == sorted(done)


def test_a_limit_is_kept_to_a_second_or_a_twentieth() -> None:
    began = time.monotonic() - 62
    stages = Stages(silent, began=began)
    stages(Tick(stage="reading"))

    assert stages.overrun(None) is None
    assert stages.overrun(60.0) is None
    assert (stages.overrun(50.0) or "").endswith("of a time_limit of 50 s: starting 62.0 s.")


def test_a_table_that_cannot_fit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    nothing = pa.array([0] * 1_000_000, pa.int8())
    columns = {f"c{i}": nothing for i in range(120)} | {"Churn": nothing}
    parquet.write_table(pa.table(columns), tmp_path / "wide.parquet")
    limit = (resident() + 900 * 10**6) // 10**6
    toml = TIMED.format(path="wide.parquet", options=f'memory_limit = "{limit} MB"')
    (tmp_path / "twinkeel.toml").write_text(toml)

    before = resident()
    with pytest.raises(
        BuildError, match=r"Reading 1,000,000 rows of 121 columns of customers"
    ) as e:
        Project.open(tmp_path).build("churn")

    assert str(e.value).endswith("raise it, or lower sample_rows of [sources.customers].")
    assert resident() - before < 500 * 10**6
