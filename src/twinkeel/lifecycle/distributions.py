"""Installed Python distributions -> a wheel of one, and the exact versions of what it needs.

Reads only what is installed here, through importlib.metadata and the packages' own files, so
that a package made offline is the package that was tested. Refuses to guess: what is needed
here, by the markers and extras of the requirements, and is not installed is an error.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TypeAlias

from twinkeel.errors import EnvironmentProblem

_Needed: TypeAlias = tuple[str, tuple[str, ...]]
"""A distribution's name and the extras that are asked of it."""
_STAMP = (1980, 1, 1, 0, 0, 0)
"""Every file's time in a wheel, so that the same files give the same wheel."""


def locked(*wheels: str, beside: Iterable[str] = ()) -> dict[str, str]:
    """Everything that `wheels` need to run, as name -> version installed here, and `beside`.

    The wheels themselves are left out. Raises EnvironmentProblem for one that is not installed.
    """
    found: dict[str, str] = {}
    waiting: list[_Needed] = [(name, ()) for name in (*wheels, *beside)]
    seen: set[_Needed] = set()
    while waiting:
        item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        installed = _installed(item[0])
        found[installed.metadata["Name"]] = installed.version
        waiting.extend(_needs(installed, item[1]))
    own = {_normal(name) for name in wheels}
    kept = {name: version for name, version in found.items() if _normal(name) not in own}
    return dict(sorted(kept.items(), key=lambda pair: pair[0].lower()))


def is_local(name: str) -> bool:
    """Whether a distribution was installed from a folder or file, not from an index (PEP 610)."""
    origin = _installed(name).read_text("direct_url.json")
    return origin is not None and '"file:' in origin


def wheel(name: str, module: str, folder: Path) -> Path:
    """Write a wheel of an installed distribution whose code is `module`; returns its path."""
    installed = _installed(name)
    stem = f"{re.sub(r'[^A-Za-z0-9.]+', '_', name)}-{installed.version}"
    path = folder / f"{stem}-py3-none-any.whl"
    files = dict(sorted((*_code(module), *_metadata(installed, f"{stem}.dist-info"))))
    record = f"{stem}.dist-info/RECORD"
    lines = [f"{file},{_hash(data)},{len(data)}" for file, data in files.items()]
    files[record] = "\n".join((*lines, f"{record},,", "")).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, data in files.items():
            entry = zipfile.ZipInfo(file, _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return path


def _needs(installed: Distribution, extras: tuple[str, ...]) -> Iterator[_Needed]:
    """The requirements that hold here, with these extras; raises EnvironmentProblem."""
    from packaging.requirements import InvalidRequirement, Requirement

    for text in installed.requires or ():
        try:
            needed = Requirement(text)
        except InvalidRequirement:
            raise EnvironmentProblem(
                f"{installed.metadata['Name']} says that it needs {text!r}, which is not a "
                "requirement: install another version of it, then package again."
            ) from None
        marker = needed.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield needed.name, tuple(sorted(needed.extras))


def _code(module: str) -> Iterator[tuple[str, bytes]]:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise EnvironmentProblem(f"The code of {module!r} is not in files: it cannot be packaged.")
    origin = Path(spec.origin)
    if not spec.submodule_search_locations:
        yield origin.name, origin.read_bytes()
        return
    for path in sorted(origin.parent.rglob("*")):
        inside = path.relative_to(origin.parent)
        if path.is_file() and "__pycache__" not in inside.parts and path.suffix != ".pyc":
            yield f"{origin.parent.name}/{inside.as_posix()}", path.read_bytes()


def _metadata(installed: Distribution, folder: str) -> Iterator[tuple[str, bytes]]:
    for name in ("METADATA", "entry_points.txt"):
        text = installed.read_text(name)
        if text is not None:
            yield f"{folder}/{name}", text.encode()
    lines = "Wheel-Version: 1.0\nGenerator: twinkeel\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    yield f"{folder}/WHEEL", lines.encode()


def _hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"


def _installed(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError:
        raise EnvironmentProblem(
            f"{name} is needed to serve and is not installed here: install it, then package again."
        ) from None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
