"""`make fuzz ARGS="--inputs 1000000 --target yaml"`: others each time, in a process whose memory is limited.

With `--engine atheris` the inputs are found by coverage, where the extra `fuzz` can be installed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

NAMES = sorted(path.name for path in Path(__file__).with_name("corpus").iterdir())


def main() -> None:
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--inputs", type=int, default=10_000, help="inputs of each target")
    parser.add_argument("--target", choices=NAMES, action="append", help="only this one; may be repeated")
    parser.add_argument("--engine", choices=("hypothesis", "atheris"), default="hypothesis")
    parser.add_argument("--megabytes", type=int, default=2048, help="limit of the process's address space")
    arguments = parser.parse_args()
    for name in arguments.target or NAMES:
        began = time.monotonic()
        if arguments.engine == "atheris":
            _in_process_of_its_own(name, arguments.inputs, arguments.megabytes)
        else:
            _fuzz(name, arguments.inputs, arguments.megabytes)
        print(f"{name}: {arguments.inputs} inputs, nothing found, {time.monotonic() - began:.0f} s", flush=True)


def _in_process_of_its_own(name: str, runs: int, megabytes: int) -> None:
    """atheris ends its process, and has to see each module as it is imported."""
    code = f"from tests.fuzz.coverage_guided import fuzz; fuzz({name!r}, {runs}, {megabytes})"
    subprocess.run([sys.executable, "-c", code], check=True)


def _fuzz(name: str, examples: int, megabytes: int) -> None:
    from hypothesis import given
    from hypothesis import strategies as st

    from tests.fuzz.running import bounded, limited
    from tests.fuzz.targets import inputs

    with suppress(ImportError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20,) * 2)

    @limited(examples, same=False)
    @given(st.data())
    def fuzz(data: st.DataObject) -> None:
        bounded(name, data.draw(inputs(name)))

    fuzz()


if __name__ == "__main__":
    main()
