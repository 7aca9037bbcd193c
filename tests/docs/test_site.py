"""The site builds without a warning: no broken link, anchor or page outside the navigation."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from doc_blocks import ROOT


def test_the_script_that_builds_it_is_posix_shell() -> None:
    script = ROOT / "scripts" / "docs"

    subprocess.run([shutil.which("dash") or "sh", "-n", script], check=True)

    assert os.access(script, os.X_OK)


@pytest.mark.slow
def test_the_site_builds_strictly(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="the docs group is not installed")

    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site" / "tutorial" / "index.html").is_file()
