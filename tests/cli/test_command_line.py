"""The frame: help that teaches, errors in one sentence, what the exit status says, and both languages."""

from __future__ import annotations

import argparse
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.cli.arguments import language_of
from conformance.formatting import LANGUAGES, Catalogue, Language, catalogue
from tests.cli.recordings import addition_recording, conversation, save
from tests.cli.running import LONG, ROOT, Server, Tap, adds, ended, free_port, ints, listens, run, run_here, utf

COMMANDS = ("check", "tap", "decode", "doctor", "explain", "report", "board")


def test_help_names_every_command_and_shows_examples() -> None:
    command = run("--help")
    text = "\n".join(command.lines)
    assert command.process.returncode == 0
    for word in (*COMMANDS, "python -m conformance doctor 192.168.1.20 --protocol addition"):
        assert word in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str, language: Language) -> None:
    done = run_here(name, "--help", lang=language)
    assert done.status == 0
    assert re.search(rf"(?m)^  \S.* {name} ", "\n".join(done.lines)), done.lines


def test_the_texts_of_argparse_are_those_that_are_translated() -> None:
    """Of this Python: a text that it has anew, or another way, would come in English."""
    source = Path(argparse.__file__).read_text(encoding="utf-8")
    for name in catalogue("fr").ids:
        if name.startswith("argparse."):
            text = name.removeprefix("argparse.")
            assert any(quote + text + quote in source for quote in "'\""), text


def tap(*words: object) -> list[object]:
    return ["tap", "--listen", free_port(), "--to", "127.0.0.1:1", *words]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([], "argparse.the following arguments are required: %s"),
        (["tip"], "argparse.invalid choice: %(value)r (choose from %(choices)s)"),
        (["tap"], "argparse.the following arguments are required: %s"),
        (["tap", "--lisen"], "argparse.the following arguments are required: %s"),
        (["tap", "--listen"], "argparse.expected one argument"),
        (["decode", "a", "b"], "argparse.unrecognized arguments: %s"),
        (["decode", "a", "--json=b"], "argparse.ignored explicit argument %r"),
        (["tap", "--listen", "x", "--to", "h", "--protocol", "chat"], "cli.usage.listen"),
        (["tap", "--listen", "99999", "--to", "h", "--protocol", "chat"], "cli.usage.port"),
        (["tap", "--listen", "localhost", "--to", "h", "--protocol", "chat"], "cli.usage.listen"),
        (tap("--protocol", "chatt"), "cli.usage.protocol"),
        (tap("--protocol", "chat", "--network", "wet"), "cli.usage.network"),
        (tap("--protocol", "chat", "--save", "x.txt"), "cli.usage.suffix"),
        (tap("--protocol", "chat", "--save", "no/such/folder/x.json"), "cli.usage.unwritable"),
        *(
            (["tap", "--listen", listen, "--to", to, "--protocol", "chat"], "cli.usage.circle")
            for listen, to in (
                ("8999", "localhost"),
                ("8999", "127.0.0.2"),
                ("0.0.0.0:8999", "127.0.0.1"),
                ("8999", "0.0.0.0"),
                ("8999", "[::ffff:127.0.0.1]"),
                ("127.0.0.1:8999", "[::ffff:127.0.0.1]"),
            )
        ),
        (
            ["tap", "--listen", "192.0.2.77:0", "--to", "localhost", "--protocol", "chat"],
            "cli.usage.cannot-listen.host",
        ),
        (["decode", "nowhere.json"], "cli.usage.unreadable"),
        (["decode", "pyproject.toml"], "cli.usage.no-recording"),
        (["doctor"], "argparse.the following arguments are required: %s"),
        (["doctor", "a b"], "cli.usage.host"),
        (["doctor", "http://localhost"], "cli.usage.host"),
        (["doctor", "a..b"], "cli.usage.host"),
        (["check", "server", "x" * 64, "--protocol", "chat"], "cli.usage.host"),
        (["tap", "--listen", "0", "--to", "a..b:9000", "--protocol", "chat"], "cli.usage.host"),
        (["tap", "--listen", f"{'x' * 64}:0", "--to", "h", "--protocol", "chat"], "cli.usage.host"),
        (["board", "--server", "x=chat:0:a..b"], "cli.usage.host"),
        (["doctor", "[::1:8999"], "cli.usage.ipv6"),
        (["doctor", ":8999"], "cli.usage.no-host"),
        (["doctor", "localhost:port"], "cli.usage.port"),
        (["doctor", "localhost", "--wait", "0"], "cli.usage.seconds"),
        (["doctor", "localhost", "--protocol", "x"], "cli.usage.protocol"),
        (["board"], "cli.usage.no-server"),
        (["board", "--server", "x"], "cli.usage.server"),
        (["board", "--server", "x:1:localhost"], "cli.usage.protocol"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_sentence_in_either_language_and_status_2(
    words: list[object], name: str, language: Language
) -> None:
    done = run_here(*words, lang=language)
    assert done.status == 2, done.errors
    assert re.search(pattern(name, catalogue(language)), done.errors), done.errors
    assert len(done.errors.splitlines()) == 1, done.errors
    assert done.lines == []


def pattern(name: str, words: Catalogue) -> str:
    """A pattern of that text, with anything in its places."""
    text = re.sub(r"%(\(\w+\))?[rs]", "{x}", words.templates(name)[""])  # type: ignore[arg-type]
    return ".*".join(re.escape(part) for part, *_ in string.Formatter().parse(text))


def test_a_file_that_cannot_be_read_as_yaml() -> None:
    done = run_here(*tap("--protocol", "nowhere.yaml"))
    assert done.status == 2
    assert "nowhere.yaml" in done.errors


def test_a_protocol_file_with_a_mistake_is_told_with_its_key(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("protocol: mine\nabout: x\nport: 1\nsession:\n  - {from: client, field: a, type: integer}\n")
    done = run_here(*tap("--protocol", file))
    assert done.status == 2
    assert "mine.yaml: session.0.type: " in done.errors


def test_a_port_that_is_taken() -> None:
    with Server(listens) as server, ended(Tap(server.port, "chat")) as first:
        assert isinstance(first, Tap)
        second = run_here("tap", "--listen", f"127.0.0.1:{first.port}", "--to", "127.0.0.1:1", "--protocol", "chat")
        assert second.status == 2
        assert f"port {first.port} of 127.0.0.1" in second.errors


def test_a_reader_who_leaves_ends_it_quietly(tmp_path: Path) -> None:
    file = addition_recording(tmp_path / "a.json", rounds=20_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", "decode", file], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(LONG) == 1


# Languages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "variables", "language"),
    [
        ([], {}, "en"),
        ([], {"LANG": "fr_FR.UTF-8"}, "fr"),
        ([], {"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        (["--lang", "fr", "tap"], {}, "fr"),
        (["tap", "--lang", "fr"], {}, "fr"),
        (["tap", "--lang=en"], {"LANG": "fr_FR.UTF-8"}, "en"),
        (["tap", "--lang", "de"], {"LANG": "fr_FR.UTF-8"}, "fr"),
    ],
)
def test_the_language_is_what_is_asked_for_or_that_of_the_environment(
    line: list[str], variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language_of(line) == language


def test_a_language_that_nobody_speaks_here_is_refused() -> None:
    done = run_here("decode", "--lang", "de", "x.json")
    assert done.status == 2
    assert "'de'" in done.errors


def english_in(text: str) -> list[str]:
    """The parts of four words and more of English texts that are in `text`, and of no French text."""
    french = " ".join(map(str, catalogue("fr").templates("").values()))
    found = []
    for template in map(str, catalogue("en").templates("").values()):
        for line in re.sub(r"%(\(\w+\))?[rs]|\{\{|\}\}", "", template).splitlines():
            parts = [part.strip() for part, *_ in string.Formatter().parse(line)]
            found += [part for part in parts if len(part.split()) >= 4 and part in text and part not in french]
    return found


def test_that_english_would_be_found() -> None:
    assert english_in("\n".join(run_here("tap", "--help").lines))


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_in_french_has_no_english(name: str) -> None:
    assert english_in(" ".join(" ".join(run_here(*name.split(), "--help", lang="fr").lines).split())) == []


def test_a_recording_in_french_has_no_english(tmp_path: Path) -> None:
    events = [
        *conversation([(CLIENT, utf("moi") + ints(1, 2)), (SERVER, b"\0\0\0")], 1, ends=False),
        Event(9, 1, "end", CLIENT),
        Event(9, 1, "reset", SERVER, detail="Connection reset by peer"),
        *conversation([(CLIENT, b"\0\2\xff\xff")], 2),
        *conversation([], 3, ends=False),
        Event(9, 3, "refused", SERVER, detail="Connection refused"),
        *conversation([(CLIENT, utf("127.0.0.1") + ints(1, 2)), (SERVER, ints(3, 4))], 4),
    ]
    done = run_here("decode", save(tmp_path / "a.json", events), lang="fr")
    assert done.status == 1
    text = "\n".join(done.lines)
    assert english_in(text) == []
    assert "!!!" in text
    text = text.replace("malformed input around byte 0", "")  # how the JDK says it, in every language
    for word in ("Connection", "byte", " the ", "server "):
        assert word not in text, text


def test_the_doctor_in_french_has_no_english() -> None:
    with Server(adds, one_at_a_time=True) as server:
        words = (f"127.0.0.1:{server.port}", "--protocol", "addition", "--wait", "2")
        lines = run_here("doctor", *words, lang="fr").lines
    lines += run_here("doctor", f"127.0.0.1:{free_port()}", lang="fr").lines
    assert len(lines) == 10
    assert english_in("\n".join(lines)) == []
    assert lines[-1] == catalogue("fr").text("doctor.not-well")


def test_a_tap_speaks_the_language_of_the_environment() -> None:
    words = catalogue("fr")
    with ended(Tap(free_port(), "chat", LANG="fr_FR.UTF-8")) as command:
        assert command.interrupt() == 0
    facts = {"to": "x", "protocol": "chat", "network": "direct", "port": 1, "where": "x"}
    assert command.lines[0].split()[0] == words.text("cli.tap.listening", facts).split()[0]
    assert words.text("cli.totals.none") in command.lines[-1]


def test_json_is_english_whoever_reads_it(tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", conversation([(CLIENT, utf("moi"))]))
    assert run_here("decode", path, "--json", lang="fr").lines == run_here("decode", path, "--json").lines
