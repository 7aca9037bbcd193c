"""Every error that Twinkeel raises on purpose, in one tree.

    TwinkeelError
    ├── UsageError                  the caller asked for something that cannot be (exit 2)
    │   ├── ConfigError             twinkeel.toml says something wrong
    │   ├── UnknownName             no such component, version, kind, source or event
    │   └── AccessError             a missing or wrong key, or a role that may not do this
    ├── InputError                  data that cannot be used as it is (exit 2)
    │   ├── SourceError             a file that cannot be read as what it should be
    │   │   └── NoRows              a table that has a header at most
    │   ├── ContractError           rows that break a version's contract
    │   └── RequestError            an HTTP request that is malformed, too large or too slow
    ├── Refused                     allowed in general, not now: a gate, a lost race (exit 1)
    └── EnvironmentProblem          the machine, the disk or the installation (exit 3)
        ├── StoreError              the store cannot be read or written
        ├── BundleError             a bundle is damaged, incomplete or of an unknown runtime
        ├── BuildError              a build could not end in a version
        └── MissingExtra            an optional library is not installed

Each carries the process exit code and the HTTP status that it means. A message is one sentence
(or two): which thing, what was expected, what came, what to do. One `except TwinkeelError` in
the command line and one in the server turn it into words; anything else is a defect of ours.
"""

from __future__ import annotations

from typing import ClassVar


class TwinkeelError(Exception):
    """The root of the tree; never raised itself."""

    exit_code: ClassVar[int] = 3
    status: int = 500


class UsageError(TwinkeelError):
    """The caller asked for something that cannot be."""

    exit_code = 2
    status = 400


class ConfigError(UsageError):
    """`twinkeel.toml` (or a component's options) says something wrong."""

    status = 422


class UnknownName(UsageError):
    """No component, version, kind, source or event has this name."""

    status = 404


class AccessError(UsageError):
    """The key is missing or wrong (401), or its role may not do this (403)."""

    def __init__(self, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.status = status


class InputError(TwinkeelError):
    """Data that cannot be used as it is."""

    exit_code = 2
    status = 422


class SourceError(InputError):
    """A file or folder that cannot be read as what it should be."""


class NoRows(SourceError):
    """A table that has a header at most."""


class ContractError(InputError):
    """Rows that break a version's contract."""


class RequestError(InputError):
    """An HTTP request that is malformed, too large, too deep or too slow."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Refused(TwinkeelError):
    """Something that is allowed in general but not now: an unpassed gate, a lost race."""

    exit_code = 1
    status = 409


class EnvironmentProblem(TwinkeelError):
    """The machine, the disk, the network or the installation is in the way."""

    exit_code = 3
    status = 503


class StoreError(EnvironmentProblem):
    """The store cannot be read or written."""


class BundleError(EnvironmentProblem):
    """A bundle is damaged, incomplete, or of a runtime that is not known here."""


class BuildError(EnvironmentProblem):
    """A build could not end in a version."""

    status = 500


class MissingExtra(EnvironmentProblem):
    """An optional library is needed and not installed."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs {library}, which is not installed: "
            f'run pip install "twinkeel[{extra}]".'
        )
