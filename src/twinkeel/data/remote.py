"""Files at a URL, such as `s3://bucket/data/*.csv` -> copies on this machine.

Owns fetching through fsspec. What a store needs to be reached (keys, endpoints) comes from its own
environment variables; what a URL itself holds of them is never shown. Refuses chained URLs,
patterns that match nothing, and a copy that is not as long as the original.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from twinkeel.config import urls
from twinkeel.data.places import Found, is_pattern
from twinkeel.errors import MissingExtra, SourceError, TwinkeelError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_T = TypeVar("_T")


def is_url(path: str) -> bool:
    """Whether a path is a URL."""
    return "://" in path


def fetch(url: str, folder: Path, where: str) -> Found:
    """Copy the files that `url` means into `folder`. Raises SourceError, MissingExtra."""
    system, path = _system(url, where)
    names = _explained(url, where, lambda: _names(system, path))
    if not names:
        raise SourceError(f"{where}: there is no file at {urls.shown(url)}; check the URL.")
    base = _base(path, names)
    copies = []
    for name in names:
        below = PurePosixPath(urls.without_parameters(name)).relative_to(base)
        copy = folder.joinpath(*(part for part in below.parts if part not in ("..", "/")))
        copy.parent.mkdir(parents=True, exist_ok=True)
        _explained(url, where, partial(system.get_file, name, str(copy)))
        told = _explained(url, where, partial(system.info, name)).get("size")
        if told is not None and told != copy.stat().st_size:
            raise SourceError(
                f"{where}: {urls.shown(name)} changed or broke off while it was copied; try again."
            )
        copies.append(copy)
    return Found(tuple(copies), folder)


def _system(url: str, where: str) -> tuple[AbstractFileSystem, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtra("fsspec", "objects", f"Reading {url.partition('://')[0]} URLs") from None
    shown = urls.shown(url)
    if "::" in url:
        raise SourceError(f"{where}: {shown} chains URLs, and one was expected; name the files.")

    def system() -> tuple[AbstractFileSystem, str]:
        try:
            found, path = url_to_fs(url)
        except ImportError as error:
            raise SourceError(
                f"{where}: {shown} needs a package that is missing ({error})."
            ) from None
        except ValueError as error:
            reason = urls.without_secrets(str(error), url).rstrip(".")
            raise SourceError(f"{where}: {shown} is not a URL of files ({reason}).") from None
        return found, path

    return _explained(url, where, system)  # some connect at once


def _names(system: AbstractFileSystem, path: str) -> list[str]:
    """The files at a path, a folder or a pattern that are not hidden, in order."""
    if is_pattern(path):
        found: Any = system.glob(path)
    elif system.isfile(path):
        return [path]
    else:
        found = system.find(path)
    shown = (name for name in found if not PurePosixPath(name).name.startswith("."))
    return sorted(name for name in shown if system.isfile(name))


def _base(path: str, names: list[str]) -> PurePosixPath:
    """What the names of the copies are relative to."""
    if names == [path]:
        return PurePosixPath(urls.without_parameters(path)).parent
    parts = PurePosixPath(path).parts
    place = next((i for i, part in enumerate(parts) if is_pattern(part)), len(parts))
    return PurePosixPath(*parts[:place])


def _explained(url: str, where: str, work: Callable[[], _T]) -> _T:
    """What `work` gives; any failure of a store's client is one sentence."""
    try:
        return work()
    except TwinkeelError:
        raise
    except Exception as error:  # noqa: BLE001  # each store's client has errors of its own
        reason = next(iter(str(error).splitlines()), "").rstrip(".") or type(error).__name__
        reason = urls.without_secrets(reason, url)
        raise SourceError(
            f"{where}: {urls.shown(url)} cannot be read ({reason}); check the URL and the keys in "
            "the environment."
        ) from None
