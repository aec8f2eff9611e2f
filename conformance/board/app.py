"""The board as a web application: its page, a stream of what changes for each page, and a connection as a file.

A web page of another site can make a browser ask the board. It cannot read the answer, unless its own name leads here
("DNS rebinding"): therefore a board answers only to addresses, to `localhost` and to its machine's own name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from conformance.agent.problem import Problem
from conformance.board.board import Board
from conformance.formatting import LANGUAGES, Language, catalogue, sentence

__all__ = ["CODE_HEADER", "PAGES", "PAGES_OF_ONE", "board_app"]

CODE_HEADER = "X-Problem-Code"  # in which an answer that is a refusal has its code
PAGES = 64  # streams that may be open at once: a page has one, and one more while it follows a connection
PAGES_OF_ONE = 16  # of these that one address may have, so that nobody takes them all

_PAGE = Path(__file__).parent / "page"
_REPORT = Path(__file__).parents[1] / "report" / "page"
_FILES = {
    "/": _PAGE / "board.html",
    "/board.css": _PAGE / "board.css",
    "/board.js": _PAGE / "board.js",
    # The board's page is built on what the report's has.
    "/common.js": _REPORT / "common.js",
    "/report.css": _REPORT / "report.css",
}
_SUFFIXES = {"json": "application/json", "pcapng": "application/x-pcapng"}
_EVENTS = "text/event-stream"
_FRAME_SECONDS = 0.2  # a page is told at most so often
_QUIET_SECONDS = 1.0  # and at least so often: the rates change by themselves
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_Changes = Callable[[int], tuple[int, str] | None]


def board_app(board: Board, leaving: Callable[[], bool] = lambda: False) -> Starlette:
    """The application that shows this board; its streams end once `leaving` holds."""
    history = board.history
    pages: list[str] = []  # the addresses of those that have a stream
    texts = {language: catalogue(language).templates("board.page.") for language in LANGUAGES}

    def stream(request: Request, changes: _Changes) -> Response:
        if request.method == "HEAD":
            return Response(media_type=_EVENTS)
        who = "" if request.client is None else request.client.host
        if pages.count(who) >= PAGES_OF_ONE:
            values = {"limit": PAGES_OF_ONE, "address": who}
            return _refusal(request.scope, 503, Problem("pages-of-address", values=values))
        if len(pages) >= PAGES:
            return _refusal(request.scope, 503, Problem("pages-of-board", values={"limit": PAGES}))
        return _Stream(_told(changes, leaving), pages, who)

    async def changes(request: Request) -> Response:
        return stream(request, lambda since: history.changes(since, time.time()))

    async def lines(request: Request) -> Response:
        server, number = request.path_params["server"], request.path_params["number"]
        return stream(request, lambda since: history.lines(server, number, since))

    def saved(request: Request) -> Response:
        server, number, suffix = (request.path_params[name] for name in ("server", "number", "suffix"))
        events = history.recorded(server, number)
        if events is None or suffix not in _SUFFIXES:
            return _refusal(request.scope, 404, Problem("connection-forgotten"))
        name = f"server-{server}-connection-{number}.{suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(board.watches[server].saved(suffix, events), 200, headers, _SUFFIXES[suffix])

    connection = "/connections/{server:int}/{number:int}"
    return Starlette(
        routes=[
            *(Route(path, lambda _, file=file: FileResponse(file)) for path, file in _FILES.items()),
            Route("/labels.json", lambda request: JSONResponse(texts)),
            Route("/changes", changes),
            Route(f"{connection}/lines", lines),
            Route(f"{connection}.{{suffix}}", saved),
        ],
        middleware=[Middleware(_Guard)],
        exception_handlers={404: lambda request, error: _refusal(request.scope, 404, Problem("no-such-page"))},
    )


class _Stream(StreamingResponse):
    """What one page is told. A page that reads slowly holds up its own stream alone, and nothing is kept for it."""

    def __init__(self, told: AsyncIterator[str], pages: list[str], who: str) -> None:
        super().__init__(told, media_type=_EVENTS)
        self._pages, self._who = pages, who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._pages.append(self._who)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._pages.remove(self._who)


async def _told(changes: _Changes, leaving: Callable[[], bool]) -> AsyncIterator[str]:
    since, last = 0, 0.0
    while (told := changes(since)) is not None:
        upto, text = told
        if upto != since or time.monotonic() - last >= _QUIET_SECONDS:
            since, last = upto, time.monotonic()
            yield f"data: {text}\n\n"
        await asyncio.sleep(_FRAME_SECONDS)
        if leaving():
            return
    yield "event: gone\ndata: \n\n"


def _refusal(scope: Scope, status: int, problem: Problem, headers: Mapping[str, str] = {}) -> PlainTextResponse:
    """The problem as an answer, in the first language of the browser that there is a catalogue of; else in English."""
    asked = [word.strip()[:2].lower() for word in Headers(scope=scope).get("accept-language", "").split(",")]
    language: Language = next((language for word in asked for language in LANGUAGES if word == language), "en")
    own = {CODE_HEADER: problem.code, "Content-Language": language}
    return PlainTextResponse(sentence(problem, catalogue(language)), status, {**own, **headers})


class _Guard:
    """Passes on what may be answered, and puts on every answer what a browser may make of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        own = socket.gethostname().lower()
        self._names = {"localhost", own, f"{own}.local"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await (self._refused(scope) or self._app)(scope, receive, with_headers)

    def _refused(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if scope["method"] not in ("GET", "HEAD"):
            return _refusal(scope, 405, Problem("read-only"), {"Allow": "GET, HEAD"})
        if len(scope["path"]) > 100:  # nothing has such a long one, and a number in it could be too long to read
            return _refusal(scope, 404, Problem("no-such-page"))
        host = headers.get("host", "")
        if not self._is_own(host):
            return _refusal(scope, 403, Problem("foreign-host"))
        elsewhere = "origin" in headers and headers["origin"].partition("://")[2] != host
        # A link may lead here from anywhere; to load anything of the board into another page is not allowed.
        # To a browser another port of the same machine is the same site.
        site = headers.get("sec-fetch-site", "none")
        loaded = site not in ("same-origin", "none") and headers.get("sec-fetch-mode") != "navigate"
        if elsewhere or loaded:
            return _refusal(scope, 403, Problem("foreign-page"))
        return None

    def _is_own(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
            return name in self._names or bool(ipaddress.ip_address(name))
        except ValueError:
            return False
