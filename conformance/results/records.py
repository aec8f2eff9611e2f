"""What a run leaves behind: a JSON file for each cell, and one for the run."""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance.agent.events import Side
from conformance.agent.recording import Recording
from conformance.decoder.conversation import Conversation, read_conversation
from conformance.diagnosis import diagnose
from conformance.diagnosis import to_json as mistake_to_json
from conformance.judge import Account
from conformance.judge.console_line import ConsoleLine
from conformance.judge.correlation import Place, align
from conformance.judge.divergence import LineMark, Parting, WireMark, find_parting
from conformance.model.cases import Case
from conformance.model.cells import Cell
from conformance.model.protocol import Protocol
from conformance.runner.case_run import CaseGroup, CaseResult
from conformance.runner.cell_run import CellResult

__all__ = ["Records"]

_VERSION = 1  # of the form of these files
_MARKED_BYTES, _MARKED_BEFORE = 24, 8


class Records:
    """The results folder of one run."""

    def __init__(self, root: Path) -> None:
        stamp = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
        names = itertools.chain([stamp], (f"{stamp}-{number}" for number in itertools.count(2)))
        self.folder = next(folder for name in names if not (folder := root / name).exists())

    def run(self, facts: Mapping[str, Any]) -> None:
        """Writes what is true of the whole run; again when more of it is known."""
        self._write(self.folder / "run.json", {"version": _VERSION, **facts})

    def result(self, result: CellResult) -> Path:
        """Writes a cell that was run."""
        protocol = result.cell.protocol
        conversations = [read_conversation(protocol, seen) for seen in result.recording.connections]
        failed = not result.verdict.passed
        aligned = [align(protocol, account, conversations) for account in result.accounts]
        parting = find_parting(protocol, conversations, result.accounts, aligned) if failed else None
        return self._cell(
            result.cell,
            {
                "verdict": "failed" if failed else "passed",
                "reason": result.verdict.problems[0] if result.verdict.problems else None,
                "problems": list(result.verdict.problems),
                "mistakes": _mistakes(protocol, result.recording, result.began, result.seconds) if failed else [],
                "parting": _parting(parting, result.began),
                "began": _date(result.began),
                "seconds": round(result.seconds, 3),
                "phases": {name: round(seconds, 3) for name, seconds in result.phases.items()},
                "programs": [
                    _program(account, places, result.began)
                    for account, places in zip(result.accounts, aligned, strict=True)
                ],
                "wire": [event.shifted(-result.began).to_json() for event in result.recording.events],
                "conversations": [_conversation(conversation, result.began) for conversation in conversations],
            },
        )

    def case(self, result: CaseResult) -> Path:
        """Writes a case that was run."""
        protocol, program, failed = result.group.protocol, result.group.program, result.problem is not None
        conversations: list[Conversation] = []
        places: Mapping[int, Place] = {}
        parting = None
        mistakes: list[dict[str, Any]] = []
        if failed:
            # The other side is the harness, which does wrong on purpose.
            mistakes = _mistakes(protocol, result.recording, result.began, result.seconds, of=program.role)
        if failed or result.note:
            conversations = [read_conversation(protocol, seen) for seen in result.recording.connections]
            account = Account(program, result.lines, None, 0)
            places = align(protocol, account, conversations)
            parting = find_parting(protocol, conversations, [account], [places], program.role) if failed else None
        return self._case(
            result.group,
            result.case,
            {
                "verdict": "failed" if failed else "passed",
                "reason": result.problem,
                "note": result.note,
                "mistakes": mistakes,
                "parting": _parting(parting, result.began),
                "began": _date(result.began),
                "seconds": round(result.seconds, 3),
                "console": _console(result.lines, places, result.began),
                "wire": [event.shifted(-result.began).to_json() for event in result.recording.events],
                "conversations": [_conversation(conversation, result.began) for conversation in conversations],
            },
        )

    def skipped(self, cell: Cell, reason: str) -> Path:
        """Writes a cell that could not be run."""
        return self._cell(cell, {"verdict": "skipped", "reason": reason})

    def skipped_case(self, group: CaseGroup, case: Case, reason: str) -> Path:
        """Writes a case that could not be run."""
        return self._case(group, case, {"verdict": "skipped", "reason": reason})

    def _case(self, group: CaseGroup, case: Case, content: Mapping[str, Any]) -> Path:
        name = f"{group.name}/{case.name}"
        head = {
            "version": _VERSION,
            "case": name,
            "protocol": group.protocol.protocol,
            "role": group.program.role,
            "program": group.program.name,
            "name": case.name,
            "about": case.about,
            "rough": case.rough,
        }
        return self._write(self.folder / f"{name}.json", {**head, **content})

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


def _program(account: Account, places: Mapping[int, Place], began: float) -> dict[str, Any]:
    return {
        "role": account.program.role,
        "name": account.program.name,
        "member": account.member,
        "port": account.port,
        "command": list(account.program.entry.command),
        "status": account.status,
        "trouble": account.trouble,
        "console": _console(account.lines, places, began),
    }


def _value(value: Any) -> Any:
    """The value in JSON, which knows neither NaN nor infinities; bytes stand beside it as they are."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return repr(value) if isinstance(value, float) and not math.isfinite(value) else value


def _console(lines: Sequence[ConsoleLine], places: Mapping[int, Place], began: float) -> list[dict[str, Any]]:
    """The lines; `of` is what a line tells of: a connection, and of a field there who sent it and where it begins."""
    console = []
    for number, line in enumerate(lines):
        entry: dict[str, Any] = {
            "at": round(line.at - began, 6),
            "stream": line.stream,
            "text": line.text,
            "whole": line.whole,
        }
        place = places.get(number)
        if place is not None:
            field = [] if place.sender is None else [place.sender, place.offset]
            entry["of"] = [place.connection, *field]
        console.append(entry)
    return console


def _conversation(conversation: Conversation, began: float) -> dict[str, Any]:
    return {
        "connection": conversation.connection.number,
        "fields": [
            {
                "at": round(seen.came - began, 6),
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


def _mistakes(
    protocol: Protocol, recording: Recording, began: float, seconds: float, of: Side | None = None
) -> list[dict[str, Any]]:
    """The well-known mistakes that fit the bytes, the likeliest first; `of` is the side that is judged, if not both."""
    findings = diagnose(protocol, recording.connections, now=began + seconds, of=of)
    found = [mistake_to_json(finding) for finding in findings]
    for mistake in found:
        for waiting in mistake["waiting"]:
            waiting["since"] = round(waiting["since"] - began, 6)
    return found


def _parting(parting: Parting | None, began: float) -> dict[str, Any] | None:
    if parting is None:
        return None
    return {
        "at": round(parting.at - began, 6),
        "wire": None if parting.wire is None else _wire_mark(parting.wire),
        "lines": [_line_mark(mark) for mark in parting.lines],
    }


def _wire_mark(mark: WireMark) -> dict[str, Any]:
    """Of long bytes those around the first that differs: `skipped` is how many are left out before them."""
    start = mark.differs - _MARKED_BEFORE if mark.differs > _MARKED_BYTES - _MARKED_BEFORE else 0
    shown = slice(start, start + _MARKED_BYTES)
    return {
        "connection": mark.connection,
        "sender": mark.sender,
        "field": mark.field,
        "type": mark.type,
        "value": _value(mark.value),
        "bytes": mark.raw[shown].hex(),
        "skipped": start,
        "size": len(mark.raw),
        "offset": mark.offset,
        "expected": None
        if mark.expected is None
        else {"value": _value(mark.expected), "bytes": (mark.expected_raw or b"")[shown].hex()},
    }


def _line_mark(mark: LineMark) -> dict[str, Any]:
    return {"program": mark.account, "line": mark.line, "expected": mark.expected}


def _date(moment: float) -> str:
    """The date of a moment that was taken on the monotonic clock."""
    return datetime.fromtimestamp(time.time() - time.monotonic() + moment, UTC).isoformat(timespec="microseconds")
