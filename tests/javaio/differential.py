"""The long run: the same inputs to javaio and to the JDK, by the million.

    python -m tests.javaio.differential --inputs 10000000 --seed 1 --workers 2

An input is a case of `nasty.py`: one stream and the one or several calls made on it. Inputs are drawn in chunks, each
from its own seed, so that a seed means the same inputs with any number of workers. Ends with status 1 if any answer
differs, each such input being listed.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from .answers import answer
from .cases import Case, explain
from .conftest import oracle_command
from .nasty import Nasty
from .oracle import JdkOracle, split_answers

__all__ = ["chunks", "disagreements", "main"]

CHUNK = 5_000  # cases in one question to the oracle
CHUNKS_AT_ONCE = 4
PROGRESS_SECONDS = 10

Chunk = tuple[str, int]  # its seed, and how many cases to draw from it


def chunks(inputs: int, seed: int) -> Iterator[Chunk]:
    """The whole run as small ones."""
    for number, start in enumerate(range(0, inputs, CHUNK)):
        yield f"{seed}/{number}", min(CHUNK, inputs - start)


def draw(chunk: Chunk) -> list[Case]:
    """The cases of a chunk."""
    seed, count = chunk
    nasty = Nasty(seed)
    return [nasty.case() for _ in range(count)]


def disagreements(oracle: JdkOracle, cases: Sequence[Case]) -> list[str]:
    """Each case to which javaio and the JDK have different answers, with both of them."""
    oracle.send(cases)
    ours = [answer(case) for case in cases]
    theirs = oracle.receive()
    if theirs == b"".join(len(one).to_bytes(4, "big") + one for one in ours):
        return []
    return [
        f"{case!s}\n    javaio: {explain(case, our)}\n    JDK:    {explain(case, their)}"
        for case, our, their in zip(cases, ours, split_answers(theirs), strict=True)
        if our != their
    ]


# A worker and its own oracle, which lives as long as the worker: its standard input closes when the worker ends.
_oracle: JdkOracle


def _start_oracle(command: Sequence[str]) -> None:
    global _oracle
    _oracle = JdkOracle(command)


def _run_chunk(chunk: Chunk) -> tuple[int, list[str]]:
    cases = draw(chunk)
    return len(cases), disagreements(_oracle, cases)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs as the command line says; the status is 0 if all answers were equal."""
    parser = argparse.ArgumentParser(prog="python -m tests.javaio.differential", description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many inputs (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which inputs (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes, each with a JVM (default: %(default)s)")
    options = parser.parse_args(arguments)

    with ExitStack() as stack:
        command = oracle_command(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="javaio-oracle-"))))
        if isinstance(command, str):
            print(command, file=sys.stderr)
            return 2
        pool = stack.enter_context(
            multiprocessing.get_context("spawn").Pool(options.workers, _start_oracle, (command,))
        )
        results = pool.imap_unordered(_run_chunk, chunks(options.inputs, options.seed), CHUNKS_AT_ONCE)
        status = report(results, options.inputs, f"seed {options.seed}, {options.workers} workers")
        pool.close()
        pool.join()
    return status


def report(results: Iterable[tuple[int, list[str]]], inputs: int, how: str) -> int:
    """Prints progress, each disagreement as it is found, and at the end one line that says it all."""
    started = told = time.monotonic()
    done, differing = 0, 0
    for count, found in results:
        done += count
        differing += len(found)
        for one in found:
            print(f"DISAGREEMENT: {one}", flush=True)
        now = time.monotonic()
        if now - told >= PROGRESS_SECONDS:
            told = now
            print(f"{done:,} of {inputs:,} inputs, {differing} disagreements, {now - started:.0f} s", flush=True)
    print(f"{done:,} inputs, {differing} disagreements, {how}, {time.monotonic() - started:.0f} s")
    return 0 if differing == 0 and done == inputs else 1


if __name__ == "__main__":
    sys.exit(main())
