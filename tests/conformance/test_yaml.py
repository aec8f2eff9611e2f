"""A mistake in any YAML file is one clear sentence, with the file and the key."""

from __future__ import annotations

import shutil
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from conformance.agent.expressions import names_in, parse_expression
from conformance.model import YamlError, load_matrix, load_registry
from conformance.model.registry import SPEC

RIGHT = """
servers:
  mine: {protocol: addition, console: simple-server, command: [serveur, "{port}"]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of programs that is yet to be written."""
    return tmp_path / "mine.yaml"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the harness's own files, to make mistakes in."""
    shutil.copytree(SPEC, tmp_path / "home", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return tmp_path / "home"


def sentence(load: Callable[[], object], file: Path) -> str:
    """What the error says behind the file's name; it must be one line that begins with it."""
    with pytest.raises(YamlError) as caught:
        load()
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(str(file))
    return text.removeprefix(str(file)).removeprefix(": ")


def test_the_files_of_the_harness_are_right() -> None:
    registry = load_registry()
    assert "java-SimpleServer" in [program.name for program in registry.servers]
    usual = [name for name, network in registry.networks.items() if network.usual]
    assert usual == ["direct", "byte-by-byte", "coalesced", "slow", "rough"]


def test_a_users_program_stands_behind_the_others(file: Path) -> None:
    file.write_text(RIGHT, encoding="utf-8")
    mine = load_registry([file]).servers[-1]
    assert (mine.name, mine.role, mine.file) == ("mine", "server", file)
    assert mine.command({"port": "8999"}) == ("serveur", "8999")
    assert not mine.fixed_port


MISTAKES = {
    "servers: {mine: {protocol: addition, console: any, comand: [x]}}": (
        "servers.mine: unknown key 'comand'; did you mean 'command'?"
    ),
    "servers: {mine: {protocol: addition, console: any, zzz: 1}}": (
        "servers.mine: unknown key 'zzz'; known are build, command, connections, console, folder, image, language, "
        "protocol"
    ),
    "server: {}": "unknown key 'server'; did you mean 'servers'?",
    "zzz: {}": "unknown key 'zzz'; known are servers, clients, protocols, consoles, cases",
    "servers: {mine: {protocol: addition, command: [x]}}": "servers.mine.console: is missing",
    "servers: {mine: {console: any, command: [x]}}": "servers.mine.protocol: is missing",
    "servers: {mine: {protocol: addition, console: any}}": "servers.mine: needs an `image` or a `command`",
    "servers: {mine: {protocol: addition, console: any, command: x y}}": (
        "servers.mine.command: must be a list, got 'x y'"
    ),
    "servers: {mine: {protocol: addition, console: any, command: [x, 8999]}}": (
        "servers.mine.command.1: must be a valid string, got 8999"
    ),
    "servers: {mine: {protocol: addition, console: any, command: [x], connections: 0}}": (
        "servers.mine.connections: must be greater than or equal to 1, got 0"
    ),
    "servers: {mine: {protocol: addition, console: any, command: [x], language: c, folder: .}}": (
        "servers.mine.language: no such language: 'c'; known are java, python"
    ),
    "servers: {mine: }": "servers.mine: must be a mapping of keys to values, got None",
    "servers: [mine]": "servers: must be a mapping of names to programs, got ['mine']",
    "": "must have programs under `servers` or `clients`, got None",
    "- servers": "must have programs under `servers` or `clients`, got ['servers']",
    "servers: {a: {}, b: {}, a: {}}": ", line 1: key 'a' stands twice",
    "servers:\n  a: {}\nservers:\n  b: {}": ", line 3: key 'servers' stands twice",
    "servers: {[1]: {}}": ", line 1: a key is no list",
    "servers: {mine": ", line 2: is not YAML: did not find expected ',' or '}'",
    "servers:\n\t- x": ", line 2: is not YAML: found character that cannot start any token ('\\t', column 1)",
    "servers: !!python/object:os.system {}": (
        ", line 1: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object:os.system'"
    ),
    "servers: \0": "is not YAML: control characters are not allowed (character 9)",
    "servers: {mine: {protocol: adition, console: any, command: [x]}}": (
        "servers.mine.protocol: no such protocol: 'adition'; known are addition, chat"
    ),
    "servers: {mine: {protocol: addition, console: simpel-server, command: [x]}}": (
        "servers.mine.console: no such console of a server: 'simpel-server'; "
        "known are simple-server, multithreaded-server, chat-server, any"
    ),
    "servers: {mine: {protocol: addition, console: simple-client, command: [x]}}": (
        "servers.mine.console: no such console of a server: 'simple-client'; "
        "known are simple-server, multithreaded-server, chat-server, any"
    ),
    "servers: {mine: {protocol: chat, console: simple-server, command: [x]}}": (
        "servers.mine.console: 'simple-server' has lines after client.first, and the protocol 'chat' has no such field"
    ),
    'servers: {mine: {protocol: addition, console: any, command: [x, "{prot}"]}}': (
        "servers.mine.command: no such placeholder: {prot}; known are host, port, clients, author, build, folder"
    ),
    "servers: {mine: {protocol: addition, console: any, image: x, folder: .}}": (
        "servers.mine: `image` stands alone: language, folder and build belong to a program that is mounted"
    ),
    "servers: {mine: {protocol: addition, console: any, command: [x], folder: .}}": (
        "servers.mine: a `folder` needs the `language` of its sources"
    ),
    "servers: {mine: {protocol: addition, console: any, command: [x], language: java, build: [javac]}}": (
        "servers.mine: `build` needs the `folder` that it builds"
    ),
    "servers: {../up: {protocol: addition, console: any, command: [x]}}": (
        "servers.../up: a name has letters, digits and . _ + - only: it names files and selects tests"
    ),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_a_file_of_programs(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert sentence(lambda: load_registry([file]), file) == MISTAKES[text]


_DEEP = "[" * 5_000 + "]" * 5_000
_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefgh")
)
TOO_MUCH = {
    "many bytes": ("servers: {}\n#" + "x" * (1 << 20), ": must have"),
    "a bomb of aliases": (_BOMB, ", line 6:"),
    "an alias of itself": ("servers: &s {mine: *s}", ", line 1:"),
    "many values": ("servers: [" + "1, " * 200_000 + "]", ", line 1:"),
    "many keys": ("".join(f"{key}: 1\n" for key in range(60_000)), ", line 50000:"),
    "deep lists": (f"servers: {_DEEP}", ", line 1:"),
    "a deep mapping": ("\n".join(f"{' ' * depth}k:" for depth in range(200)), ", line 5"),
    "a number to the base 60": ("servers: 1" + ":59" * 100_000, ", line 1:"),
    "a long name": (f"servers: {{{'n' * 300}: {{protocol: addition, console: any, command: [x]}}}}", ": servers.nnn"),
    "NUL in a command": (
        'servers: {mine: {protocol: addition, console: any, command: ["x\\0"]}}',
        ": servers.mine.command:",
    ),
}


@pytest.mark.parametrize(("text", "where"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_a_file_of_programs_is_bounded(file: Path, text: str, where: str) -> None:
    file.write_text(text, encoding="utf-8")
    tracemalloc.start()
    try:
        said = sentence(lambda: load_registry([file]), file)
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()
    assert f"{where}"[2:] in f": {said}"
    assert len(said) < 400


@pytest.mark.parametrize(
    "text", ["-" * 5_000 + "1", "*".join(["first"] * 3_000), "(" * 80 + "1" + ")" * 80 + "\0", "+".join("1" * 99)]
)
def test_an_expression_is_bounded(file: Path, text: str) -> None:
    with pytest.raises(ValueError, match="expression"):
        parse_expression(text)
    with pytest.raises(ValueError, match="expression"):
        names_in(text)


def test_a_folder_that_is_not_there(file: Path) -> None:
    file.write_text(
        "servers: {mine: {protocol: addition, console: any, command: [x], language: java, folder: nulle-part}}",
        encoding="utf-8",
    )
    assert sentence(lambda: load_registry([file]), file) == (
        f"servers.mine.folder: no such folder: {file.parent / 'nulle-part'}"
    )


def test_a_file_that_is_not_there(file: Path) -> None:
    assert sentence(lambda: load_registry([file]), file) == "cannot be read: No such file or directory"


def test_a_file_that_is_no_text(file: Path) -> None:
    file.write_bytes("servers: {été: ".encode("latin-1"))
    assert sentence(lambda: load_registry([file]), file) == "is not UTF-8 text (byte 10)"


def test_a_name_that_is_taken(file: Path) -> None:
    file.write_text(RIGHT.replace("mine", "python-simple"), encoding="utf-8")
    assert sentence(lambda: load_registry([file]), file) == (
        f"servers.python-simple: the name is taken, by {SPEC / 'programs.yaml'}"
    )


def test_the_same_file_twice_is_that_file(file: Path) -> None:
    file.write_text(RIGHT, encoding="utf-8")
    names = [program.name for program in load_registry([file, file.parent / "." / file.name]).servers]
    assert names.count("mine") == 1


def test_a_server_and_a_client_may_have_one_name(file: Path) -> None:
    client = "clients: {mine: {protocol: addition, console: any, command: [x]}}"
    file.write_text(RIGHT + client, encoding="utf-8")
    assert [program.name for program in load_registry([file]).clients][-1] == "mine"


def test_one_entry_may_be_made_from_another(file: Path) -> None:
    file.write_text(
        "servers:\n"
        "  one: &one {protocol: addition, console: any, command: [x]}\n"
        "  two: {<<: *one, console: simple-server}\n",
        encoding="utf-8",
    )
    assert [program.entry.console for program in load_registry([file]).servers[-2:]] == ["any", "simple-server"]


# What a file brings along: protocols, consoles, cases ----------------------------------------------------------------

PROTOCOL = """
protocol: double
about: the client sends a number, the server twice that number
port: 7000
session:
  - {from: client, field: number, type: long}
  - {from: server, field: twice, type: long, equals: number * 2}
"""
CONSOLE = """
doubler:
  role: server
  order: interleaved
  listening: "### {port}"
  after: {client.number: ["{number}"]}
"""
BROUGHT = """
protocols: [double.yaml]
consoles: [its]
cases: [its/cases/server.yaml]
servers:
  mine: {protocol: double, console: doubler, command: [serveur, "{port}"]}
"""


@pytest.fixture
def exercise(file: Path) -> Path:
    """A file of programs with a protocol, a console and cases of its own."""
    (file.parent / "its" / "cases").mkdir(parents=True)
    (file.parent / "double.yaml").write_text(PROTOCOL, encoding="utf-8")
    (file.parent / "its" / "lines.yaml").write_text(CONSOLE, encoding="utf-8")
    (file.parent / "its" / "cases" / "server.yaml").write_text(
        "{protocol: double, against: server, cases: []}", encoding="utf-8"
    )
    file.write_text(BROUGHT, encoding="utf-8")
    return file


def test_a_file_may_bring_its_protocol_its_consoles_and_its_cases(exercise: Path) -> None:
    registry = load_registry([exercise])
    assert list(registry.protocols) == ["addition", "chat", "double"]
    assert registry.servers[-1].console == registry.consoles["doubler"]
    assert registry.cases[-1] == exercise.parent / "its" / "cases" / "server.yaml"


def test_two_files_may_bring_the_same(exercise: Path) -> None:
    other = exercise.with_name("other.yaml")
    other.write_text(BROUGHT.replace("mine:", "other:"), encoding="utf-8")
    registry = load_registry([exercise, other])
    assert [program.name for program in registry.servers[-2:]] == ["mine", "other"]
    assert len(set(registry.cases)) == len(registry.cases)


def test_another_file_may_use_what_it_brings(exercise: Path) -> None:
    other = exercise.with_name("other.yaml")
    other.write_text("servers: {other: {protocol: double, console: doubler, command: [x]}}\n", encoding="utf-8")
    assert {program.name for program in load_registry([other, exercise]).servers} >= {"mine", "other"}


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("[double.yaml]", "double.yaml", "protocols: must be a list, got 'double.yaml'"),
        ("[double.yaml]", "[7]", "protocols.0: must be a valid string, got 7"),
        ("[double.yaml]", "[dubble.yaml]", "protocols.0: no such file or folder: {folder}/dubble.yaml"),
        ("[its]", "[its, ../nulle-part]", "consoles.1: no such file or folder: {parent}/nulle-part"),
        ("[its]", "[empty]", "consoles.0: there is no YAML file in the folder {folder}/empty"),
        ("protocols:", "protocol:", "unknown key 'protocol'; did you mean 'protocols'?"),
        ("console: doubler", "console: dubbler", "servers.mine.console: no such console of a server: 'dubbler'; "
         "known are simple-server, multithreaded-server, chat-server, doubler, any"),
        ("protocol: double", "protocol: dubble", "servers.mine.protocol: no such protocol: 'dubble'; "
         "known are addition, chat, double"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_a_file_brings(exercise: Path, right: str, wrong: str, expected: str) -> None:
    (exercise.parent / "empty").mkdir()
    exercise.write_text(BROUGHT.replace(right, wrong), encoding="utf-8")
    folder = exercise.parent
    wanted = expected.format(folder=folder, parent=folder.parent)
    assert sentence(lambda: load_registry([exercise]), exercise) == wanted


def test_a_protocol_of_a_name_that_is_taken(exercise: Path) -> None:
    path = exercise.parent / "double.yaml"
    path.write_text(PROTOCOL.replace("double", "chat"), encoding="utf-8")
    assert sentence(lambda: load_registry([exercise]), path) == (
        f"there is a protocol of the name 'chat' already, in {SPEC / 'protocols' / 'chat.yaml'}"
    )


def test_a_console_of_a_name_that_is_taken(exercise: Path) -> None:
    path = exercise.parent / "its" / "lines.yaml"
    path.write_text(CONSOLE.replace("doubler", "chat-server"), encoding="utf-8")
    assert sentence(lambda: load_registry([exercise]), path) == (
        f"there is a console of the name 'chat-server' already, in {SPEC / 'consoles' / 'chat.yaml'}"
    )


def test_a_mistake_in_a_protocol_that_is_brought_is_told_of_its_own_file(exercise: Path) -> None:
    path = exercise.parent / "double.yaml"
    path.write_text(PROTOCOL.replace("number * 2", "nummer * 2"), encoding="utf-8")
    assert sentence(lambda: load_registry([exercise]), path) == (
        "`twice` is computed from 'nummer', and no field before it has that name"
    )


def test_the_matrix_is_made_of_the_files_that_its_own_file_lists(home: Path, exercise: Path) -> None:
    path = home / "matrix.yaml"
    path.write_text("programs: [programs.yaml, ../mine.yaml]", encoding="utf-8")
    assert load_matrix(home=home).servers[-1].name == "mine"
    assert load_matrix([exercise], home).servers == load_matrix(home=home).servers
    assert "double" not in load_registry(home=home).protocols


def test_a_mistake_in_the_file_of_the_matrix(home: Path) -> None:
    path = home / "matrix.yaml"
    path.write_text("programs: [programs.yaml, nulle-part.yaml]", encoding="utf-8")
    assert sentence(lambda: load_matrix(home=home), path) == (
        f"programs.1: no such file or folder: {home / 'nulle-part.yaml'}"
    )
    path.write_text("progams: [programs.yaml]", encoding="utf-8")
    assert sentence(lambda: load_matrix(home=home), path) == "unknown key 'progams'; did you mean 'programs'?"


# The harness's own files: protocols, consoles, networks, scenarios ---------------------------------------------------


OWN_MISTAKES = [
    ("protocols/addition.yaml", "field: second, type: int", "feild: second, type: int", "session.1.repeat.1: "
     "unknown key 'feild'; did you mean 'field'?"),
    ("protocols/addition.yaml", "field: second, type: int", "type: int", "session.1.repeat.1.field: is missing"),
    ("protocols/addition.yaml", "field: second, type: int", "field: second, type: integer",
     "session.1.repeat.1.type: no such type on the wire: 'integer'; known are boolean, byte, unsignedByte, short, "
     "unsignedShort, char, int, long, float, double, UTF, bytes"),
    ("protocols/addition.yaml", "from: server", "from: serveur", "session.1.repeat.2.from: must be 'client' or "
     "'server', got 'serveur'"),
    ("protocols/addition.yaml", "int32(first + second)", "int32(first +)",
     "session.1.repeat.2.equals: not an expression: 'int32(first +)'"),
    ("protocols/addition.yaml", "int32(first + second)", "int32(first + third)",
     "`sum` is computed from 'third', and no field before it has that name"),
    ("protocols/addition.yaml", "port: 8999", "port: 89990", "port: must be less than or equal to 65535, got 89990"),
    ("protocols/addition.yaml", "protocol: addition", "protocol: ../up",
     "protocol: a name has letters, digits and . _ + - only: it names files and selects tests"),
    ("protocols/addition.yaml", "port: 8999", "prot: 8999", "unknown key 'prot'; did you mean 'port'?"),
    ("protocols/addition.yaml", "- repeat:", "- repeat: []\n  - repeat:",
     "session.1: what is repeated must begin with a field: it tells whether there is one round more"),
    ("protocols/chat.yaml", "broadcast: [author, text]", "broadcast: [author, texte]",
     "session.1: broadcast: the client sends no 'texte'; known are author, text"),
    ("protocols/chat.yaml", "from: server, field: text", "from: client, field: text",
     "session.1.both ways: `text` is from the client, and stands under `server`"),
    ("consoles/addition.yaml", "role: server", "rôle: server", "simple-server: unknown key 'rôle'; did you mean "
     "'role'?"),
    ("consoles/addition.yaml", "connections: 1", "connections: some",
     "simple-client.connections: must be a valid integer, got 'some'"),
    ("consoles/chat.yaml", '  listening: "### Écoute sur le port {port}"\n', "",
     "chat-server: a server's console needs the line that says it listens, under `listening`"),
    ("networks.yaml", "hold_ms: 10", "hold_ms: -1", "coalesced.hold_ms: must be greater than or equal to 0, got -1"),
    ("networks.yaml", "hold_ms: 10", "hold: 10", "coalesced: unknown key 'hold'; did you mean 'hold_ms'?"),
    ("scenarios/chat.yaml", "- join: [dora]", "- jion: [dora]",
     "steps.5: a step must be one of join, say, leave, got {'jion': ['dora']}"),
    ("scenarios/chat.yaml", "- join: [dora]", "- join: [emil]", "step 6: 'emil' is no member"),
    ("scenarios/chat.yaml", "- join: [dora]", "- join: [bob]", "step 6: 'bob' has joined before, and a member joins "
     "once"),
    ("scenarios/chat.yaml", "- leave: [alice]", "- leave: [bob]", "step 11: 'bob' is not present then"),
    ("scenarios/chat.yaml", "  - leave: [alice]\n", "", "at the end all must have left, and alice did not"),
    ("scenarios/chat.yaml", "plus personne", "j'arrive en retard",
     "steps: a text may be said once, so that it is known again: \"j'arrive en retard\""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "wrong", "expected"), OWN_MISTAKES)
def test_a_mistake_in_a_file_of_the_harness(home: Path, name: str, right: str, wrong: str, expected: str) -> None:
    path = home / name
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    assert sentence(lambda: load_registry(home=home), path) == expected


def test_a_member_who_is_silent(home: Path) -> None:
    path = home / "scenarios" / "chat.yaml"
    path.write_text(
        "scenario: chat\nmembers: [alice, bob]\nsteps: [join: [alice, bob], say: {alice: a}, leave: [alice, bob]]",
        encoding="utf-8",
    )
    assert sentence(lambda: load_registry(home=home), path) == (
        "'bob' says nothing, and the wire tells by its messages whose a connection is"
    )
