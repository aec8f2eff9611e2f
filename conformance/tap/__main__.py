"""`python -m conformance.tap`: a tap that takes orders on standard input and tells what it saw on standard output.

Both are JSON, a line a message:

    {"do": "open", "listen": ["127.0.0.1", 8999], "to": ["server", 8999], "conditions": {...}, "seed": 1, "patience": 0}
    {"do": "close"}

Each is answered by `{"done": "open", "port": 8999, "now": 12.5}` (`now` is the tap's clock, in seconds) or by
`{"failed": "open", "why": "..."}`; between the two, every event of the traffic is a line of its own. End of input ends
the tap, so that none is left behind when whoever started it is gone.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from typing import Any

from conformance.tap.conditions import Conditions
from conformance.tap.events import Event
from conformance.tap.relay import Relay, reason


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _record(event: Event) -> None:
    _say(event.to_json())


async def _obey(orders: asyncio.Queue[str]) -> None:
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
                    record=_record,
                    seed=order["seed"],
                    patience=order["patience"],
                )
                port = await relay.start()
            _say({"done": order["do"], "port": port, "now": time.monotonic()})
        except OSError as error:
            relay = None
            _say({"failed": order["do"], "why": reason(error)})
    if relay is not None:
        await relay.close()


async def _main() -> None:
    orders: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def listen() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(orders.put_nowait, line)
        loop.call_soon_threadsafe(orders.put_nowait, "")

    threading.Thread(target=listen, daemon=True).start()
    await _obey(orders)


if __name__ == "__main__":
    asyncio.run(_main())
