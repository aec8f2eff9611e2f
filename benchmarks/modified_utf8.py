"""The codec of modified UTF-8 against mutf8, the fastest compiled one."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat
from typing import Any

from benchmarks.rows import Ratio, Row, UnavailableError
from benchmarks.sampling import Effort, in_turns
from javaio import decode_modified_utf8, encode_modified_utf8

__all__ = ["SIZES", "TEXTS", "measure", "text_of"]

# 64 different emoji, so that a codec with a small cache gains nothing.
_EMOJI = "".join(chr(0x1F600 + 37 * n % 64) for n in range(64))
TEXTS = {
    "ASCII": "the server listens on port 8999, and the client at 127.0.0.1 sends 84 and 98. ",
    "Latin": "Où est passé l'élève très pressé ? À la forêt, près du château, ça va de soi. ",
    "CJK": "今日は良い天気ですね。東京の空は青く、風が涼しい。",
    "emoji": _EMOJI,
    "mixed": "é😀日a bonjour à tous 👋, on se retrouve à 東京 demain ? Très bien 🎉 ! ",
}
"""Texts, each repeated to the size that is measured."""
SIZES = (4, 16, 64, 256, 1024, 8192, 60_000)


def measure(effort: Effort) -> Iterator[Row]:
    """Texts/s encoded and decoded, for each kind of text and each size."""
    try:
        from mutf8 import __version__ as version
        from mutf8 import cmutf8
    except ImportError:
        raise UnavailableError("there is no mutf8, or not its C extension: pip install '.[benchmark]'") from None
    seconds = effort.seconds / 40
    for kind in TEXTS:
        for size in SIZES:
            text = text_of(kind, size)
            data = encode_modified_utf8(text)
            for way, ours, theirs, value in (
                ("encode", encode_modified_utf8, cmutf8.encode_modified_utf8, text),
                ("decode", decode_modified_utf8, cmutf8.decode_modified_utf8, data),
            ):
                our_rates, their_rates = in_turns(
                    effort.rounds, partial(_rate, ours, value, seconds), partial(_rate, theirs, value, seconds)
                )
                work = f"{way} {kind}, {size:,} characters"
                yield Ratio(work, f"mutf8 {version}", our_rates, their_rates, "texts/s", at_least=1.0)


def text_of(kind: str, size: int) -> str:
    """A text of `size` characters."""
    words = TEXTS[kind]
    return (words * (size // len(words) + 1))[:size]


def _rate(codec: Callable[[Any], object], value: str | bytes, seconds: float) -> float:
    """Calls/s of processor time of this thread. The clock is read rarely enough to cost nothing."""
    times, taken = 1, 0.0
    while taken < seconds:
        times *= 2
        began = time.thread_time()
        for _ in repeat(None, times):
            codec(value)
        taken = time.thread_time() - began
    return times / taken
