"""Which cases come first: a handful that tell most; and last, what may end a fragile server."""

from __future__ import annotations

from itertools import pairwise

import pytest

from conformance.model import load_registry
from conformance.model.cases import Case, load_cases
from conformance.runner.case_order import cuts, first_cases, harmless_first

REGISTRY = load_registry()
FILES = load_cases(REGISTRY.cases)
PROTOCOLS = ("addition", "chat")


def entries(cases: list[Case]) -> list[str]:
    """The first part of each name, once for all that follow one another."""
    names = [case.name.partition("/")[0] for case in cases]
    return [name for name, before in zip(names, ["", *names], strict=False) if name != before]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_each_case_has_its_place(protocol: str) -> None:
    cases = FILES[protocol, "server"].cases
    ordered = harmless_first(cases, REGISTRY.protocols[protocol])
    assert sorted(case.name for case in ordered) == sorted(case.name for case in cases)
    assert ordered[0] == cases[0]


def test_who_leaves_early_comes_behind_who_says_all_and_a_reset_last() -> None:
    order = entries(harmless_first(FILES["addition", "server"].cases, REGISTRY.protocols["addition"]))
    places = {name: number for number, name in reversed(list(enumerate(order)))}
    harmless = {"one-sum", "split", "pauses", "odd-address", "stalled-beside", "half-close", "crowd"}
    leaving = {"answer-not-read", "stalled-before"}
    wrong = {"malformed-address", "port-scan", "http"}
    resets = {"reset-after", "tls"}
    groups = [[places[name] for name in group] for group in (harmless, leaving, wrong, resets)]
    assert all(max(one) < min(other) for one, other in pairwise(groups))


def test_a_half_that_is_made_whole_later_is_no_harm() -> None:
    order = entries(harmless_first(FILES["chat", "server"].cases, REGISTRY.protocols["chat"]))
    assert order.index("half-a-message") < order.index("half-a-message-lost")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("against", ["server", "client"])
def test_the_first_ones_are_of_different_kinds_and_one_cuts(protocol: str, against: str) -> None:
    cases = FILES[protocol, against].cases  # type: ignore[index]
    chosen = first_cases(cases)
    assert len(entries(chosen)) == len(chosen) == 6
    assert chosen[0] == cases[0]
    assert any(cuts(case) for case in chosen)
