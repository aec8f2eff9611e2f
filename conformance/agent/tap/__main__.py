"""`python -m conformance.agent.tap`: takes orders on standard input, writes events to standard output.

An order is a line of JSON:

    {"do": "open", "listen": ["127.0.0.1", 8999], "to": ["server", 8999], "conditions": {...}, "seed": 1,
     "connect_timeout": 0}
    {"do": "close"}

What it writes are binary frames (`frames.py`). Each order is answered by `{"done": "open", "port": 8999, "now": 12.5}`
(`now` is the tap's clock, in seconds) or by `{"failed": "open", "why": "..."}`. Between the answers, each event of the
traffic is a frame. The traffic never waits for the reader (`event_writer.py`). The end of the input ends the tap, so
that no tap outlives the program that started it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable

from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.event_writer import EventWriter
from conformance.agent.tap.relay import Relay, reason


async def _obey(orders: asyncio.Queue[str], writer: EventWriter) -> None:
    relay: Relay | None = None
    while line := await orders.get():
        order = json.loads(line)
        try:
            if relay is not None:
                await relay.close()
                relay = None
            port = 0
            if order["do"] == "open":
                relay = Relay(
                    listen=(order["listen"][0], order["listen"][1]),
                    to=(order["to"][0], order["to"][1]),
                    conditions=Conditions.from_json(order["conditions"]),
                    record=writer.event,
                    seed=order["seed"],
                    connect_timeout=order["connect_timeout"],
                )
                port = await relay.start()
            writer.answer({"done": order["do"], "port": port, "now": time.monotonic()})
        except OSError as error:
            relay = None
            writer.answer({"failed": order["do"], "why": reason(error)})
    if relay is not None:
        await relay.close()


async def _main() -> None:
    writer = EventWriter(sys.stdout.buffer)
    orders: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(orders.put_nowait, line)
        loop.call_soon_threadsafe(orders.put_nowait, "")

    threading.Thread(target=listen, daemon=True).start()
    await _obey(orders, writer)
    writer.close()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop's event loop where it is installed, which is several times faster; else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_main())
