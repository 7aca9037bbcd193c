"""What of a URL may be shown."""

from __future__ import annotations

import pytest

from twinkeel.config import urls


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("data/x.csv", "data/x.csv"),
        ("$TOURS", "$TOURS"),
        ("sqlite:///shop.db", "sqlite:///shop.db"),
        ("s3://bucket/part-?.csv", "s3://bucket/part-?.csv"),
        ("s3://bucket/a@b/x.csv", "s3://bucket/a@b/x.csv"),
        ("s3://host:9000/a@b.csv", "s3://host:9000/a@b.csv"),
        ("abfs://c/x.csv?sig=a/b", "abfs://c/x.csv"),
        ("https://h/x.csv?c2VjcmV0", "https://h/x.csv"),
        ("ftp://u:p@h:21/x.csv", "ftp://h:21/x.csv"),
        ("ftp://u:p/w@h/x.csv", "ftp://h/x.csv"),
        ("https://token@h/x.csv", "https://h/x.csv"),
        ("mongodb://u:p@w@h:1,i:2/d?a=b", "mongodb://h:1,i:2/d"),
        ("postgresql://u:p@[::1]:5432/d", "postgresql://[::1]:5432/d"),
    ],
)
def test_a_url_is_shown_without_user_password_and_parameters(url: str, told: str) -> None:
    assert urls.shown(url) == told


def test_what_a_client_says_of_a_url_is_told_without_its_secrets() -> None:
    url = "https://u:p%40ss@h/x.csv?sig=c2Vj"
    said = f"404 for {url}, user u:p@ss, /x.csv?sig=c2Vj, moved to https://k:v@i/y?t=1"
    told = "404 for https://h/x.csv user u:***, /x.csv?***, moved to https://i/y"
    assert urls.without_secrets(said, url).replace(",", "") == told.replace(",", "")
