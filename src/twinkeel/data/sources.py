"""Sources: named data that components are built from.

Owns finding the files that a source names and reading them as one table. Refuses globs that match
nothing, folders, and files whose columns differ. Where the files are is the configuration's to
say; what is in them is `files`'.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from twinkeel.config import SourceConfig
from twinkeel.data import files
from twinkeel.data.table import Table, concatenate
from twinkeel.errors import SourceError
from twinkeel.plugins import suggestion

_GLOB = frozenset("*?[")
_CHUNK = 1 << 20


class Source:
    """Named files that hold one table; reading it twice gives the same rows."""

    def __init__(self, name: str, files: Sequence[Path]) -> None:
        self.name = name
        self.files = tuple(files)

    def table(self) -> Table:
        """All rows, file after file; read once. Raises SourceError."""
        return self._table

    def digest(self) -> str:
        """sha256 of the contents, in hex: of one file its own, of several that of their digests."""
        return self._digest

    def describe(self) -> str:
        """The source in a few words: its name, and its files."""
        names = self.files[0].name if len(self.files) == 1 else f"{len(self.files)} files"
        return f"{self.name} ({names})"

    @cached_property
    def _table(self) -> Table:
        tables = [files.read(path) for path in self.files]
        first = tables[0]
        for path, table in zip(self.files, tables, strict=True):
            different = sorted(set(first.names) ^ set(table.names))
            if different:
                raise SourceError(
                    f"{path} and {self.files[0]} differ in column {different[0]!r}: files of one "
                    "source have the same columns; correct the file or narrow the glob."
                )
        return concatenate(tables)

    @cached_property
    def _digest(self) -> str:
        digests = [_sha256(path) for path in self.files]
        if len(digests) == 1:
            return digests[0]
        return hashlib.sha256("".join(digests).encode()).hexdigest()


def open_source(config: SourceConfig, root: Path, *, name: str = "source") -> Source:
    """The source that `[sources.NAME]` describes, with paths relative to `root`.

    Raises SourceError where there is no such file; contents are read later.
    """
    return Source(name, _found(config.path, root, f"[sources.{name}] path"))


def _found(path: str, root: Path, where: str) -> list[Path]:
    if not path.strip():
        raise SourceError(f"{where} is empty: name a file, or a glob such as data/*.csv.")
    full = root / path
    if full.is_dir():
        raise SourceError(
            f"{where}: {path} is a folder, and a file was expected; name a file in it, or a glob "
            f"such as {path.rstrip('/')}/*.csv."
        )
    if full.exists() or not _GLOB & set(path):
        return [_existing(full, path, where)]
    matches = sorted(match for match in _glob(root, path, where) if match.is_file())
    if not matches:
        raise SourceError(f"{where}: no file matches {path}; check the pattern.")
    forms = {match.suffix.lower() for match in matches}
    if len(forms) > 1:
        raise SourceError(
            f"{where}: {path} matches files of several forms ({', '.join(sorted(forms))}), and one "
            "was expected; narrow the glob."
        )
    return matches


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


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from None
    return digest.hexdigest()
