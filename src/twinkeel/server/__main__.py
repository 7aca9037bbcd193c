"""`python -m twinkeel.server FOLDER`: serve a folder that `twinkeel package` wrote."""

from __future__ import annotations

import argparse
import os
import sys
import urllib.request
from pathlib import Path

from twinkeel.errors import TwinkeelError
from twinkeel.server.listening import listen
from twinkeel.server.packaged import packaged_service


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m twinkeel.server",
        description="Serve a folder that twinkeel package wrote.",
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    parser.add_argument("--host", help="the address to listen on; others than loopback need a key")
    parser.add_argument("--port", type=int, help="the TCP port; 0 takes any that is free")
    parser.add_argument("--data", type=Path, help="where events are kept; by default in the folder")
    parser.add_argument("--check", metavar="URL", help="ask a running server instead, and end")
    given = parser.parse_args(arguments)
    if given.check:
        return check(given.check)
    try:
        service = packaged_service(
            given.folder, given.data or given.folder, os.environ, host=given.host
        )
        port = service.table.port if given.port is None else given.port
        listen(service, port, ready=lambda url: print(f"serving on {url}", flush=True))  # noqa: T201
    except TwinkeelError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0


def check(url: str) -> int:
    """0 if the server at `url` answers that it is well, else 1; for a container's health."""
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310  the operator's own URL
            return 0 if reply.status == 200 else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
