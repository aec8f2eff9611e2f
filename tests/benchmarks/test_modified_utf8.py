"""The texts that the codecs are measured with, and that both make the same of them."""

import sys
from collections.abc import Sequence

import pytest

from benchmarks.modified_utf8 import SIZES, TEXTS, measure, text_of
from benchmarks.rows import UnavailableError
from benchmarks.sampling import Effort
from javaio import decode_modified_utf8, encode_modified_utf8


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("kind", "widths"), [("ASCII", [1]), ("Latin", [1, 2]), ("CJK", [3]), ("emoji", [4]), ("mixed", [1, 2, 3, 4])]
)
def test_a_text_has_its_size_and_the_characters_of_its_kind(kind: str, widths: Sequence[int], size: int) -> None:
    text = text_of(kind, size)
    assert len(text) == size
    assert sorted({len(character.encode()) for character in text}) == widths


def test_emoji_are_as_many_different_ones_as_there_are() -> None:
    assert len(set(TEXTS["emoji"])) == len(TEXTS["emoji"]) == 64


@pytest.mark.parametrize("kind", TEXTS)
def test_both_codecs_make_the_same_of_it(kind: str) -> None:
    mutf8 = pytest.importorskip("mutf8.cmutf8", reason="needs mutf8: pip install '.[benchmark]'")
    for size in SIZES:
        text = text_of(kind, size)
        data = encode_modified_utf8(text)
        assert mutf8.encode_modified_utf8(text) == data
        assert mutf8.decode_modified_utf8(data) == decode_modified_utf8(data) == text


def test_every_kind_is_measured_at_every_size_both_ways() -> None:
    pytest.importorskip("mutf8.cmutf8", reason="needs mutf8: pip install '.[benchmark]'")
    rows = list(measure(Effort(rounds=1, seconds=1e-3)))
    assert [row.work for row in rows][:2] == ["encode ASCII, 4 characters", "decode ASCII, 4 characters"]
    assert len({row.work for row in rows}) == len(rows) == 2 * len(TEXTS) * len(SIZES)
    assert all(value > 0 for row in rows for value in row.values)


def test_without_the_other_codec_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mutf8", None)
    with pytest.raises(UnavailableError, match="there is no mutf8"):
        next(iter(measure(Effort(rounds=1, seconds=1e-3))))
