"""`tap`: stands between two programs, and shows their conversation while it happens."""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO

from conformance.agent.addresses import listen_everywhere
from conformance.agent.tap.relay import reason
from conformance.cli.arguments import Parser
from conformance.cli.formatting import JsonLines, TextLines, lines_of
from conformance.cli.terminal import BackgroundPrinter
from conformance.formatting import Catalogue
from conformance.model.lookup import RAW, UsageError, find_network, find_protocol_or_raw
from conformance.observe.live_conversation import Viewer
from conformance.observe.pcapng import PcapngSaver
from conformance.observe.places import Place, listen_place, own_addresses, place, reachable_addresses
from conformance.observe.saved import About, JsonSaver
from conformance.observe.tap_session import RelayProcess, Saver, TapSession, give_way

__all__ = ["add_arguments", "interface", "listener", "refuse_a_circle", "run", "when_told_to_end"]

_LOOK_SECONDS = 0.2
_SAVERS: dict[str, type[JsonSaver | PcapngSaver]] = {".json": JsonSaver, ".pcapng": PcapngSaver}


def add_arguments(parser: Parser) -> None:
    add = parser.add_argument
    add("--listen", type=listen_place, required=True, metavar="cli.metavar.listen", help="cli.tap.help.listen")
    add("--to", type=place, required=True, metavar="cli.metavar.server", help="cli.tap.help.to")
    add("--protocol", required=True, metavar="cli.metavar.protocol", help="cli.help.protocol")
    add("--network", default="direct", metavar="cli.metavar.name", help="cli.tap.help.network")
    add("--save", action="append", default=[], type=Path, metavar="cli.metavar.file", help="cli.tap.help.save")
    add("--json", action="store_true", help="cli.help.json-events")


def run(arguments: Namespace) -> int:
    protocol = find_protocol_or_raw(arguments.protocol)
    network = find_network(arguments.network)
    listen: Place = arguments.listen
    if protocol is RAW and arguments.to.port is None:
        raise UsageError("cli.usage.no-port", server=arguments.to.host)
    server = Place(arguments.to.host, arguments.to.port or protocol.port)
    refuse_a_circle(listen, server)
    for path in arguments.save:
        if path.suffix not in _SAVERS:
            raise UsageError("cli.usage.suffix", path=path)

    with contextlib.ExitStack() as stack:
        try:
            files = [(path.suffix, path.open("wb")) for path in arguments.save]
        except OSError as error:
            raise UsageError("cli.usage.unwritable", path=error.filename, reason=error.strerror) from error
        for _, file in files:
            stack.callback(_close, file)
        relay = RelayProcess(listen, server, network.conditions)
        stack.callback(relay.wait)
        stack.callback(relay.end)
        about = About(protocol, str(server), arguments.network, relay.began)
        savers: list[Saver] = [_SAVERS[suffix](file, about) for suffix, file in files]
        lines = lines_of(arguments, relay.began)
        printer = BackgroundPrinter(lines.left_out)
        give_way()
        session = TapSession(relay, Viewer(protocol, lambda event: printer(lines.event(event))), savers)
        facts = {"port": relay.port, "to": str(server), "protocol": protocol.protocol, "network": arguments.network}
        told = {"where": interface(listen.host, lines.words), **facts}
        addresses = [listen.host] if listen.host else reachable_addresses()
        when_told_to_end(signal.default_int_handler)
        # Until Ctrl-C, or until nobody reads the lines any more.
        with contextlib.suppress(KeyboardInterrupt):
            printer(lines.note("listening", "cli.tap.listening", told, addresses=addresses, **facts))
            unwritable = False
            while not session.done.wait(_LOOK_SECONDS) and not printer.broken.is_set():
                session.look()
                if not unwritable and session.unsaved is not None and session.unsaved[0] == "unwritable":
                    unwritable = True
                    printer(_unsaved(lines, session))
            if session.done.is_set():
                raise UsageError("cli.usage.relay-ended")
        relay.end()
        while not session.done.wait(_LOOK_SECONDS):
            pass
        session.viewer.end()
        printer(lines.totals(session.viewer.totals))
        if session.unsaved is not None:
            printer(_unsaved(lines, session))
        for path in arguments.save:
            printer(lines.note("saved", "cli.tap.saved", {"path": path}, file=str(path)))
        printer.close()
    totals = session.viewer.totals
    return 1 if totals.problems or totals.missed or session.unsaved else 0


def _close(file: IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # where there is no room for the rest, that was told
        file.close()


def _unsaved(lines: TextLines | JsonLines, session: TapSession) -> str:
    """That not all of it is in the files, and why."""
    assert session.unsaved is not None
    code, values = session.unsaved
    told = {"reason": lines.words.text(f"cli.tap.unsaved.{code}", values)}
    return lines.note("unsaved", "cli.tap.unsaved", told, code=code, **values)


def when_told_to_end(act: Callable[[int, FrameType | None], object]) -> None:
    """Has Ctrl-C, and whoever ends the process, call `act`."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, act)


def refuse_a_circle(listen: Place, server: Place) -> None:
    """UsageError where a tap would connect to itself, and would never come to an end."""
    if listen.port != server.port:
        return
    try:
        to, here = _addresses(server), _addresses(listen) if listen.host else set()
    except OSError:
        return  # connecting, or listening, will say what is wrong
    everywhere = not here or any(address.is_unspecified for address in here)
    mine = {own.address for own in own_addresses()} if everywhere else here
    if any(address in mine or (everywhere and (address.is_loopback or address.is_unspecified)) for address in to):
        raise UsageError("cli.usage.circle", port=listen.port, server=server)


def _addresses(of: Place) -> set[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses that its host stands for, each in its plainest form. OSError where it stands for none."""
    found = socket.getaddrinfo(of.host, of.port, type=socket.SOCK_STREAM)
    addresses = (ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)
    return {getattr(address, "ipv4_mapped", None) or address for address in addresses}


def listener(where: Place) -> socket.socket:
    """Listens there, without a host on every interface; UsageError where that cannot be."""
    host, port = where.host, where.port or 0
    try:
        if not host:
            return listen_everywhere(port)
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        kind = "host" if host else "everywhere"
        raise UsageError(f"cli.usage.cannot-listen.{kind}", host=host, port=port, reason=reason(error)) from error


def interface(host: str, words: Catalogue) -> str:
    """Where something listens that was given that host: there, or everywhere, which others reach by these addresses."""
    if host:
        return host
    addresses = ", ".join(reachable_addresses())
    return words.text("cli.everywhere") + (words.text("cli.from-others", {"addresses": addresses}) if addresses else "")
