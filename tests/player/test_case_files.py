"""Files of cases: what they may say of typing, of lines and of what is rough; a mistake is one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from conformance.agent.player.steps import Do, Input, Shows, Type
from conformance.model import YamlError, load_registry
from conformance.model.cases import CaseFile, load_cases
from conformance.model.typed_lines import parse_lines


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
    ("client", "rough: raw, steps: [{shows: a}]", "`rough` says what the Java does where a step has `rough`"),
    ("client", "steps: [{shows: a, rough: b}]", "`rough` says what the Java does where a step has `rough`"),
    ("server", "steps: [{ends: end, rough: stays open}]", "`rough` says what the Java does where a step has `rough`"),
    ("client", "steps: [{input: begins}]", "cases.0.steps.0.input"),
]


@pytest.mark.parametrize(("against", "case", "sentence"), WRONG)
def test_a_mistake_is_one_sentence(
    tmp_path: Path, against: Literal["server", "client"], case: str, sentence: str
) -> None:
    with pytest.raises(YamlError) as caught:
        load(tmp_path, against, case)
    assert sentence in str(caught.value)


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
