"""What goes wrong is one sentence and an exit code; a traceback is never on the screen."""

from __future__ import annotations

import errno
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_runs import KINDS, Ran, spawn

from twinkeel import errors
from twinkeel.cli import dotenv
from twinkeel.cli.failures import explain

Cli = Callable[..., Ran]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["buil", "x"], 'Did you mean "build"?'),
        (["build"], "requires an argument. See twinkeel build --help."),
        (["build", "solt"], "did you mean 'sold'?"),
        (["build", "sold", "--sed", "1"], "Did you mean --seed?"),
        (["build", "sold", "--seed", "x"], "--seed"),
        (["build", "sold", "--seed", "-1"], "seed must be a whole number of 0 or more, not -1"),
        (["show", "sold@1"], "sold@1"),
        (["show", "sold@x"], "expected COMPONENT@NUMBER"),
        (["keys", "revoke", "nobody"], "no key named 'nobody'"),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(cli: Cli, words: list[str], said: str) -> None:
    ran = cli(*words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_a_folder_without_a_project_says_how_to_start_one(cli: Cli, tmp_path: Path) -> None:
    ran = cli("status", project=tmp_path)
    assert ran.code == 2
    assert "start one with twinkeel init" in ran.err


def test_a_defect_is_written_to_a_file_and_asks_to_be_reported(cli: Cli, folder: Path) -> None:
    cli("build", "sold")
    ran = cli("call", "sold", "color=defect")
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert ran.err.count("\n") == 1
    [report] = (folder / ".twinkeel").glob("defect-*.txt")
    assert str(report) in ran.err
    assert "ZeroDivisionError: a defect" in report.read_text()


def test_an_interrupted_build_says_what_is_kept(folder: Path) -> None:
    ran = spawn("build", "sold", env={"LOOKUP_FAILS": "interrupt"}, cwd=folder)
    assert ran.code == 130
    assert ran.err.rstrip().endswith("when the same command is run again.")
    assert spawn("build", "sold", cwd=folder).code == 0


def test_a_full_disk_is_named(folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        ran = spawn("status", cwd=folder, out=full)
    assert ran.code == 3
    assert ran.err.startswith("The disk is full")
    assert ran.err.count("\n") == 1


def test_a_reader_that_leaves_is_no_error(folder: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(KINDS)}
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "twinkeel", "completion", "bash"],
        stdout=write, stderr=subprocess.PIPE, cwd=folder, env=env, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(errno.ENOSPC, "no space", "a.bin"), 3, "The disk is full (a.bin)"),
        (OSError(errno.EROFS, "read-only", "a.bin"), 3, "the file system is read-only"),
        (PermissionError(errno.EACCES, "denied", "a.bin"), 3, "no permission"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.bin"), 3, "a.bin: No such file."),
        (MemoryError(), 3, "memory"),
        (errors.Refused("No."), 1, "No."),
        (errors.BundleError("Bad."), 3, "Bad."),
        (errors.ContractError("Row 1."), 2, "Row 1."),
        (RuntimeError("odd"), 3, "a defect of its own (RuntimeError: odd)"),
    ],
)
def test_each_error_has_its_exit_code(error: Exception, code: int, said: str) -> None:
    failure = explain(error)
    assert failure.exit_code == code
    assert said in failure.sentence


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_project_is_one_sentence(folder: Path) -> None:
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    ran = spawn("build", "sold", cwd=folder)
    folder.chmod(stat.S_IRWXU)
    assert ran.code == 3
    assert ran.err.splitlines()[-1].count("Traceback") == 0


def test_a_terminal_without_unicode_gets_ascii(folder: Path) -> None:
    ran = spawn("build", "sold", cwd=folder, env={"PYTHONIOENCODING": "ascii", "NO_COLOR": "1"})
    assert ran.code == 0
    assert ran.out.isascii()
    assert "accuracy" in ran.out


def test_a_terminal_sees_one_live_line_that_leaves(folder: Path) -> None:
    master, slave = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(KINDS), "TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-m", "twinkeel", "build", "sold"],
        stdout=subprocess.PIPE, stderr=slave, cwd=folder, env=env, check=False,
    )  # fmt: skip
    os.close(slave)
    drawn = os.read(master, 1 << 20).decode()
    assert done.returncode == 0
    assert "left of 0:40" in drawn
    assert "\n[" not in drawn


def test_secrets_come_from_the_environment_then_from_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# keys\nexport A=1\nB = \"two words\" # note\nC='#3'\nD=four # note\n\nE=\n"
    )
    environ = {"A": "kept"}
    dotenv.load(tmp_path, environ)
    assert environ == {"A": "kept", "B": "two words", "C": "#3", "D": "four", "E": ""}


def test_a_line_that_is_no_secret_is_refused_without_showing_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nhunter2\n")
    with pytest.raises(errors.UsageError, match="line 2: expected NAME=VALUE") as caught:
        dotenv.load(tmp_path, {})
    assert "hunter2" not in str(caught.value)


def test_secrets_in_another_encoding_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=caf\xe9\n")
    with pytest.raises(errors.UsageError, match="is not UTF-8 text"):
        dotenv.load(tmp_path, {})


def test_a_dotenv_that_is_not_kept_from_git_is_refused(cli: Cli, folder: Path) -> None:
    (folder / ".env").write_text("A=1\n")
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    ran = cli("status")
    assert ran.code == 2
    assert "git would add" in ran.err
    (folder / ".gitignore").write_text(".env\n")
    assert cli("status").code == 0
    subprocess.run([*git, "add", "-f", ".env"], check=True)
    ran = cli("status")
    assert ran.code == 2
    assert "is tracked by git" in ran.err
