"""The verdict: which problem comes first, where several are told, and where each of them is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.problem import Problem
from conformance.agent.recording import Recording
from conformance.decoder import read_conversations
from conformance.judge import ConsoleLine, ProcessResult, Said, Verdict, judge, program_problem
from conformance.judge.consoles import connection_lines
from tests.conformance.building import (
    ADDITION,
    CHAT,
    Part,
    added,
    addition,
    events,
    ints,
    printed,
    program,
    the_console,
    utf,
)

LISTENING = "### Écoute sur le port 8999"
ROUNDS = [(1, 2), (3, 4), (50, 60)]
VALUES = {"host": "127.0.0.1", "port": 8999}


def lines_of(console: str, *rounds: tuple[int, int]) -> list[str]:
    return [line.text for line in connection_lines(the_console(console), added(*rounds), VALUES)]


SERVER_LINES = [LISTENING, *lines_of("simple-server", *ROUNDS), LISTENING]
CLIENT_LINES = lines_of("simple-client", *ROUNDS)


def verdict(
    *,
    parts: Sequence[Part] = addition(*ROUNDS),
    told: Sequence[Event] | None = None,
    server: Sequence[ConsoleLine] = printed(SERVER_LINES),
    client: Sequence[ConsoleLine] = printed(CLIENT_LINES),
    server_status: int | None = None,
    client_status: int | None = 0,
    client_problem: str | None = None,
    judged_by_the_wire_alone: bool = False,
) -> Verdict:
    """Judges a cell in which all is well but for what is given."""
    consoles = (None, None) if judged_by_the_wire_alone else ("simple-server", "simple-client")
    conversations = read_conversations(ADDITION, Recording(events(parts) if told is None else told))
    the_client = program("client", consoles[1], "the-client")
    problem = None if client_problem is None else program_problem(the_client, None, client_problem, seconds=45.0)
    ours = ProcessResult(program("server", consoles[0], "the-server"), server, server_status, 8999)
    theirs = ProcessResult(the_client, client, client_status, 8999, problem)
    return judge(conversations, ours, [theirs], 1)


def codes(found: Verdict) -> list[str]:
    return [problem.code for problem in found.problems]


def of_program(problem: Problem) -> tuple[str, str | None, int | None, dict[str, Any]]:
    """The code, the program, its line, and the other values than whether it is a server or a client."""
    values = {name: value for name, value in problem.values.items() if name != "role"}
    return problem.code, problem.where.program, problem.where.line, values


def test_all_is_well() -> None:
    assert not verdict().problems
    assert not verdict(judged_by_the_wire_alone=True, server=[], client=[]).problems


def test_bytes_that_break_the_protocol_come_before_what_they_led_to() -> None:
    parts = [*addition(*ROUNDS)[:-1], (SERVER, ints(111))]
    found = verdict(parts=parts, client=printed(CLIENT_LINES[:-2], ["Traceback", "oups"]), client_status=1)
    assert codes(found) == ["wrong-value", "ended-with-status"]
    where = found.problems[0].where
    assert (where.connection, where.side, where.offset, where.field, where.round) == (1, SERVER, 8, "sum", 3)


def test_of_several_connections_the_first_that_breaks_is_told_first() -> None:
    wrong = [(CLIENT, utf("::1")), (SERVER, b"\0")]
    late = events(wrong, number=1, began=60.0)
    early = events(wrong, number=2)
    found = verdict(told=sorted([*late, *early], key=lambda event: event.at))
    broken = [problem.where.connection for problem in found.problems if problem.code == "too-many-bytes"]
    assert broken == [2, 1]


def test_a_crash_comes_before_what_is_missing_and_tells_its_reason() -> None:
    errors = ["Traceback (most recent call last):", "  ...", "ZeroDivisionError: oups"]
    found = verdict(parts=addition(*ROUNDS)[:-1], server=printed(SERVER_LINES[:-3], errors), server_status=1)
    assert codes(found) == ["ended-by-itself", "never-sent"]
    line = len(SERVER_LINES[:-3]) + 2
    assert of_program(found.problems[0]) == (
        "ended-by-itself",
        "the-server",
        line,
        {"status": 1, "printed": "ZeroDivisionError: oups"},
    )
    where = found.problems[1].where
    assert (where.side, where.offset, where.field, where.round) == (SERVER, 8, "sum", 3)


def test_a_client_that_reports_failure() -> None:
    [problem] = verdict(client_status=3).problems
    assert of_program(problem) == ("ended-with-status", "the-client", None, {"status": 3})
    assert problem.values["role"] == "client"


def test_standard_error_must_stay_empty() -> None:
    [problem] = verdict(client=printed(CLIENT_LINES, ["attention", "!!!"])).problems
    assert of_program(problem) == (
        "error-line-unexpected",
        "the-client",
        len(CLIENT_LINES),
        {"printed": "attention"},
    )


def test_java_tells_the_reason_in_its_first_line() -> None:
    errors = ['Exception in thread "main" java.lang.IllegalStateException: oups', "\tat SimpleClient.main(A.java:9)"]
    [problem] = verdict(client=printed(CLIENT_LINES[:-1], errors), client_status=1).problems
    assert problem.values["printed"] == errors[0]


def test_a_program_whose_console_is_any_may_print_what_it_likes_but_not_fail() -> None:
    anything = printed(["DEBUG"], ["attention"])
    assert not verdict(judged_by_the_wire_alone=True, server=anything, client=anything).problems
    found = verdict(judged_by_the_wire_alone=True, client_status=2, client=printed([], ["oups"]))
    assert [of_program(problem) for problem in found.problems] == [
        ("ended-with-status", "the-client", 0, {"status": 2, "printed": "oups"})
    ]


def test_a_client_that_hangs() -> None:
    found = verdict(client_problem="still-running", client_status=None)
    assert [of_program(problem) for problem in found.problems] == [
        ("still-running", "the-client", None, {"seconds": 45.0})
    ]


def test_a_line_without_its_end() -> None:
    lines = [*printed(CLIENT_LINES[:-1]), ConsoleLine(9.0, "out", CLIENT_LINES[-1], whole=False)]
    [problem] = verdict(client=lines).problems
    assert of_program(problem) == (
        "ends-inside-line",
        "the-client",
        len(lines) - 1,
        {"got": "### Connexion terminée."},
    )


def test_a_client_that_asks_less_often_than_its_console_says() -> None:
    [problem] = verdict(parts=addition((1, 2)), client=[], server=[]).problems
    assert (problem.code, problem.values) == ("wrong-rounds", {"wanted": 3, "asked": 1})
    assert (problem.where.connection, problem.where.side, problem.where.offset) == (1, CLIENT, 11 + 8)


def test_a_client_that_asks_too_often() -> None:
    [problem] = verdict(parts=addition(*ROUNDS, (7, 8)), client=[], server=[]).problems
    assert (problem.code, problem.values) == ("wrong-rounds", {"wanted": 3, "asked": 4})
    where = problem.where
    assert (where.side, where.offset, where.field, where.round) == (CLIENT, 11 + 3 * 8, "first", 4)


def test_connections_are_counted() -> None:
    [problem] = verdict(told=[]).problems
    assert (problem.code, problem.values) == ("wrong-connections", {"wanted": 1, "made": 0})
    two = [*events(addition(*ROUNDS)), *events(addition(*ROUNDS), number=2)]
    [problem] = verdict(told=two).problems
    assert (problem.code, problem.where.connection) == ("wrong-connections", 2)


def test_a_server_that_refuses() -> None:
    refused = [Event(0.0, 1, "opened", CLIENT), Event(0.1, 1, "refused", SERVER, detail="Connection refused")]
    problem = verdict(told=refused, client=[], server=[]).problems[0]
    assert (problem.code, problem.where.connection) == ("refused", 1)
    assert problem.values == {"reason": "Connection refused"}


def test_each_console_is_held_against_the_wire() -> None:
    lost = [line for line in CLIENT_LINES if line != "### Connexion établie."]
    [problem] = verdict(client=printed(lost)).problems
    assert of_program(problem) == (
        "line-differs",
        "the-client",
        1,
        {"number": 2, "expected": "### Connexion établie.", "got": "<-- Envoi nombre 1 : 1"},
    )
    wrong = [line.replace("retournée : 7", "retournée : 8") for line in SERVER_LINES]
    [problem] = verdict(server=printed(wrong)).problems
    assert (problem.code, problem.where.program, problem.where.line) == ("line-differs", "the-server", 9)
    assert (problem.where.side, problem.where.offset, problem.where.round) == (SERVER, 4, 2)
    assert problem.values["role"] == "server"


def test_a_line_is_counted_among_all_lines_and_numbered_on_standard_output() -> None:
    """A program whose standard error is not empty has other problems; the place is right all the same."""
    mixed = [ConsoleLine(0.0, "err", " "), *printed(CLIENT_LINES)]
    mixed[3] = dataclasses.replace(mixed[3], text="<-- Envoi nombre 1 : 9")
    [problem] = verdict(client=mixed).problems
    assert (problem.where.line, problem.values["number"]) == (3, 3)
    assert problem.at == mixed[3].at


def test_a_number_of_another_port_is_seen() -> None:
    other = dataclasses.replace(printed([LISTENING])[0], text="### Écoute sur le port 80")
    found = verdict(server=[other, *printed(SERVER_LINES)[1:]])
    assert [(problem.code, problem.where.line) for problem in found.problems] == [("line-differs", 0)]


# A chat --------------------------------------------------------------------------------------------------------------


def chat(*, heard: str = "--> alice : bonjour", room: str = "--> Message de alice : bonjour") -> Verdict:
    """alice says one thing, and bob says another and hears hers; each is told on the consoles by what is given."""
    both = frozenset({"alice", "bob"})
    said = [Said(0, "alice", "bonjour", both), Said(1, "bob", "salut", both)]
    messages = [utf(message.author) + utf(message.text) for message in said]
    told = [
        *events([(CLIENT, utf("127.0.0.1")), (CLIENT, messages[0]), *((SERVER, each) for each in messages)]),
        *events([(CLIENT, utf("127.0.0.1")), (CLIENT, messages[1]), *((SERVER, each) for each in messages)], number=2),
    ]
    conversations = read_conversations(CHAT, Recording(told))
    connected = ["### Tentative de connexion à 127.0.0.1:8999...", "### Connexion établie."]
    ended = ["### Fermeture connexion...", "### Connexion terminée."]
    client = program("client", "chat-client", "a-chat", "chat")
    clients = [
        ProcessResult(client, printed([*connected, "--> bob : salut", *ended]), 0, 8999, member="alice"),
        ProcessResult(client, printed([*connected, heard, *ended]), 0, 8999, member="bob"),
    ]
    ids = [
        line
        for id_ in (1, 2)
        for line in (
            f"### Connexion établie (id client : {id_}).",
            "--> Adresse du client : 127.0.0.1",
            f"### Le client {id_} est déconnecté",
        )
    ]
    diffused = "<-- Message diffusé à 2 clients"
    lines = [*[LISTENING] * 3, *ids, room, diffused, "--> Message de bob : salut", diffused]
    server = ProcessResult(program("server", "chat-server", "the-chat", "chat"), printed(lines), None, 8999)
    return judge(conversations, server, clients, 2, said)


def test_a_chat_in_which_all_is_well() -> None:
    assert not chat().problems


def test_a_member_that_shows_another_message_than_it_received() -> None:
    [problem] = chat(heard="--> alice : bonsoir").problems
    assert (problem.code, problem.where.program, problem.where.line) == ("line-differs", "a-chat (bob)", 2)
    where = problem.where
    assert (where.connection, where.side, where.offset, where.field) == (2, SERVER, len(utf("alice")), "text")


def test_a_server_that_tells_another_message_than_was_posted() -> None:
    [problem] = chat(room="--> Message de eve : bonjour").problems
    assert (problem.code, problem.where.program, problem.where.line) == ("line-differs", "the-chat", 9)
    where = problem.where
    assert (where.connection, where.side, where.field) == (1, CLIENT, "text")
