"""Which verdict a cell gets: a pass needs evidence and sense; and whose mistake it is where it fails."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

import pytest

from conformance.agent.events import CLIENT, SERVER, Event
from conformance.agent.problem import CODES, Problem, Where
from conformance.agent.recording import Recording
from conformance.decoder import read_conversations
from conformance.judge import VERDICTS, ProcessResult, Said, Verdict, culprit, judge, program_problem, verdict_of
from conformance.model import Program, Protocol
from tests.conformance.building import ADDITION, CHAT, Part, addition, events, ints, printed, program, utf

ADDRESS: list[Part] = [(CLIENT, utf("127.0.0.1"))]


def verdict(
    *connections: Sequence[Part] | Sequence[Event],
    protocol: Protocol = ADDITION,
    said: Sequence[Said] = (),
    consoles: tuple[str | None, str | None] = (None, None),
    server: ProcessResult | None = None,
    client: ProcessResult | None = None,
    made_by_one: int | None = None,
) -> Verdict:
    """The verdict on these connections between two programs that promise nothing of their consoles."""
    told: list[Event] = []
    for number, parts in enumerate(connections, 1):
        given = [event for event in parts if isinstance(event, Event)]
        told += given or events([part for part in parts if not isinstance(part, Event)], number)
    ours = server or ProcessResult(program("server", consoles[0], "hers"), [], None, 8999)
    theirs = client or ProcessResult(program("client", consoles[1], "his"), [], 0, 8999)
    if made_by_one is not None:
        entry = theirs.program.entry.model_copy(update={"connections": made_by_one})
        theirs = dataclasses.replace(theirs, program=dataclasses.replace(theirs.program, entry=entry))
    conversations = read_conversations(protocol, Recording(sorted(told, key=lambda event: event.at)))
    return judge(conversations, ours, [theirs], 1, said)


def told(found: Verdict) -> tuple[str, list[str]]:
    return found.name, [problem.code for problem in found.problems]


# The lattice ---------------------------------------------------------------------------------------------------------


def test_the_first_problem_decides() -> None:
    names = {code: verdict_of(Problem(code)) for code in CODES}
    assert {name for code, name in names.items() if code.startswith("harness-")} == {"error"}
    assert [code for code, name in names.items() if name == "inconclusive"] == [
        "network-cut",
        "not-recorded",
        "nothing-said",
        "nobody-typed",
    ]
    assert [code for code, name in names.items() if name == "suspicious"] == ["suspicious-values"]
    assert names["wrong-value"] == names["crashed"] == names["line-differs"] == "failed"
    assert verdict_of(None) == "passed"
    assert verdict_of(None, Problem("shown-otherwise")) == "non-strict"
    assert set(names.values()) < set(VERDICTS)


# Evidence ------------------------------------------------------------------------------------------------------------


def test_one_sum_is_evidence() -> None:
    assert told(verdict(addition((1, 2)))) == ("passed", [])


def test_a_client_that_introduces_itself_and_asks_nothing_shows_nothing() -> None:
    found = verdict(ADDRESS)
    assert told(found) == ("inconclusive", ["nothing-said"])
    assert found.problems[0].where == Where(1, CLIENT, len(utf("127.0.0.1")))
    assert found.problems[0].values == {"size": len(utf("127.0.0.1"))}


def test_a_client_that_connects_and_says_nothing_shows_nothing() -> None:
    name, codes = told(verdict([]))
    assert (name, codes[0]) == ("inconclusive", "nothing-said")


def test_nobody_is_to_blame_for_how_it_bears_a_client_that_says_nothing() -> None:
    hers = program("server", "simple-server", "hers")
    for lines, status in ((["!!! Erreur réseau"], None), (["Traceback", "EOFError"], 1)):
        name, codes = told(verdict([], server=ProcessResult(hers, printed([], lines), status, 8999)))
        assert (name, codes[0]) == ("inconclusive", "nothing-said")


GREETING = Protocol.model_validate(
    {
        "protocol": "greeting",
        "about": "the server presents itself; a client says who it is, and asks",
        "port": 9000,
        "session": [
            {"from": "server", "field": "greeting", "type": "UTF"},
            {"from": "client", "field": "name", "type": "UTF"},
            {
                "repeat": [
                    {"from": "client", "field": "asked", "type": "int"},
                    {"from": "server", "field": "told", "type": "int"},
                ]
            },
        ],
    }
)


def test_a_client_that_says_nothing_to_a_server_that_greets_it_shows_nothing() -> None:
    found = verdict([(SERVER, utf("bonjour"))], protocol=GREETING)
    assert (found.name, found.problems[0].code, found.problems[0].where.side) == (
        "inconclusive",
        "nothing-said",
        CLIENT,
    )


def test_a_server_that_does_not_greet_has_failed() -> None:
    found = verdict([(CLIENT, utf("emma"))], protocol=GREETING)
    assert (found.name, found.problems[0].where.side) == ("failed", SERVER)


def test_a_client_that_crashes_before_it_says_anything_has_failed() -> None:
    crashed = ProcessResult(program("client", None, "his"), printed([], ["oups"]), 1, 8999)
    assert verdict([], client=crashed).name == "failed"


def test_a_client_that_never_ends_and_says_nothing_has_failed() -> None:
    his = program("client", None, "his")
    hangs = program_problem(his, None, "still-running", seconds=45.0)
    assert verdict([], client=ProcessResult(his, [], None, 8999, hangs)).name == "failed"


def test_a_client_that_never_connects_shows_nothing() -> None:
    found = verdict()
    assert told(found) == ("inconclusive", ["nothing-said"])
    assert (found.problems[0].where.side, found.problems[0].values) == (CLIENT, {"connections": 0})


def test_bytes_that_are_wrong_stay_wrong_without_a_round() -> None:
    assert verdict([(CLIENT, utf("hier"))]).name == "failed"


def test_a_client_of_many_connections_shows_something_on_each() -> None:
    sums = addition((1, 2))
    assert verdict(sums, ADDRESS).name == "passed"
    found = verdict(sums, ADDRESS, made_by_one=2)
    assert (found.name, found.problems[0].where.connection) == ("inconclusive", 2)
    assert verdict(sums, sums, made_by_one=2).name == "passed"


def message(author: str, text: str) -> bytes:
    return utf(author) + utf(text)


def test_a_chat_in_which_nobody_typed_shows_nothing() -> None:
    found = verdict(ADDRESS, protocol=CHAT)
    assert told(found) == ("inconclusive", ["nobody-typed"])


def test_a_chat_in_which_no_message_went_over_the_wire_shows_nothing() -> None:
    said = [Said(0, "alice", "bonjour", frozenset({"alice"}))]
    found = verdict(ADDRESS, protocol=CHAT, said=said)
    assert (found.name, found.problems[0].code, found.problems[0].where.side) == (
        "inconclusive",
        "nothing-said",
        CLIENT,
    )


def test_a_chat_in_which_one_of_two_members_is_never_sent_has_failed() -> None:
    both = frozenset({"alice"})
    said = [Said(0, "alice", "bonjour", both), Said(1, "bob", "salut", both)]
    spoken: list[Part] = [*ADDRESS, (CLIENT, message("alice", "bonjour")), (SERVER, message("alice", "bonjour"))]
    assert verdict(spoken, protocol=CHAT, said=said).name == "failed"


def test_a_server_that_passes_nothing_on_is_named_where_nobody_compares_messages() -> None:
    found = verdict([*ADDRESS, (CLIENT, message("alice", "bonjour"))], protocol=CHAT)
    assert (found.name, found.problems[0].where.side) == ("inconclusive", SERVER)


# Sense ---------------------------------------------------------------------------------------------------------------

PAIRS = [(17, 13), (40, 2), (99, 100)]


def swapped(number: int) -> int:
    return struct.unpack(">i", struct.pack("<i", number))[0]  # type: ignore[no-any-return]


def test_numbers_that_make_sense_only_low_byte_first_are_suspicious() -> None:
    found = verdict(addition(*[(swapped(first), swapped(second)) for first, second in PAIRS]))
    assert told(found) == ("suspicious", ["suspicious-values"])
    assert [finding.key for finding in found.suspicions] == ["little-endian-int"]
    assert found.suspicions[0].side == found.problems[0].where.side == CLIENT
    assert found.problems[0].values == {"finding": "little-endian-int"}


@pytest.mark.parametrize(
    "pairs",
    [
        PAIRS,
        [(2**31 - 1, 1), (-(2**31), -1), (2**31 - 1, -(2**31)), (0, 0), (-(2**31), 0)],
        [(1 << power, 1 << power + 1) for power in range(0, 30, 2)],
        [(1_000_000, 2_000_000), (65_536, 3), (swapped(17), 25)],
        [(305_419_896, -1_412_623_820), (1_985_229_328, 19_088_743), (-559_038_737, 48_879)],
        [(0, 0)],
    ],
)
def test_large_numbers_are_not_suspicious(pairs: Sequence[tuple[int, int]]) -> None:
    assert verdict(addition(*pairs)).name == "passed"


# The wire alone ------------------------------------------------------------------------------------------------------


def test_it_is_said_where_no_console_was_compared() -> None:
    assert verdict(addition((1, 2))).wire_only
    for consoles in (("simple-server", "simple-client"), ("simple-server", None), (None, "simple-client")):
        assert not verdict(addition((1, 2)), consoles=consoles).wire_only


# Whose mistake -------------------------------------------------------------------------------------------------------


def test_a_server_that_does_not_answer_comes_before_the_client_that_dies_of_it() -> None:
    asked = [*ADDRESS, (CLIENT, ints(1, 2))]
    gone = [*events(asked, ends=False), Event(3.0, 1, "end", SERVER), Event(3.1, 1, "end", CLIENT)]
    dies = ProcessResult(program("client", None, "his"), printed([], ["EOFError"]), 1, 8999)
    found = verdict(gone, client=dies)
    assert [(problem.code, problem.where.side) for problem in found.problems] == [
        ("never-sent", SERVER),
        ("ended-with-status", None),
    ]


def test_a_server_that_keeps_its_client_waiting_comes_before_the_client_that_gives_up() -> None:
    asked = [*ADDRESS, (CLIENT, ints(1, 2))]
    gone = [*events(asked, ends=False), Event(9.0, 1, "end", CLIENT), Event(9.1, 1, "end", SERVER)]
    dies = ProcessResult(program("client", None, "his"), printed([], ["TimeoutError"]), 1, 8999)
    assert [problem.code for problem in verdict(gone, client=dies).problems] == ["never-sent", "ended-with-status"]


def test_a_client_that_dies_as_soon_as_it_has_asked_is_not_the_servers_mistake() -> None:
    asked = [*ADDRESS, (CLIENT, ints(1, 2))]
    gone = [*events(asked, ends=False), Event(2.1, 1, "end", CLIENT), Event(2.2, 1, "end", SERVER)]
    dies = ProcessResult(program("client", None, "his"), printed([], ["ZeroDivisionError"]), 1, 8999)
    assert verdict(gone, client=dies).problems[0].code == "ended-with-status"


def test_a_client_that_leaves_inside_its_question_comes_before_the_server_that_complains() -> None:
    half = events([*ADDRESS, (CLIENT, ints(1)), (CLIENT, b"\0\0")])
    hers = ProcessResult(program("server", "simple-server", "hers"), printed([], ["!!! EOFException"]), None, 8999)
    found = verdict(half, server=hers)
    assert [(problem.code, problem.values.get("role")) for problem in found.problems] == [
        ("ends-inside", None),
        ("error-line-unexpected", SERVER),
    ]


ONE, OTHER = program("client", None, "one", "chat"), program("client", None, "other", "chat")
ROOM = program("server", None, "room", "chat")
ALIKE: dict[str | None, Program] = {"alice": ONE, "bob": ONE}
MIXED: dict[str | None, Program] = {"alice": ONE, "bob": OTHER}


@pytest.mark.parametrize(
    ("problem", "whose"),
    [
        (Problem("wrong-value", Where(1, SERVER, 0)), "room"),
        (Problem("message-lost", Where(1, CLIENT, 0), {"author": "alice", "text": "oui", "member": "bob"}), "room"),
        (Problem("refused", Where(1, SERVER)), "room"),
        (Problem("no-such-author", values={"author": "bob"}), "other"),
        (Problem("no-address", Where(2, CLIENT, 0)), "other"),
        (Problem("no-address", Where(3, CLIENT, 0)), None),
        (program_problem(OTHER, "bob", "still-running"), "other"),
        (program_problem(ROOM, None, "ended-by-itself"), "room"),
        (Problem("nobody-typed"), None),
        (Problem("harness-port"), None),
    ],
)
def test_the_program_whose_mistake_it_is(problem: Problem, whose: str | None) -> None:
    two = [*events(addressed("alice"), 1), *events(addressed("bob"), 2), *events(ADDRESS, 3)]
    conversations = read_conversations(CHAT, Recording(two))
    found = culprit(problem, ROOM, MIXED, conversations)
    assert (found and found.name) == whose
    if whose == "other" or (problem.where.side == CLIENT and problem.code != "message-lost"):
        alike = culprit(problem, ROOM, ALIKE, conversations)
        assert alike is ONE


def addressed(author: str) -> list[Part]:
    return [*ADDRESS, (CLIENT, message(author, f"de {author}"))]


@pytest.mark.parametrize(("at", "whose"), [(2.1, CLIENT), (9.0, SERVER)], ids=["at once", "after a long wait"])
def test_what_is_owed_to_a_client_that_reset_the_connection_at_once_is_its_own_mistake(at: float, whose: str) -> None:
    asked = [*ADDRESS, (CLIENT, ints(1, 2))]
    gone = [*events(asked, ends=False), Event(at, 1, "reset", CLIENT)]
    (problem,) = verdict(gone).problems[:1]
    assert (problem.code, problem.where.side) == ("never-sent", SERVER)
    server, client = program("server", None, "hers"), program("client", None, "his")
    conversations = read_conversations(ADDITION, Recording(gone))
    found = culprit(problem, server, {None: client}, conversations)
    assert found is not None
    assert found.role == whose
