"""A packaged version serves in an environment that holds exactly what it names."""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_site import ROW, Site

from twinkeel.errors import BundleError, UsageError
from twinkeel.lifecycle.package import package
from twinkeel.project import Project
from twinkeel.records import VersionRef
from waiting import PATIENCE

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = Site(tmp_path_factory.mktemp("site"))
    for factor in (2.0, 7.0):
        site.release(factor)
    version = site.store.version(VersionRef(component="toy", number=2))
    made = package(site.config, site.store, version, site.root / "out" / "toy-package")
    site.store.close()
    return made


@pytest.fixture(scope="module")
def python(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with nothing but the requirements of the folder, as installed here."""
    return environment(folder, tmp_path_factory.mktemp("environment") / "venv")


def environment(folder: Path, home: Path) -> Path:
    """The interpreter of a new environment with what a packaged folder requires."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    (packages,) = home.glob("lib/python*/site-packages")
    for line in (folder / "requirements.txt").read_text().splitlines():
        if line.startswith("./"):
            zipfile.ZipFile(folder / line).extractall(packages)
        else:
            name, version = line.split("==")
            assert distribution(name).version == version
            _copy(name, packages)
    return home / "bin" / "python"


def _copy(name: str, target: Path) -> None:
    for file in distribution(name).files or ():
        source = Path(str(file.locate()))
        if ".." not in file.parts and source.is_file() and source.suffix != ".pyc":
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            (target / file).symlink_to(source)


@contextmanager
def served(python: Path, folder: Path, *more: str, **environment: str) -> Iterator[str]:
    process = subprocess.Popen(
        [python, "-m", "twinkeel.server", folder, "--port", "0", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PATH": os.defpath, **environment},
        cwd="/",
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip().removeprefix("serving on ")
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()


def test_a_package_serves_in_a_clean_environment(
    folder: Path, python: Path, tmp_path: Path
) -> None:
    with served(python, folder, "--data", str(tmp_path)) as url:
        answer = httpx.post(f"{url}/v1/components/toy/call", json=ROW).json()
        event = httpx.get(f"{url}/v1/events/{answer['event']}").json()
        check = [python, "-m", "twinkeel.server", "--check", f"{url}/readyz"]
        healthy = subprocess.run(check, check=False)

    assert (answer["version"], answer["output"]["total"]) == ("toy@2", 140)
    assert event["inputs"] == {"amount": 20, "plan": "plus"}
    assert healthy.returncode == 0


def test_the_key_of_the_environment_is_asked_for(
    folder: Path, python: Path, tmp_path: Path
) -> None:
    more = ("--data", str(tmp_path), "--host", "0.0.0.0")
    with served(python, folder, *more, TWINKEEL_KEY=SECRET, TWINKEEL_ALLOWED_HOSTS="a,b") as url:
        path = f"{url}/v1/components/toy/call"
        without = httpx.post(path, json=ROW)
        wrong = httpx.post(path, json=ROW, headers={"X-API-Key": SECRET[:-1] + "0"})
        right = httpx.post(path, json=ROW, headers={"X-API-Key": SECRET, "Host": "b"})

    assert (without.status_code, wrong.status_code, right.status_code) == (401, 401, 200)


@pytest.mark.parametrize("secret", [None, "", "short"])
def test_strangers_need_a_long_key(
    folder: Path, python: Path, tmp_path: Path, secret: str | None
) -> None:
    environment = {} if secret is None else {"TWINKEEL_KEY": secret}
    ended = subprocess.run(
        [python, "-m", "twinkeel.server", folder, "--host", "0.0.0.0", "--data", tmp_path],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )

    assert ended.returncode == 2
    assert "TWINKEEL_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_folder_says_what_it_is(folder: Path) -> None:
    readme, docker = (folder / "README.md").read_text(), (folder / "Dockerfile").read_text()

    assert "toy@2" in readme
    assert "docker build" in readme
    assert re.search(r"^USER twinkeel$", docker, re.MULTILINE)
    assert "HEALTHCHECK" in docker
    assert {path.name for path in (folder / "wheels").iterdir()} == {
        "twinkeel-0.1.0-py3-none-any.whl",
        "twinkeel_toy-1.0-py3-none-any.whl",
    }
    assert str(folder.parents[1]) not in readme + docker + (folder / "package.json").read_text()


def test_requirements_are_exact_and_hold_nothing_that_only_training_needs(folder: Path) -> None:
    lines = (folder / "requirements.txt").read_text().splitlines()
    pinned = [line for line in lines if not line.startswith("./")]

    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[^ ]+", line) for line in pinned)
    names = {line.split("==")[0].lower() for line in pinned}
    assert {"msgspec", "numpy", "onnxruntime", "starlette", "uvicorn", "sqlalchemy"} <= names
    assert not names & {"pandas", "scikit-learn", "lightgbm", "catboost", "pyarrow", "pytest"}


def test_the_wheel_s_record_matches_its_files(folder: Path) -> None:
    with zipfile.ZipFile(folder / "wheels" / "twinkeel-0.1.0-py3-none-any.whl") as archive:
        rows = csv.reader(archive.read("twinkeel-0.1.0.dist-info/RECORD").decode().splitlines())
        recorded = {name: (digest, size) for name, digest, size in rows}
        assert set(recorded) == set(archive.namelist())
        for name, (digest, size) in recorded.items():
            data = archive.read(name)
            if digest:
                wanted = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()
                assert (digest, int(size)) == (f"sha256={wanted.rstrip('=')}", len(data))
        assert "twinkeel/server/static/try.html" in recorded


def test_what_is_there_already_is_not_overwritten(tmp_path: Path, site: Site) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    version = site.store.latest("toy")
    assert version is not None

    with pytest.raises(UsageError, match="not empty"):
        package(site.config, site.store, version, tmp_path / "full")

    assert [path.name for path in (tmp_path / "full").iterdir()] == ["file"]


def test_what_cannot_be_packaged_leaves_no_folder(tmp_path: Path, site: Site) -> None:
    site.release(9.0, damaged=True)
    version = site.store.latest("toy")
    assert version is not None

    with pytest.raises(BundleError, match="damaged"):
        package(site.config, site.store, version, tmp_path / "new" / "deep" / "toy-package")

    assert not (tmp_path / "new").exists()


def test_a_damaged_package_refuses_to_serve(folder: Path, python: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "bundle" / "model.json").write_text('{"factor": 9}')
    with served(python, broken, "--data", str(tmp_path)) as url:
        ready = httpx.get(f"{url}/readyz")
        call = httpx.post(f"{url}/v1/components/toy/call", json=ROW)

    assert ready.status_code == 503
    assert call.status_code == 503
    assert "toy cannot be served" in call.json()["error"]


def test_a_packaged_classifier_needs_nothing_that_learning_needs(
    make_project: Callable[..., Any], churn_rows: list[dict[str, str]], python: Path, tmp_path: Path
) -> None:
    project = make_project()
    ref = str(project.build("churn").version.ref)
    expected = project.call(ref, churn_rows)
    made = project.package(ref, tmp_path / "churn-package")

    with served(python, made, "--data", str(tmp_path)) as url:
        reply = httpx.post(f"{url}/v1/components/churn/call", json={"rows": churn_rows}).json()
        why = httpx.post(f"{url}/v1/components/churn/explain", json=churn_rows[0]).json()

    answers = reply["answers"]
    assert [answer["output"] for answer in answers] == [each.values for each in expected]
    parts = sum(part["contribution"] for part in why["contributions"])
    assert abs(why["base"] + parts - why["total"]) < 1e-4


@pytest.mark.slow
def test_a_packaged_assistant_serves_with_what_its_folder_requires(tmp_path: Path) -> None:
    telecom = Path(__file__).parents[2] / "examples" / "telecom"
    root = tmp_path / "project"
    asked = {
        "question": "How many days before should I tell you that I want to end month-to-month?"
    }
    shutil.copytree(telecom, root, ignore=shutil.ignore_patterns(".twinkeel"))
    with closing(Project.open(root)) as project:
        ref = str(project.build("support").version.ref)
        expected = project.call(ref, asked).values
        made = project.package(ref, tmp_path / "package")
    python = environment(made, tmp_path / "venv")

    with served(python, made, "--data", str(tmp_path)) as url:
        reply = httpx.post(f"{url}/v1/components/support/call", json=asked, timeout=30)

    assert reply.json()["output"]["answer"] == expected["answer"]
    assert "7 days" in expected["answer"]
    names = (made / "requirements.txt").read_text().lower()
    assert "pypdfium2" not in names
    assert "scikit-learn" not in names
