"""URLs: from the environment where they are secret, and without secrets where they are shown.

The one place that knows which part of a URL is nobody's business: its user, its password and its
parameters, such as the signature of a link. Everything that is printed, stored or told in an error
goes through here.
"""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

from twinkeel.errors import ConfigError

POSTGRES = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "30",
    "application_name": "twinkeel",
}
"""What a client of PostgreSQL says unless the URL does: a server that is gone is noticed."""
_VARIABLE = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_PARAMETERS = re.compile(r"(^https?://[^?]*)\?.*|\?[^?/]*=.*", re.DOTALL)
"""What follows the path; elsewhere than on the web, `?` may be part of a pattern of files."""
_USER = re.compile(r"^[^/@:]*:(?!\d+(/|$))[^@]*@")
"""A user and a password, which may hold a `/` where somebody forgot to write it as `%2F`."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")


def from_environment(text: str, where: str) -> str:
    """`$NAME` or `${NAME}` as the environment variable's value, anything else as it is.

    Raises ConfigError where the variable is not set; never shows a value, which may be a secret.
    """
    match = _VARIABLE.fullmatch(text)
    if match is None:
        return text
    name = match[1] or match[2]
    value = os.environ.get(name)
    if not value:
        raise ConfigError(
            f"{where}: the environment variable {name} is not set: set it, or add it to .env."
        )
    return value


def shown(url: str) -> str:
    """A URL without user, password and parameters; a path and a `$NAME` as they are."""
    scheme, mark, rest = without_parameters(url).partition("://")
    if not mark:
        return url
    server, slash, path = _USER.sub("", rest).partition("/")
    return f"{scheme}://{server.rpartition('@')[2]}{slash}{path}"


def without_parameters(url: str) -> str:
    """A URL, or a name that was made from one, up to its parameters."""
    return _PARAMETERS.sub(r"\1", url)


def without_secrets(text: str, url: str) -> str:
    """What a client of `url` says, without the secrets of that URL or of any other."""
    text = _URL.sub(lambda match: shown(match[0]), text.replace(url, shown(url)))
    for secret in _secrets(url):
        text = text.replace(secret, "***")
    return text


def _secrets(url: str) -> tuple[str, ...]:
    parameters = url[len(without_parameters(url)) :].lstrip("?")
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        password = ""
    return tuple(filter(None, (password, unquote(password), parameters)))
