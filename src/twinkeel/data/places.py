"""Where files are: paths, folders and globs below a project -> the files themselves.

Refuses patterns that match nothing, paths that lead nowhere, with the nearest name, and links that
lead out of the folder. Hidden files are never matched.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from twinkeel.errors import SourceError
from twinkeel.plugins import suggestion

_GLOB = frozenset("*?[")


class Found(NamedTuple):
    """Files, and the folder that their names are relative to."""

    files: tuple[Path, ...]
    folder: Path


def find(path: str, root: Path, where: str) -> Found:
    """The files that `path` means, in the order of their names. Raises SourceError."""
    if not path.strip():
        raise SourceError(f"{where} is empty: name a file, a folder, or a glob such as data/*.csv.")
    full = root / path
    if full.is_dir():
        return _kept(Found(_all_below(full, path, where), full), root, where)
    if full.exists() or not is_pattern(path):
        return Found((_existing(full, path, where),), full.parent)
    matches = sorted(match for match in _glob(root, path, where) if _wanted(match, root))
    if not matches:
        raise SourceError(f"{where}: no file matches {path}; check the pattern.")
    return _kept(Found(tuple(matches), _fixed(path, root)), root, where)


def _kept(found: Found, root: Path, where: str) -> Found:
    """The files, unless one is a link that leads out of the folder: who put it there chose it."""
    homes = [root.resolve(), found.folder.resolve()]
    for path in found.files:
        if path.is_symlink() and not any(path.resolve().is_relative_to(home) for home in homes):
            raise SourceError(
                f"{where}: {path} is a link that leads out of the folder: copy the file there, "
                "or name where it is."
            )
    return found


def is_pattern(path: str) -> bool:
    """Whether a path has the characters of a pattern."""
    return bool(_GLOB & set(path))


def _all_below(folder: Path, path: str, where: str) -> tuple[Path, ...]:
    files = tuple(sorted(one for one in folder.rglob("*") if _wanted(one, folder)))
    if not files:
        raise SourceError(f"{where}: the folder {path} holds no file; put the data there.")
    return files


def _wanted(match: Path, root: Path) -> bool:
    """Whether a match is a file that is not hidden, in a folder below the project that is not."""
    below = match.relative_to(root).parts if match.is_relative_to(root) else match.parts[-1:]
    return match.is_file() and not any(part.startswith(".") for part in below)


def _fixed(path: str, root: Path) -> Path:
    """The folder that a pattern of files starts from."""
    parts = Path(path).parts
    place = next(i for i, part in enumerate(parts) if is_pattern(part))
    return root.joinpath(*parts[:place])


def _glob(root: Path, path: str, where: str) -> list[Path]:
    """What matches; only `path` is a pattern, whatever characters `root` has."""
    pattern = Path(path)
    base = Path(pattern.anchor) if pattern.is_absolute() else root
    try:
        return list(base.glob(str(pattern.relative_to(pattern.anchor))))
    except (ValueError, NotImplementedError) as error:
        raise SourceError(f"{where}: {path} is not a pattern of files ({error}).") from None


def _existing(full: Path, path: str, where: str) -> Path:
    if full.exists():
        return full
    folder = full.parent
    names = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
    near = suggestion(full.name, names)
    hint = near if near.startswith("; did") else "; correct the path."
    raise SourceError(f"{where}: there is no file {path}{hint}")
