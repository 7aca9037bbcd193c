"""A server that is killed again and again: every event id that a caller received is found."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from server_site import ROW, SERVE, Site, environment, free_port

CALLERS = 16
AT_ONCE = 8
_EVENT = re.compile(rb'"event":"([0-9a-f]{32})"')
_BODY = json.dumps(ROW).encode()
REQUEST = (
    b"POST /v1/components/toy/call HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)


class Storm:
    """Callers that go on until they have enough event ids, over a server that dies under them."""

    def __init__(self, root: Path, requests: int, kills: int) -> None:
        self.root = root
        self.port = free_port()
        self.events: set[bytes] = set()
        self.kills = [requests * (at + 1) // (kills + 1) for at in range(kills)]
        self.requests = requests
        self.killed = 0

    async def run(self) -> None:
        server = await self._start()
        callers = [asyncio.create_task(self._call()) for _ in range(CALLERS)]
        try:
            for mark in self.kills:
                while len(self.events) < mark:
                    await asyncio.sleep(0.01)
                os.kill(server.pid, signal.SIGKILL)
                self.killed += await asyncio.to_thread(server.wait) == -signal.SIGKILL
                server = await self._start()
            await asyncio.gather(*callers)
        finally:
            server.kill()
            await asyncio.to_thread(server.wait)

    async def _start(self) -> subprocess.Popen[bytes]:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(self.root), str(self.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        assert server.stdout is not None
        assert await asyncio.to_thread(server.stdout.readline)
        return server

    async def _call(self) -> None:
        while len(self.events) < self.requests:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                while len(self.events) < self.requests:
                    writer.write(REQUEST * AT_ONCE)
                    await self._read(reader)
                writer.close()
            except ConnectionError:
                await asyncio.sleep(0.05)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Read the replies to one burst; what came before a kill counts."""
        count, rest = 0, b""
        while count < AT_ONCE:
            data = await reader.read(65_536)
            if not data:
                raise ConnectionResetError
            found = _EVENT.findall(rest + data)
            rest = (rest + data).rpartition(b"}")[2]
            self.events.update(found)
            count += len(found)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_event_id_that_a_caller_received_is_found(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.release(2.0)
    storm = Storm(tmp_path, requests=100_000, kills=10)

    asyncio.run(storm.run())

    site.store.events.move()
    found = {event.id.encode() for event in site.store.events.query(kind="call", limit=200_000)}
    assert storm.killed == 10
    assert len(storm.events) >= 100_000
    assert storm.events - found == set()
    site.store.close()
