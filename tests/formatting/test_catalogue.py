"""The catalogues: every code has its sentence in every language, with the same facts in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.agent.problem import CODES, Problem, Where
from conformance.formatting import LANGUAGES, Language, catalogue, language_of_environment, sentence
from tests.formatting.golden import golden_path, places, raw_texts, rendered

DOCS = Path(__file__).resolve().parents[2] / "docs" / "problems.md"
EACH = pytest.mark.parametrize("language", LANGUAGES)


@EACH
def test_every_code_has_its_sentence(language: Language) -> None:
    assert {f"problem.{code}" for code in CODES} - catalogue(language).ids == set()


@EACH
def test_no_sentence_is_of_a_code_that_is_none(language: Language) -> None:
    codes = {name.split(".")[1] for name in catalogue(language).ids if name.startswith("problem.")}
    assert codes - set(CODES) - {"on-connection"} == set()


def test_all_languages_have_the_same_texts() -> None:
    english, french = (catalogue(language) for language in LANGUAGES)
    assert english.ids ^ french.ids == set()
    assert english.plurals ^ french.plurals == set()


@pytest.mark.parametrize("name", sorted(catalogue("en").ids))
def test_a_text_has_the_same_places_in_all_languages(name: str) -> None:
    each = [set.union(*(places(text) for text in raw_texts(catalogue(language), name))) for language in LANGUAGES]
    assert each[0] - {"count"} == each[1] - {"count"}


@EACH
def test_the_wording_is_that_of_the_golden_file(language: Language) -> None:
    assert rendered(catalogue(language)) == golden_path(language).read_text(encoding="utf-8"), (
        "the wording has changed: if that is meant, python -m tests.formatting.golden"
    )


def test_french_has_its_typography() -> None:
    for name in sorted(catalogue("fr").ids):
        for text in raw_texts(catalogue("fr"), name):
            sentences = re.sub(r"^ {6,}.*$", "", text, flags=re.MULTILINE)  # indented: examples, which are no French
            plain = re.sub(r"`[^`]*`|\{[^}]*\}|https?://\S*|--\S+", "x", sentences)
            assert "\u2019" not in plain, f"{name}: the apostrophe of spec.md is '"
            assert not re.search(r"[A-Za-zéèà](?:[!?;]|:(?=\s|$))", plain), f"{name}: a space stands before : ; ! ?"


def test_the_documentation_lists_every_code_with_its_meaning() -> None:
    listed = dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == dict(CODES)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr"}, "fr"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "fr_BE.UTF-8"}, "fr"),
        ({"LANGUAGE": "de:fr:en", "LANG": "en_US.UTF-8"}, "fr"),
        ({"LANG": "friulian"}, "en"),
    ],
)
def test_the_language_of_the_environment(environment: dict[str, str], language: Language) -> None:
    assert language_of_environment(environment) == language


@EACH
def test_a_sentence_has_the_facts(language: Language) -> None:
    values = {"value": 4, "expected": 3, "equals": "int32(first + second)", "raw": b"\0\0\0\x04", "size": 4}
    told = sentence(Problem("wrong-value", Where(7, "server", 12, "sum", "int", 4), values), catalogue(language))
    for fact in ("`sum`", "4", "= 3", "int32(first + second)", "00 00 00 04", "12"):
        assert fact in told


@EACH
def test_a_number_decides_between_the_forms(language: Language) -> None:
    where = Where(1, "client", 9)
    one, many = (
        sentence(Problem("too-many-bytes", where, {"size": size, "raw": b"a"}), catalogue(language)) for size in (1, 2)
    )
    assert one.replace("1", "2") != many
