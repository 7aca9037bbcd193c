"""Tries one act with a fault at its first change on the disk, its second, and so on to the last.

Run with `faults.c` preloaded, as `python fault_runs.py PROJECT ACT FAULT FOLDER`. Prints how many
changes were tried, then every one after which something was not as it must be. Each try is a
process of its own, forked from this one, which has no threads.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import store_acts
from test_store_crash import between, facts

from twinkeel.errors import TwinkeelError

FAULTS = {"kill": 0, "ENOSPC": errno.ENOSPC, "EIO": errno.EIO}
SENTENCE, DEFECT = 3, 1
"""How a child ends that does not end well: with words, or in any other way."""


def forked(work: Callable[[], Any]) -> tuple[int, Any]:
    """Run `work` in a child; its exit code (negative for a signal) and what it returned."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code, said = 0, None
        try:
            said = work()
        except TwinkeelError as error:
            code, said = SENTENCE, str(error)
        except BaseException:  # noqa: BLE001 - a child must end here, whatever happens
            code, said = DEFECT, traceback.format_exc()[-4_000:]
        os.write(write, json.dumps(said).encode())
        os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), json.loads(data or b"null")


def main(project: str, name: str, fault: str, folder: str) -> None:
    shim = ctypes.CDLL(os.environ["LD_PRELOAD"])
    act = store_acts.ACTS[name]
    whole = Path(shutil.copytree(project, f"{folder}/whole"))
    old = forked(lambda: facts(Path(project)))[1]
    assert forked(lambda: act(whole) and None) == (0, None)
    new = forked(lambda: facts(whole))[1]
    allowed = [old, *between(name, old), new]

    def tried(root: Path, number: int) -> bool:
        shim.fault_arm(str(root).encode(), number, FAULTS[fault])
        try:
            act(root)
        finally:
            fired = bool(shim.fault_fired())
            shim.fault_arm(b"", 0, 0)
        return fired

    bad = []
    for number in itertools.count(1):
        root = Path(shutil.copytree(project, f"{folder}/{number}"))
        code, said = forked(lambda root=root, number=number: tried(root, number))
        if (code, said) == (0, False):
            break
        if code not in (-signal.SIGKILL if fault == "kill" else 0, 0, SENTENCE):
            bad.append(f"change {number}: ended with {code}: {said}")
        state = forked(lambda root=root: facts(root))
        if state[0] or state[1] not in allowed:
            bad.append(f"change {number}: left {state}")
        again = forked(lambda root=root: act(root))
        if again[0]:
            bad.append(f"change {number}: and then {again}")
        shutil.rmtree(root)
    print(json.dumps({"changes": number - 1, "bad": bad}))


if __name__ == "__main__":
    main(*sys.argv[1:])
