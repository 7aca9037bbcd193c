"""A database that holds the catalog: what every one of them must do, whichever it is.

`read` and `write` are the only doors to it: one transaction each, errors already in words. All
SQL of the store is SQLAlchemy Core that any database understands; what differs between them is
in the subclasses (`sqlite`, `postgres`) and nowhere else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import ClassVar

from sqlalchemy import Connection, Engine, Insert, Table
from sqlalchemy.exc import SQLAlchemyError

from twinkeel.errors import StoreError

WAIT = 10.0
"""Seconds that a writer waits for another one."""


class Database(ABC):
    """A database, opened for reading or for both."""

    _errors: ClassVar[tuple[type[Exception], ...]] = (SQLAlchemyError,)
    """What is put into words: also what a driver raises where it is used without SQLAlchemy."""

    def __init__(self, name: str, engine: Engine, *, read_only: bool, why: str | None) -> None:
        self.name = name
        """What messages call it; never with a password."""
        self.read_only = read_only
        self._why = why or f"The store at {name} was opened for reading only: open it for writing."
        self._engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent look at everything. Raises StoreError."""
        with self._words(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One change, whole or not at all; the only one at its time. Raises StoreError."""
        self.check_writable()
        with self._words(), self._engine.connect() as plain, self._alone(plain) as connection:
            yield connection

    def check_writable(self) -> None:
        """Raise StoreError, which says why, where this was opened for reading only."""
        if self.read_only:
            raise StoreError(self._why)

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    @abstractmethod
    def guard(self, *, exclusive: bool) -> AbstractContextManager[None]:
        """Hold off removal (shared), or whatever relies on files that are there (exclusive).

        Between all processes that use this database; waits for as long as it takes.
        """

    @abstractmethod
    def claim(self, *, exclusive: bool) -> AbstractContextManager[bool]:
        """Serve from this catalog (shared), or take it elsewhere (exclusive); never waits.

        Gives False where another process stands against it.
        """

    @abstractmethod
    def claimed(self) -> bool:
        """Whether anybody has a claim; asking never stands against one."""

    @abstractmethod
    def compact(self) -> None:
        """Give the space of what was removed back, where this is not done by itself."""

    def opening(self) -> AbstractContextManager[None]:
        """Hold off others who open it for writing, where that is needed."""
        return nullcontext()

    @abstractmethod
    def prepare(self) -> None:
        """What is done once, before the first migration."""

    @abstractmethod
    def insert_new(self, table: Table) -> Insert:
        """An INSERT that passes over rows whose primary key is there already."""

    def definition(self, statement: str) -> str:
        """A statement of a migration, as this database needs it."""
        return statement

    @abstractmethod
    def _alone(self, connection: Connection) -> AbstractContextManager[Connection]:
        """A transaction that may write, while no other one does."""

    @abstractmethod
    def _reason(self, error: Exception) -> str:
        """What went wrong and what to do, as the end of a sentence without its full stop."""

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise StoreError(f"The store cannot use {self.name}: {self._reason(error)}.") from error
