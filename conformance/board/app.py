"""The board as a web application: its page, what comes after what a page knows, and a connection as a file."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from conformance.board.board import Board
from conformance.board.guard import Guard

__all__ = ["PAGES", "PAGES_OF_ONE", "board_app"]

PAGES = 64
"""How many streams are told at once: a page has one, and one more while it follows a connection."""
PAGES_OF_ONE = 16
"""How many of these one address has, so that nobody takes them all."""

_PAGE = Path(__file__).parent / "page"
_REPORT = Path(__file__).parents[1] / "report" / "page"
_FILES = {
    "/": _PAGE / "board.html",
    "/board.css": _PAGE / "board.css",
    "/board.js": _PAGE / "board.js",
    "/labels.json": _PAGE / "labels.json",
    # Both pages are of one family: what is the board's own stands on what the report has.
    "/common.js": _REPORT / "common.js",
    "/report.css": _REPORT / "report.css",
}
_SUFFIXES = {"json": "application/json", "pcapng": "application/x-pcapng"}
_EVENTS = "text/event-stream"
_FRAME_SECONDS = 0.2  # a page is told at most so often
_QUIET_SECONDS = 1.0  # and at least so often: what happens in a second changes by itself

_Changes = Callable[[int], tuple[int, str] | None]


def board_app(board: Board, leaving: Callable[[], bool] = lambda: False) -> Starlette:
    """The application that shows this board; its streams end once it is `leaving`."""
    streams = _Streams(leaving)

    async def changes(request: Request) -> Response:
        return streams.response(request, lambda since: board.history.changes(since, time.time()))

    async def lines(request: Request) -> Response:
        server, number = request.path_params["server"], request.path_params["number"]
        return streams.response(request, lambda since: board.history.lines(server, number, since))

    def saved(request: Request) -> Response:
        server, number, suffix = (request.path_params[name] for name in ("server", "number", "suffix"))
        events = board.history.recorded(server, number)
        if events is None or suffix not in _SUFFIXES:
            return PlainTextResponse("there is no such connection any more", 404)
        name = f"server-{server}-connection-{number}.{suffix}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(board.watches[server].saved(suffix, events), 200, headers, _SUFFIXES[suffix])

    connection = "/connections/{server:int}/{number:int}"
    return Starlette(
        routes=[
            *(Route(path, _file(file)) for path, file in _FILES.items()),
            Route("/changes", changes),
            Route(f"{connection}/lines", lines),
            Route(f"{connection}.{{suffix}}", saved),
        ],
        middleware=[Middleware(Guard)],
    )


def _file(path: Path) -> Callable[[Request], Response]:
    return lambda request: FileResponse(path)


class _Streams:
    """Server-sent events, for so many pages as there may be."""

    def __init__(self, leaving: Callable[[], bool]) -> None:
        self.leaving = leaving
        self._open: Counter[str] = Counter()

    def response(self, request: Request, changes: _Changes) -> Response:
        """The stream, or why there is none."""
        if request.method == "HEAD":
            return Response(media_type=_EVENTS)
        who = "" if request.client is None else request.client.host
        if self._open[who] >= PAGES_OF_ONE:
            return PlainTextResponse(f"{PAGES_OF_ONE} pages are open already at {who}", 503)
        if self._open.total() >= PAGES:
            return PlainTextResponse(f"{PAGES} pages are open already", 503)
        return _Stream(changes, self.leaving, partial(self._count, who))

    def _count(self, who: str, more: int) -> None:
        self._open[who] += more
        if not self._open[who]:
            del self._open[who]


class _Stream(StreamingResponse):
    """What one page is told.

    A page that reads slowly keeps its own stream from going on, and nothing else: nothing is kept for it meanwhile.
    """

    def __init__(self, changes: _Changes, leaving: Callable[[], bool], count: Callable[[int], None]) -> None:
        super().__init__(_told(changes, leaving), media_type=_EVENTS)
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As every ASGI application."""
        self._count(1)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._count(-1)


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
