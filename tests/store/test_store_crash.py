"""A process killed at any named point leaves the old state or the new one, and can try again."""

from __future__ import annotations

import functools
import itertools
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import store_acts

from twinkeel.store import points

# Every point by the acts that pass it.
PASSES = {
    "open": ["migrate.applied", "migrate.committed"],
    "build": [
        *("step.filled", "step.done"),
        *("object.written", "object.renamed", "made.written", "made.renamed"),
        *("bundle.copied", "bundle.sealed", "bundle.renamed", "bundle.synced"),
        *("version.inserted", "version.committed"),
        *("evaluation.inserted", "evaluation.committed"),
        "work.removed",
    ],
    "release": ["release.inserted", "release.committed"],
    "rollback": ["release.inserted", "release.committed"],
    "key": ["key.inserted", "key.committed"],
    "revoke": ["key.inserted", "key.committed"],
    "look": ["look.inserted", "look.committed"],
    "trial": ["trial.inserted", "trial.updated", "trial.committed"],
    "append": ["segment.created", "segment.renamed", "event.written", "event.synced"],
    "move": ["segment.rotated", "event.synced", "move.inserted", "move.committed", "move.removed"],
    "gc": ["gc.marked", "gc.committed", "gc.renamed", "gc.removed"],
}
CASES = [(act, point) for act, names in PASSES.items() for point in names]


@pytest.fixture(scope="module")
def project(database: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("project"))


def filled(root: Path) -> Path:
    """Four versions, the first in production, the last two never released; a key; two events."""
    with store_acts.opened(root) as store:
        for number in range(1, 5):
            made = store_acts.version(store, f"version {number}")
            store.add_evaluation(store_acts.evaluation(store, made, f"[{number}]"))
        store.release("churn", 1, expected=None, action="release", who="ann")
        store.add_key("first", "viewer")
        store.events.append(store_acts.call(id="moved"))
        store.events.move()
        store.events.append(store_acts.call(id="logged"))
    return root


def act(root: Path, name: str, point: str = "none", skip: int = 0) -> subprocess.CompletedProcess:
    command = [sys.executable, store_acts.__file__, str(root), name, point, str(skip)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def facts(root: Path) -> dict[str, object]:
    """All that can be asked of a store, without times and secrets; checks every reference."""
    with store_acts.opened(root) as store:
        versions, held = store.versions(), store.keys()
        for version in versions:
            store.open_bundle(version.bundle)
            store.get_object(version.lineage.learned_digest)
            for judged in store.evaluations(version.ref):
                store.get_object(judged.cases_digest)
                store.get_object(judged.evidence_digest)
        return {
            "versions": [str(version.ref) for version in versions],
            "evaluations": [len(store.evaluations(version.ref)) for version in versions],
            "releases": [(one.sequence, one.number, one.action) for one in store.releases()],
            "keys": [(key.name, key.role, key.revoked is None) for key in held],
            "looks": len(store.watching.looks("churn")),
            "trials": [one.state for one in store.trials.every("churn")],
            "events": len(store.events.query()),
        }


@pytest.mark.parametrize(("name", "point"), CASES)
def test_a_kill_leaves_the_old_state_or_the_new(project, tmp_path, name, point):
    root = begun(project, name, tmp_path / "killed")
    old, new = ends(project, name)

    killed = act(root, name, point)

    assert killed.returncode == -signal.SIGKILL
    assert facts(root) in [old, *between(name, old), new]
    assert act(root, name).returncode == 0
    assert act(root, "gc").returncode == 0
    assert leftovers(root) == []


MOVING = {"move.files", "move.copied"}
"""Tried in test_store_move."""
REMOTE = [("build", "remote.written"), ("gc", "remote.removed")]


@pytest.mark.parametrize(("name", "point"), REMOTE)
def test_a_kill_between_any_two_changes_elsewhere(elsewhere, tmp_path, name, point):
    project = filled(tmp_path / "project")
    old, new = ends(project, name)

    for skip in itertools.count():
        root = store_acts.copied(project, tmp_path / f"killed{skip}")
        killed = act(root, name, point, skip)
        assert facts(root) in [old, *between(name, old), new]
        if killed.returncode == 0:
            break
        assert killed.returncode == -signal.SIGKILL
        assert act(root, name).returncode == 0
        assert act(root, "gc").returncode == 0
        assert leftovers(root) == []
    assert skip > 3


def begun(project: Path, name: str, root: Path) -> Path:
    """A project in which the act can be tried: a copy, or an empty folder to open."""
    return root if name == "open" else store_acts.copied(project, root)


@functools.cache
def ends(project: Path, name: str) -> tuple[dict, dict]:
    """The facts before the act and after it, when nothing goes wrong."""
    root = begun(project, name, project.with_name(f"{project.name}-{name}"))
    old = facts(root)
    assert act(root, name).returncode == 0
    return old, facts(root)


def between(name: str, old: dict) -> list[dict[str, object]]:
    """The states between old and new, for acts that are several changes in a row."""
    if name == "trial":
        return [old | {"trials": ["running"]}]
    if name == "append":
        return [old | {"events": old["events"] + count} for count in (1, 2)]
    if name == "build":
        versions, judged = [*old["versions"], "churn@5"], [*old["evaluations"], 0]
        return [old | {"versions": versions, "evaluations": judged}]
    return []


def leftovers(root: Path) -> list[Path]:
    """What gc must have taken: temporary names, and bundles and objects beyond the catalog's."""
    folder = root / ".twinkeel"
    with store_acts.opened(root) as store:
        digests = {version.bundle for version in store.versions()}
        digests |= {version.lineage.learned_digest for version in store.versions()}
        for version in store.versions():
            shared = store.open_bundle(version.bundle).manifest.shared.values()
            digests |= {entry.sha256 for entry in shared}
            for one in store.evaluations(version.ref):
                digests |= {one.cases_digest, one.evidence_digest}
    places = [folder, folder / "cache", root / "elsewhere"]
    stored = [path for place in places for path in place.glob("bundles/*")]
    stored += [path for place in places for path in place.glob("objects/??/*")]
    hidden = [path for place in places for path in place.rglob(".*")]
    return hidden + [path for path in stored if path.name not in digests]


def test_every_point_is_tried_and_every_point_exists():
    source = Path(points.__file__).parent
    written = {
        name
        for path in source.glob("*.py")
        for name in re.findall(r'reached\("([a-z.]+)"\)', path.read_text())
    }

    assert written == set(points.NAMES)
    tried = {point for _, point in [*CASES, *REMOTE]} | MOVING
    assert tried == set(points.NAMES)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("skip", range(4))
def test_what_was_acknowledged_is_found_after_a_kill(tmp_path, skip):
    killed = act(tmp_path, "append", "event.written", skip)

    acknowledged = killed.stdout.split()
    with store_acts.opened(tmp_path) as store:
        assert len(acknowledged) == min(skip, 3)
        assert all(store.events.find(id_) for id_ in acknowledged)
        moved = store.events.move()
        assert moved.torn_bytes == moved.damaged == 0
        assert all(store.events.find(id_) for id_ in acknowledged)


@pytest.mark.parametrize("skip", range(6))
def test_gc_killed_between_two_removals_leaves_only_orphans(project, tmp_path, skip):
    root = tmp_path / "project"
    store_acts.copied(project, root)

    killed = act(root, "gc", "gc.removed", skip)

    assert killed.returncode in (-signal.SIGKILL, 0)
    assert facts(root)["versions"] == ["churn@1", "churn@4"]
    assert act(root, "gc").returncode == 0
    assert leftovers(root) == []


def test_a_killed_build_resumes_from_its_finished_steps(project, tmp_path):
    root = tmp_path / "project"
    store_acts.copied(project, root)

    act(root, "build", "bundle.copied")

    with store_acts.opened(root) as store, store.building("key") as folder:
        steps = store_acts.Steps(folder / "steps")
        steps("fill", lambda into: pytest.fail("the step ran again"))
        assert steps.resumed == ["fill"]
