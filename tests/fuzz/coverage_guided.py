"""`make fuzz ARGS="--engine atheris ..."`: inputs that lead to code that no other has reached, with atheris.

It begins from the kept inputs. What it finds is left as a file `crash-...` in the working folder: to be mended, and
kept in the corpus.
"""

from __future__ import annotations

import sys
import tempfile

import atheris

with atheris.instrument_imports(include=["conformance", "javaio"]):
    from tests.fuzz.targets import CORPUS, MOST, TARGETS

__all__ = ["fuzz"]

_SECONDS = 20


def fuzz(name: str, runs: int, megabytes: int) -> None:
    """Tries so many inputs, and ends the process: with status 0 where nothing was found."""
    limits = [f"-runs={runs}", f"-timeout={_SECONDS}", f"-rss_limit_mb={megabytes}", f"-max_len={MOST}"]
    with tempfile.TemporaryDirectory() as found:  # atheris adds to the first folder, and reads the others
        atheris.Setup(
            [sys.argv[0], *limits, "-verbosity=0", "-print_final_stats=1", found, str(CORPUS / name)], TARGETS[name]
        )
        atheris.Fuzz()
