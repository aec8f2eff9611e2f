"""`make fuzz ARGS="--inputs 1000000 --target yaml"`: others each time, in a process whose memory is limited."""

from __future__ import annotations

import argparse
import time
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.running import bounded, limited
from tests.fuzz.targets import TARGETS, inputs


def main() -> None:
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--inputs", type=int, default=10_000, help="inputs of each target")
    parser.add_argument("--target", choices=list(TARGETS), action="append", help="only this one; may be repeated")
    parser.add_argument("--megabytes", type=int, default=2048, help="limit of the process's address space")
    arguments = parser.parse_args()
    with suppress(ImportError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (arguments.megabytes << 20,) * 2)
    for name in arguments.target or TARGETS:
        began = time.monotonic()
        _fuzz(name, arguments.inputs)
        print(f"{name}: {arguments.inputs} inputs, nothing found, {time.monotonic() - began:.0f} s", flush=True)


def _fuzz(name: str, examples: int) -> None:
    @limited(examples, same=False)
    @given(st.data())
    def fuzz(data: st.DataObject) -> None:
        bounded(name, data.draw(inputs(name)))

    fuzz()


if __name__ == "__main__":
    main()
