"""The reference is what the code says, and the code says something of every key."""

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import msgspec
import pytest
from doc_blocks import DOCS, ROOT

from twinkeel import config, plugins
from twinkeel.config import ComponentTable, EventsTable, ProjectTable, ServerTable, SourceConfig
from twinkeel.errors import ConfigError

TABLES = (
    ProjectTable,
    SourceConfig,
    ComponentTable,
    ServerTable,
    EventsTable,
    config.VersionsTable,
)


@pytest.fixture(scope="module")
def reference() -> Iterator[ModuleType]:
    """scripts/reference.py as a module."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        yield importlib.import_module("reference")
    finally:
        sys.path.remove(str(ROOT / "scripts"))


def test_the_committed_reference_is_up_to_date() -> None:
    script = [sys.executable, ROOT / "scripts" / "reference.py", "--check"]

    done = subprocess.run(script, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_configuration_key_is_documented(table: type, reference: ModuleType) -> None:
    page = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")

    for key in reference.keys(table):
        assert f"| `{key.name}` |" in page


def test_every_key_of_every_kind_is_documented(reference: ModuleType) -> None:
    page = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")

    for name in reference.own_kinds():
        for key in reference.keys(plugins.kind(name).options):
            assert f"| `{key.name}` |" in page


def test_a_key_without_a_docstring_is_refused(reference: ModuleType) -> None:
    class Silent(msgspec.Struct):
        """A table."""

        said: str
        """A key with a text."""
        unsaid: str

    with pytest.raises(reference.UndocumentedError, match=r"Silent\.unsaid"):
        reference.keys(Silent)


def test_every_table_of_the_configuration_has_a_heading() -> None:
    page = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        config.parse({"no such table": {}}, ROOT)

    known = re.findall(r"'([a-z]+)'", str(refused.value).partition("; ")[2])

    assert known
    assert all(f"## `[{name}" in page for name in known)
