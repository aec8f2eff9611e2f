"""What only a relay in this process can show."""

from __future__ import annotations

import asyncio

import pytest

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.relay import Relay
from tests.cli.running import LONG, free_port

FOR_EVER_MS = 600_000.0
SIZE = 64 << 20


@pytest.mark.parametrize("conditions", [Conditions(latency_ms=FOR_EVER_MS), Conditions(split=1)], ids=["late", "split"])
def test_a_network_holds_only_so_much_and_then_the_sender_waits(conditions: Conditions) -> None:
    events: list[Event] = []

    async def meet() -> int:
        held: list[object] = []  # who holds neither reader nor writer closes the connection
        server = await asyncio.start_server(lambda *streams: held.append(streams), "127.0.0.1", 0)
        to = ("127.0.0.1", int(server.sockets[0].getsockname()[1]))
        relay = Relay(listen=("127.0.0.1", 0), to=to, conditions=conditions, record=events.append)
        _, writer = await asyncio.open_connection("127.0.0.1", await relay.start())
        taken = 0
        try:
            while taken < SIZE:
                writer.write(bytes(1 << 16))
                await asyncio.wait_for(writer.drain(), 1.0)
                taken += 1 << 16
        except TimeoutError:
            pass
        writer.transport.abort()
        await relay.close()
        server.close()
        return taken

    assert asyncio.run(meet()) < SIZE
    assert sum(len(event.data) for event in events if event.kind == "received") < 4 << 20


def test_a_reset_is_told_once_though_both_ends_are_closed_by_it() -> None:
    events: list[Event] = []

    async def meet() -> None:
        reset = asyncio.Event()

        async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)  # and leaves the rest unread, so that closing is a reset
            writer.close()
            reset.set()

        server = await asyncio.start_server(die, "127.0.0.1", 0, limit=1)
        to = ("127.0.0.1", int(server.sockets[0].getsockname()[1]))
        relay = Relay(listen=("127.0.0.1", 0), to=to, conditions=Conditions(), record=events.append)
        reader, writer = await asyncio.open_connection("127.0.0.1", await relay.start())
        writer.write(bytes(1 << 20))
        await reset.wait()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.transport.abort()
        await relay.close()
        assert relay.links == set()
        server.close()

    asyncio.run(meet())
    assert [event.sender for event in events if event.kind == "reset"] == [SERVER]
    assert [event.sender for event in events if event.kind == "opened"] == [CLIENT]


def test_a_circle_ends_once_as_many_connections_are_open_as_may_be() -> None:
    """Two taps lead to each other: each connection makes the next, until the last is refused and all fall."""
    events: list[Event] = []

    async def meet() -> None:
        ports = [free_port(), free_port()]
        places = [("127.0.0.1", port) for port in ports]
        relays = [
            Relay(listen=here, to=there, conditions=Conditions(), record=events.append, most=50)
            for here, there in (places, places[::-1])
        ]
        for relay in relays:
            await relay.start()
        reader, writer = await asyncio.open_connection(*places[0])
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), LONG)
        writer.transport.abort()
        for relay in relays:
            await relay.close()
            assert relay.links == set()

    asyncio.run(meet())
    assert sum(event.kind == "opened" for event in events) <= 102
    assert any(event.kind == "refused" for event in events)
