"""Alerts go to a webhook signed and once; never inside the network unless that is allowed."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from twinkeel.errors import ConfigError, EnvironmentProblem
from twinkeel.lifecycle.webhook import SECRET, SIGNATURE, Webhook
from twinkeel.records import Alert, Signal, now

KEY = "0123456789abcdef"


def alert() -> Alert:
    signal = Signal(
        part="input",
        name="tenure",
        state="alarm",
        test="place",
        n=100,
        reference_n=100,
        size=-0.5,
        unit="sd",
        then=1.0,
        now=0.5,
        smallest=0.3,
        level=0.001,
        p=1e-6,
        sentence="Input tenure is lower.",
    )
    return Alert(
        id="a1", component="churn", number=1, cause=signal.cause, opened=now(), signal=signal
    )


class Receiver(HTTPServer):
    """Answers with the given statuses, then with 200; keeps what it got."""

    def __init__(self, statuses: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = statuses
        self.got: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.headers[SIGNATURE], body))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    server = Receiver(list(getattr(request, "param", [])))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_alert_arrives_with_a_signature_that_the_secret_explains(receiver: Receiver) -> None:
    Webhook(receiver.url, KEY, internal=True).send(alert())

    (sent, body) = receiver.got[0]
    time, _, code = sent.removeprefix("t=").partition(",v1=")
    assert code == hmac.new(KEY.encode(), time.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert json.loads(body)["cause"] == "input.tenure"


@pytest.mark.parametrize("receiver", [[500, 429]], indirect=True)
def test_a_server_in_trouble_is_tried_again(receiver: Receiver) -> None:
    Webhook(receiver.url, KEY, internal=True, pause=0.01).send(alert())

    assert len(receiver.got) == 3


@pytest.mark.parametrize(
    ("receiver", "tries"), [([500] * 9, 3), ([404], 1), ([302], 1)], indirect=["receiver"]
)
def test_what_is_not_taken_is_one_sentence(receiver: Receiver, tries: int) -> None:
    with pytest.raises(EnvironmentProblem, match="did not take an alert: it answered"):
        Webhook(receiver.url, KEY, internal=True, pause=0.01).send(alert())

    assert len(receiver.got) == tries


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]",
     "169.254.169.254", "10.0.0.8", "0.0.0.0", "[fe80::1]", "[64:ff9b::7f00:1]"],
)  # fmt: skip
def test_an_address_inside_the_network_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="private network"):
        Webhook(f"http://{host}:8400/", KEY, pause=0.01).send(alert())


def test_a_webhook_without_a_secret_is_refused() -> None:
    with pytest.raises(ConfigError, match=SECRET):
        Webhook.of("https://alerts.example.com/", internal=False, environment={})
