"""Opening a store: migrations, newer schemas, read-only projects, full disks, light imports."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import store_acts

from twinkeel.errors import StoreError
from twinkeel.store import migrations, schema
from twinkeel.store.store import Store

CATALOG = Path(".twinkeel") / "catalog.db"
MOUNTS = shutil.which("unshare") is not None and (
    subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode == 0
)
needs_mounts = pytest.mark.skipif(not MOUNTS, reason="needs Linux user namespaces")


def tables(path: Path) -> dict[str, list[tuple[str, str, bool]]]:
    """Every table with its columns: name, type, whether part of the primary key."""
    connection = sqlite3.connect(path)
    names = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]
    found = {
        name: [
            (row[1], row[2], row[5] > 0) for row in connection.execute(f"PRAGMA table_info({name})")
        ]
        for name in names
    }
    connection.close()
    return found


def test_the_migrations_make_the_tables_that_queries_expect(tmp_path):
    Store.open(tmp_path).close()

    expected = {
        table.name: [(c.name, str(c.type), c.primary_key) for c in table.columns]
        for table in schema.metadata.sorted_tables
    }
    assert tables(tmp_path / CATALOG) == expected


def test_a_killed_first_migration_leaves_no_table(tmp_path):
    command = [sys.executable, store_acts.__file__, str(tmp_path), "open", "migrate.applied"]
    subprocess.run(command, check=False, timeout=60)

    assert tables(tmp_path / CATALOG) == {}


def test_two_that_migrate_at_once_do_it_once(tmp_path):
    command = [sys.executable, store_acts.__file__, str(tmp_path), "open", "none"]

    openers = [subprocess.Popen(command) for _ in range(4)]

    assert [opener.wait(60) for opener in openers] == [0, 0, 0, 0]
    connection = sqlite3.connect(tmp_path / CATALOG)
    numbers = [row[0] for row in connection.execute("SELECT number FROM schema_version")]
    connection.close()
    assert numbers == [migration.number for migration in migrations.MIGRATIONS]


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_schema_is_refused_and_left_as_it_is(tmp_path, read_only):
    Store.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / CATALOG)
    connection.execute("INSERT INTO schema_version VALUES (99, '2999')")
    connection.commit()
    connection.close()
    before = (tmp_path / CATALOG).read_bytes()

    with pytest.raises(StoreError, match=r"has schema 99 and this Twinkeel knows up to \d+"):
        Store.open(tmp_path, read_only=read_only)

    assert (tmp_path / CATALOG).read_bytes() == before


def test_a_file_that_is_not_a_database_is_one_sentence(tmp_path):
    (tmp_path / ".twinkeel").mkdir()
    (tmp_path / CATALOG).write_bytes(b"not a database at all" * 100)

    with pytest.raises(StoreError, match="is not a database: restore it from a backup"):
        Store.open(tmp_path)


def test_reading_alone_needs_a_store_and_refuses_changes(tmp_path):
    with pytest.raises(StoreError, match=r"There is no store at .*: build something first"):
        Store.open(tmp_path, read_only=True)
    with Store.open(tmp_path) as store:
        made = store_acts.version(store)

    with Store.open(tmp_path, read_only=True) as store:
        assert store.versions() == [made]
        for change in (
            lambda: store.put_object(b"x"),
            lambda: store.add_key("a", "admin"),
            lambda: store.events.append(store_acts.call()),
            lambda: store.work_folder("key"),
            store.gc,
        ):
            with pytest.raises(StoreError, match="opened for reading only"):
                change()
        assert store.gc(dry_run=True).versions == ()


def mounted(root: Path, mount: str, script: str) -> str:
    """Run Python code (with `root`, `store_acts`) where `mount`, a shell line, has taken effect."""
    (root.parent / "script.py").write_text(
        "import sys, pathlib, store_acts\n"
        "from twinkeel.errors import TwinkeelError\n"
        "from twinkeel.store.store import Store\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "def tried(work):\n"
        "    try: work(); print('done')\n"
        "    except TwinkeelError as error: print(type(error).__name__, error)\n" + script
    )
    line = f'{mount}; PYTHONPATH="$3" exec "$2" "$4" "$1"'
    here, script_path = str(Path(__file__).parent), str(root.parent / "script.py")
    command = ["unshare", "-rm", "sh", "-ec", line, "sh", str(root), sys.executable]
    result = subprocess.run(
        [*command, here, script_path], check=False, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


READ_ONLY = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"'


@needs_mounts
@pytest.mark.parametrize("killed", [False, True])
def test_a_read_only_project_is_one_sentence_and_can_still_be_read(tmp_path, killed):
    root = tmp_path / "project"
    with Store.open(root) as store:
        store_acts.version(store)
        store_acts.version(store, "b")
        store.release("churn", 1, expected=None, action="release", who="ann")
        store.events.append(store_acts.call(id="logged"))
    if killed:  # a write-ahead log is left beside the database
        command = [sys.executable, store_acts.__file__, str(root), "release", "release.committed"]
        subprocess.run(command, check=False, timeout=60)

    said = mounted(
        root,
        READ_ONLY,
        "tried(lambda: Store.open(root))\n"
        "store = Store.open(root, read_only=True)\n"
        "print(store.current('churn').number, store.events.find('logged').id)\n"
        "store.open_bundle(store.version(store.versions()[0].ref).bundle)\n"
        "tried(lambda: store.put_object(b'x'))\n"
        "print(store.gc(keep_versions=1, grace=0, dry_run=True).versions)\n",
    ).splitlines()

    assert said[0].startswith("StoreError")
    assert "the file system is read-only" in said[0]
    assert said[1] == f"{2 if killed else 1} logged"
    assert "opened for reading only: open it for writing" in said[2]
    assert said[3] == "()"


FULL = """
store = Store.open(root)
made = store_acts.version(store)
with open(root / "filler", "wb", buffering=0) as file:
    try:
        while True: file.write(bytes(4096))
    except OSError: pass
def flood():
    for _ in range(10_000): store.events.append(store_acts.call(who="x" * 500))
tried(lambda: store.put_object(bytes(100_000)))
big = store_acts.fill(root.parent / "big", "b" * 100_000)
tried(lambda: store_acts.bundle(store, "b" * 100_000))
tried(lambda: store.add_bundle(big, kind="toy", runtime="json"))
tried(lambda: [store.add_key(str(n), "admin") for n in range(1000)])
tried(flood)
assert store.versions() == [made]
assert store.open_bundle(made.bundle)
assert not [path for path in root.rglob(".new-*")]
(root / "filler").unlink()
tried(lambda: store_acts.version(store, "b" * 100_000))
tried(lambda: store.events.append(store_acts.call(id="after")))
print(store.events.move().damaged, store.events.find("after").id)
"""


@needs_mounts
def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path):
    root = tmp_path / "project"
    root.mkdir()

    said = mounted(root, 'mount -t tmpfs -o size=2m none "$1"', FULL).splitlines()

    for sentence in said[:5]:
        assert sentence.startswith("StoreError")
        assert "the disk is full: free some space" in sentence
    assert said[5:] == ["done", "done", "0 after"]


FULL_BEFORE = """
from twinkeel.project import Project
(root / "twinkeel.toml").write_text('[project]\\nname = "full"\\n')
with Store.open(root) as store:
    store_acts.version(store)
    store.release("churn", 1, expected=None, action="release", who="ann")
with open(root / "filler", "wb", buffering=0) as file:
    for size in (4096, 1):
        try:
            while True: file.write(bytes(size))
        except OSError: pass
tried(lambda: Store.open(root))
project = Project.open(root)
store = project.store
print(project.status(), store.current("churn").number, store.gc(dry_run=True).versions)
store.open_bundle(store.version(store.versions()[0].ref).bundle)
tried(lambda: store.put_object(b"x"))
(root / "filler").unlink()
with Store.open(root) as other: other.release(
    "churn", 1, expected=1, action="release", who="bob"
)
print(store.current("churn").who)
"""


@needs_mounts
def test_a_disk_that_was_full_before_can_still_be_read(tmp_path):
    root = tmp_path / "project"
    root.mkdir()

    said = mounted(root, 'mount -t tmpfs -o size=2m none "$1"', FULL_BEFORE).splitlines()

    full = "catalog.db: the disk is full: free some space and try again."
    assert said[0].endswith(full)
    assert said[1] == "[] 1 ()"
    assert said[2].endswith(full)  # what cannot be done says why, not that it is read-only
    assert said[3] == "bob"


def test_what_is_forgotten_is_not_left_in_the_files(tmp_path):
    catalog = tmp_path / ".twinkeel" / "catalog.db"
    secret = "Alice Example, born in 1970 "
    store = Store.open(tmp_path)
    store.gc()
    empty = catalog.stat().st_size
    for number in range(200):
        store.events.append(store_acts.call(at="2020-01-01", inputs={"n": number, "who": secret}))
    store.events.move()

    store.gc(events_before="2021")

    left = [path for path in (tmp_path / ".twinkeel").rglob("*") if path.is_file()]
    assert not [path for path in left if secret.encode() in path.read_bytes()]
    assert catalog.stat().st_size <= empty
    store.close()


def test_importing_the_store_brings_in_nothing_heavy():
    code = "import sys, twinkeel.store.store; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    loaded = {name.partition(".")[0] for name in said.stdout.split()}
    assert "sqlalchemy" in loaded
    assert "sqlalchemy.orm" not in said.stdout.split()
    assert not loaded & {
        "psycopg",
        "fsspec",
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
        "sklearn",
        "onnxruntime",
        "onnx",
    }
