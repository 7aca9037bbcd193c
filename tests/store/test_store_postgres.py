"""The catalog in PostgreSQL: opening, migrating, many at once, a server that was away."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import store_acts

from twinkeel.config import load
from twinkeel.errors import ConfigError, StoreError
from twinkeel.project import Project
from twinkeel.store import migrations, schema
from twinkeel.store.opening import migrated
from twinkeel.store.store import Store

SECRET = "not-for-eyes"


def acts(url: str, root: Path, name: str, count: int) -> list[subprocess.Popen[str]]:
    """So many processes that do the same at once, on projects of their own that share a catalog."""
    code = (
        "import sys, pathlib, store_acts\n"
        "store_acts.opened = lambda root: store_acts.Store.open(root, url=sys.argv[1])\n"
        "store_acts.ACTS[sys.argv[3]](pathlib.Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", code, url, str(root), name]
    return [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent)
        for _ in range(count)
    ]


def test_the_migrations_make_the_tables_that_queries_expect(tmp_path, postgres_url):
    Store.open(tmp_path, url=postgres_url).close()

    with psycopg.connect(postgres_url) as connection:
        found = connection.execute(
            "SELECT table_name, column_name, collation_name FROM information_schema.columns "
            "WHERE table_schema = 'public'"
        ).fetchall()
    assert {row[:2] for row in found} == {
        (table.name, column.name)
        for table in schema.metadata.sorted_tables
        for column in table.columns
    }
    # The order of text is the same in every database of a store.
    assert {row[2] for row in found} == {None, "C"}


def test_two_that_migrate_at_once_do_it_once(tmp_path, postgres_url):
    openers = [
        process
        for number in range(4)
        for process in acts(postgres_url, tmp_path / str(number), "open", 1)
    ]

    assert [opener.wait(60) for opener in openers] == [0, 0, 0, 0]
    with psycopg.connect(postgres_url) as connection:
        numbers = connection.execute("SELECT number FROM schema_version").fetchall()
    assert numbers == [(migration.number,) for migration in migrations.MIGRATIONS]


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_schema_is_refused_and_left_as_it_is(tmp_path, postgres_url, read_only):
    Store.open(tmp_path, url=postgres_url).close()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99, '2999')")

    with pytest.raises(StoreError, match=r"has schema 99 and this Twinkeel knows up to \d+"):
        Store.open(tmp_path, url=postgres_url, read_only=read_only)

    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute("SELECT number FROM schema_version").fetchall()
    assert (99,) in rows
    assert len(rows) == len(migrations.MIGRATIONS) + 1


def test_those_who_build_and_release_at_once_get_numbers_of_their_own(tmp_path, postgres_url):
    with Store.open(tmp_path, url=postgres_url) as store:
        store_acts.version(store)
        store_acts.version(store)
    (tmp_path / "go").touch()

    running = [
        *acts(postgres_url, tmp_path, "build_many", 2),
        *acts(postgres_url, tmp_path, "race", 2),
    ]
    said = [process.communicate(timeout=120)[0].split() for process in running]

    assert [process.returncode for process in running] == [0, 0, 0, 0]
    with Store.open(tmp_path, url=postgres_url) as store:
        assert [version.number for version in store.versions("churn")] == list(range(1, 23))
        won = sorted(int(sequence) for words in said[2:] for sequence in words)
        assert won == [release.sequence for release in reversed(store.releases())]
        assert won == list(range(1, 41))


WRONG = {
    "password": (lambda url: url.replace(SECRET, "a-wrong-secret"), "the user or the password is"),
    "database": (lambda url: f"{url}_not", "knows no such database or user"),
    "port": (lambda url: f"{url.rpartition(':')[0]}:1/x", "it cannot be reached"),
    "host": (lambda url: url.replace("127.0.0.1", "nohost.invalid"), "it cannot be reached"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_server_that_cannot_be_used_is_one_sentence_without_secrets(tmp_path, postgres_url, what):
    changed, sentence = WRONG[what]

    with pytest.raises(StoreError, match=sentence) as caught:
        Store.open(tmp_path, url=changed(postgres_url))

    assert "secret" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert re.search(r" at (127\.0\.0\.1|nohost\.invalid):\d+: ", str(caught.value))
    assert str(caught.value).startswith("The store cannot use the PostgreSQL database")


@pytest.mark.parametrize("url", ["mysql://a:secret@h/d", "postgresql://a:secret[/d", "catalog.db"])
def test_what_is_no_url_of_postgres_is_refused_and_not_shown(tmp_path, url):
    with pytest.raises(ConfigError, match="expected postgresql://USER:PASSWORD@HOST") as caught:
        Store.open(tmp_path, url=url)

    assert "secret" not in str(caught.value)


def test_a_server_that_was_away_is_found_again(tmp_path, postgres_url, postgres_server):
    with Store.open(tmp_path, url=postgres_url) as store:
        made = store_acts.version(store)
        store.events.append(store_acts.call(id="before"))
        store.events.move()
        postgres_server.stop()
        try:
            with pytest.raises(StoreError, match="it cannot be reached"):
                store.versions()
            store.events.append(store_acts.call(id="meanwhile"))
            with pytest.raises(StoreError, match="it cannot be reached"):
                store.events.move()
        finally:
            postgres_server.start()

        assert store.versions() == [made]
        store.events.move()
        assert {event.id for event in store.events.query()} == {"before", "meanwhile"}


def test_reading_alone_changes_nothing(tmp_path, postgres_url):
    with Store.open(tmp_path, url=postgres_url) as store:
        made = store_acts.version(store)

    with Store.open(tmp_path, url=postgres_url, read_only=True, why="Closed today.") as store:
        assert store.versions() == [made]
        assert store.gc(dry_run=True).versions == ()
        with pytest.raises(StoreError, match="Closed today"):
            store.add_key("a", "admin")


@pytest.mark.parametrize("grant", ["", "CREATE"])
def test_a_user_without_rights_is_told_which(tmp_path, postgres_url, postgres_server, grant):
    name = postgres_url.rpartition("/")[2]
    user = f"reader_{name}"
    postgres_server.execute(f"CREATE USER {user} PASSWORD 'x'")
    if grant:
        postgres_server.execute(f"GRANT {grant} ON SCHEMA public TO {user}", name)
    url = f"postgresql://{user}:x@127.0.0.1:{postgres_server.port}/{name}"

    if grant:
        Store.open(tmp_path, url=url).close()
    else:
        with pytest.raises(StoreError, match="its user may not do this"):
            Store.open(tmp_path, url=url)


CONFIG = """
[project]
name = "shared"
[store]
url = "{}"
"""


def test_a_project_names_its_database_by_the_environment(tmp_path, postgres_url, monkeypatch):
    (tmp_path / "twinkeel.toml").write_text(CONFIG.format("$DATABASE_URL"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(ConfigError, match="DATABASE_URL is not set: set it"):
        Project.open(tmp_path)

    monkeypatch.setenv("DATABASE_URL", postgres_url)
    project = Project.open(tmp_path)
    project.store.add_key("ann", "admin")
    project.close()

    assert load(tmp_path).store.url == "$DATABASE_URL"
    assert not (tmp_path / ".twinkeel" / "catalog.db").exists()
    with Store.open(tmp_path / "elsewhere", url=postgres_url) as store:
        assert [key.name for key in store.keys()] == ["ann"]  # noqa: SIM118


def test_the_command_line_finds_the_database_in_the_env_file(tmp_path, postgres_url):
    (tmp_path / "twinkeel.toml").write_text(CONFIG.format("$DATABASE_URL"))
    (tmp_path / ".env").write_text(f"DATABASE_URL={postgres_url}\n")
    command = [sys.executable, "-m", "twinkeel", "keys", "create", "ann"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    with Store.open(tmp_path, url=postgres_url) as store:
        assert [key.name for key in store.keys()] == ["ann"]  # noqa: SIM118


def test_projects_that_share_a_database_by_schema_do_not_wait_for_each_other(
    tmp_path, postgres_url
):
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE SCHEMA one")
        connection.execute("CREATE SCHEMA two")
    urls = {name: f"{postgres_url}?options=-csearch_path%3D{name}" for name in ("one", "two")}
    with (
        closing(migrated(tmp_path, urls["one"])) as held,
        held.guard(exclusive=True),
        held.claim(exclusive=True),
        held.write(),
        Store.open(tmp_path, url=urls["two"]) as other,
        other.serving(),
    ):
        secret = other.add_key("ci", "caller")

        found = other.find_key(secret)
        assert found is not None
        assert found.name == "ci"
