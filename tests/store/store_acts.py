"""What a store can be asked to do, each as one act that a child process can be killed in.

Run as `python store_acts.py ROOT ACT POINT [SKIP]`: does ACT on the project in ROOT and dies by
SIGKILL when it reaches POINT, after passing it SKIP times.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from twinkeel.errors import Refused
from twinkeel.records import Evaluation, Event, Lineage, Look, Scorecard, Trial, Version, now
from twinkeel.store import events, points, schema
from twinkeel.store.bundles import BundleInfo
from twinkeel.store.move import Place
from twinkeel.store.move import move as move_store
from twinkeel.store.steps import Steps
from twinkeel.store.store import Store

DATABASE = "TWINKEEL_TEST_DATABASE"
"""The environment variable with the URL of the server that holds the catalogs, if one does."""

BUNDLES = "TWINKEEL_TEST_BUNDLES"
"""Set where bundles and objects are to be outside the store's folder."""


def opened(root: Path, **keywords: Any) -> Store:
    """The store of the project in `root`: its catalog is a file, or a schema of the server."""
    return Store.open(root, url=url_of(root), bundles=bundles_of(root), **keywords)


def bundles_of(root: Path) -> str | None:
    """The URL of the folder of bundles and objects, where the test wants it elsewhere."""
    return f"file://{root}/elsewhere" if BUNDLES in os.environ else None


def url_of(root: Path) -> str | None:
    """The URL of the schema that is this project's own, which is made; None without a server."""
    if DATABASE not in os.environ:
        return None
    import psycopg

    name = schema_of(root)
    with psycopg.connect(os.environ[DATABASE], autocommit=True) as connection:
        if connection.execute("SELECT to_regnamespace(%s)", (name,)).fetchone() == (None,):
            with contextlib.suppress(psycopg.errors.UniqueViolation):  # another was quicker
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name}")
    return f"{os.environ[DATABASE]}?options=-csearch_path%3D{name}"


def schema_of(root: Path) -> str:
    return f"root_{hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]}"


def copied(root: Path, to: Path) -> Path:
    """A copy of a project, its catalog too, as a restore from a backup makes it."""
    shutil.copytree(root, to)
    if url_of(to) is not None:
        import psycopg

        opened(to).close()
        with psycopg.connect(os.environ[DATABASE]) as connection:
            for name in (table for table in schema.metadata.tables if table != "schema_version"):
                connection.execute(
                    f"INSERT INTO {schema_of(to)}.{name} SELECT * FROM {schema_of(root)}.{name}"
                )
    return to


def lineage(store: Store, **changes: object) -> Lineage:
    plain = {
        "source": "customers",
        "source_digest": "0" * 64,
        "rows": 3,
        "rows_learned": 2,
        "learned_digest": store.put_object(b'["a","b"]'),
        "options": {},
        "seed": 0,
        "split": {},
    }
    return Lineage(**(plain | changes))


def fill(folder: Path, text: str = "hello") -> Path:
    (folder / "deep").mkdir(parents=True, exist_ok=True)
    (folder / "contract.json").write_text(f'{{"text": "{text}"}}')
    (folder / "deep" / "notes.txt").write_text(text)
    return folder


def bundle(store: Store, text: str = "hello") -> BundleInfo:
    with store.scratch() as folder:
        return store.add_bundle(fill(folder, text), kind="toy", runtime="json")


def version(store: Store, text: str = "hello", component: str = "churn", **changes) -> Version:
    return store.add_version(component, "toy", bundle(store, text), lineage(store, **changes))


def evaluation(store: Store, made: Version, text: str = "[]") -> Evaluation:
    return Evaluation(
        component=made.component,
        number=made.number,
        created=now(),
        cases_digest=store.put_object(b'{"cases": []}'),
        evidence_digest=store.put_object(text.encode()),
        scorecard=Scorecard(scores=()),
        verdicts=(),
    )


def call(component: str = "churn", **changes: object) -> Event:
    plain = {"id": events.new_id(), "kind": "call", "component": component, "at": now()}
    return Event(**(plain | changes))


# ------------------------------------------------------------------------------ acts


def open_(root: Path) -> None:
    opened(root).close()


def build(root: Path) -> None:
    with opened(root) as store, store.building("key") as folder:
        steps = Steps(folder / "steps")
        step = steps("fill", lambda into: fill(into, "built") and None)
        shared = store.shared()
        shared("part.json", "a key", lambda: b'"shared"')
        sealed = store.add_bundle(step, kind="toy", runtime="json", shared=shared.entries)
        made = store.add_version("churn", "toy", sealed, lineage(store))
        store.add_evaluation(evaluation(store, made, '["built"]'))


def release(root: Path) -> None:
    with opened(root) as store:
        _release(store, 2, "release")


def rollback(root: Path) -> None:
    with opened(root) as store:
        _release(store, 1, "rollback")


def key(root: Path) -> None:
    with opened(root) as store:
        store.add_key(f"key{len(store.keys())}", "caller")


def revoke(root: Path) -> None:
    with opened(root) as store:
        store.revoke_key("first")


def look(root: Path) -> None:
    at = now()
    seen = Look(
        component="churn", number=1, release=1, at=at, since=at, cycle=60.0, cycles=1, calls=0,
        outside=0, labelled=0, unlabelled_share=None, signals=(),
    )  # fmt: skip
    with opened(root) as store:
        store.watching.add(seen)


def trial(root: Path) -> None:
    """Put a version on trial, unless it is, and stop that."""
    with opened(root) as store:
        if store.trials.running("churn") is None:
            store.trials.add(
                Trial(
                    id=events.new_id(), component="churn", number=2, against=1, release=1,
                    mode="shadow", share=0.5, margin=0.01, started=now(), who="ann",
                )
            )  # fmt: skip
        store.trials.update(replace(store.trials.running("churn"), state="stopped", ended=now()))


def append(root: Path) -> None:
    with opened(root) as store:
        for _ in range(3):
            event = call()
            store.events.append(event)
            print(event.id, flush=True)
            store.events.flush()


def move(root: Path) -> None:
    with opened(root) as store:
        store.events.append(call())
        store.events.move()


def gc(root: Path) -> None:
    with opened(root) as store:
        store.gc(keep_versions=1, events_before="2999", grace=0)


def transfer(root: Path) -> None:
    """Move bundles and objects out of the store's folder, and the catalog where there is one."""
    url = os.environ.get("TWINKEEL_TEST_TARGET")
    target = Place(url=url, bundles=f"file://{root}/elsewhere")
    move_store(root / ".twinkeel", Place(), target)


def race(root: Path) -> None:
    """Try to be each of forty releases; print the sequences of those that were won."""
    with opened(root) as store:
        while not (root / "go").exists():
            time.sleep(0.001)
        for seen in range(40):
            with contextlib.suppress(Refused):
                won = store.release(
                    "churn", seen % 2 + 1, expected=seen or None, action="release", who="ann"
                )
                print(won.sequence)


def build_many(root: Path) -> None:
    """Ten versions, one after the other."""
    with opened(root) as store:
        for number in range(10):
            made = version(store, f"{os.getpid()} {number}")
            store.add_evaluation(evaluation(store, made))


def hold(root: Path) -> None:
    """Write events until the process is killed, printing each id once it is acknowledged."""
    with opened(root) as store:
        while True:
            event = call(inputs={"n": 1})
            store.events.append(event)
            print(event.id, flush=True)


def _release(store: Store, number: int, action) -> None:
    current = store.current("churn")
    expected = None if current is None else current.sequence
    store.release("churn", number, expected=expected, action=action, who="ann")


ACTS: dict[str, Callable[[Path], None]] = {
    "open": open_,
    "build": build,
    "release": release,
    "rollback": rollback,
    "key": key,
    "revoke": revoke,
    "look": look,
    "trial": trial,
    "append": append,
    "move": move,
    "gc": gc,
    "transfer": transfer,
    "race": race,
    "build_many": build_many,
    "hold": hold,
}


def main(root: str, act: str, point: str, skip: str = "0") -> None:
    left = int(skip)

    def die(name: str) -> None:
        nonlocal left
        if name == point:
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    points.observe(die)
    ACTS[act](Path(root))


if __name__ == "__main__":
    main(*sys.argv[1:])
