"""Chat clients with one fault each meet the cases: each is refused by the case that is for it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.running import LIMIT_SECONDS, ROOT, any_of, arguments, environment

PROGRAMS = Path(__file__).resolve().parent / "wrong" / "programs.yaml"

# The code of the problem, and facts of it: of its place, and its values.
REFUSED: dict[str, tuple[str, dict[str, object]]] = {
    "shows-its-own/echo": ("forbidden-line", {"pattern": "--> alice : .*", "text": "--> alice : bonjour"}),
    "shows-its-own/same-name": ("forbidden-line", {"text": "--> alice : je ne suis pas toi"}),
    "shouts/half-a-message": ("not-shown", {"shows": ["--> bob : salut"], "text": ["--> bob : SALUT"]}),
    "sends-empty-lines/empty-line": ("unexpected-bytes", {"side": "client", "expected": "un", "type": "UTF"}),
    "standard-utf-8/text/text-8": ("unexpected-bytes", {"expected": "\0", "raw": {"hex": "000100"}}),
    "too-long/too-long/of-a+65536": ("ended-instead", {"side": "client", "ended": "end"}),
    "refuses-in-silence/too-long/of-a+65536": ("error-line-missing", {"pattern": "!!! .*"}),
    "fails-in-silence/gone-after-the-address/how-close": ("error-line-missing", {"pattern": "!!! Erreur réseau"}),
    "does-not-leave/message": ("must-end", {"side": "client", "timeout": 5.0}),
    "hears-late/server-does-not-read": (
        "not-shown",
        {"shows": ["--> bob : attendez", "--> bob : attendez", "...", "--> bob : attendez"]},
    ),
}
STOOD = ["right/echo", "right/empty-line", "right/too-long/of-a+65536", "right/server-does-not-read", "right/refused"]
NOTED = "right/forged-line"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The records of all these cases, by the client and the case, from the run that a user starts."""
    results = tmp_path_factory.mktemp("results")
    wanted = any_of([f"chat/client/{name}" for name in (*REFUSED, *STOOD, NOTED)])
    options = ("--cases", "--backend", "processes", "--programs", str(PROGRAMS), "-k", wanted)
    done = subprocess.run(
        arguments(results, *options),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    found = {
        record["name"].removeprefix("case/chat/client/"): record
        for path in results.glob("*/case/**/*.json")
        for record in [json.loads(path.read_text(encoding="utf-8"))]
    }
    assert found.keys() == {*REFUSED, *STOOD, NOTED}, done.stdout.decode()
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_the_case_refuses_the_fault(records: dict[str, Any], name: str) -> None:
    code, facts = REFUSED[name]
    assert records[name]["verdict"] == "failed"
    problem = records[name]["problems"][0]
    known = {**problem["where"], **problem["values"]}
    assert (problem["code"], {fact: known.get(fact) for fact in facts}) == (code, facts)


@pytest.mark.parametrize("name", STOOD)
def test_without_a_fault_it_passes_the_case(records: dict[str, Any], name: str) -> None:
    record = records[name]
    assert (record["verdict"], record["problems"], record["non_strict"]) == ("passed", [], None)


def test_what_is_non_strict_passes_and_says_so(records: dict[str, Any]) -> None:
    record = records[NOTED]
    assert (record["verdict"], record["problems"]) == ("non-strict", [])
    assert record["non_strict"]["code"] == "shown-otherwise"
    assert record["case"]["non_strict"]["en"] == "it shows control characters as they are"
