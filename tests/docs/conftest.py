"""What a page starts from: the table alone, or the project as the tutorial leaves it."""

from pathlib import Path

import pytest
from doc_blocks import DOCS, ROOT, blocks
from doc_runner import Runner

CUSTOMERS = ROOT / "examples" / "telecom" / "data" / "customers.csv"


@pytest.fixture(scope="session")
def table_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the table of customers and nothing else."""
    folder = tmp_path_factory.mktemp("start")
    (folder / "data").mkdir()
    (folder / "data" / "customers.csv").write_bytes(CUSTOMERS.read_bytes())
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
