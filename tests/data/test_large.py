"""More rows than should be held: batches, and a fixed sample; and frames from Python."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.config import SourceConfig, parse
from twinkeel.config import given as with_frames
from twinkeel.data.opening import open_source, source
from twinkeel.data.sample import sampled
from twinkeel.data.table import Table
from twinkeel.errors import SourceError, UnknownName


def numbered(rows: int) -> str:
    return "n,word\n" + "".join(f"{n},w{n % 7}\n" for n in range(rows))


def test_of_more_rows_a_fixed_sample_is_taken_and_said(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(numbered(5000))
    config = SourceConfig(path="t.csv", sample_rows=1000)
    found = open_source(config, tmp_path, name="t")
    taken = [int(row["n"]) for row in found.table().rows()]
    assert len(taken) == 1000
    assert taken == sorted(taken)
    assert 2200 < np.mean(taken) < 2800
    assert found.notes()[0].startswith("t has 5,000 rows: a fixed sample of 1,000 was used")
    assert (found.origins()[0].rows, found.origins()[0].sampled) == (5000, 1000)
    (tmp_path / "t.csv").write_text(numbered(5050))
    later = open_source(config, tmp_path, name="t").table().rows()
    kept = {int(row["n"]) for row in later} & set(taken)
    assert len(kept) > 970


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.integers(1, 100))
def test_a_sample_depends_on_the_rows_and_not_on_how_they_come(sizes: list[int], most: int) -> None:
    whole = Table({"n": np.arange(sum(sizes))})
    bounds = np.cumsum([0, *sizes])
    parts = [whole.take(np.arange(a, b)) for a, b in itertools.pairwise(bounds)]
    together, apart = sampled([whole], most), sampled(parts, most)
    assert together.table.rows() == apart.table.rows()
    assert len(apart.table) == min(most, len(whole))
    assert apart.rows == len(whole)


def test_batches_are_bounded_and_have_every_row_of_every_file(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(numbered(250))
    (tmp_path / "2.csv").write_text("word,n\nlast,250\n")
    batches = list(open_source(SourceConfig(path="*.csv"), tmp_path).batches(100))
    assert [len(batch) for batch in batches] == [100, 100, 50, 1]
    assert [int(r["n"]) for batch in batches for r in batch.rows()] == list(range(251))


def test_files_are_read_once_for_as_long_as_they_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")
    config = parse({"project": {"name": "p"}, "sources": {"t": {"path": "t.csv"}}}, tmp_path)
    assert source(config, "t").table() is source(config, "t").table()
    (tmp_path / "t.csv").write_text("a\n2\n3\n")
    assert len(source(config, "t").table()) == 2


@pytest.mark.parametrize("library", [pd, pl])
def test_a_frame_stands_in_for_a_source(tmp_path: Path, library: object) -> None:
    make = library.DataFrame  # type: ignore[attr-defined]
    config = parse(
        {
            "project": {"name": "p"},
            "sources": {"t": {}, "q": {"query": "SELECT sum(a) AS s FROM t"}},
        },
        tmp_path,
    )
    with_t = with_frames(config, {"t": make({"a": [1, 2], "b": ["x", None]})})
    found = source(with_t, "t")
    assert found.table().rows() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    assert source(with_t, "q").table().rows() == [{"s": 3.0}]
    assert found.digest() == source(with_t, "t").digest()
    other = with_frames(config, {"t": make({"a": [1, 3], "b": ["x", None]})})
    assert source(other, "t").digest() != found.digest()
    with pytest.raises(SourceError, match=r"no frame was given: add one, or open the project with"):
        source(config, "t")
    with pytest.raises(UnknownName, match="There is no source 'tt' for the data; did you mean"):
        with_frames(config, {"tt": make({"a": [1]})})


def test_pandas_and_polars_frames_of_the_same_values_have_the_same_digest(tmp_path: Path) -> None:
    config = parse({"project": {"name": "p"}, "sources": {"t": {}}}, tmp_path)
    values = {"a": [1.5, None], "b": ["x", None], "c": [True, False]}
    digests = {
        source(with_frames(config, {"t": frame}), "t").digest()
        for frame in (pd.DataFrame(values), pl.DataFrame(values))
    }
    assert len(digests) == 1
