"""A kind from a stranger's package, as `docs/add-a-kind.md` shows it, keeps every promise.

The package is made of the very files on the page, so the page and what is tested cannot differ.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doc_blocks import DOCS, ROOT, blocks
from doc_environment import new_environment

PACKAGE = "twinkeel-keyword"
CUSTOMERS = ROOT / "examples" / "telecom" / "data" / "customers.csv"
ROW = ["Contract=Two year", "InternetService=DSL", "PaymentMethod=Mailed check", "TechSupport=Yes"]

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page: the package, and a project that uses its kind."""
    folder = tmp_path_factory.mktemp("page")
    for block in blocks(DOCS / "add-a-kind.md"):
        if block.file is not None:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    (folder / "data").mkdir()
    (folder / "data" / "customers.csv").write_bytes(CUSTOMERS.read_bytes())
    return folder


@pytest.fixture(scope="module")
def commands(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the package installed, without any network."""
    binaries = new_environment(tmp_path_factory.mktemp("environment") / "venv")
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([binaries / "python", *install, package / PACKAGE], check=True)
    return binaries


@pytest.fixture
def run(commands: Path, package: Path) -> Run:
    """Runs a command of the environment in the project."""

    def run_(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [commands / words[0], *words[1:]],
            cwd=package,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_


@pytest.fixture
def released(run: Run, package: Path) -> str:
    """A version of the kind in production, made by the commands; built once."""
    if not (package / ".twinkeel").exists():
        for verb in ("build", "release"):
            done = run("twinkeel", verb, "leaving")
            assert done.returncode == 0, done.stdout + done.stderr
    return "leaving@1"


def test_the_page_shows_the_whole_package(package: Path) -> None:
    files = {p.relative_to(package / PACKAGE).as_posix() for p in (package / PACKAGE).rglob("*.*")}

    assert files >= {"pyproject.toml", "src/twinkeel_keyword/__init__.py", "tests/test_keyword.py"}
    assert 'twinkeel.kinds"]' in (package / PACKAGE / "pyproject.toml").read_text()


def test_its_own_test_runs_check_kind(run: Run) -> None:
    done = run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{PACKAGE}/tests")

    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_it_goes_through_the_commands_like_any_other(run: Run, released: str) -> None:
    asked = run("twinkeel", "call", "leaving", *ROW, "--json")
    status = json.loads(run("twinkeel", "status", "--json").stdout)

    assert json.loads(asked.stdout)["version"] == released
    assert json.loads(asked.stdout)["values"]["label"] == "No"
    assert status[0]["kind"] == "keyword"
    assert run("twinkeel", "verify", "leaving").returncode == 0
    assert run("twinkeel", "show", "leaving", "--out", "leaving.html").returncode == 0


def test_a_wrong_option_of_it_is_one_sentence(run: Run, package: Path) -> None:
    toml = package / "twinkeel.toml"
    before = toml.read_text()
    toml.write_text(before.replace("text = [", "texts = ["))
    try:
        done = run("twinkeel", "build", "leaving")
    finally:
        toml.write_text(before)

    assert done.returncode == 2
    assert done.stderr == "[components.leaving] has no key 'texts'; did you mean 'text'?\n"


@pytest.fixture
def url(commands: Path, package: Path, released: str) -> Iterator[str]:
    """A running server of the project."""
    server = subprocess.Popen(
        [commands / "twinkeel", "serve", "--port", "0"],
        cwd=package,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        assert server.stdout is not None
        said = server.stdout.readline()
        found = re.search(r"http://[0-9.:]+", said)
        try:
            assert found is not None, said
            yield found[0]
        finally:
            server.send_signal(signal.SIGINT)


def test_it_is_served_like_any_other(url: str, released: str) -> None:
    row = dict(cell.split("=", 1) for cell in ROW)
    body = json.dumps(row).encode()
    call = urllib.request.Request(f"{url}/v1/components/leaving/call", body)
    call.add_header("Content-Type", "application/json")

    with urllib.request.urlopen(call) as reply:
        answer = json.load(reply)

    assert answer["version"] == released
    assert answer["output"]["label"] == "No"
    assert answer["event"]


def test_without_its_package_the_project_says_so(package: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "twinkeel", "status"],
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "There is no kind 'keyword'" in done.stderr
