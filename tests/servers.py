"""Real servers for tests: PostgreSQL, and an object store that speaks S3 over HTTP.

Each starts when the first test of a process asks for it and ends with the process's tests.
A test gets a database or a bucket of its own. Where a server cannot be had the test is skipped
with a sentence that says how to get it; in CI (`CI=true`) it fails instead.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest

_PATIENCE = 60.0
_PASSWORD = "not-for-eyes"


def without(what: str, how: str) -> NoReturn:
    """Skip the test, or fail it in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed, and in CI it must be: {how}.")
    pytest.skip(f"{what} is not installed: {how}.")


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ------------------------------------------------------------------------------ PostgreSQL


class PostgresServer:
    """A cluster in a folder of its own, listening on loopback; can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        password = folder / "password"
        password.write_text(_PASSWORD)
        self._owned(folder, password)
        self._run(
            *("initdb", "--no-sync", "--encoding=UTF8", "--no-locale", "--username=postgres"),
            *("--auth=scram-sha-256", f"--pwfile={password}", f"--pgdata={folder / 'data'}"),
        )

    def url(self, database: str = "postgres") -> str:
        """A database's URL, password included."""
        return f"postgresql://postgres:{_PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Listen; returns when the server answers."""
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [
                *(self._program("postgres"), "-D", str(self.folder / "data")),
                *("-p", str(self.port), "-h", "127.0.0.1", "-k", ""),
                *("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=60"),
            ],
            stdout=log, stderr=log, cwd=self.folder, **self._user(),
        )  # fmt: skip
        log.close()
        self._wait()

    def stop(self) -> None:
        """End at once, as after a power cut; what was committed is found by the next `start`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_PATIENCE)
            self._process = None

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement as the owner of everything."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def _wait(self) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            with contextlib.suppress(Exception):
                self.execute("SELECT 1")
                return
            time.sleep(0.05)
        pytest.fail(f"PostgreSQL did not start: {(self.folder / 'log').read_text()}")

    def _run(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [self._program(name), *arguments],
            check=True, capture_output=True, cwd=self.folder, **self._user(),
        )  # fmt: skip

    def _program(self, name: str) -> str:
        found = program(name)
        assert found is not None
        return found

    def _owned(self, *paths: Path) -> None:
        user = self._user()
        for path in paths if user else ():
            os.chown(path, user["user"], user["group"])

    def _user(self) -> dict[str, Any]:
        """Whom the server runs as: PostgreSQL refuses to run as root."""
        if os.geteuid() != 0:
            return {}
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        pytest.fail("PostgreSQL refuses to run as root, and there is no other user here.")


def program(name: str) -> str | None:
    """A program of PostgreSQL: in the PATH, or where Debian keeps the newest."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4])
    )
    return shutil.which(name) or (str(debian[-1]) if debian else None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server. A test that stops it must start it again."""
    if program("initdb") is None or program("postgres") is None:
        without("PostgreSQL", "scripts/test installs it, or apt install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="twinkeel-postgres-"))
    try:
        server = PostgresServer(folder)
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database that is this test's own."""
    name = f"test_{secrets.token_hex(6)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


# ------------------------------------------------------------------------------ S3


class Bucket(NamedTuple):
    """An empty bucket; the environment of this process and its children leads to its server."""

    name: str
    endpoint: str

    @property
    def url(self) -> str:
        """The bucket as fsspec and Twinkeel name it."""
        return f"s3://{self.name}"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a running S3-compatible server."""
    for needed in ("s3fs", "moto"):
        if importlib.util.find_spec(needed) is None:
            without(needed, "scripts/test installs it")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(_PATIENCE)


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket that is this test's own."""
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", _PASSWORD)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = Bucket(name=f"test-{secrets.token_hex(6)}", endpoint=s3_server)
    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir(bucket.name)
    return bucket


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail("The S3-compatible server did not start.")
