"""A server that a client ends has failed that case, and is started again for the next one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.conformance.running import LIMIT_SECONDS, ROOT, any_of, arguments, environment

PROGRAMS = Path(__file__).resolve().parent / "fragile" / "programs.yaml"
SURVIVED = ("one-sum", "no-request", "split/byte-1", "pauses-in-turn", "ends-after/bytes-11")
ENDED = {"ends-after/bytes-0": 0, "ends-after/bytes-1": 1, "port-scan/time-1": 0, "port-scan/time-2": 0}


def test_each_case_has_its_own_verdict(tmp_path: Path) -> None:
    wanted = any_of([f"server/fragile/{name}" for name in (*SURVIVED, *ENDED)])
    options = ("--cases", "--backend", "processes", "--programs", str(PROGRAMS), "-k", wanted)
    done = subprocess.run(
        arguments(tmp_path, *options),
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    records = {
        record["name"].removeprefix("case/addition/server/fragile/"): record
        for path in tmp_path.glob("*/case/**/*.json")
        for record in [json.loads(path.read_text(encoding="utf-8"))]
    }
    assert not any(records[name]["problems"] for name in SURVIVED), done.stdout.decode()
    for name, size in ENDED.items():
        (problem,) = records[name]["problems"]
        values = problem["values"]
        assert (problem["code"], values["case"], values.get("size", 0)) == ("server-ended", name, size)
