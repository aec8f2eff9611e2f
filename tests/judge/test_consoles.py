"""The consoles against the wire: any order that is possible is accepted, any change of a line is refused."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.agent.events import CLIENT, SERVER
from conformance.agent.problem import Problem
from conformance.decoder import Conversation
from conformance.judge.consoles import (
    WireLine,
    check_blocks,
    check_exact,
    check_interleaved,
    connection_lines,
    expected_count,
    owners,
)
from tests.conformance.building import ADDITION, added, ints, read, the_console, utf

LISTENING = "### Écoute sur le port 8999"
NUMBERS = st.integers(0, 9)
ROUNDS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=3)
SIMPLE, MANY, CLIENTS = (
    the_console(name) for name in ("simple-server", "multithreaded-server", "multithreaded-clients")
)


Sequences = list[list[WireLine]]


def texts(lines: list[WireLine]) -> list[str]:
    return [line.text for line in lines]


def wire_lines(*lines: str) -> list[WireLine]:
    """Lines that the wire demands, whatever they tell of."""
    return [WireLine(line, line) for line in lines]


def found(problem: Problem | None) -> tuple[str, int | None, int | None, str | None, int | None]:
    """What a problem is, and where: the line; the connection, the field and its offset that the line tells of."""
    assert problem is not None
    where = problem.where
    return problem.code, where.line, where.connection, where.field, where.offset


def conversations(rounds: list[list[tuple[int, int]]]) -> list[Conversation]:
    return [added(*mine, number=number) for number, mine in enumerate(rounds, 1)]


@st.composite
def multithreaded_servers(draw: st.DrawFn, least: int = 1) -> tuple[list[str], Sequences]:
    """What a multithreaded server prints, and the sequences that the wire tells of."""
    rounds = draw(st.lists(ROUNDS, min_size=least, max_size=4))
    sequences = [connection_lines(MANY, conversation, {}) for conversation in conversations(rounds)]
    ids = draw(st.permutations(range(1, len(sequences) + 1)))
    threads = [
        [line.replace("{id}", str(id_)) for line in texts(lines)] for id_, lines in zip(ids, sequences, strict=True)
    ]
    # It listens, accepts and listens again; what a client's thread prints comes any time after its accept.
    lines, accepts = [LISTENING], 1
    while any(threads) or accepts <= len(threads):
        turns = [thread for thread in threads[:accepts] if thread]
        turn = draw(st.sampled_from([*turns, None] if accepts <= len(threads) else turns))
        accepts += turn is None
        lines.append(LISTENING if turn is None else turn.pop(0))
    return lines, sequences


def judged(actual: list[str], sequences: Sequences) -> Problem | None:
    return check_interleaved(MANY, actual, LISTENING, sequences)


# One connection at a time -----------------------------------------------------------------------------------------


def test_the_lines_of_a_connection_and_the_field_that_each_tells_of() -> None:
    lines = connection_lines(SIMPLE, added((84, 98), number=3), {})
    assert {line.connection for line in lines} == {3}
    assert [(line.text, line.field.name if line.field else None) for line in lines] == [
        ("### Connexion établie.", None),
        ("--> Nouveau client à l'adresse : 127.0.0.1", "address"),
        ("--> Premier nombre reçu : 84", "first"),
        ("--> Deuxième nombre reçu : 98", "second"),
        ("<-- Somme retournée : 182", "sum"),
        ("### Traitement de cette requête terminée.", "sum"),
        ("### Le client est déconnecté", None),
    ]


def test_an_answer_is_told_behind_its_question_though_all_was_asked_at_once() -> None:
    asked = [(CLIENT, utf("127.0.0.1")), (CLIENT, ints(1, 2, 3, 4)), (SERVER, ints(3, 7))]
    lines = texts(connection_lines(CLIENTS, read(ADDITION, *asked), {}))
    assert [line for line in lines if "Réponse" in line] == [
        "--> Réponse serveur : 1 + 2 = 3",
        "--> Réponse serveur : 3 + 4 = 7",
    ]


def test_how_many_lines_a_server_owes() -> None:
    assert expected_count(SIMPLE, [added((84, 98)), added()]) == 1 + (1 + 7) + (1 + 3)
    assert expected_count(the_console("chat-server"), [added()], messages=2) == 1 + (1 + 3) + 2 * 2


@given(st.lists(ROUNDS, max_size=4), st.randoms())
def test_connections_may_be_served_in_any_order(rounds: list[list[tuple[int, int]]], random: Random) -> None:
    blocks = [connection_lines(SIMPLE, conversation, {}) for conversation in conversations(rounds)]
    served = random.sample(blocks, len(blocks))
    actual = [LISTENING, *(line for block in served for line in (*texts(block), LISTENING))]
    assert check_blocks(actual, LISTENING, blocks) is None


@given(st.lists(ROUNDS, min_size=1, max_size=3), st.data())
def test_no_line_of_a_block_may_be_lost_doubled_swapped_or_changed(
    rounds: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    blocks = [connection_lines(SIMPLE, conversation, {}) for conversation in conversations(rounds)]
    right = [LISTENING, *(line for block in blocks for line in (*texts(block), LISTENING))]
    wrong = data.draw(changed(right))
    if wrong != right:
        assert check_blocks(wrong, LISTENING, blocks) is not None


@st.composite
def changed(draw: st.DrawFn, lines: list[str]) -> list[str]:
    """The lines with one of them lost, doubled, altered, or swapped with the next."""
    place = draw(st.integers(0, len(lines) - 1))
    line = lines[place]
    match draw(st.sampled_from(["lost", "doubled", "altered", "swapped"])):
        case "lost":
            return [*lines[:place], *lines[place + 1 :]]
        case "doubled":
            return [*lines[: place + 1], *lines[place:]]
        case "altered":
            digits = [index for index, letter in enumerate(line) if letter.isdigit()]
            if not digits:
                return [*lines[:place], line.swapcase(), *lines[place + 1 :]]
            at = draw(st.sampled_from(digits))
            other = draw(st.sampled_from([digit for digit in "0123456789" if digit != line[at]]))
            return [*lines[:place], line[:at] + other + line[at + 1 :], *lines[place + 1 :]]
    return [*lines[:place], *reversed(lines[place : place + 2]), *lines[place + 2 :]]


def test_a_connection_that_begins_as_another_is_not_taken_for_it() -> None:
    blocks = [wire_lines("in", "1", "2", "out"), wire_lines("in", "1"), wire_lines("in", "1", "2")]
    actual = ["L", "in", "1", "L", "in", "1", "2", "L", "in", "1", "2", "out", "L"]
    assert check_blocks(actual, "L", blocks) is None


@pytest.mark.parametrize(
    ("actual", "code", "line", "values"),
    [
        (["a", "x", "c"], "line-differs", 1, {"expected": "b", "got": "x"}),
        (["a", "b"], "line-missing", 1, {"expected": "c", "after": "b"}),
        ([], "line-missing", None, {"expected": "a"}),
        (["a", "b", "c", "d"], "extra-line", 3, {"got": "d"}),
    ],
)
def test_where_there_is_one_order(actual: list[str], code: str, line: int | None, values: dict[str, str]) -> None:
    problem = check_exact(actual, wire_lines("a", "b", "c"))
    assert problem is not None
    assert (problem.code, problem.where.line, problem.values) == (code, line, values)
    assert check_exact(["a", "b", "c"], wire_lines("a", "b", "c")) is None


def test_a_lost_line_is_found_where_it_must_stand_with_the_field_it_tells_of() -> None:
    blocks = [connection_lines(SIMPLE, added((84, 98)), {})]
    actual = [line for line in [LISTENING, *texts(blocks[0]), LISTENING] if "Traitement" not in line]
    problem = check_blocks(actual, LISTENING, blocks)
    assert found(problem) == ("line-differs", 6, 1, "sum", 0)


def test_a_wrong_line_is_of_the_connection_whose_block_it_stands_in() -> None:
    """The server served the second connection first."""
    first, second = (connection_lines(SIMPLE, each, {}) for each in (added((1, 2)), added((3, 4), number=2)))
    actual = [LISTENING, *texts(second), LISTENING, *texts(first), LISTENING]
    assert check_blocks(actual, LISTENING, [first, second]) is None
    wrong = [line.replace("retournée : 3", "retournée : 4") for line in actual]
    problem = check_blocks(wrong, LISTENING, [first, second])
    assert found(problem) == ("line-differs", wrong.index("<-- Somme retournée : 4"), 1, "sum", 0)


def test_a_server_that_stops_listening() -> None:
    blocks = [connection_lines(SIMPLE, added((1, 2)), {})]
    assert found(check_blocks([LISTENING, *texts(blocks[0])], LISTENING, blocks))[:2] == ("line-missing", 7)
    assert found(check_blocks([LISTENING, *texts(blocks[0]), LISTENING, "x"], LISTENING, blocks))[:2] == (
        "extra-line",
        9,
    )


def test_whoever_tells_a_sequence_to_the_letter_has_it() -> None:
    wanted = [["a", "b", "c"], ["a", "b"], ["x"]]
    assert owners({"one": ["a", "b"], "two": ["a", "b", "d"], "three": ["y"]}, wanted) == {
        "one": 1,
        "two": 0,
        "three": 2,
    }
    assert owners({"one": ["a"], "two": ["a"]}, [["a"]]) == {"one": 0}


# Connections at once -------------------------------------------------------------------------------------------------


@given(multithreaded_servers(least=0))
def test_every_possible_interleaving_is_accepted(server: tuple[list[str], Sequences]) -> None:
    assert judged(*server) is None


@given(multithreaded_servers(), st.data())
def test_no_line_may_be_lost_doubled_or_changed(server: tuple[list[str], Sequences], data: st.DataObject) -> None:
    right, sequences = server
    wrong = data.draw(changed(right))
    if sorted(wrong) != sorted(right):
        assert judged(wrong, sequences) is not None


@given(multithreaded_servers(), st.data())
def test_no_two_lines_of_one_client_may_change_places(server: tuple[list[str], Sequences], data: st.DataObject) -> None:
    right, sequences = server
    owner = "1"
    mine = [place for place, line in enumerate(right) if line != LISTENING and owner in _ids(line)]
    first, second = (mine[data.draw(st.integers(0, len(mine) - 1))] for _ in range(2))
    wrong = list(right)
    wrong[first], wrong[second] = right[second], right[first]
    if wrong != right:
        assert judged(wrong, sequences) is not None


def _ids(line: str) -> list[str]:
    for before in ("id client : ", "depuis ", "à client ", "Le client "):
        if before in line:
            return [line.split(before)[1].split()[0].rstrip(").")]
    return []


def two_clients() -> tuple[list[str], Sequences]:
    """Two clients with different sums, one after the other."""
    sequences = [connection_lines(MANY, each, {}) for each in (added((1, 2)), added((3, 4), number=2))]
    lines = [LISTENING]
    for id_, sequence in enumerate(sequences, 1):
        lines += [*(line.replace("{id}", str(id_)) for line in texts(sequence)), LISTENING]
    return lines, sequences


def renamed(lines: list[str], id_: str, other: str) -> list[str]:
    """The lines with another id in place of that one."""
    for before, after in (("(id client : ", ")"), ("depuis ", " "), ("à client ", " "), ("Le client ", " ")):
        lines = [line.replace(f"{before}{id_}{after}", f"{before}{other}{after}") for line in lines]
    return lines


def test_ids_that_are_handed_out_twice() -> None:
    lines, sequences = two_clients()
    problem = judged(renamed(lines, "2", "1"), sequences)
    assert found(problem)[:2] == ("wrong-ids", lines.index("### Connexion établie (id client : 2)."))
    assert problem is not None
    assert problem.values == {"connections": 2, "wrong": "2"}


def test_ids_that_do_not_count_from_one() -> None:
    lines, sequences = two_clients()
    problem = judged(renamed(lines, "1", "0"), sequences)
    assert found(problem)[:2] == ("wrong-ids", 1)
    assert problem is not None
    assert problem.values == {"connections": 2, "wrong": "0, 1"}


def test_the_lines_of_two_clients_mixed_up() -> None:
    lines, sequences = two_clients()
    first, second = lines.index("<-- Somme retournée à client 1 : 3"), lines.index("<-- Somme retournée à client 2 : 7")
    lines[first], lines[second] = "<-- Somme retournée à client 1 : 7", "<-- Somme retournée à client 2 : 3"
    problem = judged(lines, sequences)
    assert found(problem) == ("line-differs", first, 1, "sum", 0)
    assert problem is not None
    assert problem.values == {
        "expected": "<-- Somme retournée à client 1 : 3",
        "got": "<-- Somme retournée à client 1 : 7",
        "id": "1",
    }


def test_a_debug_line_is_none_that_such_a_program_prints() -> None:
    lines, sequences = two_clients()
    assert found(judged([*lines[:3], "DEBUG ici", *lines[3:]], sequences))[:2] == ("unknown-line", 3)


def test_a_wrong_number_is_held_against_its_own_connection() -> None:
    lines, sequences = two_clients()
    wrong = [line.replace("depuis 2 : 3", "depuis 2 : 1") for line in lines]
    problem = judged(wrong, sequences)
    assert found(problem) == ("line-differs", lines.index("--> Premier nombre reçu depuis 2 : 3"), 2, "first", 11)
    assert problem is not None
    assert problem.values["expected"] == "--> Premier nombre reçu depuis 2 : 3"


def test_a_line_that_a_client_lacks_is_missing_behind_its_last() -> None:
    lines, sequences = two_clients()
    problem = judged([line for line in lines if line != "### Le client 2 est déconnecté"], sequences)
    assert found(problem)[:3] == ("line-missing", lines.index("<-- Somme retournée à client 2 : 7"), 2)


def test_a_line_without_an_id_is_counted() -> None:
    lines, sequences = two_clients()
    lines.remove("--> Adresse du client : 127.0.0.1")
    problem = judged(lines, sequences)
    assert found(problem) == ("line-missing", None, None, None, None)
    assert problem is not None
    assert problem.values == {"expected": "--> Adresse du client : 127.0.0.1", "wanted": 2, "found": 1}


def test_a_listening_line_too_few_or_too_many() -> None:
    lines, sequences = two_clients()
    problem = judged(lines[:-1], sequences)
    assert found(problem)[0] == "line-missing"
    assert problem is not None
    assert problem.values == {"expected": LISTENING, "wanted": 3, "found": 2}
    assert found(judged([*lines, LISTENING], sequences))[:2] == ("extra-line", len(lines))


# Many clients, whose lines carry no id -------------------------------------------------------------------------------


@given(st.data(), st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=4))
def test_every_interleaving_of_many_clients_is_accepted(data: st.DataObject, sums: list[tuple[int, int]]) -> None:
    values = {"host": "127.0.0.1", "port": 8999}
    sequences = [connection_lines(CLIENTS, added(pair), values) for pair in sums]
    turns = data.draw(st.permutations([number for number, lines in enumerate(sequences) for _ in lines]))
    left = [iter(texts(lines)) for lines in sequences]
    assert check_interleaved(CLIENTS, [next(left[number]) for number in turns], None, sequences) is None


@given(st.data(), st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=3))
def test_lines_of_clients_that_run_one_by_one_may_not_change(data: st.DataObject, sums: list[tuple[int, int]]) -> None:
    values = {"host": "127.0.0.1", "port": 8999}
    sequences = [connection_lines(CLIENTS, added(pair), values) for pair in sums]
    right = [line for sequence in sequences for line in texts(sequence)]
    wrong = data.draw(changed(right))
    if wrong != right and not _swapped_between_clients(right, wrong, len(sequences[0])):
        assert check_interleaved(CLIENTS, wrong, None, sequences) is not None


def _swapped_between_clients(right: list[str], wrong: list[str], length: int) -> bool:
    """The last line of one and the first of the next: that is another interleaving, and no fault."""
    places = [place for place, pair in enumerate(zip(right, wrong, strict=False)) if pair[0] != pair[1]]
    return len(right) == len(wrong) and len(places) == 2 and places[1] % length == 0


def test_a_wrong_sum_is_held_against_the_one_that_is_missing() -> None:
    values = {"host": "127.0.0.1", "port": 8999}
    sequences = [
        connection_lines(CLIENTS, added(pair, number=number), values) for number, pair in enumerate(((3, 4), (1, 2)), 1)
    ]
    lines = [line.replace("1 + 2 = 3", "1 + 2 = 4") for sequence in sequences for line in texts(sequence)]
    problem = check_interleaved(CLIENTS, lines, None, sequences)
    assert found(problem) == ("line-not-on-wire", lines.index("--> Réponse serveur : 1 + 2 = 4"), 2, "sum", 0)
    assert problem is not None
    assert problem.values == {"got": "--> Réponse serveur : 1 + 2 = 4", "near": "--> Réponse serveur : 1 + 2 = 3"}


def test_an_answer_before_its_question() -> None:
    values = {"host": "127.0.0.1", "port": 8999}
    sequences = [connection_lines(CLIENTS, added((1, 2)), values)]
    lines = texts(sequences[0])
    asked, answered = lines.index("<-- Envoi nombre 2 : 2"), lines.index("--> Réponse serveur : 1 + 2 = 3")
    lines[asked], lines[answered] = lines[answered], lines[asked]
    problem = check_interleaved(CLIENTS, lines, None, sequences)
    assert found(problem)[:2] == ("line-out-of-order", asked)
    assert problem is not None
    assert problem.values["expected"] == "<-- Envoi nombre 2 : 2"


def test_clients_are_counted_by_place_where_lines_alone_would_not_tell() -> None:
    """Both clients send the same first number: the second one's second number has overtaken it all the same."""
    values = {"host": "127.0.0.1", "port": 8999}
    sequences = [connection_lines(CLIENTS, added(pair), values) for pair in ((0, 0), (0, 1))]
    one, two = map(texts, sequences)
    swapped = list(two)
    swapped[2], swapped[3] = two[3], two[2]
    assert check_interleaved(CLIENTS, [*one, *two], None, sequences) is None
    problem = check_interleaved(CLIENTS, [*one, *swapped], None, sequences)
    assert found(problem)[:2] == ("line-out-of-order", 9)


@given(st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=4), min_size=1, max_size=4), st.data())
def test_whatever_the_lines_are_every_interleaving_is_accepted(words: list[list[str]], data: st.DataObject) -> None:
    """Sequences in which lines recur, and stand at different places."""
    letters = the_console("multithreaded-clients").model_copy(
        update={"starting": tuple("abcd"), "connected": (), "after": {}, "left": ()}
    )
    turns = data.draw(st.permutations([number for number, word in enumerate(words) for _ in word]))
    left = [iter(word) for word in words]
    actual = [next(left[number]) for number in turns]
    assert check_interleaved(letters, actual, None, [wire_lines(*word) for word in words]) is None


# A room --------------------------------------------------------------------------------------------------------------


def test_the_lines_of_a_room_have_one_order() -> None:
    console = the_console("chat-server")
    room = ["--> Message de bob : a", "<-- Message diffusé à 1 clients", "--> Message de bob : b"]
    demanded = wire_lines(*room)
    assert check_interleaved(console, [LISTENING, *room], LISTENING, [], demanded) is None
    problem = check_interleaved(console, [LISTENING, room[2], room[1], room[0]], LISTENING, [], demanded)
    assert found(problem)[:2] == ("line-differs", 1)
    problem = check_interleaved(console, [room[0], LISTENING, room[1]], LISTENING, [], demanded)
    assert found(problem)[:2] == ("line-missing", 2)
