"""The board as a web application: its page, a stream of what changes for each page, and a connection as a file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from conformance.agent.problem import Problem
from conformance.board.board import Board
from conformance.board.guard import Guard, refusal
from conformance.formatting import LANGUAGES, catalogue

__all__ = ["PAGES", "PAGES_OF_ONE", "board_app"]

PAGES = 64
"""How many streams may be open at once: a page has one, and one more while it follows a connection."""
PAGES_OF_ONE = 16
"""How many of these one address may have, so that nobody takes them all."""

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
_TEXTS = "board.page."  # the ids of the page's own texts begin so

_Changes = Callable[[int], tuple[int, str] | None]


def board_app(board: Board, leaving: Callable[[], bool] = lambda: False) -> Starlette:
    """The application that shows this board; its streams end once `leaving` holds."""
    history = board.history
    pages: list[str] = []  # the addresses of those that have a stream
    texts = {language: catalogue(language).templates(_TEXTS) for language in LANGUAGES}

    def stream(request: Request, changes: _Changes) -> Response:
        if request.method == "HEAD":
            return Response(media_type=_EVENTS)
        who = "" if request.client is None else request.client.host
        if pages.count(who) >= PAGES_OF_ONE:
            values = {"limit": PAGES_OF_ONE, "address": who}
            return refusal(request.scope, 503, Problem("pages-of-address", values=values))
        if len(pages) >= PAGES:
            return refusal(request.scope, 503, Problem("pages-of-board", values={"limit": PAGES}))
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
            return refusal(request.scope, 404, Problem("connection-forgotten"))
        name = f"server-{server}-connection-{number}.{suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(board.watches[server].saved(suffix, events), 200, headers, _SUFFIXES[suffix])

    connection = "/connections/{server:int}/{number:int}"
    return Starlette(
        routes=[
            *(Route(path, _file(file)) for path, file in _FILES.items()),
            Route("/labels.json", lambda request: JSONResponse(texts)),
            Route("/changes", changes),
            Route(f"{connection}/lines", lines),
            Route(f"{connection}.{{suffix}}", saved),
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={404: lambda request, error: refusal(request.scope, 404, Problem("no-such-page"))},
    )


def _file(path: Path) -> Callable[[Request], Response]:
    return lambda request: FileResponse(path)


class _Stream(StreamingResponse):
    """What one page is told. A page that reads slowly holds up its own stream alone, and nothing is kept for it."""

    def __init__(self, told: AsyncIterator[str], pages: list[str], who: str) -> None:
        super().__init__(told, media_type=_EVENTS)
        self._pages, self._who = pages, who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As every ASGI application."""
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
