"""What a run leaves behind: a JSON file for each cell, and one for the run."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from conformance.case_run import CaseResult
from conformance.cell import CellResult
from conformance.console_log import ConsoleLine
from conformance.conversation import read_conversation
from conformance.judge import Account
from conformance.matrix import Cell

__all__ = ["Records"]

_VERSION = 1  # of the form of these files


class Records:
    """The results folder of one run."""

    def __init__(self, root: Path) -> None:
        stamp = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
        names = itertools.chain([stamp], (f"{stamp}-{number}" for number in itertools.count(2)))
        self.folder = next(folder for name in names if not (folder := root / name).exists())

    def run(self, facts: Mapping[str, Any]) -> None:
        """Writes what is true of the whole run."""
        self._write(self.folder / "run.json", {"version": _VERSION, **facts})

    def result(self, result: CellResult) -> Path:
        """Writes a cell that was run."""
        return self._cell(
            result.cell,
            {
                "verdict": "passed" if result.verdict.passed else "failed",
                "reason": result.verdict.problems[0] if result.verdict.problems else None,
                "problems": list(result.verdict.problems),
                "seconds": round(result.seconds, 3),
                "phases": {name: round(seconds, 3) for name, seconds in result.phases.items()},
                "programs": [_program(account, result.began) for account in result.accounts],
                "wire": [event.shifted(-result.began).to_json() for event in result.recording.events],
                "conversations": [_conversation(result, number) for number in range(len(result.recording.connections))],
            },
        )

    def case(self, result: CaseResult) -> Path:
        """Writes a case that was run."""
        return self._write(
            self.folder / f"{result.name}.json",
            {
                "version": _VERSION,
                "case": result.name,
                "about": result.case.about,
                "verdict": "passed" if result.problem is None else "failed",
                "reason": result.problem,
                "note": result.note,
                "seconds": round(result.seconds, 3),
                "console": [_line(line, result.began) for line in result.lines],
                "wire": [event.shifted(-result.began).to_json() for event in result.recording.events],
            },
        )

    def skipped(self, cell: Cell, reason: str) -> Path:
        """Writes a cell that could not be run."""
        return self._cell(cell, {"verdict": "skipped", "reason": reason})

    def _cell(self, cell: Cell, content: Mapping[str, Any]) -> Path:
        head = {
            "version": _VERSION,
            "cell": cell.name,
            "protocol": cell.protocol.protocol,
            "server": cell.server.name,
            "clients": cell.mixture,
            "network": cell.network_name,
        }
        return self._write(self.folder / f"{cell.name}.json", {**head, **content})

    @staticmethod
    def _write(path: Path, content: Mapping[str, Any]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A lone surrogate, legal in modified UTF-8, has no UTF-8: it becomes the escape that JSON has for it.
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8", "backslashreplace")
        return path


def _program(account: Account, began: float) -> dict[str, Any]:
    return {
        "role": account.program.role,
        "name": account.program.name,
        "member": account.member,
        "port": account.port,
        "command": list(account.program.entry.command),
        "status": account.status,
        "trouble": account.trouble,
        "console": [_line(line, began) for line in account.lines],
    }


def _value(value: Any) -> Any:
    """The value in JSON, which knows neither NaN nor infinities; bytes stand beside it as they are."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def _line(line: ConsoleLine, began: float) -> dict[str, Any]:
    return {"at": round(line.at - began, 6), "stream": line.stream, "text": line.text, "whole": line.whole}


def _conversation(result: CellResult, index: int) -> dict[str, Any]:
    connection = result.recording.connections[index]
    conversation = read_conversation(result.cell.protocol, connection)
    return {
        "connection": connection.number,
        "fields": [
            {
                "at": round(seen.came - result.began, 6),
                "sender": seen.sender,
                "field": seen.name,
                "type": seen.type,
                "value": _value(seen.value),
                "bytes": seen.raw.hex(),
                "offset": seen.offset,
            }
            for seen in conversation.fields
        ],
        "problems": [*conversation.problems, *conversation.missing],
    }
