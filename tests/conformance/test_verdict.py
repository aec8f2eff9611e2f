"""The verdict: which sentence comes first, where several accounts have something to say."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.recording import Recording
from conformance.judge import Account, Evidence, Verdict, judge
from conformance.judge.console_line import ConsoleLine
from conformance.judge.consoles import connection_lines
from tests.conformance.building import ADDITION, Part, added, addition, events, ints, printed, program, the_console, utf

LISTENING = "### Écoute sur le port 8999"
ROUNDS = [(1, 2), (3, 4), (50, 60)]
SERVER_LINES = [LISTENING, *connection_lines(the_console("simple-server"), added(*ROUNDS), {}), LISTENING]
CLIENT_LINES = connection_lines(the_console("simple-client"), added(*ROUNDS), {"host": "127.0.0.1", "port": 8999})


def verdict(
    *,
    parts: Sequence[Part] = addition(*ROUNDS),
    told: Sequence[Event] | None = None,
    server: Sequence[ConsoleLine] = printed(SERVER_LINES),
    client: Sequence[ConsoleLine] = printed(CLIENT_LINES),
    server_status: int | None = None,
    client_status: int | None = 0,
    client_trouble: str | None = None,
    judged_by_the_wire_alone: bool = False,
) -> Verdict:
    """Judges a cell in which all is well but for what is given."""
    consoles = (None, None) if judged_by_the_wire_alone else ("simple-server", "simple-client")
    recording = Recording(events(parts) if told is None else told)
    ours = Account(program("server", consoles[0], "the-server"), server, server_status, 8999)
    theirs = Account(program("client", consoles[1], "the-client"), client, client_status, 8999, client_trouble)
    return judge(Evidence(ADDITION, recording, ours, [theirs], 1))


def test_all_is_well() -> None:
    assert verdict().passed
    assert verdict(judged_by_the_wire_alone=True, server=[], client=[]).passed


def test_bytes_that_break_the_protocol_come_before_what_they_led_to() -> None:
    parts = [*addition(*ROUNDS)[:-1], (SERVER, ints(111))]
    found = verdict(parts=parts, client=printed(CLIENT_LINES[:-2], ["Traceback", "oups"]), client_status=1)
    assert found.problems[0].startswith("the server's `sum` of round 3 must be int32(first + second) = 110, and it ")


def test_a_crash_comes_before_what_is_missing_and_tells_its_reason() -> None:
    found = verdict(
        parts=addition(*ROUNDS)[:-1],
        server=printed(SERVER_LINES[:-3], ["Traceback (most recent call last):", "  ...", "ZeroDivisionError: oups"]),
        server_status=1,
    )
    assert found.problems[:2] == [
        "the server the-server ended with status 1, and a server runs until it is stopped; "
        "on standard error it printed 'ZeroDivisionError: oups'",
        "the server never sent int `sum` of round 3, which must be int32(first + second) = 110",
    ]


def test_a_client_that_reports_failure() -> None:
    assert verdict(client_status=3).problems == ["the client the-client ended with status 3"]


def test_standard_error_must_stay_empty() -> None:
    assert verdict(client=printed(CLIENT_LINES, ["attention", "!!!"])).problems == [
        "the client the-client printed on standard error: 'attention'"
    ]


def test_java_tells_the_reason_in_its_first_line() -> None:
    errors = ['Exception in thread "main" java.lang.IllegalStateException: oups', "\tat SimpleClient.main(A.java:9)"]
    assert verdict(client=printed(CLIENT_LINES[:-1], errors), client_status=1).problems == [
        f"the client the-client ended with status 1; on standard error it printed {errors[0]!r}"
    ]


def test_a_program_whose_console_is_any_may_print_what_it_likes_but_not_fail() -> None:
    anything = printed(["DEBUG"], ["attention"])
    assert verdict(judged_by_the_wire_alone=True, server=anything, client=anything).passed
    assert verdict(judged_by_the_wire_alone=True, client_status=2, client=printed([], ["oups"])).problems == [
        "the client the-client ended with status 2; on standard error it printed 'oups'"
    ]


def test_a_client_that_hangs() -> None:
    assert verdict(client_trouble="had not ended after 45 s", client_status=None).problems == [
        "the client the-client had not ended after 45 s"
    ]


def test_a_line_without_its_end() -> None:
    lines = [*printed(CLIENT_LINES[:-1]), ConsoleLine(9.0, "out", CLIENT_LINES[-1], whole=False)]
    assert verdict(client=lines).problems == ["the client the-client ended inside a line: '### Connexion terminée.'"]


def test_a_client_that_asks_less_often_than_its_console_says() -> None:
    found = verdict(parts=addition((1, 2)), client=[], server=[])
    assert found.problems == ["the client was to ask 3 times, and asked 1"]


def test_connections_are_counted() -> None:
    assert verdict(told=[]).problems == ["1 connections were to be made, and 0 were"]
    two = [*events(addition(*ROUNDS)), *events(addition(*ROUNDS), number=2)]
    assert verdict(told=two).problems == ["1 connections were to be made, and 2 were"]


def test_where_there_are_several_connections_their_number_is_told() -> None:
    two = [*events(addition(*ROUNDS)), *events([(CLIENT, utf("::1")), (SERVER, b"\0")], number=2)]
    assert verdict(told=two).problems[0].startswith("connection 2: the server sent 1 byte too many, at byte 0, ")


def test_a_server_that_refuses() -> None:
    refused = [Event(0.0, 1, "opened", CLIENT), Event(0.1, 1, "refused", SERVER, detail="Connection refused")]
    assert verdict(told=refused, client=[], server=[]).problems[0] == (
        "the server refused connection 1: Connection refused"
    )


def test_each_console_is_held_against_the_wire() -> None:
    lost = [line for line in CLIENT_LINES if line != "### Connexion établie."]
    assert verdict(client=printed(lost)).problems == [
        "the console of the-client and the wire disagree: line 2 must be '### Connexion établie.', "
        "and is '<-- Envoi nombre 1 : 1'"
    ]
    wrong = [line.replace("retournée : 7", "retournée : 8") for line in SERVER_LINES]
    assert verdict(server=printed(wrong)).problems == [
        "the console of the server the-server and the wire disagree: line 10 must be '<-- Somme retournée : 7', "
        "and is '<-- Somme retournée : 8'"
    ]


def test_a_number_of_another_port_is_seen() -> None:
    other = dataclasses.replace(printed([LISTENING])[0], text="### Écoute sur le port 80")
    assert not verdict(server=[other, *printed(SERVER_LINES)[1:]]).passed
