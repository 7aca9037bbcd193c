"""Calls per second, latency, start and memory over HTTP, beside MLflow's own server.

    python bench/serving.py [--project FOLDER] [--seconds 8] [--mlflow]

Builds a churn model from the repository's example (or takes a project whose `churn` is released),
serves it with one worker, keys and logging on, and calls it row by row over keep-alive
connections from a second process. `--mlflow` makes an environment in a temporary folder, fits
scikit-learn's gradient boosting with one-hot encoding on the same table, serves it with
`mlflow models serve` and calls it in the same way.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DATA = ROOT / "examples" / "telecom" / "data" / "customers.csv"
CLIENTS = 16
TOML = """
[project]
name = "bench"
[sources.customers]
path = "customers.csv"
[components.churn]
kind = "classifier"
source = "customers"
target = "Churn"
positive = "Yes"
id = "customerID"
sensitive = ["gender", "SeniorCitizen"]
time_limit = "40s"
"""
SERVE = """
import sys
from twinkeel import Project
Project.open(sys.argv[1]).serve(port=int(sys.argv[2]))
"""
TRAIN = """
import sys
import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
table = pd.read_csv(sys.argv[1]).drop(columns=["customerID"])
table["TotalCharges"] = pd.to_numeric(table["TotalCharges"], errors="coerce")
X, y = table.drop(columns=["Churn"]), table["Churn"]
texts = make_column_selector(dtype_exclude="number")
encode = make_column_transformer(
    (OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts), remainder="passthrough"
)
model = make_pipeline(encode, HistGradientBoostingClassifier()).fit(X, y)
mlflow.sklearn.save_model(
    model, sys.argv[2], signature=infer_signature(X, model.predict_proba(X)),
    pyfunc_predict_fn="predict_proba", serialization_format="cloudpickle",
)
"""


@dataclass(frozen=True)
class Target:
    """A running server and the request that asks it for one row."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    request: bytes
    ready: float
    """Seconds from the start of the process to the first answer."""


@dataclass(frozen=True)
class Measured:
    """One line of the table."""

    name: str
    ready: float
    median: float
    p99: float
    per_second: float
    megabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, help="a project whose churn is released")
    parser.add_argument("--seconds", type=float, default=8.0, help="for the throughput of each")
    parser.add_argument("--mlflow", action="store_true", help="measure MLflow's server too")
    parser.add_argument("--load", type=int, metavar="PORT", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.load:
        print(asyncio.run(storm(given.load, sys.stdin.buffer.read(), given.seconds)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = given.project or build(folder / "project")
        found = []
        with twinkeel(project, folder) as target:
            found.append(measure(target, given.seconds, mixed=True))
        if given.mlflow:
            with mlflow(folder) as target:
                found.append(measure(target, given.seconds, mixed=False))
    show(found)


def build(folder: Path) -> Path:
    """A project with a released churn model."""
    from twinkeel.project import Project

    folder.mkdir()
    (folder / "twinkeel.toml").write_text(TOML)
    (folder / "customers.csv").write_bytes(DATA.read_bytes())
    project = Project.open(folder)
    judged = project.build("churn")
    project.release(str(judged.version.ref))
    project.close()
    return folder


# ---------------------------------------------------------------------------------- servers


@contextmanager
def twinkeel(project: Path, folder: Path) -> Iterator[Target]:
    """Our server, one worker, with a key and its log in a file."""
    from twinkeel.store.store import Store

    with Store.open(project) as store:
        key = store.add_key(f"bench {time.time_ns()}", "viewer")
    port = free_port()
    request = post("/v1/components/churn/call", customer(), port, f"X-API-Key: {key}\r\n")
    command = [sys.executable, "-c", SERVE, str(project), str(port)]
    with serving("twinkeel", command, port, request, folder) as target:
        yield target


@contextmanager
def mlflow(folder: Path) -> Iterator[Target]:
    """MLflow's server over a comparable model, in an environment of its own."""
    home = folder / "mlflow"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    python = str(home / "bin" / "python")
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "mlflow", "scikit-learn", "pandas"], check=True
    )
    model, port = str(folder / "model"), free_port()
    subprocess.run([python, "-c", TRAIN, str(DATA), model], check=True, env=quiet(home))
    row = customer()
    body = {"dataframe_split": {"columns": list(row), "data": [list(row.values())]}}
    request = post("/invocations", body, port)
    command = [python, "-m", "mlflow", "models", "serve", "-m", model, "-p", str(port)]
    command += ["--env-manager", "local"]
    with serving("mlflow models serve", command, port, request, folder, quiet(home)) as target:
        yield target


def quiet(home: Path) -> dict[str, str]:
    """An environment in which MLflow finds its own python and tells nobody."""
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


@contextmanager
def serving(
    name: str,
    command: list[str],
    port: int,
    request: bytes,
    folder: Path,
    environment: dict[str, str] | None = None,
) -> Iterator[Target]:
    """Start a server, wait for its first answer, end it with all its children."""
    started = time.perf_counter()
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    try:
        wait_for(port, request, process)
        yield Target(name, port, process, request, time.perf_counter() - started)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def wait_for(port: int, request: bytes, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            status, body = once(port, request)
        except OSError:
            time.sleep(0.01)
            continue
        if status == 200:
            return
        if status not in (404, 503):
            raise SystemExit(f"{status}: {body[:500]!r}")
    raise SystemExit(f"the server ended with {process.returncode}")


# ---------------------------------------------------------------------------------- measuring


def measure(target: Target, seconds: float, *, mixed: bool) -> Measured:
    latencies = one_client(target, 2_000)
    # Another process calls, so that measuring and calling do not share an interpreter.
    load = subprocess.run(
        [sys.executable, __file__, "--load", str(target.port), "--seconds", str(seconds)],
        input=target.request,
        capture_output=True,
        check=True,
    )
    if mixed:
        mix(target, 1_000)
    return Measured(
        name=target.name,
        ready=target.ready,
        median=statistics.median(latencies),
        p99=statistics.quantiles(latencies, n=100)[98],
        per_second=float(load.stdout),
        megabytes=resident(target.process.pid),
    )


def one_client(target: Target, count: int) -> list[float]:
    """Milliseconds of each call over one connection, after a few that warm up."""
    found = []
    with socket.create_connection(("127.0.0.1", target.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count + 100):
            began = time.perf_counter()
            connection.sendall(target.request)
            reply(connection)
            found.append((time.perf_counter() - began) * 1e3)
    return found[100:]


async def storm(port: int, request: bytes, seconds: float) -> float:
    """Answers per second to `CLIENTS` connections that each wait for their answer."""
    end = time.perf_counter() + seconds

    async def caller() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while time.perf_counter() < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(head.decode())
            await reader.readexactly(length(head))
            count += 1
        writer.close()
        return count

    began = time.perf_counter()
    counts = await asyncio.gather(*(caller() for _ in range(CLIENTS)))
    return sum(counts) / (time.perf_counter() - began)


def mix(target: Target, count: int) -> None:
    """Calls of every kind, many rows among them."""
    key = next(line for line in target.request.decode().split("\r\n") if line.startswith("X-API"))
    headers = {"X-API-Key": key.partition(": ")[2], "Content-Type": "application/json"}
    row = customer()
    tensor = {"name": "tenure", "datatype": "INT64", "shape": [1], "data": [3]}
    texts = [
        {"name": name, "datatype": "BYTES", "shape": [1], "data": [str(value)]}
        for name, value in row.items()
        if name != "tenure"
    ]
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/v1/components/churn/call", row),
        ("POST", "/v1/components/churn/explain", row),
        ("POST", "/v1/components/churn/call", {"rows": [row] * 200}),
        ("POST", "/v2/models/churn/infer", {"inputs": [tensor, *texts]}),
        ("POST", "/v1/components/churn/call", {}),
        ("GET", "/v1/components/churn", None),
        ("GET", "/openapi.json", None),
        ("GET", "/metrics", None),
    ]
    connection = http.client.HTTPConnection("127.0.0.1", target.port)
    for at in range(count):
        method, path, body = asked[at % len(asked)]
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 500:
            raise SystemExit(f"{path}: {answer.status}")


def resident(pid: int) -> float:
    """Megabytes of resident memory of a process and all its children; Linux only."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            status = Path(f"/proc/{one}/status").read_text()
            children = Path(f"/proc/{one}/task/{one}/children").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line)
        waiting += [int(child) for child in children.split()]
    return total * 1024 / 1e6


# ---------------------------------------------------------------------------------- requests


def customer() -> dict[str, Any]:
    """The second customer of the table, numbers as numbers."""
    with DATA.open(newline="") as file:
        rows = csv.DictReader(file)
        row = [next(rows) for _ in range(2)][1]
    numbers = {"SeniorCitizen": int, "tenure": int, "MonthlyCharges": float, "TotalCharges": float}
    kept = {name: value for name, value in row.items() if name not in ("Churn", "customerID")}
    return {name: numbers.get(name, str)(value) for name, value in kept.items()}


def post(path: str, body: Any, port: int, more: str = "") -> bytes:
    data = json.dumps(body)
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"{more}Content-Length: {len(data)}\r\n\r\n{data}"
    ).encode()


def once(port: int, request: bytes) -> tuple[int, bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        return reply(connection)


def reply(connection: socket.socket) -> tuple[int, bytes]:
    """The status and the body of one reply."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65_536)
        if not chunk:
            raise ConnectionError("closed")
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    while len(body) < length(head):
        body += connection.recv(65_536)
    return int(head.split()[1]), body


def length(head: bytes) -> int:
    low = head.lower()
    return int(low.partition(b"content-length:")[2].split(b"\r\n")[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def show(found: list[Measured]) -> None:
    print(f"{os.cpu_count()} processors, one row of the churn table per request\n")
    print(f"| server | ready s | median ms | 99% ms | requests/s at {CLIENTS} | MB |")
    print("|-|-|-|-|-|-|")
    for each in found:
        print(
            f"| {each.name} | {each.ready:.2f} | {each.median:.2f} | {each.p99:.2f} "
            f"| {each.per_second:.0f} | {each.megabytes:.0f} |"
        )


if __name__ == "__main__":
    main()
