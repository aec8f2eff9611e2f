"""The board's engine without its command: a history fed by hand, and a board shown over a real socket."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import uvicorn

from conformance.agent.events import CLIENT, SERVER, Event, Kind, Side
from conformance.board.app import board_app
from conformance.board.board import Board, WatchedServer
from conformance.board.history import History
from conformance.observe.live_conversation import Viewer
from conformance.observe.places import Place
from tests.cli.recordings import BEGAN, PROTOCOLS
from tests.cli.running import LONG


class Fed:
    """A history with servers, to which happens what a test says; a tenth of a second later each time."""

    def __init__(self, *protocols: str) -> None:
        self.history = History()
        self.now = BEGAN
        self._viewers: list[Viewer] = []
        for number, name in enumerate(protocols or ("addition",)):
            protocol = PROTOCOLS[name]
            self.history.add_server(f"server{number}", protocol, 9000 + number, "127.0.0.1:8999", BEGAN)
            self._viewers.append(Viewer(protocol, partial(self.history.add, number)))

    def happens(
        self, connection: int, kind: Kind, sender: Side = CLIENT, data: bytes = b"", *, server: int = 0, **more: Any
    ) -> None:
        """One event, remembered and read."""
        self.now += 0.1
        event = Event(self.now - BEGAN, connection, kind, sender, data, **more)
        self.history.add_event(server, event)
        self._viewers[server].add(event)

    def opens(self, connection: int, client: str = "192.0.2.7:50000", *, server: int = 0) -> None:
        """A client has connected."""
        self.happens(connection, "opened", server=server, detail=client)

    def says(self, connection: int, sender: Side, data: bytes, *, server: int = 0) -> None:
        """Bytes have come, and gone on."""
        self.happens(connection, "received", sender, data, server=server)
        self.happens(connection, "sent", sender, server=server, size=len(data))

    def ends(self, connection: int, *, server: int = 0) -> None:
        """Both sides have ended their streams."""
        self.happens(connection, "end", CLIENT, server=server)
        self.happens(connection, "end", SERVER, server=server)

    def stands_still(self, seconds: float, *, server: int = 0) -> None:
        """Nothing happens for so long."""
        self.now += seconds
        self._viewers[server].look(self.now - BEGAN)

    def told(self, since: int = 0) -> dict[str, Any]:
        """What a page is told that knows what there was up to that change."""
        found: dict[str, Any] = json.loads(self.history.changes(since, self.now)[1])
        return found

    def row(self, connection: int, *, server: int = 0) -> dict[str, Any]:
        """What it is told of one connection."""
        return next(row for row in self.told()["connections"] if row["key"] == f"{server}/{connection}")

    def lines(self, connection: int, since: int = 0) -> dict[str, Any]:
        """What a page is told that follows one connection of the first server."""
        told = self.history.lines(0, connection, since)
        assert told is not None
        found: dict[str, Any] = json.loads(told[1])
        return found


class Shown:
    """A board in front of servers, and its page at `port`; `ports` is where the clients of each server go."""

    def __init__(self, board: Board, port: int) -> None:
        self.board = board
        self.port = port
        self.ports = [watch.relay.port for watch in board.watches]

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        """An answer, and all of its content."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    @contextmanager
    def stream(self, path: str = "/changes", source: str = "127.0.0.1") -> Iterator[Stream]:
        """Server-sent events, for who asks from that address."""
        with socket.create_connection(("127.0.0.1", self.port), LONG, (source, 0)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
            with Stream(connection) as stream:
                yield stream


class Stream:
    """What one page is told; `status` is the answer's."""

    def __init__(self, connection: socket.socket) -> None:
        self._answer = http.client.HTTPResponse(connection)
        self._answer.begin()
        self.status = self._answer.status

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._answer.close()

    def event(self) -> tuple[str, Any]:
        """The next event: its name, and its data."""
        name, data = "message", ""
        while line := self._answer.readline().decode().rstrip("\n"):
            key, _, value = line.partition(": ")
            name, data = (value, data) if key == "event" else (name, value)
        assert data or name != "message", "the stream has ended"
        return name, json.loads(data) if data else None

    def until(self, wanted: Callable[[Any], object]) -> dict[str, Any]:
        """The next thing told for which `wanted` is true."""
        while True:
            _, told = self.event()
            if wanted(told):
                found: dict[str, Any] = told
                return found


@contextmanager
def shown(*servers: tuple[str, int]) -> Iterator[Shown]:
    """A board in front of these servers (protocol, port), as the command runs it."""
    local = [
        WatchedServer(f"server{number}", PROTOCOLS[protocol], Place("127.0.0.1", 0), Place("127.0.0.1", port))
        for number, (protocol, port) in enumerate(servers)
    ]
    with ExitStack() as stack:
        board = Board(local)
        stack.callback(board.close)
        board.begin(lambda code, values: None)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        web = uvicorn.Server(
            uvicorn.Config(board_app(board), ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=web.run, args=([listener],), daemon=True)
        thread.start()

        def end() -> None:
            web.should_exit = True
            thread.join(LONG)

        stack.callback(end)
        yield Shown(board, listener.getsockname()[1])
