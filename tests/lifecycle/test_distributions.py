"""What a package must hold: every requirement that holds here, and nothing that does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.errors import EnvironmentProblem
from twinkeel.lifecycle.distributions import locked

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """`install(name, *requirements)`: what pip leaves of a distribution."""
    monkeypatch.syspath_prepend(tmp_path)

    def made(name: str, *requirements: str) -> None:
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        lines = [f"Requires-Dist: {each}" for each in requirements]
        text = "\n".join(("Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *lines))
        (folder / "METADATA").write_text(text + "\n")

    return made


def test_what_is_needed_is_found_through_markers_and_extras(install: Install) -> None:
    install("tk_app", "tk_web[fast,safe]>=1", "tk_old; python_version < '3'", "tk_x; extra == 'x'")
    install(
        "tk_web",
        "tk_new; python_version >= '3' and extra != 'slow'",
        "tk_quick; extra == 'other' or extra == 'fast'",
        "tk_lock ; python_version > '3.8' and extra == 'safe'",
        "tk_slow; extra == 'slow'",
        "tk_never; sys_platform == 'amiga' and extra == 'fast'",
    )
    for name in ("tk_new", "tk_quick", "tk_lock"):
        install(name)

    assert locked("tk_app") == dict.fromkeys(("tk_lock", "tk_new", "tk_quick", "tk_web"), "1.0")


@pytest.mark.parametrize(
    "requirement", ["tk_gone", "tk_gone>=2; python_version >= '3'", "tk_gone; os_name != 'amiga'"]
)
def test_what_is_needed_and_not_installed_is_an_error(install: Install, requirement: str) -> None:
    install("tk_app", requirement)

    with pytest.raises(EnvironmentProblem, match="tk_gone is needed to serve and is not installed"):
        locked("tk_app")


def test_what_is_installed_and_not_needed_is_left_out(install: Install) -> None:
    install("tk_app", "tk_more; extra == 'more'", "tk_old; python_version < '3'")
    install("tk_more")
    install("tk_old")

    assert locked("tk_app") == {}


def test_what_is_no_requirement_is_not_skipped(install: Install) -> None:
    install("tk_app", "tk_web >>> 1")

    with pytest.raises(EnvironmentProblem, match="'tk_web >>> 1', which is not a requirement"):
        locked("tk_app")
