"""Fixtures that every room's tests share: the churn table, small projects, no network."""

from __future__ import annotations

import csv
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from telecom import churn_lines, write_project
from twinkeel.project import Project

pytest_plugins = ("servers",)

# How fast a machine makes examples is no fault of the code.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only loopback may be reached."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host not in ("127.0.0.1", "::1", "localhost"):
                raise OSError(f"tests may not reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def make_project(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """A maker of small churn projects; keywords as in `write_project`."""
    opened: list[Project] = []

    def make(**keywords: Any) -> Project:
        folder = write_project(tmp_path / f"project{len(opened)}", **keywords)
        opened.append(Project.open(folder))
        return opened[-1]

    yield make
    for project in opened:
        project.close()


@pytest.fixture
def churn_rows() -> list[dict[str, str]]:
    """The first rows of the churn table as a caller would send them."""
    return [
        {k: v for k, v in row.items() if k not in ("Churn", "customerID")}
        for row in csv.DictReader(churn_lines(20))
    ]
