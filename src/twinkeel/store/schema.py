"""The tables as queries see them; `migrations` makes them.

Each holds the key columns that SQL needs, and beside them the whole record as JSON. Only types
that every database has: text, integers. Times are ISO 8601 text in UTC, which sorts.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

metadata = MetaData()

schema_version = Table(
    "schema_version",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("applied", Text, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("component", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("bundle", Text, nullable=False),
    Column("removed", Text),  # when gc took its bundle; its number is never used again
    Column("record", Text, nullable=False),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("component", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sequence", Integer, primary_key=True),  # 1, 2, ... for each version
    Column("record", Text, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("sequence", Integer, primary_key=True),  # 1, 2, ... over all components
    Column("component", Text, nullable=False),
    Column("follows", Integer, nullable=False),  # the component's sequence before, 0 if none
    Column("number", Integer, nullable=False),
    Column("record", Text, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("name", Text, primary_key=True),
    Column("hash", Text, nullable=False, unique=True),
    Column("record", Text, nullable=False),
)

looks = Table(
    "looks",
    metadata,
    Column("component", Text, primary_key=True),
    Column("sequence", Integer, primary_key=True),  # 1, 2, ... for each component
    Column("at", Text, nullable=False),
    Column("record", Text, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("component", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("opened", Text, nullable=False),
    Column("resolved", Text, nullable=False),  # "" while it is open: one a cause
    Column("record", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("component", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("about", Text),
    Column("record", Text, nullable=False),
)

chain = Table(
    "chain",
    metadata,
    Column("position", BigInteger, primary_key=True),  # 1, 2, ... as events were stored
    Column("event", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("digest", Text, nullable=False),  # sha256 of the event's record
    Column("hash", Text, nullable=False),  # sha256 of the hash before it and this digest
)

trials = Table(
    "trials",
    metadata,
    Column("id", Text, primary_key=True),
    Column("component", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),  # grows whenever one begins or ends
    Column("record", Text, nullable=False),
)
