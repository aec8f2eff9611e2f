"""What the page marks is what the verdict says: the place of the first problem."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from conformance.agent.events import CLIENT, SERVER, Side
from conformance.agent.problem import Problem, Where
from conformance.agent.recording import Recording
from conformance.decoder import Conversation, read_conversations
from conformance.judge import (
    Divergence,
    LineMark,
    LinePlace,
    ProcessResult,
    WireMark,
    correlate,
    find_divergence,
    judge,
)
from conformance.judge.consoles import connection_lines
from conformance.model import Protocol
from conformance.model.yaml_file import validate
from tests.conformance.building import ADDITION, Part, added, addition, events, printed, program, read, the_console

LISTENING = "### Écoute sur le port 8999"
VALUES = {"host": "127.0.0.1", "port": 8999}


def protocol(*session: dict[str, Any]) -> Protocol:
    content = {"protocol": "made-up", "about": "made up", "port": 8999, "session": list(session)}
    return validate(Protocol, content, Path(__file__), "protocol")


ECHO = protocol(
    {"from": "client", "field": "size", "type": "int"},
    {"from": "client", "field": "content", "type": "bytes", "size": "size"},
    {"from": "server", "field": "copy", "type": "bytes", "size": "size", "equals": "content"},
)
SUM = protocol(
    {"from": "client", "field": "first", "type": "int"},
    {"from": "server", "field": "next", "type": "int", "equals": "first + 1"},
)


def lines_of(console: str, conversation: Conversation) -> list[str]:
    return [line.text for line in connection_lines(the_console(console), conversation, VALUES)]


def divergence(*results: ProcessResult, conversations: Sequence[Conversation]) -> tuple[Problem, Divergence | None]:
    """The first problem of the verdict, and what is marked of it."""
    server, *clients = results
    problems = judge(conversations, server, clients, len(conversations)).problems
    correlated = [correlate(result, conversations) for result in results]
    return problems[0], find_divergence(problems, conversations, results, correlated)


def wire_mark(*conversations: Conversation) -> WireMark:
    """The mark where the bytes alone are looked at."""
    problems = [problem for conversation in conversations for problem in conversation.problems]
    found = find_divergence(problems, conversations, [], [])
    assert found is not None
    assert found.wire is not None
    return found.wire


def test_a_line_of_the_client_is_marked_that_is_blamed_and_no_right_line_of_the_server() -> None:
    """The server served the second connection before the first, which is its right; one client printed 1 + 2 = 4."""
    told = [*events(addition((1, 2))), *events(addition((4, 5)), number=2, began=0.5)]
    conversations = read_conversations(ADDITION, Recording(sorted(told, key=lambda event: event.at)))
    first, second = (lines_of("simple-server", conversation) for conversation in conversations)
    server = ProcessResult(
        program("server", "simple-server"), printed([LISTENING, *second, LISTENING, *first, LISTENING]), None, 8999
    )
    asked = [line for conversation in conversations for line in lines_of("multithreaded-clients", conversation)]
    wrong = [line.replace("1 + 2 = 3", "1 + 2 = 4") for line in asked]
    client = ProcessResult(program("client", "multithreaded-clients"), printed(wrong), 0, 8999)
    problem, found = divergence(server, client, conversations=conversations)
    line = wrong.index("--> Réponse serveur : 1 + 2 = 4")
    assert (problem.code, problem.where.line, problem.values["role"]) == ("line-not-on-wire", line, "client")
    assert found is not None
    assert found.lines[0] == LineMark(1, line, "--> Réponse serveur : 1 + 2 = 3")
    # Beside it stands the field, and the line of the server that tells of the same field, rightly.
    assert found.wire is not None
    assert (found.wire.connection, found.wire.field, found.wire.value) == (1, "sum", 3)
    assert found.lines[1:] == (LineMark(0, 1 + len(second) + 1 + first.index("<-- Somme retournée : 3")),)


def test_wrong_bytes_are_marked_with_the_lines_about_them() -> None:
    parts: list[Part] = [*addition((1, 2))[:-1], (SERVER, b"\0\0\0\4")]
    conversation = read(ADDITION, *parts)
    server = ProcessResult(program("server", "simple-server"), printed(["<-- Somme retournée : 4"]), None, 8999)
    client = ProcessResult(program("client", "simple-client"), printed(["oui", "--> Réponse serveur : 4"]), 0, 8999)
    problem, found = divergence(server, client, conversations=[conversation])
    assert problem.code == "wrong-value"
    assert found is not None
    assert found.wire == WireMark(1, SERVER, 0, b"\0\0\0\4", 4.0, "sum", "int", 4, 3, b"\0\0\0\3")
    assert found.lines == (LineMark(0, 0), LineMark(1, 1))
    assert found.at == 4.0


def test_server_and_client_of_one_name_are_told_apart() -> None:
    conversation = added((1, 2))
    server = ProcessResult(
        program("server", "simple-server", "both"),
        printed([LISTENING, *lines_of("simple-server", conversation)]),
        None,
        1,
    )
    client = ProcessResult(program("client", None, "both"), printed(["bonjour"], ["oups", "plus de mémoire"]), 4, 8999)
    problem, found = divergence(server, client, conversations=[conversation])
    assert problem.code == "ended-with-status"
    assert found is not None
    assert (found.wire, found.lines) == (None, (LineMark(1, 1),))


def test_what_has_no_place_marks_nothing() -> None:
    conversation = added((1, 2))
    server = ProcessResult(program("server", None), printed([]), None, 8999)
    client = ProcessResult(program("client", None), printed(["bonjour"]), 3, 8999)
    assert divergence(server, client, conversations=[conversation])[1] is None
    assert find_divergence([Problem("harness-failed")], [], [], []) is None
    assert find_divergence([], [], [], []) is None


def test_what_never_came_is_marked_where_it_is_due() -> None:
    mark = wire_mark(read(ADDITION, *addition((1, 2))[:-1]))
    assert (mark.side, mark.offset, mark.raw, mark.field) == (SERVER, 0, b"", "sum")
    assert (mark.expected, mark.expected_raw) == (3, b"\0\0\0\3")


def test_bytes_that_are_too_many_are_no_field() -> None:
    mark = wire_mark(read(SUM, (CLIENT, b"\0\0\0\1"), (SERVER, b"\0\0\0\2\7\7")))
    assert (mark.side, mark.offset, mark.raw, mark.field) == (SERVER, 4, b"\7\7", None)


def test_bytes_are_placed_by_the_first_that_differs() -> None:
    content = bytes(range(200))
    wrong = content[:150] + b"\xff" + content[151:]
    mark = wire_mark(read(ECHO, (CLIENT, (200).to_bytes(4, "big")), (CLIENT, content), (SERVER, wrong)))
    assert (mark.field, mark.type, mark.expected, mark.expected_raw) == ("copy", "bytes", content, content)
    assert mark.differs == 150


def test_what_the_type_cannot_hold_has_no_bytes() -> None:
    mark = wire_mark(read(SUM, (CLIENT, bytes.fromhex("7FFFFFFF")), (SERVER, bytes.fromhex("80000000"))))
    assert (mark.value, mark.expected, mark.expected_raw) == (-(2**31), 2**31, None)
    assert mark.differs == 0


@pytest.mark.parametrize(("raw", "right", "count"), [("0102", "0102", 2), ("0102", "0103", 1), ("01", "0103", 1)])
def test_how_many_bytes_are_right_before_the_first_that_is_not(raw: str, right: str, count: int) -> None:
    mark = WireMark(1, SERVER, 0, bytes.fromhex(raw), 0.0, expected=0, expected_raw=bytes.fromhex(right))
    assert mark.differs == count


# A case, whose other side does wrong on purpose ----------------------------------------------------------------------


def of_a_case(problem: Problem, only: Side = SERVER) -> Divergence | None:
    """What is marked of a case against a server that answered wrong, where the harness sent no address."""
    parts: list[Part] = [(CLIENT, b"\0\1x" + bytes(8)), (SERVER, b"\0\0\0\5")]
    conversation = read(ADDITION, *parts)
    assert [each.where.side for each in conversation.problems] == [CLIENT, SERVER]
    result = ProcessResult(program(only, None, "theirs"), printed(["bonjour", "au revoir"]), None, 0)
    places: list[Mapping[int, LinePlace]] = [{}]
    return find_divergence([problem], [conversation], [result], places, only)


def test_the_place_of_a_case_is_that_of_its_problem() -> None:
    found = of_a_case(Problem("nothing-came", Where(connection=1, side=SERVER, offset=4), at=9.0))
    assert found is not None
    assert found.wire == WireMark(1, SERVER, 4, b"", 9.0)
    found = of_a_case(Problem("crashed", Where(program="theirs", line=1)))
    assert found is not None
    assert (found.wire, found.lines) == (None, (LineMark(0, 1),))


def test_a_problem_without_a_place_is_marked_where_the_bytes_of_that_side_are_wrong() -> None:
    found = of_a_case(Problem("nobody-types"))
    assert found is not None
    assert found.wire is not None
    assert (found.wire.side, found.wire.field, found.wire.expected) == (SERVER, "sum", 0)
    assert math.isclose(found.at, 2.0)
