"""Files at URLs: fetched whole, in order, and refused with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import fsspec
import pytest

from servers import Bucket
from twinkeel.config import SourceConfig
from twinkeel.data.opening import open_source
from twinkeel.data.sources import Source
from twinkeel.errors import ConfigError, SourceError


def opened(path: str) -> Source:
    return open_source(SourceConfig(path=path), Path(), name="s")


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "deep").mkdir()
    (tmp_path / "1.csv").write_text("a\n1\n")
    (tmp_path / "deep" / "2.csv").write_text("a\n2\n")
    (tmp_path / ".hidden.csv").write_text("b\n")
    return f"file://{tmp_path}"


@pytest.mark.parametrize("below", ["/**/*.csv", "", "/"])
def test_a_pattern_and_a_folder_are_fetched_in_the_order_of_names(folder: str, below: str) -> None:
    source = opened(folder + below)
    assert [file.name for file in source.documents()] == ["1.csv", "deep/2.csv"]
    assert source.table().rows() == [{"a": "1"}, {"a": "2"}]
    assert opened(folder + below).digest() == source.digest()


def test_the_copies_go_with_the_source(folder: str) -> None:
    source = opened(f"{folder}/1.csv")
    copy = source.files[0]
    assert copy.exists()
    del source
    assert not copy.exists()


def test_what_is_wrong_with_a_copy_names_the_file_at_the_url(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n3,4,5\n")
    with pytest.raises(SourceError, match=r"^\[sources\.s\] odd\.csv, line 3: expected 2 cells"):
        opened(f"file://{tmp_path}/odd.csv").table()


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("{}/none.csv", "there is no file at"),
        ("{}/*.parquet", "there is no file at"),
        ("simplecache::{}/1.csv", "chains URLs, and one was expected"),
        ("klingon://a/b.csv", "is not a URL of files"),
    ],
)
def test_a_url_that_leads_nowhere_gets_its_sentence(folder: str, path: str, sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        opened(path.format(folder)).table()
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("[sources.s] path: ")


def test_memory_is_a_place_too() -> None:
    with fsspec.open("memory://twinkeel-test/t.csv", "wb") as file:
        file.write(b"a\n1\n")
    assert opened("memory://twinkeel-test/*.csv").table().rows() == [{"a": "1"}]


def test_an_s3_bucket_is_read_over_http(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, row in (("1.csv", 1), ("2.csv", 2)):
        with fsspec.open(f"{s3.url}/data/{name}", "wb") as file:
            file.write(f"a\n{row}\n".encode())
    source = opened(f"{s3.url}/data/*.csv")
    assert source.table().rows() == [{"a": "1"}, {"a": "2"}]
    assert source.origins()[0].place == f"{s3.url}/data/*.csv"
    with pytest.raises(SourceError, match="there is no file at"):
        opened(f"{s3.url}/none/*.csv").table()
    with pytest.raises(SourceError, match=r"there is no file at|cannot be read"):
        opened("s3://no-such-bucket-here/*.csv").table()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A web server whose `t.csv` is behind a link with a signature; host and port."""
    (tmp_path / "t.csv").write_text("a\n1\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_secrets_of_a_url_are_told_nowhere(site: str) -> None:
    source = opened(f"http://{site}/t.csv?who=me&sig=c2Vj/cmV0")
    assert source.table().rows() == [{"a": "1"}]
    assert source.describe() == f"s (http://{site}/t.csv)"
    assert [origin.place for origin in source.origins()] == [f"http://{site}/t.csv"]
    assert source.files[0].name == "t.csv"


@pytest.mark.parametrize(
    "path",
    [
        "http://{}/none.csv?sig=secret",
        "http://{}/none.csv?secret",
        "http://user:secret@{}/none.csv",
        "http://user:sec/secret@{}/none.csv",
        "ftp://user:secret@127.0.0.1:1/x.csv",
        "klingon://user:secret@a/b.csv?sig=secret",
        "simplecache::http://user:secret@{}/1.csv?sig=secret",
    ],
)
def test_the_secrets_of_a_url_that_fails_are_not_told_either(site: str, path: str) -> None:
    with pytest.raises(SourceError) as caught:
        opened(path.format(site)).table()
    assert str(caught.value).startswith("[sources.s] path: ")
    assert "secret" not in str(caught.value)
    assert "user" not in str(caught.value)


def test_a_path_may_be_in_the_environment(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOURS", f"http://{site}/t.csv?sig=secret")
    source = opened("$TOURS")
    assert source.table().rows() == [{"a": "1"}]
    assert source.describe() == "s ($TOURS)"
    monkeypatch.setenv("TOURS", str(tmp_path / "t.csv"))
    assert opened("$TOURS").table().rows() == [{"a": "1"}]
    monkeypatch.delenv("TOURS")
    with pytest.raises(ConfigError, match="the environment variable TOURS is not set"):
        opened("$TOURS")
