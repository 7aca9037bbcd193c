"""A real server process, spoken to over a socket as a stranger would."""

from __future__ import annotations

import json
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_site import ROW, SERVE, Site, environment, free_port, serving

from waiting import PATIENCE, eventually

CALL = "/v1/components/toy/call"
BODY = json.dumps(ROW).encode()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, str]]:
    """One server for the tests that leave it as it is: small limits, the toy released."""
    limits = '[server]\nbody_limit = "20 KB"\ntimeout = "2s"\n'
    site = Site(tmp_path_factory.mktemp("site"), limits)
    site.release(2.0)
    with serving(site.root) as (url, _):
        yield site, url
    site.store.close()


def raw(url: str, *parts: bytes, pause: float = 0.0) -> tuple[int, dict[str, Any]]:
    """Send bytes as they are; the reply's status and JSON."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        for part in parts:
            try:
                connection.sendall(part)
            except ConnectionError:
                break  # the server has said what it has to say
            time.sleep(pause)
        reply = b""
        while chunk := connection.recv(65536):
            reply += chunk
            head, _, body = reply.partition(b"\r\n\r\n")
            if body and body.endswith(b"}"):
                break
    return int(head.split()[1]), json.loads(body)


def request(*headers: bytes, path: bytes = CALL.encode(), body: bytes = BODY) -> bytes:
    length = b"Content-Length: %d" % len(body)
    base = (b"Host: localhost", b"Content-Type: application/json", length)
    return b"POST %s HTTP/1.1\r\n%s\r\n\r\n" % (path, b"\r\n".join((*base, *headers))) + body


def test_a_call_over_the_socket(running: tuple[Site, str]) -> None:
    status, answer = raw(running[1], request())

    assert (status, answer["version"]) == (200, "toy@1")


def test_two_requests_at_once_on_one_connection(running: tuple[Site, str]) -> None:
    first, second = request(b"Connection: keep-alive"), request(b"Connection: close")

    host, _, port = running[1].removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(first + second)
        reply = b"".join(iter(lambda: connection.recv(65536), b""))

    assert reply.count(b"HTTP/1.1 200") == reply.count(b'"toy@1"') == 2


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ([request(body=b" " * 40_000)], 413),
        ([request(b"Expect: 100-continue", body=b"{}" * 18_000)[:300]], 413),
        ([b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          b"Transfer-Encoding: chunked\r\n\r\n" % CALL.encode() + b"4000\r\n" + b" " * 0x4000
          + b"\r\n" + b"4000\r\n" + b" " * 0x4000 + b"\r\n0\r\n\r\n"], 413),
        ([request(body=BODY)[:-5]], 408),
        ([request(*(b"X-%d: 1" % n for n in range(10_000)))], 431),
        ([request(b"X-Large: " + b"a" * 100_000)], 431),
        ([b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Endless: ", *[b"a" * 65_536] * 12], 431),
        ([request(b"Host: localhost")], 400),
        ([request(b"Transfer-Encoding: chunked")], 400),
        ([request(b"Content-Length: 3")], 400),
        ([b"nonsense\r\n\r\n"], 400),
        ([b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n"], 400),
        ([request(path=b"/v1/../v1/components")], 400),
        ([request(path=b"/v1/%2e%2e/x")], 400),
        ([request(path=b"/v1/%252e%252e/x")], 400),
        ([request(path=b"/v1/%5c..%5cx")], 400),
        ([request(path=b"/v1/%00")], 400),
        ([b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
          b"Content-Length: 2\r\n\r\n{}" % CALL.encode()], 415),
        ([b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
          % CALL.encode()], 415),
        ([request(body=b"[" * 5_000)], 400),
        ([request(body=b'{"amount": NaN}')], 422),
        ([b"GET /healthz HTTP/1.1\r\n\r\n"], 403),
        ([b"GET http://evil.example/healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n"], 403),
    ],
)  # fmt: skip
def test_hostile_requests_get_one_sentence(
    running: tuple[Site, str], sent: list[bytes], status: int
) -> None:
    got, reply = raw(running[1], *sent)

    assert got == status, reply
    assert reply.keys() == {"error", "request_id"}
    assert reply["error"].endswith(".")
    assert httpx.post(running[1] + CALL, json=ROW).status_code == 200


def test_an_answer_that_takes_too_long_is_503(running: tuple[Site, str]) -> None:
    rows = {"rows": [{**ROW, "note": "sleep"}] * 4}

    reply = httpx.post(running[1] + CALL, json=rows, timeout=PATIENCE)

    assert reply.status_code == 503
    assert httpx.get(f"{running[1]}/healthz").status_code == 200


def test_control_characters_stay_out_of_the_log(running: tuple[Site, str]) -> None:
    site, url = running
    key = "twk_" + "z" * 40

    httpx.get(f"{url}/v1/x%1b%5b31m?key={key}", headers={"X-API-Key": key})
    httpx.get(f"{url}/v1/forged%E2%80%A8line", headers={"X-API-Key": key})

    log = (site.root / "server.log").read_text()
    assert eventually(lambda: "forged" in (site.root / "server.log").read_text())
    assert "\x1b" not in log
    assert "\u2028" not in log
    assert key not in log
    assert "Female" not in log


def test_a_new_release_is_served_without_one_failed_call(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.release(2.0)
    with serving(site.root) as (url, _):
        load = Load(url)
        for factor in (3.0, 4.0, 5.0):
            enough = load.calls + 50
            assert eventually(lambda n=enough: load.calls > n)  # type: ignore[misc]
            number = site.release(factor)
            assert eventually(lambda n=number: load.latest == f"toy@{n}")  # type: ignore[misc]
        load.stop()
    site.store.close()

    assert load.failures == []
    assert load.order == ["toy@1", "toy@2", "toy@3", "toy@4"]


class Load:
    """Four callers that never stop, and what they saw."""

    def __init__(self, url: str) -> None:
        self.calls = 0
        self.failures: list[str] = []
        self.order: list[str] = []
        self.latest = ""
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(url,)) for _ in range(4)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _run(self, url: str) -> None:
        with httpx.Client(base_url=url) as client:
            while not self._end.is_set():
                reply = client.post(CALL, json=ROW)
                with self._lock:
                    self._note(reply)
                time.sleep(0.005)

    def _note(self, reply: httpx.Response) -> None:
        self.calls += 1
        if reply.status_code != 200 or reply.json()["event"] is None:
            self.failures.append(reply.text)
            return
        self.latest = reply.json()["version"]
        if self.latest not in self.order:
            self.order.append(self.latest)


def test_a_damaged_release_leaves_the_last_good_one(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.release(2.0)
    with serving(site.root) as (url, _):
        site.release(3.0, damaged=True)
        assert eventually(lambda: httpx.get(f"{url}/readyz").json()["degraded"] != [])
        answer = httpx.post(url + CALL, json=ROW).json()
        metrics = httpx.get(f"{url}/metrics").text
    site.store.close()

    assert answer["version"] == "toy@1"
    assert "twinkeel_degraded 1" in metrics
    assert "model.json" in (site.root / "server.log").read_text()


def test_a_port_in_use_is_one_sentence(site: Site) -> None:
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        ended = run_to_the_end(site, port)

    assert ended.returncode == 3
    assert f"Port {port} on 127.0.0.1 cannot be had" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_what_is_no_port_is_not_cut_down_to_one(site: Site, port: int) -> None:
    ended = run_to_the_end(site, port)

    assert ended.returncode == 2
    assert f"The port must be 0 to 65535, not {port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def run_to_the_end(site: Site, port: int, host: str | None = None) -> Any:
    code = SERVE.replace("port=int", f"host={host!r}, port=int")
    code = f"from twinkeel.errors import TwinkeelError\ntry:\n{indented(code)}\n{CATCH}"
    return subprocess.run(
        [sys.executable, "-c", code, str(site.root), str(port)],
        capture_output=True, text=True, timeout=PATIENCE, env=environment(), check=False,
    )  # fmt: skip


CATCH = """
except TwinkeelError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


def indented(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.splitlines())


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux's prlimit")
def test_a_disk_that_refuses_writes_stops_no_answer(site: Site) -> None:
    with serving(site.root) as (url, process):
        hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, hard))
        refused = httpx.post(url + CALL, json=ROW).json()
        degraded = httpx.get(f"{url}/readyz").json()["degraded"]
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert eventually(lambda: httpx.post(url + CALL, json=ROW).json()["event"] is not None)
        healthy = httpx.get(f"{url}/readyz").json()["degraded"]

    assert (refused["event"], refused["output"]["total"]) == (None, 40)
    assert degraded == ["events are not being recorded"]
    assert healthy == []


def test_strangers_are_not_listened_to_without_a_key(site: Site) -> None:
    ended = run_to_the_end(site, 0, host="0.0.0.0")

    assert ended.returncode == 2
    assert "Listening on 0.0.0.0 needs a key" in ended.stderr


def test_the_server_ends_on_a_signal_and_leaves_no_events_behind(site: Site) -> None:
    with serving(site.root) as (url, process):
        event = httpx.post(url + CALL, json=ROW).json()["event"]
        process.terminate()
        assert process.wait(PATIENCE) in (0, -15)

    assert site.store.events.find(event) is not None
    assert list((site.root / ".twinkeel" / "events").glob("*.log")) == []


def test_ctrl_c_ends_it_without_a_word(site: Site) -> None:
    with serving(site.root) as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0

    assert "Traceback" not in (site.root / "server.log").read_text()
    assert "KeyboardInterrupt" not in (site.root / "server.log").read_text()


def test_many_rows_do_not_hold_up_others(running: tuple[Site, str]) -> None:
    rows = {"rows": [{**ROW, "note": "sleep"}] + [ROW] * 300}
    with ThreadPoolExecutor(1) as thread:
        large = thread.submit(httpx.post, running[1] + CALL, json=rows, timeout=PATIENCE)
        time.sleep(0.2)
        quick = httpx.post(running[1] + CALL, json=ROW)
        held_up = large.done()

    assert quick.status_code == 200
    assert not held_up
    assert len(large.result().json()["answers"]) == 301


HEAVY = [
    "sklearn",
    "lightgbm",
    "catboost",
    "xgboost",
    "pandas",
    "pyarrow",
    "polars",
    "onnx",
    "narwhals",
    "scipy",
    "duckdb",
]


def test_serving_imports_nothing_that_only_training_needs(site: Site) -> None:
    code = SERVE.replace("ready=lambda url: print(url, flush=True)", "ready=check") + ""
    check = (
        "import sys, os, httpx\n"
        "def check(url):\n"
        f"    print(sorted(set({HEAVY!r}) & set(sys.modules)), flush=True)\n"
        "    os._exit(0)\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", check + code, str(site.root), "0"],
        capture_output=True, text=True, timeout=PATIENCE, env=environment(), check=False,
    )  # fmt: skip

    assert ended.stdout.strip() == "[]", ended.stderr
