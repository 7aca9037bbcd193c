"""The pages to converse, to try calls and to watch on, their files, and the OpenAPI description.

A page is the same for everyone and holds no data: its script asks the API, with the caller's
key where one is needed, and writes every value as text. Files are read once, by name; what all
pages begin with stands in `top.html`.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from twinkeel.errors import UnknownName
from twinkeel.server import openapi as description
from twinkeel.server.exchange import Exchange, Reply, json_reply

_TYPES = {
    "css": b"text/css; charset=utf-8",
    "html": b"text/html; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
}
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TOP, _PLACE = "top.html", b"<!-- top.html -->\n"
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


async def home(exchange: Exchange) -> Reply:
    """The page of what is served: a conversation where something converses, else a form."""
    converses = any(held.converses for held in exchange.service.live.held)
    return _file("chat.html" if converses else "try.html")


async def chat(_: Exchange) -> Reply:
    """The page to converse on."""
    return _file("chat.html")


async def form(_: Exchange) -> Reply:
    """The page to try calls on."""
    return _file("try.html")


async def monitor(_: Exchange) -> Reply:
    """The page to watch what is in production on."""
    return _file("monitor.html")


async def static(exchange: Exchange) -> Reply:
    """One of the pages' files; raises UnknownName."""
    name = exchange.param("name")
    if name not in _files() or name == _TOP:
        raise UnknownName("There is no such file.")
    return _file(name)


async def openapi(exchange: Exchange) -> Reply:
    """OpenAPI 3.1, generated from the routes and the released signatures."""
    from twinkeel.server.routes import ROUTES

    service = exchange.service
    return json_reply(description.document(ROUTES, service.live.held, service.name))


def _file(name: str) -> Reply:
    return Reply(_files()[name], type=_TYPES[name.rpartition(".")[2]], headers=_HEADERS)


@cache
def _files() -> dict[str, bytes]:
    folder = resources.files("twinkeel.server") / "static"
    top = (folder / _TOP).read_bytes()
    return {
        entry.name: entry.read_bytes().replace(_PLACE, top)
        for entry in folder.iterdir()
        if entry.name.rpartition(".")[2] in _TYPES
    }
