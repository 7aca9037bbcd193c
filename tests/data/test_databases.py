"""Databases as sources: read as they are, never changed, no password shown."""

from __future__ import annotations

import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from twinkeel.config import parse
from twinkeel.data.opening import source
from twinkeel.data.sources import Source
from twinkeel.errors import ConfigError, SourceError

ROWS = [{"id": 1, "name": "zoë", "amount": 1.5}, {"id": 2, "name": None, "amount": 2.0}]
MAKE = "CREATE TABLE people (id integer, name text, amount numeric)"
FILL = "INSERT INTO people VALUES (2, NULL, 2.0), (1, 'zoë', 1.5)"


def opened(root: Path, **keys: Any) -> Source:
    return source(parse({"project": {"name": "p"}, "sources": {"s": keys}}, root), "s")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.execute(MAKE)
        connection.execute(FILL)
        connection.execute("CREATE TABLE raw AS SELECT randomblob(9) AS b")
        connection.execute("CREATE TABLE empty (a)")
        connection.commit()
    return tmp_path / "shop.db"


def test_an_sqlite_table_and_a_query_are_read_in_a_fixed_order(file: Path) -> None:
    table = opened(file.parent, url="sqlite:///shop.db", table="people")
    query = "SELECT name, amount, id FROM people ORDER BY amount DESC"
    asked = opened(file.parent, url=f"sqlite:///{file}", query=query)
    assert table.table().rows() == ROWS
    assert [row["id"] for row in asked.table().rows()] == [2, 1]
    again = opened(file.parent, url="sqlite:///shop.db", table="people")
    assert again.digest() == table.digest() != asked.digest()
    assert table.origins()[0].place == "people in sqlite:///shop.db"
    assert asked.origins()[0].query == query


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"table": "peple"}, "no such table: peple"),
        ({"table": "raw"}, "b holds bytes"),
        ({"table": "empty"}, "has no rows"),
        ({"query": "DELETE FROM people"}, "cannot be read"),
        ({"query": "SELECT 1; DELETE FROM people"}, "cannot be read"),
        ({"query": "SELECT 1) ; DELETE FROM people; SELECT (1"}, "cannot be read"),
        ({"query": "SELECT load_extension('x')"}, "not authorized"),
        ({"query": "SELECT * FROM pragma_table_info('people')"}, "not authorized"),
        ({"query": "SELECT randomblob(1000000000)"}, "too big"),
        (
            {
                "query": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) "
                "SELECT max(n) FROM c",
                "time_limit": "0.2s",
            },
            "interrupted",
        ),
    ],
)
def test_sqlite_is_never_changed_and_never_endless(
    file: Path, keys: dict[str, Any], sentence: str
) -> None:
    before = file.read_bytes()
    with pytest.raises(SourceError) as caught:
        opened(file.parent, url="sqlite:///shop.db", **keys).table()
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("[sources.s]")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"url": "$NOT_SET", "table": "t"}, "the environment variable NOT_SET is not set"),
        ({"url": "mysql://u:secret@h/d", "table": "t"}, "cannot be read from mysql"),
        ({"url": "sqlite:///none.db", "table": "t"}, "there is no file none.db"),
        ({"url": "sqlite:///none.db", "collection": "t"}, "needs a table or a query"),
        ({"url": "mongodb://h/d", "table": "t"}, "needs a collection"),
        ({"url": "postgresql://u:secret@127.0.0.1:1/d", "table": "t"}, "t in postgresql://127.0"),
        ({"url": "mongodb://u:secret@127.0.0.1:1/d?serverSelectionTimeoutMS=9", "collection": "t"},
         "t in mongodb://127.0.0.1:1/d cannot be read"),
    ],
)  # fmt: skip
def test_a_database_that_cannot_be_reached_gets_its_sentence_without_its_password(
    tmp_path: Path, keys: dict[str, Any], sentence: str
) -> None:
    with pytest.raises((SourceError, ConfigError)) as caught:
        opened(tmp_path, time_limit="2s", **keys).table()
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_postgresql_server_that_never_answers_is_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ending = threading.Timer(20, silent.close)  # else the test would wait as well
        ending.start()
        url = f"postgresql://u:secret@127.0.0.1:{silent.getsockname()[1]}/d"
        with pytest.raises(SourceError, match="timeout"):
            opened(tmp_path, url=url, table="t").table()
        ending.cancel()


@pytest.mark.slow
def test_a_mongodb_server_that_is_not_there_is_not_waited_for(tmp_path: Path) -> None:
    failures: list[str] = []

    def read() -> None:
        with pytest.raises(SourceError) as caught:
            opened(tmp_path, url="mongodb://127.0.0.1:1/d", collection="t").table()
        failures.append(str(caught.value))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(40)  # the source's own limit is 5 minutes
    assert failures
    assert "t in mongodb://127.0.0.1:1/d cannot be read" in failures[0]


def execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            found = connection.execute(statement.encode())
        return found.fetchall() if found.description else []


def test_a_postgresql_table_is_read_through_a_variable_with_its_types(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_URL", postgres_url)
    execute(postgres_url, MAKE, FILL, "ALTER TABLE people ADD day date DEFAULT '2024-05-31'")
    execute(postgres_url, """ALTER TABLE people ADD more jsonb DEFAULT '{"a": {"b": 1}}'""")
    found = opened(tmp_path, url="$SHOP_URL", table="public.people")
    rest = {"day": "2024-05-31", "more.a.b": 1}
    assert found.table().rows() == [{**row, **rest} for row in ROWS]
    assert found.origins()[0].place == "public.people in $SHOP_URL"
    again = opened(tmp_path, url=postgres_url, table="people")
    assert again.digest() == found.digest()
    assert again.origins()[0].place.startswith("people in postgresql://127.0.0.1:")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("DELETE FROM people", "syntax error"),
        ("SELECT 1; DELETE FROM people", "syntax error"),
        ("SELECT 1) a; COMMIT; DELETE FROM people; SELECT * FROM (SELECT 1", "multiple commands"),
        ("SELECT set_config('transaction_read_only', 'off', true)", "read-write mode"),
        ("WITH d AS (DELETE FROM people RETURNING *) SELECT * FROM d", "WITH clause"),
        ("SELECT 1 AS a FROM pg_sleep(5)", "statement timeout"),
        ("SELECT ARRAY[1, 2] AS a", "a is a list"),
        ("SELECT 1 AS a WHERE false", "has no rows"),
        ("SELECT 1 AS a, 2 AS a", "two columns named 'a'"),
    ],
)
def test_postgresql_is_never_changed_and_never_endless(
    tmp_path: Path, postgres_url: str, query: str, sentence: str
) -> None:
    execute(postgres_url, MAKE, FILL)
    with pytest.raises(SourceError) as caught:
        opened(tmp_path, url=postgres_url, query=query, time_limit="1s").table()
    assert sentence in str(caught.value)
    assert execute(postgres_url, "SELECT count(*) FROM people") == [(2,)]


def test_a_postgresql_table_is_read_whose_columns_have_no_order(
    tmp_path: Path, postgres_url: str
) -> None:
    make = "CREATE TABLE trips (id integer, more json, at point)"
    fill = """INSERT INTO trips VALUES (2, '{"a": 2}', '(1,2)'), (1, '{"a": 1}', '(3,4)')"""
    execute(postgres_url, make, fill)
    found = opened(tmp_path, url=postgres_url, table="trips").table().rows()
    assert found == [{"id": 1, "more.a": 1, "at": "(3,4)"}, {"id": 2, "more.a": 2, "at": "(1,2)"}]
    query = "SELECT more AS first, id FROM trips"
    again = opened(tmp_path, url=postgres_url, query=query).table().rows()
    assert [row["id"] for row in again] == [1, 2]
