"""Results folders that no run has left: records of cells and cases as a test wants them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["case_record", "cell_record", "write_run"]


def cell_record(name: str = "addition/a-server/a-client/direct", **changes: Any) -> dict[str, Any]:
    """A cell of one connection, in which 1 + 2 = 3 was asked and answered."""
    protocol, server, clients, network = name.split("/")
    return {
        "version": 1,
        "cell": name,
        "protocol": protocol,
        "server": server,
        "clients": clients,
        "network": network,
        "verdict": "passed",
        "reason": None,
        "problems": [],
        "mistakes": [],
        "parting": None,
        "began": "2026-03-02T10:15:00+00:00",
        "seconds": 0.25,
        "programs": [
            {**_program("server", server), "status": None, "console": [_line(0.09, "--> Premier nombre reçu : 1")]},
            {**_program("client", clients), "status": 0, "console": [_line(0.12, "--> Réponse serveur : 3")]},
        ],
        "wire": [
            _event(0.01, "opened", "client", detail="127.0.0.1:50000", via="127.0.0.1:9000"),
            _event(0.02, "received", "client", data="00000001" + "0000"),
            _event(0.03, "sent", "client", size=1),
            _event(0.04, "sent", "client", size=5),
            _event(0.05, "received", "client", data="0002"),
            _event(0.06, "sent", "client", size=2),
            _event(0.10, "received", "server", data="00000003"),
            _event(0.11, "sent", "server", size=4),
            _event(0.13, "end", "client"),
        ],
        "conversations": [
            {
                "connection": 1,
                "problems": [],
                "fields": [
                    _field(0.02, "client", "first", 1, 0),
                    _field(0.05, "client", "second", 2, 4),
                    _field(0.10, "server", "sum", 3, 0),
                ],
            }
        ],
        **changes,
    }


def case_record(name: str, program: str = "a-server", **changes: Any) -> dict[str, Any]:
    """A case against a server of `addition`."""
    return {
        "version": 1,
        "case": f"case/addition/server/{program}/{name}",
        "protocol": "addition",
        "role": "server",
        "program": program,
        "name": name,
        "about": f"what {name} does",
        "rough": None,
        "verdict": "passed",
        "reason": None,
        "mistakes": [],
        "parting": None,
        "seconds": 0.1,
        "console": [],
        "wire": [],
        "conversations": [],
        **changes,
    }


def write_run(folder: Path, records: Iterable[Mapping[str, Any]], **facts: Any) -> Path:
    """Writes the results folder of a run, and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {"version": 1, "began": "2026-03-02T10:15:00+00:00", "backend": "processes", "why": "as asked", **facts}
    _write(folder / "run.json", known)
    for number, record in enumerate(records):
        _write(folder / f"{number:04}.json", record)
    return folder


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def _program(role: str, name: str) -> dict[str, Any]:
    return {"role": role, "name": name, "member": None, "port": 9000, "command": [], "trouble": None}


def _line(at: float, text: str, stream: str = "out") -> dict[str, Any]:
    return {"at": at, "stream": stream, "text": text, "whole": True}


def _event(at: float, kind: str, sender: str, **more: Any) -> dict[str, Any]:
    return {"at": at, "connection": 1, "kind": kind, "sender": sender, **more}


def _field(at: float, sender: str, name: str, value: int, offset: int) -> dict[str, Any]:
    raw = value.to_bytes(4, "big").hex()
    return {
        "at": at,
        "sender": sender,
        "field": name,
        "type": "int",
        "value": value,
        "bytes": raw,
        "offset": offset,
    }
