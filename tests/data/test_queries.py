"""Queries over sources: typed, repeatable, shut in, and never looking into the future."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from twinkeel.config import Config, parse
from twinkeel.data.opening import source
from twinkeel.data.sources import Source
from twinkeel.errors import ConfigError, SourceError

ORDERS = """customer,amount,code,day
a,10.5,007,2024-01-01
a,NA,008,2024-02-01
b,4,009,2024-01-15
a,100,010,2024-03-01
"""
VISITS = "customer,seen\na,2024-01-20\nb,2024-01-20\na,2024-02-20\na,2024-03-20\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "visits.csv").write_text(VISITS)
    return tmp_path


def project(root: Path, query: str, **keys: Any) -> Config:
    sources: dict[str, dict[str, Any]] = {
        "orders": {"path": "orders.csv", "time": "day"},
        "visits": {"path": "visits.csv", "time": "seen"},
        "asked": {"query": query, **keys},
    }
    return parse({"project": {"name": "p"}, "sources": sources}, root)


def asked(root: Path, query: str, **keys: Any) -> Source:
    return source(project(root, query, **keys), "asked")


def test_columns_are_typed_by_all_of_their_values_and_missing_is_null(root: Path) -> None:
    query = "SELECT customer, sum(amount) AS total, min(code) AS code FROM orders GROUP BY customer"
    found = asked(root, query)
    assert found.table().rows() == [
        {"customer": "a", "total": 110.5, "code": "007"},
        {"customer": "b", "total": 4.0, "code": "009"},
    ]
    orders, result = found.origins()
    assert (orders.name, orders.rows, result.rows, result.query) == ("orders", 4, 2, query)
    assert (result.place, len(result.digest)) == ("a query", 64)


def test_the_same_data_gives_the_same_digest_whatever_order_was_asked_for(root: Path) -> None:
    digests = {
        asked(root, f"SELECT * FROM orders ORDER BY {order}").digest()
        for order in ("amount", "day DESC", "random()")
    }
    assert len(digests) == 1
    (root / "orders.csv").write_text(ORDERS + "c,1,011,2024-04-01\n")
    assert asked(root, "SELECT * FROM orders").digest() not in digests


def test_a_query_may_read_a_query_and_not_itself(root: Path) -> None:
    config = project(root, "FROM totals WHERE n > 1")
    totals = {"query": "SELECT customer, count(*) AS n FROM orders GROUP BY ALL"}
    sources = {
        "orders": {"path": "orders.csv"},
        "totals": totals,
        "asked": {"query": "FROM totals WHERE n > 1"},
        "first": {"query": "FROM second"},
        "second": {"query": "WITH orders AS (SELECT 1) FROM first, orders"},
    }
    config = parse({"project": {"name": "p"}, "sources": sources}, root)
    assert source(config, "asked").table().rows() == [{"customer": "a", "n": 3}]
    assert [one.name for one in source(config, "asked").origins()] == ["orders", "totals", "asked"]
    with pytest.raises(SourceError, match=r"\[sources.second\] query reads first, which comes"):
        source(config, "first")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("SELECT 1; SELECT 2", "must be one SELECT (there is more than one statement)"),
        ("DROP TABLE orders", "must be one SELECT"),
        ("WITH a AS (SELECT 1) INSERT INTO orders SELECT * FROM a", "must be one SELECT"),
        ("ATTACH 'x.db'", "must be one SELECT"),
        ("COPY orders TO 'x.csv'", "must be one SELECT"),
        ("INSTALL httpfs", "must be one SELECT"),
        ("SELEC 1", "must be one SELECT (syntax error"),
        ("SELECT * FROM ordrs", "query reads 'ordrs', which is no source; did you mean 'orders'?"),
        ("SELECT * FROM ORDERS", "reads 'ORDERS', which is no source; did you mean 'orders'?"),
        ("SELECT * FROM x", "reads 'x', which is no source; there is 'orders', 'visits'."),
        ("SELECT * FROM read_csv('orders.csv')", "disabled by configuration"),
        ("SELECT * FROM read_text('/etc/passwd')", "disabled by configuration"),
        ("SELECT * FROM 'http://127.0.0.1:1/x.csv'", "disabled by configuration"),
        ("SELECT * FROM read_blob('http://127.0.0.1:1/x.csv')", "disabled by configuration"),
        ("SELECT 1) ; DROP TABLE orders; SELECT (1", "must be one SELECT"),
        ("SELECT customer FROM orders WHERE 1 = 2", "query gives no rows: expected"),
        ("SELECT [1, 2] AS l", "column l holds list"),
    ],
)
def test_nothing_but_one_query_over_the_sources_runs(root: Path, query: str, sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        asked(root, query).table()
    assert sentence in str(caught.value)
    assert sorted(one.name for one in root.iterdir()) == ["orders.csv", "visits.csv"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("SELECT * FROM orders WHERE amount > 1000", "gives no rows: expected at least one."),
        ("SELECT [1, 2] AS pair FROM orders", ": column pair holds list<"),
    ],
)
def test_what_is_wrong_with_a_result_names_the_query(root: Path, query: str, sentence: str) -> None:
    with pytest.raises(SourceError) as refused:
        asked(root, query).table()
    assert str(refused.value).startswith("[sources.asked] query")
    assert sentence in str(refused.value)
    assert "parquet" not in str(refused.value)


def test_a_folder_is_read_only_when_it_is_allowed(root: Path, tmp_path: Path) -> None:
    (root / "more").mkdir()
    (root / "more" / "x.csv").write_text("a\n1\n")
    query = "SELECT * FROM read_csv('more/x.csv')"
    assert asked(root, query, allow=["more"]).table().rows() == [{"a": 1}]
    with pytest.raises(SourceError, match="disabled by configuration"):
        asked(root, query).table()
    with pytest.raises(SourceError, match="disabled by configuration"):
        asked(root, "FROM read_text('more/../orders.csv')", allow=["more"]).table()


@pytest.mark.parametrize(
    ("query", "keys", "sentence"),
    [
        ("FROM range(1000000000000) a", {"time_limit": "0.3s"}, "ran longer than 0.3s"),
        ("SELECT repeat('x', 200000000) AS a", {"memory_limit": "100 MB"}, "failed: Out of Mem"),
    ],
)
def test_a_query_that_asks_for_too_much_is_stopped(
    root: Path, query: str, keys: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SourceError) as caught:
        asked(root, query, **keys).table()
    assert sentence in str(caught.value)


AS_OF = """SELECT v.customer, v.seen, o.amount FROM visits v
ASOF LEFT JOIN orders o ON v.customer = o.customer AND v.seen >= o.day"""
BEFORE = """SELECT v.customer, v.seen, sum(o.amount) AS spent FROM visits v
LEFT JOIN orders o ON v.customer = o.customer AND o.day < v.seen GROUP BY ALL"""
FUTURE = """SELECT v.customer, v.seen, sum(o.amount) AS spent FROM visits v
LEFT JOIN orders o ON v.customer = o.customer GROUP BY ALL"""


@pytest.mark.parametrize("query", [AS_OF, BEFORE])
def test_a_query_that_joins_what_was_known_passes(root: Path, query: str) -> None:
    found = asked(root, query, time="seen")
    assert len(found.table()) == 4
    assert any("was run as of 2024-01-20" in note for note in found.notes())


def test_a_source_without_a_time_is_named_as_not_cut_off(root: Path) -> None:
    (root / "places.csv").write_text("customer,place\na,north\nb,south\n")
    query = f"SELECT s.*, p.place FROM ({AS_OF}) s JOIN places p USING (customer)"
    config = project(root, query, time="seen")
    places = parse({"project": {"name": "p"}, "sources": {"places": {"path": "places.csv"}}}, root)
    both = msgspec.structs.replace(config, sources={**config.sources, **places.sources})
    (note,) = source(both, "asked").notes()
    assert note.endswith(
        "no earlier row changed; places has no time and was not cut off, so give it one."
    )
    assert asked(root, AS_OF, time="seen").notes()[0].endswith("no earlier row changed.")


def test_a_query_that_looks_into_the_future_is_refused(root: Path) -> None:
    with pytest.raises(SourceError) as caught:
        asked(root, FUTURE, time="seen").table()
    assert "looks into the future: its column spent changes in rows up to 2024" in str(caught.value)
    assert any("was not checked" in note for note in asked(root, FUTURE).notes())
    with pytest.raises(SourceError, match="time: there is no column 'sen'; did you mean 'seen'"):
        asked(root, FUTURE, time="sen").table()
    with pytest.raises(SourceError, match="time: customer holds VARCHAR, and dates"):
        asked(root, FUTURE, time="customer").table()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"path": "a.csv", "query": "SELECT 1"}, "has path and query"),
        ({"query": "SELECT 1", "sheet": "x"}, "has sheet and no path"),
        ({"path": "a.csv", "table": "x"}, "has table and no url"),
        ({"url": "sqlite:///a.db"}, "url needs one of table, query and collection"),
        ({"url": "sqlite:///a.db", "table": "t", "query": "q"}, "url needs one of"),
        ({"path": "a.csv", "allow": ["/"]}, "allow is for a query"),
        ({"path": "a.csv", "sample_rows": 0}, "sample_rows must be 1 or more"),
        ({"path": "a.csv", "delimiter": "ab"}, "delimiter must be one character"),
        ({"path": "a.csv", "decimal": ";"}, "decimal"),
        ({"query": "SELECT 1", "time_limit": "soon"}, "time_limit must be a time"),
    ],
)
def test_keys_that_contradict_each_other_get_their_sentence(
    keys: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse({"project": {"name": "p"}, "sources": {"s": keys}}, Path())
    assert sentence in str(caught.value)
