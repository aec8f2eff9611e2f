"""All of the harness's YAML, read, typed and checked against each other; with the users' programs added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from conformance.model.console import Console
from conformance.model.network import Network
from conformance.model.program import ANY_CONSOLE, Program, ProgramEntry, Role
from conformance.model.program_file import Kind, ProgramFile, listed_files, read_program_file
from conformance.model.protocol import Protocol
from conformance.model.runtime import RuntimeEntry
from conformance.model.scenario import Scenario
from conformance.model.yaml_file import Model, YamlError, plain_name, read_yaml, validate

__all__ = ["Registry", "load_matrix", "load_registry", "load_runtimes"]

SPEC = Path(__file__).resolve().parent.parent / "spec"

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Registry:
    """Everything the matrix is made of; `cases` are the files with the cases of its protocols."""

    protocols: Mapping[str, Protocol]
    consoles: Mapping[str, Console]
    networks: Mapping[str, Network]
    scenarios: Mapping[str, Scenario]
    runtimes: Mapping[str, RuntimeEntry]
    cases: tuple[Path, ...]
    servers: tuple[Program, ...]
    clients: tuple[Program, ...]


def load_registry(extra: Iterable[Path] = (), home: Path = SPEC) -> Registry:
    """The harness's own files, in `home`, and the users' `extra` ones; YamlError says what is wrong in any of them."""
    return _load([home / "programs.yaml", *extra], home)


def load_matrix(extra: Iterable[Path] = (), home: Path = SPEC) -> Registry:
    """The same for the matrix of this repository, which may be made of more than the harness's own programs."""
    return _load([*listed_files(home / "matrix.yaml"), *extra], home)


def load_runtimes(home: Path = SPEC) -> Mapping[str, RuntimeEntry]:
    """The runtimes by their languages."""
    return _entries(RuntimeEntry, home / "runtimes.yaml")


def _load(programs: Iterable[Path], home: Path) -> Registry:
    runtimes = load_runtimes(home)
    files = [read_program_file(path) for path in dict.fromkeys(path.resolve() for path in programs)]
    protocols = _by_name(
        "protocol",
        (
            (protocol.protocol, protocol, path)
            for path in _files("protocols", home, files)
            for protocol in [validate(Protocol, read_yaml(path), path)]
        ),
    )
    consoles = _by_name(
        "console",
        (
            (name, console, path)
            for path in _files("consoles", home, files)
            for name, console in _entries(Console, path).items()
        ),
    )
    found: dict[tuple[Role, str], Program] = {}
    for file in files:
        for program in _programs(file, protocols, consoles, runtimes):
            known = found.setdefault((program.role, program.name), program)
            if known is not program:
                raise YamlError(f"{file.path}: {program.role}s.{program.name}: the name is taken, by {known.file}")
    return Registry(
        protocols=protocols,
        consoles=consoles,
        networks=_entries(Network, home / "networks.yaml"),
        scenarios={
            scenario.scenario: scenario
            for path in sorted((home / "scenarios").glob("*.yaml"))
            for scenario in [validate(Scenario, read_yaml(path), path)]
        },
        runtimes=runtimes,
        cases=_files("cases", home, files),
        servers=tuple(program for (role, _), program in found.items() if role == "server"),
        clients=tuple(program for (role, _), program in found.items() if role == "client"),
    )


def _by_name(kind: str, found: Iterable[tuple[str, M, Path]]) -> dict[str, M]:
    known: dict[str, M] = {}
    files: dict[str, Path] = {}
    for name, value, path in found:
        if name in known:
            raise YamlError(f"{path}: there is a {kind} of the name {name!r} already, in {files[name]}")
        known[name], files[name] = value, path
    return known


def _files(kind: Kind, home: Path, programs: Iterable[ProgramFile]) -> tuple[Path, ...]:
    """The harness's own files of that kind, and those that the files of programs bring along, each once."""
    brought = (path for file in programs for path in file.brought[kind])
    return tuple(dict.fromkeys((*sorted((home / kind).glob("*.yaml")), *brought)))


def _entries(kind: type[M], path: Path) -> dict[str, M]:
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise YamlError(f"{path}: must be a mapping of names to entries, got {content!r}")
    return {str(name): validate(kind, entry, path, str(name)) for name, entry in content.items()}


def _programs(
    file: ProgramFile,
    protocols: Mapping[str, Protocol],
    consoles: Mapping[str, Console],
    runtimes: Mapping[str, RuntimeEntry],
) -> Iterable[Program]:
    roles: tuple[tuple[Role, str, Mapping[str, Any]], ...] = (
        ("server", "servers", file.servers),
        ("client", "clients", file.clients),
    )
    for role, group, entries in roles:
        for name, raw in entries.items():
            where = f"{file.path}: {group}.{name}"
            try:
                plain_name(str(name))
            except ValueError as error:
                raise YamlError(f"{where}: {error}") from None
            entry = validate(ProgramEntry, raw, file.path, group, str(name))
            if entry.protocol not in protocols:
                raise YamlError(
                    f"{where}.protocol: no such protocol: {entry.protocol!r}; known are {', '.join(protocols)}"
                )
            if entry.language is not None and entry.language not in runtimes:
                raise YamlError(
                    f"{where}.language: no such language: {entry.language!r}; known are {', '.join(runtimes)}"
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
            program = Program(str(name), role, entry, console, file.path)
            if program.folder is not None and not program.folder.is_dir():
                raise YamlError(f"{where}.folder: no such folder: {program.folder}")
            yield program
