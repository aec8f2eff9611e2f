"""Files of cases: what they may say of typing, of lines and of what is non-strict; a mistake is one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from conformance.agent.player.steps import Concurrency, Do, Input, Shows, Type
from conformance.model import YamlError, load_registry
from conformance.model.cases import CaseFile, load_cases, parse_lines


def load(folder: Path, against: Literal["server", "client"], case: str) -> CaseFile:
    text = f"{{protocol: chat, against: {against}, cases: [{{name: one, about: one, {case}}}]}}"
    path = folder / "cases.yaml"
    path.write_text(text, encoding="utf-8")
    return load_cases([path])["chat", against]


def test_what_is_typed_and_shown(tmp_path: Path) -> None:
    steps = "steps: [{type: bonjour}, {type: [un, deux]}, {shows: '--> bob : un'}, {input: ends}]"
    found = load(tmp_path, "client", steps)
    assert found.cases[0].steps == (Type(("bonjour",)), Type(("un", "deux")), Shows(("--> bob : un",)), Input("ends"))
    assert found.typed
    assert not load(tmp_path, "client", "steps: [{do: close}]").typed


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        ("un", ("un",)),
        (["un", ""], ("un", "")),
        ({"text": "ab", "times": 3}, ("ababab",)),
        ({"text": "ab", "times": 2, "after": "> "}, ("> abab",)),
        ([{"repeat": ["un", "deux"], "times": 2}], ("un", "deux", "un", "deux")),
        ({"points": "61..64", "each": 2, "after": "-"}, ("-ab", "-cd")),
    ],
)
def test_lines(raw: object, lines: tuple[str, ...]) -> None:
    assert parse_lines(raw) == lines


WRONG = [
    ("server", "steps: [{type: bonjour}]", "one: nobody types to a server, or looks at it: type, input, shows"),
    ("server", "steps: [{again: 2, steps: [{input: ends}]}]", "one: nobody types to a server"),
    ("client", "steps: [{type: 5}]", "cases.0.steps.0.type: a line is a text, or such as {text: a, times: 65535}"),
    ("client", "non-strict: raw, steps: [{shows: a}]", "`non-strict` says what is accepted where a step has"),
    ("client", "steps: [{shows: a, non-strict: b}]", "`non-strict` says what is accepted where a step has"),
    ("server", "steps: [{ends: end, non-strict: stays open}]", "`non-strict` says what is accepted where a step has"),
    ("client", "non-strict: {fr: brut}, steps: []", "must be a sentence, or one a language as {en: ..., fr: ...}"),
    ("client", "steps: [{input: begins}]", "cases.0.steps.0.input"),
]


@pytest.mark.parametrize(("against", "case", "sentence"), WRONG)
def test_a_mistake_is_one_sentence(
    tmp_path: Path, against: Literal["server", "client"], case: str, sentence: str
) -> None:
    with pytest.raises(YamlError) as caught:
        load(tmp_path, against, case)
    assert sentence in str(caught.value)


def test_what_is_non_strict_says_so(tmp_path: Path) -> None:
    case = load(tmp_path, "client", "non-strict: {en: raw, fr: brut}, steps: [{shows: a, non-strict: b}]").cases[0]
    assert case.steps == (Shows(("a",), ("b",)),)
    assert case.non_strict is not None
    assert (case.non_strict, case.non_strict.in_language("fr")) == ("raw", "brut")


def test_a_sentence_in_one_language_is_that_of_all(tmp_path: Path) -> None:
    assert load(tmp_path, "client", "steps: []").cases[0].about.in_language("fr") == "one"


def test_connections_at_once(tmp_path: Path) -> None:
    case = load(tmp_path, "server", "steps: [{concurrency: 3, steps: [{do: close}]}]").cases[0]
    assert case.steps == (Concurrency(3, (Do("close"),)),)


def test_every_case_of_the_harness_has_its_sentences_in_both_languages() -> None:
    for file in load_cases(load_registry().cases).values():
        for case in file.cases:
            for text in (case.about, case.non_strict):
                assert text is None or text.in_language("fr") != text, f"{file.path}: {case.name}"


def test_there_are_enough_cases_against_clients() -> None:
    files = load_cases(load_registry().cases)
    addition, chat = (len(files[protocol, "client"].cases) for protocol in ("addition", "chat"))
    assert chat >= 30
    assert addition + chat >= 60


def test_a_case_names_files(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    for name in ("../up", "a/../b", "/etc", "a b", ""):
        path.write_text(
            f"{{protocol: chat, against: server, cases: [{{name: '{name}', about: one, steps: []}}]}}", "utf-8"
        )
        with pytest.raises(YamlError, match=r"cases\.0\.name: a name has letters, digits and \. _ \+ - only"):
            load_cases([path])


def test_files_of_one_protocol_and_side_are_put_together(tmp_path: Path) -> None:
    text = "{{protocol: chat, against: server, {more}cases: [{{name: {name}, about: one, steps: [{{do: nothing}}]}}]}}"
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(text.format(name="a", more=""), encoding="utf-8")
    two.write_text(text.format(name="b", more="afterwards: [{do: close}], "), encoding="utf-8")
    found = load_cases([one, two])["chat", "server"]
    assert [case.name for case in found.cases] == ["a", "b"]
    assert (found.path, found.afterwards) == (one, (Do("close"),))
    two.write_text(text.format(name="a", more=""), encoding="utf-8")
    with pytest.raises(YamlError) as caught:
        load_cases([one, two])
    assert str(caught.value) == f"{two}: cases: the name 'a' is taken, by a case of {one}"
