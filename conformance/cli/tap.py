"""`tap`: stands between two programs, and shows their conversation while it happens."""

from __future__ import annotations

import argparse
import contextlib
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from conformance.model.lookup import UsageError, find_network, find_protocol
from conformance.observe.formatting import LEFT_OUT_JSON, LEFT_OUT_TEXT, JsonTeller, Teller, TextTeller
from conformance.observe.own_addresses import own_addresses, reachable_addresses
from conformance.observe.pcapng import PcapngSaver
from conformance.observe.places import Place, listen_place, place
from conformance.observe.relay_process import RelayProcess
from conformance.observe.saved import About, JsonSaver
from conformance.observe.tap_session import Saver, TapSession, give_way
from conformance.observe.terminal import BackgroundPrinter, Paint, has_colours
from conformance.observe.viewer import STALL_SECONDS, Viewer

__all__ = ["ABOUT", "EPILOG", "add_arguments", "refuse_a_circle", "run"]

ABOUT = "stand between two programs and show their conversation as it happens"
EPILOG = """\
The client connects to the tap, the tap to the server. Where the server has port 8999 on this machine, either can move:

  {prog} --listen 9000 --to localhost:8999 --protocol addition
        then start the client with port 9000
  {prog} --listen 8999 --to 192.168.1.20:8999 --protocol chat
        for a client that insists on 127.0.0.1:8999: the server is on another machine
  {prog} --listen 9000 --to localhost --protocol chat --network byte-by-byte --save lesson.json --save lesson.pcapng
        every byte alone; kept for `decode` and for Wireshark
  {prog} --listen 9000 --to localhost:7000 --protocol my-exercise.yaml
        a protocol of one's own

Ctrl-C ends it, with a summary. The status is 0 if there was no problem, 1 if there was one, 2 if it could not begin."""

_LOOK_SECONDS = 0.2
_SUFFIXES = (".json", ".pcapng")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `tap` takes."""
    parser.add_argument(
        "--listen",
        type=listen_place,
        required=True,
        metavar="[HOST:]PORT",
        help="where clients find the tap; without a host on every interface, so that the whole network reaches it",
    )
    parser.add_argument("--to", type=place, required=True, metavar="HOST[:PORT]", help="where the server is")
    parser.add_argument(
        "--protocol", required=True, metavar="NAME|FILE.yaml", help="what they speak: addition, chat, or a file"
    )
    parser.add_argument(
        "--network", default="direct", metavar="NAME", help="direct (the default), byte-by-byte, coalesced or slow"
    )
    parser.add_argument(
        "--save",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="keep it all: a .json file for `decode`, a .pcapng file for Wireshark; may be given twice",
    )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each event and field")


def run(arguments: argparse.Namespace) -> int:
    """Taps until it is told to end."""
    protocol = find_protocol(arguments.protocol)
    network = find_network(arguments.network)
    listen: Place = arguments.listen
    server = Place(arguments.to.host, arguments.to.port or protocol.port)
    assert listen.port is not None
    assert server.port is not None
    refuse_a_circle(listen, server)
    for path in arguments.save:
        if path.suffix not in _SUFFIXES:
            raise UsageError(f"--save {path}: the name must end in {' or '.join(_SUFFIXES)}")

    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(_created(path)) for path in arguments.save]
        relay = RelayProcess()
        stack.callback(relay.wait)
        stack.callback(relay.end)
        port, began = relay.open((listen.host, listen.port), (server.host, server.port), network.conditions)
        opened = time.monotonic()
        about = About(protocol, str(server), arguments.network, began)
        savers: list[Saver] = [
            JsonSaver(file, about) if path.suffix == ".json" else PcapngSaver(file, about)
            for path, file in zip(arguments.save, files, strict=True)
        ]
        teller: Teller = JsonTeller(began) if arguments.json else TextTeller(Paint(has_colours()), began)
        printer = BackgroundPrinter(LEFT_OUT_JSON if arguments.json else LEFT_OUT_TEXT)
        give_way()
        session = TapSession(relay, Viewer(protocol, teller, printer), savers)
        beginning = _beginning(teller, listen, port, server, protocol.protocol, arguments.network)
        _until_told_to_end(session, relay, printer, opened, beginning)
        session.viewer.end()
        if session.unsaved:
            printer(
                teller.note(f"!!! not all of it was saved: {session.unsaved}", event="unsaved", why=session.unsaved)
            )
        for path in arguments.save:
            printer(teller.note(f"saved in {path}", event="saved", file=str(path)))
        printer.close()
    return 1 if session.viewer.totals.problems or session.unsaved else 0


def _until_told_to_end(
    session: TapSession, relay: RelayProcess, printer: BackgroundPrinter, began: float, beginning: str
) -> None:
    """Says that it begins; returns after Ctrl-C, or when nobody reads the lines any more, once all is told."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        printer(beginning)
        while not session.done.wait(_LOOK_SECONDS) and not printer.broken.is_set():
            session.look(time.monotonic() - began, STALL_SECONDS)
        if session.done.is_set():
            raise UsageError("the relay has ended by itself, and what it carried with it")
    relay.end()
    while not session.done.wait(_LOOK_SECONDS):
        pass


@contextlib.contextmanager
def _created(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("wb")
    except OSError as error:
        raise UsageError(f"--save {path}: cannot be written: {error.strerror}") from error
    with file:
        yield file


def refuse_a_circle(listen: Place, server: Place) -> None:
    """A tap that connects to itself would never come to an end."""
    if listen.port != server.port:
        return
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
        mine = {str(own.address) for own in own_addresses()} | {"127.0.0.1", "::1", "0.0.0.0", "::"}
        if listen.host:
            mine = {str(entry[4][0]) for entry in socket.getaddrinfo(listen.host, listen.port)}
    except OSError:
        return  # connecting, or listening, will say what is wrong
    if any(str(entry[4][0]).partition("%")[0] in mine for entry in found):
        raise UsageError(
            f"--listen {listen.port} --to {server} is a circle: the server and the tap cannot have the same port of "
            "the same machine; give --listen another port, and the client that port"
        )


def _beginning(teller: Teller, listen: Place, port: int, server: Place, protocol: str, network: str) -> str:
    reachable = reachable_addresses() if not listen.host else [listen.host]
    where = f"port {port} of {listen.host or 'every interface'}"
    others = "" if listen.host or not reachable else f" (from other machines: {', '.join(reachable)})"
    return teller.note(
        f"listening on {where}{others}, for the server {server}; protocol {protocol}, network {network}. Ctrl-C ends",
        event="listening",
        port=port,
        addresses=reachable,
        to=str(server),
        protocol=protocol,
        network=network,
    )
