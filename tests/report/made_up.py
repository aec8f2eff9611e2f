"""Results folders that no run has left: records of cells and cases as a test wants them, with their captures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from conformance.agent.problem import Problem, Where
from conformance.formatting import catalogue, sentence
from conformance.report.capture import write_capture
from conformance.results.reading import VERSION

__all__ = [
    "A_FINDING",
    "WRONG",
    "a_problem",
    "case_record",
    "cell_record",
    "entry_of",
    "failed",
    "not_passed",
    "write_run",
]

A_FINDING: dict[str, Any] = {
    "key": "little-endian-int",
    "side": "server",
    "connections": [1],
    "field": "sum",
    "type": "int",
    "round": 1,
    "offset": 0,
    "raw": "03000000",
    "details": [],
    "confidence": 0.9,
    "certainty": "possible",
    "waiting": [],
}

WRONG = Problem(
    "wrong-value",
    Where(1, "server", 0, "sum", "int", 1),
    {"value": 4, "expected": 3, "equals": "first + second", "raw": b"\0\0\0\x04", "size": 4},
    0.1,
)


def a_problem(reason: str) -> Problem:
    """A problem whose sentence is that text, in every language."""
    return Problem("cannot-run-here", values={"reason": reason})


def entry_of(problem: Problem) -> dict[str, Any]:
    """As a record has it."""
    return {**problem.to_json(), "sentence": sentence(problem, catalogue("en"))}


def failed(*problems: Problem) -> dict[str, Any]:
    """What is in the record of what failed so."""
    return {"verdict": "failed", "problems": [entry_of(problem) for problem in problems or (WRONG,)]}


def not_passed(verdict: str, code: str) -> dict[str, Any]:
    """What is in the record of what has that verdict for that problem of the client."""
    values = {"reason": "so it is"} if verdict == "error" else {}
    return {"verdict": verdict, "problems": [entry_of(Problem(code, Where(1, "client"), values))]}


def _empty(kind: str, name: str, protocol: str) -> dict[str, Any]:
    return {
        "version": VERSION,
        "kind": kind,
        "name": name,
        "protocol": protocol,
        "server": None,
        "clients": None,
        "network": None,
        "case": None,
        "verdict": "passed",
        "wire_only": False,
        "culprit": None,
        "problems": [],
        "non_strict": None,
        "diagnosis": [],
        "divergence": None,
        "began": "2026-03-02T10:15:00+00:00",
        "seconds": 0.25,
        "phases": {},
        "programs": [],
        "wire": [],
        "conversations": [],
    }


def cell_record(name: str = "addition/a-server/a-client/direct", **changes: Any) -> dict[str, Any]:
    """A cell of one connection, in which 1 + 2 = 3 was asked and answered."""
    protocol, server, clients, network = name.split("/")
    return {
        **_empty("cell", name, protocol),
        "server": server,
        "clients": clients,
        "network": network,
        "programs": [
            {**_program("server", server), "status": None, "console": [line(0.09, "--> Premier nombre reçu : 1")]},
            {**_program("client", clients), "status": 0, "console": [line(0.12, "--> Réponse serveur : 3")]},
        ],
        "wire": [
            _event(0.01, "opened", "client", detail="127.0.0.1:50000", via="127.0.0.1:9000"),
            received(0.02, "client", 0, bytes.fromhex("000000010000")),
            sent(0.03, "client", 0, 1),
            sent(0.04, "client", 1, 5),
            received(0.05, "client", 6, bytes.fromhex("0002")),
            sent(0.06, "client", 6, 2),
            received(0.10, "server", 0, bytes.fromhex("00000003")),
            sent(0.11, "server", 0, 4),
            _event(0.13, "end", "client"),
        ],
        "conversations": [
            {
                "connection": 1,
                "problems": [],
                "fields": [
                    field(0.02, "client", "first", 1, 0),
                    field(0.05, "client", "second", 2, 4),
                    field(0.10, "server", "sum", 3, 0),
                ],
            }
        ],
        **changes,
    }


def case_record(name: str, program: str = "a-server", **changes: Any) -> dict[str, Any]:
    """A case against a server of `addition`."""
    return {
        **_empty("case", f"case/addition/server/{program}/{name}", "addition"),
        "server": program,
        "case": {"name": name, "about": {"en": f"what {name} does", "fr": f"ce que fait {name}"}, "non_strict": None},
        "programs": [{**_program("server", program), "status": None, "console": []}],
        **changes,
    }


def write_run(folder: Path, records: Iterable[Mapping[str, Any]], **facts: Any) -> Path:
    """Writes the results folder of a run, and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {
        "version": VERSION,
        "began": "2026-03-02T10:15:00+00:00",
        "backend": "processes",
        "why": "as asked",
        "versions": {},
        "harness": {},
        "commit": None,
        "protocols": {},
        "networks": {},
        "cells": [],
        "cases": 0,
        **facts,
    }
    _write(folder / "run.json", known)
    for number, record in enumerate(records):
        _write(folder / f"{number:04}.json", record)
        write_capture(record, folder / f"{number:04}.json")
    return folder


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def _program(role: str, name: str) -> dict[str, Any]:
    known: dict[str, Any] = {"role": role, "name": name, "member": None, "port": 9000, "command": [], "problem": None}
    return known | {"compared": True}


def line(at: float, text: str, stream: str = "out", **more: Any) -> dict[str, Any]:
    """A line of a console."""
    return {"at": at, "stream": stream, "text": text, "whole": True, **more}


def received(at: float, sender: str, offset: int, data: bytes) -> dict[str, Any]:
    """Bytes that came to the tap."""
    return _event(at, "received", sender, offset=offset, data=data.hex())


def sent(at: float, sender: str, offset: int, size: int) -> dict[str, Any]:
    """Bytes that the tap passed on."""
    return _event(at, "sent", sender, offset=offset, size=size)


def _event(at: float, kind: str, sender: str, **more: Any) -> dict[str, Any]:
    return {"at": at, "connection": 1, "kind": kind, "sender": sender, **more}


def field(at: float, side: str, name: str, value: int, offset: int) -> dict[str, Any]:
    """An int that passed."""
    raw = value.to_bytes(4, "big").hex()
    return {
        "at": at,
        "side": side,
        "field": name,
        "type": "int",
        "value": value,
        "offset": offset,
        "size": 4,
        "bytes": raw,
    }
