"""One project in production, built once; each test watches a release of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from production import Traffic

from telecom import write_project
from twinkeel.project import Project


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = Project.open(write_project(tmp_path_factory.mktemp("watched"), rows=2_500))
    project.build("churn")
    project.release("churn", override="for these tests")
    yield project
    project.close()


@pytest.fixture
def traffic(watched: Project) -> Traffic:
    return Traffic(watched)
