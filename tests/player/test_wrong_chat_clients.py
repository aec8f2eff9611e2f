"""Chat clients with one fault each meet the cases: each is refused by the case that is for it, in a sentence."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.running import LIMIT_SECONDS, ROOT, any_of, arguments, environment

PROGRAMS = Path(__file__).resolve().parent / "wrong" / "programs.yaml"

REFUSED = {
    "shows-its-own/echo": "standard output must have no line '--> alice : .*', and has '--> alice : bonjour'",
    "shows-its-own/same-name": (
        "standard output must have no line '.*je ne suis pas toi.*', and has '--> alice : je ne suis pas toi'"
    ),
    "shouts/half-a-message": "standard output must show '--> bob : salut', and has '--> bob : SALUT'",
    "sends-empty-lines/empty-line": "the client sent 00 00 00 05 where UTF 'un' (00 02 75 6E) must come",
    "standard-utf-8/text/text-8": r"only 00 01 00 came from the client within 5 s, and UTF '\x00' must come",
    "too-long/too-long/of-a+65536": "the client ended the connection by end",
    "refuses-in-silence/too-long/of-a+65536": "standard error must have a line '!!! .*', and has nothing",
    "fails-in-silence/gone-after-the-address/how-close": (
        "standard error must have a line '!!! Erreur réseau', and has nothing"
    ),
    "does-not-leave/message": "the client did not end the connection within 5 s",
    "hears-late/server-does-not-read": (
        "standard output must show '--> bob : attendez' '--> bob : attendez' '...' '--> bob : attendez', and has "
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
        record["case"].removeprefix("case/chat/client/"): record
        for path in results.glob("*/case/**/*.json")
        for record in [json.loads(path.read_text(encoding="utf-8"))]
    }
    assert found.keys() == {*REFUSED, *STOOD, NOTED}, done.stdout.decode()
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_the_case_refuses_the_fault(records: dict[str, Any], name: str) -> None:
    assert records[name]["verdict"] == "failed"
    assert records[name]["reason"].startswith(REFUSED[name])


@pytest.mark.parametrize("name", STOOD)
def test_without_a_fault_it_stands_the_case(records: dict[str, Any], name: str) -> None:
    record = records[name]
    assert (record["verdict"], record["reason"], record["note"]) == ("passed", None, None)


def test_what_is_only_rough_passes_with_a_note(records: dict[str, Any]) -> None:
    record = records[NOTED]
    assert (record["verdict"], record["reason"]) == ("passed", None)
    assert record["note"] == "rough, as the course's Java is: it shows control characters as they are"
