"""What a page starts from: the table or the articles alone, or the project of the tutorial."""

import shutil
from pathlib import Path

import pytest
from doc_blocks import DOCS, ROOT, blocks
from doc_runner import Runner

TELECOM = ROOT / "examples" / "telecom"
CUSTOMERS = TELECOM / "data" / "customers.csv"


@pytest.fixture(scope="session")
def table_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the table of customers and nothing else."""
    folder = tmp_path_factory.mktemp("start")
    (folder / "data").mkdir()
    (folder / "data" / "customers.csv").write_bytes(CUSTOMERS.read_bytes())
    return folder


@pytest.fixture(scope="session")
def articles_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the help articles and the questions, and nothing else."""
    folder = tmp_path_factory.mktemp("articles")
    shutil.copytree(TELECOM / "help", folder / "help")
    shutil.copy(TELECOM / "questions.jsonl", folder)
    return folder


@pytest.fixture(scope="session")
def finished_tutorial(table_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as what is typed in the tutorial leaves it."""
    folder = tmp_path_factory.mktemp("tutorial")
    with Runner(folder, start=table_alone) as runner:
        for block in blocks(DOCS / "tutorial.md"):
            if block.tab != "Python":
                runner.run(block)
    return folder / "typed"
