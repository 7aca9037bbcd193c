"""The servers that other tests rely on answer, and are a test's own."""

from __future__ import annotations

import pytest

from servers import Bucket, PostgresServer, without


def test_a_database_is_empty_and_keeps_what_was_committed(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE kept (n INTEGER)")
    postgres_server.stop()
    postgres_server.start()

    with psycopg.connect(postgres_url) as connection:
        found = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
    assert found == [("kept",)]


def test_a_bucket_is_empty_and_gives_back_what_was_put(s3: Bucket) -> None:
    import fsspec

    filesystem = fsspec.filesystem("s3")

    assert filesystem.ls(s3.name) == []
    filesystem.pipe_file(f"{s3.name}/folder/file", b"contents")
    assert filesystem.cat_file(f"{s3.name}/folder/file") == b"contents"


def test_what_is_missing_skips_a_test_and_fails_it_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="is not installed: buy one"):
        without("A server", "buy one")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="in CI it must be: buy one"):
        without("A server", "buy one")
