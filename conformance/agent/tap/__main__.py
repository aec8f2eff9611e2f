"""`python -m conformance.agent.tap`: takes orders on standard input, writes events to standard output.

An order is a line of JSON:

    {"do": "open", "listen": ["127.0.0.1", 8999], "to": ["server", 8999], "conditions": {...}, "seed": 1,
     "connect_timeout": 0}
    {"do": "close"}

What it writes are binary frames (`frames.py`), and the traffic never waits for the reader. Each order is answered by
`{"done": "open", "port": 8999, "now": 12.5}` (`now` is the tap's clock, in seconds) or by `{"failed": "open", "why":
"..."}`. Between the answers, each event of the traffic is a frame. The end of the input ends the tap, so that no tap
outlives the program that started it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from typing import Any

from conformance.agent.tap.conditions import Conditions
from conformance.agent.tap.frames import EventWriter
from conformance.agent.tap.relay import Relay, reason


async def _obey(orders: asyncio.Queue[str], writer: EventWriter) -> None:
    relay: Relay | None = None
    while line := await orders.get():
        order: dict[str, Any] = json.loads(line)
        do, port = order.pop("do"), 0
        try:
            if relay is not None:
                await relay.close()
                relay = None
            if do == "open":
                conditions = Conditions(**order.pop("conditions"))
                relay = Relay(**order, conditions=conditions, record=writer.event)
                port = await relay.start()
            writer.answer({"done": do, "port": port, "now": time.monotonic()})
        except OSError as error:
            relay = None
            writer.answer({"failed": do, "why": reason(error)})
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


if __name__ == "__main__":
    try:
        import uvloop  # several times faster than asyncio's own event loop; used where it is installed
    except ImportError:
        asyncio.run(_main())
    else:
        uvloop.run(_main())
