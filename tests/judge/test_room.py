"""A broadcast while it goes on: what of it is wrong, when that is certain, and what is never held against a server."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator

import pytest

from conformance.agent.events import CLIENT, SERVER, Event, Kind, Side
from conformance.agent.problem import Problem
from conformance.agent.recording import Connection
from conformance.decoder import Conversation
from conformance.judge import room as judge_room
from conformance.judge.room import DELAY, Room
from javaio import WIRE_TYPES
from tests.conformance.building import CHAT, utf

Place = tuple[str, int | None, Side | None]


class Chat:
    """What the tap sees of a chat, and what the room says of it; `at` goes on by a tenth of a second with each step."""

    def __init__(self) -> None:
        self.room = Room(CHAT)
        self.problems: list[Problem] = []
        self.at = 0.0
        self._conversations: dict[int, Conversation] = {}

    def event(self, kind: Kind, number: int, side: Side, data: bytes = b"", size: int = 0) -> None:
        if kind == "opened":
            self._conversations[number] = Conversation(CHAT, Connection(number, self.at))
        event = Event(self.at, number, kind, side, data, size)
        conversation = self._conversations[number]
        outcomes = conversation.add(event)
        self.problems += self.room.add(event, outcomes, conversation.decoder)

    def carried(self, number: int, side: Side, data: bytes) -> None:
        self.event("received", number, side, data)
        self.event("sent", number, side, size=len(data))

    def join(self, *numbers: int) -> Chat:
        """They connect and introduce themselves, and the server has had the time to let them in."""
        for number in numbers:
            self.event("opened", number, CLIENT)
            self.carried(number, CLIENT, utf("127.0.0.1"))
        return self.later(2.0)

    def say(self, number: int, text: str, author: str = "") -> Chat:
        self.at += 0.1
        self.carried(number, CLIENT, utf(author or f"m{number}") + utf(text))
        return self

    def tell(self, number: int, author: int, text: str, name: str = "") -> Chat:
        self.at += 0.001
        self.carried(number, SERVER, utf(name or f"m{author}") + utf(text))
        return self

    def tell_all(self, numbers: Iterator[int] | range, author: int, text: str) -> Chat:
        for number in numbers:
            self.tell(number, author, text)
        return self

    def end(self, number: int, first: Side = CLIENT) -> Chat:
        self.at += 0.001
        self.event("end", number, first)
        self.event("end", number, SERVER if first == CLIENT else CLIENT)
        return self

    def later(self, seconds: float) -> Chat:
        self.at += seconds
        self.problems += self.room.look(self.at)
        return self

    def told(self) -> list[Place]:
        """All that is said once nobody looks any further."""
        self.problems += self.room.end(self.at)
        return [(one.code, one.where.connection, one.where.side) for one in self.problems]


TWO = range(1, 3)
THREE = range(1, 4)


def test_a_right_chat() -> None:
    chat = Chat().join(1, 2, 3).say(1, "un").tell_all(THREE, 1, "un").say(2, "deux").tell_all(THREE, 2, "deux")
    assert chat.later(10).told() == []


def test_a_message_that_does_not_come_back_to_its_author() -> None:
    chat = Chat().join(1, 2).say(1, "un").tell(2, 1, "un")
    assert chat.later(DELAY - 0.5).problems == []
    [problem] = chat.later(1.0).problems
    where = problem.where
    assert (problem.code, where.connection, where.side, where.field) == ("message-not-echoed", 1, CLIENT, "text")
    assert chat.later(10).told() == [("message-not-echoed", 1, CLIENT)]


def test_a_message_that_comes_back_to_its_author_alone() -> None:
    chat = Chat().join(1, 2, 3).say(1, "un").tell(1, 1, "un").later(DELAY + 1)
    assert chat.told() == [("message-lost", 1, CLIENT)]
    assert chat.problems[0].values["connections"] == [2, 3]


def test_a_message_that_comes_to_nobody_is_lost_once_its_author_has_waited_and_gone() -> None:
    chat = Chat().join(1, 2).say(1, "un").later(60)
    assert chat.problems == []  # the server may be slow
    chat.end(1).later(DELAY)
    assert chat.told() == [("message-lost", 1, CLIENT)]
    assert chat.problems[0].values["nobody"]


def test_a_server_that_is_slow_is_right() -> None:
    chat = Chat().join(1, 2).say(1, "un").later(60).tell_all(TWO, 1, "un").later(60)
    assert chat.told() == []


def test_an_author_that_leaves_at_once_is_owed_nothing() -> None:
    assert Chat().join(1, 2).say(1, "un").end(1).tell(2, 1, "un").later(10).told() == []
    chat = Chat().join(1, 2).say(1, "un")
    chat.event("reset", 1, CLIENT)  # what the server had not read by then is gone
    assert chat.later(10).told() == []


def test_a_listener_that_leaves_is_owed_nothing() -> None:
    assert Chat().join(1, 2).say(1, "un").tell(1, 1, "un").later(0.5).end(2).later(10).told() == []


@pytest.mark.parametrize("hangs_up_on", [1, 2])
def test_a_server_that_hangs_up_in_place_of_passing_on(hangs_up_on: int) -> None:
    chat = Chat().join(1, 2).say(1, "un").tell(3 - hangs_up_on, 1, "un").end(hangs_up_on, SERVER).later(10)
    code = "message-not-echoed" if hangs_up_on == 1 else "message-lost"
    assert chat.told() == [(code, 1, CLIENT)]


def test_a_message_that_comes_after_the_server_has_ended_its_side() -> None:
    chat = Chat().join(1, 2)
    chat.event("end", 1, SERVER)
    chat.say(1, "un").say(1, "deux").later(10)
    assert chat.told() == [("asked-after-end", 1, CLIENT)]
    assert chat.problems[0].values["answerer"] == SERVER


def test_what_nobody_has_said_is_told_once() -> None:
    chat = Chat().join(1, 2).tell(1, 0, "127.0.0.1 joined", "Server").tell(2, 0, "127.0.0.1 joined", "Server")
    assert chat.told() == [("message-unknown", 1, SERVER)]


@pytest.mark.parametrize(
    ("said", "told", "change"),
    [
        ("  fin ", "fin", "stripped"),
        ("ça va l'été 😀 ?", "?a va l'?t? ?? ?", "charset"),
        ("bonjour tout le monde", "bonjour tout", "cut"),
    ],
)
def test_a_text_that_was_changed(said: str, told: str, change: str) -> None:
    chat, write = Chat().join(1, 2), WIRE_TYPES["UTF"].encode
    chat.carried(1, CLIENT, write("moi") + write(said))
    for number in TWO:
        chat.carried(number, SERVER, write("moi") + write(told))
    assert chat.later(10).told() == [("message-unknown", 1, SERVER)]
    [problem] = chat.problems
    assert (problem.values["change"], problem.values["posted"], problem.values["posted_on"]) == (change, said, 1)


@pytest.mark.parametrize("behind", [False, True])
def test_a_field_too_many_in_each_message(behind: bool) -> None:
    chat = Chat().join(1, 2)
    for text in ("un", "deux", "trois"):
        chat.say(1, text)
        values = ("m1", text, "12:30") if behind else ("127.0.0.1", "m1", text)
        for number in TWO:
            chat.carried(number, SERVER, b"".join(map(utf, values)))
    assert {code for code, _, _ in chat.later(10).told()} == {"message-unknown"}
    last = chat.problems[-1].values
    assert (last["change"], last["behind"], last["extra"]) == ("shifted", behind, "12:30" if behind else "127.0.0.1")


def test_an_author_that_was_changed() -> None:
    chat = Chat().join(1, 2).say(1, "un").tell(1, 1, "un", "someone").tell(2, 1, "un", "someone").later(10)
    assert chat.told() == [("message-unknown", 1, SERVER)]
    assert (chat.problems[0].values["change"], chat.problems[0].values["posted"]) == ("author", "m1")


def test_what_came_in_its_place_is_told_and_not_that_it_is_lost() -> None:
    assert Chat().join(1).say(1, "un").tell(1, 1, "whatever").later(10).told() == [("message-unknown", 1, SERVER)]


def test_a_message_that_comes_twice() -> None:
    chat = Chat().join(1, 2).say(1, "un").tell_all(TWO, 1, "un").tell(2, 1, "un")
    assert chat.told() == [("duplicate-message", 2, SERVER)]


def test_a_text_that_is_said_twice_comes_twice() -> None:
    chat = Chat().join(1, 2).say(1, "ok").tell_all(TWO, 1, "ok").say(1, "ok").tell_all(TWO, 1, "ok")
    assert chat.later(10).told() == []
    assert chat.tell(2, 1, "ok").told() == [("duplicate-message", 2, SERVER)]


def test_two_orders() -> None:
    chat = Chat().join(1, 2).say(1, "un").say(2, "deux").tell(1, 1, "un").tell(2, 2, "deux")
    assert chat.problems == []
    assert chat.tell(2, 1, "un").tell(1, 2, "deux").later(10).told() == [("order-differs", 1, SERVER)]
    assert chat.problems[0].values == {"author": "m2", "text": "deux", "after": "un", "other": 2}


def test_the_history_for_who_joins() -> None:
    chat = Chat().join(1).say(1, "un").tell(1, 1, "un").say(1, "deux").tell(1, 1, "deux").later(1).join(2)
    chat.tell(2, 1, "un").tell(2, 1, "deux").later(10)
    assert chat.told() == [("message-to-absent", 2, SERVER)]  # one for all of the history


@pytest.mark.parametrize("gets", [True, False])
def test_who_joins_meanwhile_may_get_the_message_or_not(gets: bool) -> None:
    chat = Chat().join(1).say(1, "un")
    chat.event("opened", 2, CLIENT)
    chat.carried(2, CLIENT, utf("127.0.0.1"))
    chat.tell(1, 1, "un")
    if gets:
        chat.tell(2, 1, "un")
    chat.say(1, "deux").tell_all(TWO if gets else range(1, 2), 1, "deux")
    assert chat.later(10).told() == []


def test_who_has_received_a_message_is_there() -> None:
    chat = Chat().join(1)
    chat.event("opened", 2, CLIENT)
    chat.carried(2, CLIENT, utf("127.0.0.1"))
    chat.say(1, "un").tell_all(TWO, 1, "un").say(1, "deux").tell(1, 1, "deux")
    assert chat.later(10).told() == [("message-lost", 1, CLIENT)]


def test_the_same_words_before_and_after_one_joined() -> None:
    chat = Chat().join(1).say(1, "ok")
    chat.event("opened", 2, CLIENT)
    chat.carried(2, CLIENT, utf("127.0.0.1"))
    chat.tell(1, 1, "ok").later(5).say(1, "ok").tell_all(TWO, 1, "ok")
    assert chat.later(10).told() == []


def test_who_may_not_be_reading_is_lost_to_only_if_it_receives_what_came_later() -> None:
    chat, long = Chat().join(1, 2), "x" * 60_000
    for number in range(18):  # more than the tap holds back
        chat.say(1, f"{number}{long}").tell_all(TWO, 1, f"{number}{long}")
    chat.say(1, "un").tell(1, 1, "un").later(10)
    assert chat.problems == []
    chat.say(1, "deux").tell(1, 1, "deux").say(1, "trois").tell_all(TWO, 1, "trois").later(10)
    assert chat.told() == [("message-lost", 1, CLIENT)]


def test_who_is_behind_is_waited_for() -> None:
    chat = Chat().join(1, 2)
    for number in range(9):
        chat.say(1, str(number)).tell(1, 1, str(number))
    for number in range(9):
        chat.later(DELAY / 2).tell(2, 1, str(number))
    assert chat.later(10).told() == []


def test_what_may_come_from_a_client_that_cannot_be_read_is_not_unknown() -> None:
    chat = Chat().join(1, 2)
    chat.carried(2, CLIENT, b"\0\2\xff\xff")
    assert chat.tell_all(TWO, 2, "who knows").later(10).told() == []


@pytest.mark.parametrize(("bound", "limit"), [("_MESSAGES", 10), ("_BYTES", 12_000)])
def test_what_was_forgotten_is_held_against_nobody(bound: str, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_room, bound, limit)
    chat = Chat().join(1, 2)
    for number in range(30):
        chat.say(1, str(number)).tell(1, 1, str(number))
    chat.tell_all(range(2, 3), 1, "0").tell(1, 1, "0")  # late, and twice: both are forgotten
    assert chat.problems == []
    assert chat.say(1, "new").tell_all(TWO, 1, "new").tell(2, 1, "new").problems[-1].code == "duplicate-message"


def test_who_has_a_message_counts_as_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten messages of thirty members take as much as thirty of two: the first is forgotten, and may come once more."""
    monkeypatch.setattr(judge_room, "_BYTES", 40_000)
    few, many = range(1, 3), range(1, 31)
    for members, problems in ((few, ["duplicate-message"]), (many, [])):
        chat = Chat().join(*members)
        for number in range(10):
            chat.say(1, str(number)).tell_all(members, 1, str(number))
        assert [problem.code for problem in chat.tell(2, 1, "0").problems] == problems


def test_with_connections_that_were_missed_nothing_is_unknown() -> None:
    chat = Chat().join(1, 2)
    chat.room.miss()
    assert chat.tell_all(TWO, 2, "who knows").later(10).told() == []


@pytest.mark.parametrize("seed", range(5))
def test_a_right_room_in_which_everything_happens_at_once(seed: int) -> None:
    """A server with a queue for each client: thirty come and go, and type fast, often the same words."""
    rng = random.Random(seed)
    chat = Chat()
    inbox: dict[int, deque[bytes]] = {}  # what the server has still to read of each client
    outbox: dict[int, deque[bytes]] = {}
    members: dict[int, bool] = {}  # whether the server has let it in
    leaving: set[int] = set()
    for step in range(3000):
        chat.at += rng.random() * 0.02
        free = [number for number in range(1, 31) if number not in chat._conversations]
        here = [number for number in members if number not in leaving]
        match rng.randrange(12):
            case 0 | 1 if free:
                number = free[0]
                members[number], inbox[number], outbox[number] = False, deque([b""]), deque()
                chat.event("opened", number, CLIENT)
                chat.carried(number, CLIENT, utf("127.0.0.1"))
            case 2 if here and rng.random() < 0.2:
                number = rng.choice(here)
                leaving.add(number)
                chat.event("end", number, CLIENT)
            case 3 | 4 | 5 if here:
                number = rng.choice(here)
                message = utf(f"m{number}") + utf(rng.choice(["ok", f"{step}", "non"]))
                inbox[number].append(message)
                chat.carried(number, CLIENT, message)
            case 6 | 7 | 8 | 9:
                for number in rng.sample(list(members), len(members) // 2):
                    if inbox[number]:
                        message = inbox[number].popleft()
                        for other in members if members[number] else ():
                            if members[other]:
                                outbox[other].append(message)
                        members[number] = True
                    elif number in leaving and not outbox[number]:
                        del members[number]
                        chat.event("end", number, SERVER)
            case _:
                for number in [one for one in outbox if outbox[one]]:
                    if rng.random() < 0.7:
                        while outbox[number] and rng.random() < 0.9:
                            chat.event("received", number, SERVER, outbox[number].popleft())
    assert chat.problems == []
