"""What is known of cells and cases before they are run: which fail, which do so at times, which a program cannot do.

The file of `--known` has their names, or patterns as a shell has them, each with the reason:

    failing:
      addition/denis/*: it waits for lines, issue 7
    flaky:
      chat/*/mixed/slow: loses a message now and then
    unsupported:
      case/chat/server/mine/emoji: it has ASCII only
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import field_validator

from conformance.model.files import write_whole
from conformance.model.yaml_file import Model, YamlError, load

__all__ = ["Declared", "Known", "Observed", "load_known", "update_known"]

Kind = Literal["failing", "flaky", "unsupported"]
_KINDS: tuple[Kind, ...] = get_args(Kind)
_CASE = "case/"
_PLAIN = re.compile(r"\w[\w./+-]*")
_BEGIN = "# What is known of cells and cases: --known reads it, --update-known writes it.\n"


@dataclass(frozen=True)
class Declared:
    """An entry of a file: what it says of the names that fit the pattern, and why."""

    kind: Kind
    pattern: str
    reason: str
    file: Path

    def fits(self, name: str) -> bool:
        """Whether it is about the cell or the case of that name."""
        return name == self.pattern or fnmatchcase(name, self.pattern)


class _File(Model):
    failing: Mapping[str, str] = {}
    flaky: Mapping[str, str] = {}
    unsupported: Mapping[str, str] = {}

    @field_validator(*_KINDS, mode="before")
    @classmethod
    def _no_entries(cls, content: Any) -> Any:
        return {} if content is None else content

    @field_validator(*_KINDS)
    @classmethod
    def _reasons(cls, content: Mapping[str, str]) -> Mapping[str, str]:
        for pattern, reason in content.items():
            if not reason.strip():
                raise ValueError(f"{pattern!r} needs its reason")
        return content


class Known:
    """All entries; the name itself goes before patterns, and what is not to be run before the rest."""

    def __init__(self, entries: Sequence[Declared] = ()) -> None:
        self.entries = sorted(entries, key=lambda entry: -_KINDS.index(entry.kind))

    def unused(self, names: Collection[str]) -> list[Declared]:
        """The entries that none of all these names fits; one about cases is not told of where there are no cases."""
        cases = any(name.startswith(_CASE) for name in names)
        entries = (entry for entry in self.entries if cases or not entry.pattern.startswith(_CASE))
        return [entry for entry in entries if not any(map(entry.fits, names))]

    def of(self, name: str) -> Declared | None:
        """What is declared of that cell or case."""
        fitting = [entry for entry in self.entries if entry.fits(name)]
        return next((entry for entry in fitting if entry.pattern == name), next(iter(fitting), None))


def load_known(files: Iterable[Path]) -> Known:
    """What these files say. YamlError, also where one pattern has two kinds in a file."""
    entries: list[Declared] = []
    for file in files:
        content = load(_File, file)
        kinds: dict[str, Kind] = {}
        for kind in _KINDS:
            for pattern, reason in getattr(content, kind).items():
                if pattern in kinds:
                    raise YamlError(f"{file}: {kind}.{pattern}: stands under {kinds[pattern]} too")
                kinds[pattern] = kind
                entries.append(Declared(kind, pattern, reason, file))
    return Known(entries)


@dataclass(frozen=True)
class Observed:
    """What a run has shown of a cell or a case: it passes, it fails, or now this and now that; and what went wrong."""

    came: Literal["passes", "fails", "varies"]
    reason: str = ""


def update_known(file: Path, observed: Mapping[str, Observed]) -> tuple[int, int]:
    """Writes into the file what a run has shown, and returns how many entries it added and removed.

    Entries about what was not run stay, and so do all reasons and comments. Of a pattern that no longer fails as a
    whole the names that do remain. What is flaky or unsupported is never removed: a run cannot show that it is not.
    YamlError where the file is not what it must be; OSError where it cannot be written.
    """
    entries = load_known([file]).entries if file.exists() else []
    text = file.read_text(encoding="utf-8") if file.exists() else _BEGIN
    added: dict[Kind, dict[str, str]] = {"failing": {}, "flaky": {}}
    removed: list[Declared] = []
    for entry in entries:
        shown = {name: seen for name, seen in observed.items() if entry.fits(name)}
        if entry.kind == "failing" and any(seen.came != "fails" for seen in shown.values()):
            removed.append(entry)
            if entry.pattern not in shown:
                added["failing"] |= dict.fromkeys(
                    (n for n, seen in shown.items() if seen.came == "fails"), entry.reason
                )
    stays = Known([entry for entry in entries if entry not in removed])
    for name, seen in observed.items():
        if seen.came != "passes" and stays.of(name) is None:
            added["flaky" if seen.came == "varies" else "failing"].setdefault(name, seen.reason)
    if removed or any(added.values()):
        write_whole(file, _edited(text, file, removed, added).encode())
    return sum(map(len, added.values())), len(removed)


def _edited(text: str, file: Path, removed: Sequence[Declared], added: Mapping[Kind, Mapping[str, str]]) -> str:
    """The text without the lines of these entries, and with a line for each new one, behind the others of its kind."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    root = yaml.compose(text, yaml.SafeLoader)
    ends: dict[str, int] = {}  # the line behind each kind
    gone = {(entry.kind, entry.pattern) for entry in removed}
    dropped: set[int] = set()
    touched = {entry.kind for entry in removed} | {kind for kind, entries in added.items() if entries}
    for key, section in root.value if root is not None else ():
        ends[key.value] = key.start_mark.line + 1
        if isinstance(section, yaml.MappingNode) and section.flow_style and key.value in touched:
            raise YamlError(f"{file}: {key.value}: each entry must have a line of its own to be updated")
        for pattern, reason in section.value if isinstance(section, yaml.MappingNode) else ():
            mark = reason.end_mark
            ends[key.value] = behind = mark.line + (mark.column > 0)
            if (key.value, pattern.value) in gone:
                dropped.update(range(pattern.start_mark.line, behind))
    new: dict[int, list[str]] = {}
    for kind, entries in added.items():
        if entries:
            at = ends.get(kind, len(lines))
            head = [] if kind in ends else [f"{kind}:\n"]
            new.setdefault(at, []).extend([*head, *map(_line, entries.items())])
    kept = ([] if number in dropped else [line] for number, line in enumerate([*lines, ""]))
    return "".join(part for number, line in enumerate(kept) for part in [*new.get(number, ()), *line])


def _line(entry: tuple[str, str]) -> str:
    name, reason = entry
    written = name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    return f"  {written}: {json.dumps(reason, ensure_ascii=False)}\n"
