"""A project with the toy kind in its store, and servers over it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from twinkeel import config
from twinkeel.records import Lineage
from twinkeel.store.store import Store
from waiting import PATIENCE

TOY = Path(__file__).parent / "toy"
TOML = """
[project]
name = "toys"
[sources.rows]
path = "rows.csv"
[components.toy]
kind = "toy"
source = "rows"
sensitive = ["gender"]
"""
TALK = """
[components.talk]
kind = "talk"
source = "rows"
"""
ROW = {"amount": 20, "plan": "plus", "gender": "Female"}


class Site:
    """A project's folder, its configuration and its store."""

    def __init__(
        self, root: Path, extra: str = "", *, url: str | None = None, bundles: str | None = None
    ) -> None:
        self.root = root
        (root / config.FILE).write_text(TOML + extra)
        (root / "rows.csv").write_text("amount\n1\n")
        self.config = config.load(root)
        self.store = Store.open(root, url=url, bundles=bundles)

    def release(self, factor: float, *, damaged: bool = False) -> int:
        """Make a version that multiplies by `factor` and put it into production."""
        return self.publish("toy", f'{{"factor": {factor}}}', damaged=damaged)

    def publish(self, name: str, model: str, *, damaged: bool = False, release: bool = True) -> int:
        """Make a version of the component `name`, of the kind `name`, and release it."""
        with self.store.scratch() as folder:
            (folder / "model.json").write_text(model)
            bundle = self.store.add_bundle(folder, kind=name, runtime=name)
        if damaged:
            (model,) = (self.root / ".twinkeel").rglob(f"*{bundle.digest[2:]}/model.json")
            model.chmod(0o644)
            model.write_text(model.read_text().replace("factor", "fabtor"))
        lineage = Lineage(
            source="rows",
            source_digest="0" * 64,
            rows=1,
            rows_learned=1,
            learned_digest=self.store.put_object(b"[]"),
            options={},
            seed=0,
            split={},
        )
        version = self.store.add_version(name, name, bundle, lineage)
        if not release:
            return version.number
        current = self.store.current(name)
        self.store.release(
            name,
            version.number,
            expected=None if current is None else current.sequence,
            action="release",
            who="test",
        )
        return version.number


def environment() -> dict[str, str]:
    """The environment of a child process that knows the toy kind."""
    return {**os.environ, "PYTHONPATH": str(TOY), "OMP_NUM_THREADS": "1"}


SERVE = """
import sys
from pathlib import Path
from twinkeel.config import load
from twinkeel.server import run
from twinkeel.store.store import Store
root = Path(sys.argv[1])
run(load(root), Store.open(root), port=int(sys.argv[2]), ready=lambda url: print(url, flush=True))
"""


@contextmanager
def serving(root: Path, port: int = 0) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A real server process over a project; its URL and the process."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(root), str(port)],
        stdout=subprocess.PIPE,
        stderr=(root / "server.log").open("a"),
        env=environment(),
        text=True,
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url, (root / "server.log").read_text()
        yield url, process
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def served_version(url: str) -> str:
    found = httpx.post(f"{url}/v1/components/toy/call", json=ROW).json()
    return str(found["version"])
