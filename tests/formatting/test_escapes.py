"""What comes from outside is shown as text: nothing of it moves a cursor, hides, or begins a line."""

from __future__ import annotations

import re
import sys
import unicodedata
from pathlib import Path

import pytest

import conformance.report
from conformance.formatting.escapes import escaped, hides, one_line

EVERY_CHARACTER = [chr(code) for code in range(sys.maxunicode + 1)]


def test_what_hides_is_escaped_and_nothing_else() -> None:
    shown = escaped("".join(EVERY_CHARACTER))
    assert not any(map(hides, shown))
    stays = [character for character in EVERY_CHARACTER if not hides(character)]
    assert escaped("".join(stays)) == "".join(stays)


def test_an_escape_tells_which_it_was() -> None:
    assert escaped("a\n\x1b[2J\u202eb\U000e0041é") == r"a\n\u001B[2J\u202Eb\U000E0041é"


def test_the_pages_have_the_same_rule() -> None:
    script = (Path(conformance.report.__file__).parent / "page" / "common.js").read_text(encoding="utf-8")
    [rule] = re.findall(r"const HIDING = /\[(.*)\]\+/gu;", script)
    categories = set(re.findall(r"\\p\{(\w+)\}", rule))
    for character in EVERY_CHARACTER:
        assert hides(character) == (unicodedata.category(character) in categories)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"])
def test_no_value_ends_its_line(end: str) -> None:
    assert one_line(f"a{end}b").splitlines() == [f"a{escaped(end)}b"]
