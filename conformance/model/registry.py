"""All of the harness's YAML, read, typed and checked against each other; with the users' programs added."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import Field

from conformance.model.console import Console
from conformance.model.network import Network
from conformance.model.program import ANY_CONSOLE, Program, ProgramEntry, Role
from conformance.model.protocol import Protocol
from conformance.model.runtime import Runtime
from conformance.model.scenario import Scenario
from conformance.model.yaml_file import Model, YamlError, read_yaml, unknown_key, validate

__all__ = ["Registry", "load_registry"]

HERE = Path(__file__).resolve().parent.parent

_NAME = re.compile(r"\w[\w.-]*")

M = TypeVar("M", bound=Model)


class _ProgramFile(Model):
    servers: Mapping[str, ProgramEntry] = Field(default_factory=dict)
    clients: Mapping[str, ProgramEntry] = Field(default_factory=dict)


@dataclass(frozen=True)
class Registry:
    """Everything the matrix is made of."""

    protocols: Mapping[str, Protocol]
    consoles: Mapping[str, Console]
    networks: Mapping[str, Network]
    scenarios: Mapping[str, Scenario]
    runtimes: Mapping[str, Runtime]
    servers: tuple[Program, ...]
    clients: tuple[Program, ...]


def load_registry(extra: Iterable[Path] = (), home: Path = HERE) -> Registry:
    """The harness's own files, in `home`, and the users' `extra` ones; YamlError says what is wrong in any of them."""
    protocols = {
        protocol.protocol: protocol
        for path in sorted((home / "protocols").glob("*.yaml"))
        for protocol in [validate(Protocol, read_yaml(path), path)]
    }
    scenarios = {
        scenario.scenario: scenario
        for path in sorted((home / "scenarios").glob("*.yaml"))
        for scenario in [validate(Scenario, read_yaml(path), path)]
    }
    consoles: dict[str, Console] = {}
    for path in sorted((home / "consoles").glob("*.yaml")):
        consoles.update(_entries(Console, path))
    programs: dict[tuple[Role, str], Program] = {}
    for path in [home / "programs.yaml", *(Path(file).resolve() for file in extra)]:
        for program in _programs(path, protocols, consoles):
            known = programs.setdefault((program.role, program.name), program)
            if known is not program:
                raise YamlError(f"{path}: {program.role}s.{program.name}: the name is taken, by {known.file}")
    return Registry(
        protocols=protocols,
        consoles=consoles,
        networks=_entries(Network, home / "networks.yaml"),
        scenarios=scenarios,
        runtimes=_entries(Runtime, home / "runtimes.yaml"),
        servers=tuple(program for (role, _), program in programs.items() if role == "server"),
        clients=tuple(program for (role, _), program in programs.items() if role == "client"),
    )


def _entries(kind: type[M], path: Path) -> dict[str, M]:
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise YamlError(f"{path}: must be a mapping of names to entries, got {content!r}")
    return {str(name): validate(kind, entry, path, str(name)) for name, entry in content.items()}


def _programs(path: Path, protocols: Mapping[str, Protocol], consoles: Mapping[str, Console]) -> Iterable[Program]:
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise YamlError(f"{path}: must have programs under `servers` or `clients`, got {content!r}")
    for group in content:
        if group not in _ProgramFile.model_fields:
            raise YamlError(f"{path}: {unknown_key(group, list(_ProgramFile.model_fields))}")
    roles: tuple[tuple[Role, str], ...] = (("server", "servers"), ("client", "clients"))
    for role, group in roles:
        entries = content.get(group) or {}
        if not isinstance(entries, dict):
            raise YamlError(f"{path}: {group}: must be a mapping of names to programs, got {entries!r}")
        for name, raw in entries.items():
            where = f"{path}: {group}.{name}"
            if not _NAME.fullmatch(str(name)):
                raise YamlError(f"{where}: a name has letters, digits and . _ - only: it names files and selects cells")
            entry = validate(ProgramEntry, raw, path, group, str(name))
            if entry.protocol not in protocols:
                raise YamlError(
                    f"{where}.protocol: no such protocol: {entry.protocol!r}; known are {', '.join(protocols)}"
                )
            console = None
            if entry.console != ANY_CONSOLE:
                fitting = [key for key, value in consoles.items() if value.role == role]
                if entry.console not in fitting:
                    known = ", ".join([*fitting, ANY_CONSOLE])
                    raise YamlError(
                        f"{where}.console: no such console of a {role}: {entry.console!r}; known are {known}"
                    )
                console = consoles[entry.console]
                unknown = sorted(set(console.after) - {step.key for step in protocols[entry.protocol].fields})
                if unknown:
                    raise YamlError(
                        f"{where}.console: {entry.console!r} has lines after {unknown[0]}, "
                        f"and the protocol {entry.protocol!r} has no such field"
                    )
            program = Program(str(name), role, entry, console, path)
            if program.folder is not None and not program.folder.is_dir():
                raise YamlError(f"{where}.folder: no such folder: {program.folder}")
            yield program
