"""A served product, model and assistant together: memory and latency after mixed requests.

    python bench/product.py PROJECT [--requests 1000]

PROJECT is a folder whose `churn` and `support` are released, such as `demo/` after scripts/demo.
Requests alternate between the two on one connection; memory is the resident set of the server.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

QUESTIONS = "questions.jsonl"
ROWS = "new.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project", type=Path)
    parser.add_argument("--requests", type=int, default=1000)
    given = parser.parse_args()
    rows = json.loads((given.project / ROWS).read_text())
    lines = (given.project / QUESTIONS).read_text().splitlines()
    questions = [{"question": json.loads(line)["question"]} for line in lines if line]
    command = [sys.executable, "-m", "twinkeel", "serve", "--port", "0", "--json"]
    server = subprocess.Popen(
        command, cwd=given.project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        url = address(server)
        times = ask(url, {"churn": rows, "support": questions}, given.requests)
        print("| component | requests | median ms | 99% ms |\n|-|-|-|-|")
        for name, found in times.items():
            high = statistics.quantiles(found, n=100)[-1]
            print(f"| {name} | {len(found)} | {statistics.median(found):.2f} | {high:.2f} |")
        print(f"\nresident memory of the server: {resident_mb(server.pid):.0f} MB")
    finally:
        server.terminate()
        server.wait(timeout=20)


def address(server: subprocess.Popen[str]) -> str:
    """The address in the first words that the server prints."""
    assert server.stdout is not None
    text = ""
    for line in server.stdout:
        text += line
        for word in line.replace('"', " ").split():
            if word.startswith("http://"):
                return word.rstrip(",")
    raise SystemExit(f"the server did not start: {text}")


def ask(url: str, inputs: dict[str, list[dict]], count: int) -> dict[str, list[float]]:
    """Milliseconds of each request, by component."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    times: dict[str, list[float]] = {name: [] for name in inputs}
    for number in range(count):
        name = list(inputs)[number % len(inputs)]
        body = inputs[name][number // len(inputs) % len(inputs[name])]
        began = time.perf_counter()
        path = f"/v1/components/{name}/call"
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        reply.read()
        if reply.status != 200:
            raise SystemExit(f"{name} answered {reply.status}")
        times[name].append((time.perf_counter() - began) * 1e3)
    return times


def resident_mb(process: int) -> float:
    """Resident memory of a process, from /proc."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
