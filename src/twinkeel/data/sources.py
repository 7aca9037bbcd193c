"""Sources: named data that components are built from.

Owns finding the files that a source names, and reading them as one table where they hold one.
Refuses globs that match nothing, folders, and tables whose forms or columns differ. Where the files
are is the configuration's to say; what is in them is `files`', or a kind's that reads documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from twinkeel.config import SourceConfig
from twinkeel.data import files
from twinkeel.data.table import Table, concatenate
from twinkeel.errors import SourceError
from twinkeel.plugins import suggestion

_GLOB = frozenset("*?[")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """One file of a source, for those who read documents rather than one table."""

    name: str
    """Its path below the part of the source's path that is no pattern, with `/`."""
    path: Path
    digest: str
    """sha256 of its contents, in hex."""


class Source:
    """Named files; reading them twice gives the same rows or documents.

    `folder` is what the files' names are relative to, by default the first file's.
    """

    def __init__(self, name: str, files: Sequence[Path], *, folder: Path | None = None) -> None:
        self.name = name
        self.files = tuple(files)
        self._folder = folder or self.files[0].parent

    def table(self) -> Table:
        """All rows, file after file; read once. Raises SourceError."""
        return self._table

    def documents(self) -> tuple[SourceFile, ...]:
        """Every file by itself, in the order of their names. Raises SourceError."""
        return tuple(
            SourceFile(name=path.relative_to(self._folder).as_posix(), path=path, digest=digest)
            for path, digest in zip(self.files, self._digests, strict=True)
        )

    def digest(self) -> str:
        """sha256 of the contents, in hex: of one file its own, of several that of their digests."""
        return self._digest

    def describe(self) -> str:
        """The source in a few words: its name, and its files."""
        names = self.files[0].name if len(self.files) == 1 else f"{len(self.files)} files"
        return f"{self.name} ({names})"

    @cached_property
    def _table(self) -> Table:
        forms = {path.suffix.lower() for path in self.files}
        if len(forms) > 1:
            raise SourceError(
                f"[sources.{self.name}] path matches files of several forms "
                f"({', '.join(sorted(forms))}), and one was expected for a table; narrow the glob."
            )
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
        if len(self._digests) == 1:
            return self._digests[0]
        return hashlib.sha256("".join(self._digests).encode()).hexdigest()

    @cached_property
    def _digests(self) -> list[str]:
        return [_sha256(path) for path in self.files]


def open_source(config: SourceConfig, root: Path, *, name: str = "source") -> Source:
    """The source that `[sources.NAME]` describes, with paths relative to `root`.

    Raises SourceError where there is no such file; contents are read later.
    """
    where = f"[sources.{name}] path"
    found = _found(config.path, root, where)
    return Source(name, found, folder=_fixed(config.path, root, found))


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
    matches = sorted(match for match in _glob(root, path, where) if _wanted(match, root))
    if not matches:
        raise SourceError(f"{where}: no file matches {path}; check the pattern.")
    return matches


def _wanted(match: Path, root: Path) -> bool:
    """Whether a match is a file that is not hidden, in a folder below the project that is not."""
    below = match.relative_to(root).parts if match.is_relative_to(root) else match.parts[-1:]
    return match.is_file() and not any(part.startswith(".") for part in below)


def _fixed(path: str, root: Path, found: list[Path]) -> Path:
    """The folder that a pattern of files starts from; of one file, its own folder."""
    parts = Path(path).parts
    place = next((i for i, part in enumerate(parts) if _GLOB & set(part)), None)
    if place is None or found == [root / path]:
        return found[0].parent
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


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from None
    return digest.hexdigest()
