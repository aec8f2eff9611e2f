"""All of the harness's YAML, read, typed and checked against each other; with the users' programs added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, model_validator

from conformance.agent.events import Side
from conformance.agent.tap.conditions import Action, Conditions, Distribution
from conformance.model.program import ANY_CONSOLE, Console, Program, ProgramEntry, Role
from conformance.model.protocol import Protocol
from conformance.model.scenario import Scenario
from conformance.model.yaml_file import (
    Lines,
    Model,
    Name,
    Text,
    YamlError,
    load,
    read_yaml,
    shown,
    unknown_key,
    validate,
)

__all__ = ["Network", "Registry", "RuntimeEntry", "load_matrix", "load_registry", "load_runtimes"]

SPEC = Path(__file__).resolve().parent.parent / "spec"

M = TypeVar("M", bound=Model)

_ROLES: tuple[Role, ...] = ("server", "client")
_BROUGHT = ("protocols", "consoles", "cases")
_KEYS = (*(f"{role}s" for role in _ROLES), *_BROUGHT)


class Network(Model):
    """A network, with what `Conditions` has. `clients` is how many a program of many clients starts in it.

    The matrix has it where it is `usual`; else it is there for who asks for it by name.
    """

    about: Text
    clients: int = Field(ge=1)
    usual: bool = True
    split: int = Field(default=0, ge=0)
    hold_ms: float = Field(default=0.0, ge=0)
    latency_ms: float = Field(default=0.0, ge=0)
    jitter_ms: float = Field(default=0.0, ge=0)
    jitter: Distribution = "uniform"
    rate: int = Field(default=0, ge=0)
    close_ms: float = Field(default=0.0, ge=0)
    stall_ms: float = Field(default=0.0, ge=0)
    after: int = Field(default=0, ge=0)
    of: Side | Literal[""] = ""
    then: Action | Literal[""] = ""

    @model_validator(mode="after")
    def _says_where(self) -> Network:
        if (self.stall_ms or self.then) and not self.after:
            raise ValueError("`after` must say behind how many bytes `stall_ms` and `then` take place")
        if self.then and self.usual:
            raise ValueError(
                "`then` breaks connections, so the network must be `usual: false`: it is for who asks for it"
            )
        return self

    @property
    def conditions(self) -> Conditions:
        """The same, as the tap takes it."""
        return Conditions(**{name: getattr(self, name) for name in Conditions._fields})


class RuntimeEntry(Model):
    """The image that programs of a language run in; `conformance/backends/runtimes.py` has a class for each.

    image       the name of the image; its tag is the variant, or `latest`
    context     the folder that the image is built in, relative to the repository
    dockerfile  relative to the context
    sources     the files and folders in the context that the image holds; if one changes, the image is built again
    variants    the versions that images can be built of, the first by default; none where there is one image only
    build_args  arguments for the build of the image, in which `{variant}` stands for the variant
    options     options put behind the first word of a command, by that word
    timers      names of the runtime's own threads that wake up by time, as the system shows them (15 characters)
    """

    image: str
    context: str
    dockerfile: str
    sources: Lines = (".",)
    variants: Lines = ()
    build_args: Mapping[str, str] = Field(default_factory=dict)
    options: Mapping[str, Lines] = Field(default_factory=dict)
    timers: Lines = ()


class _Matrix(Model):
    programs: Lines


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
    path = home / "matrix.yaml"
    return _load([*_listed(path, "programs", load(_Matrix, path).programs), *extra], home)


def load_runtimes(home: Path = SPEC) -> Mapping[str, RuntimeEntry]:
    """The runtimes by their languages."""
    path = home / "runtimes.yaml"
    return _entries(RuntimeEntry, read_yaml(path), path)


def _load(paths: Iterable[Path], home: Path) -> Registry:
    runtimes = load_runtimes(home)
    files = {path: _read_programs(path) for path in dict.fromkeys(path.resolve() for path in paths)}
    brought = {kind: dict.fromkeys(sorted((home / kind).glob("*.yaml"))) for kind in _BROUGHT}
    for path, content in files.items():
        for kind, found in brought.items():
            found |= dict.fromkeys(_listed(path, kind, content.get(kind) or []))
    protocols = _by_name("protocol", brought["protocols"], lambda path: {(one := load(Protocol, path)).protocol: one})
    consoles = _by_name("console", brought["consoles"], lambda path: _entries(Console, read_yaml(path), path))
    programs: dict[tuple[Role, str], Program] = {}
    for path, content in files.items():
        for program in _programs(path, content, protocols, consoles, runtimes):
            known = programs.setdefault((program.role, program.name), program)
            if known is not program:
                raise YamlError(f"{program.where}: the name is taken, by {known.file}")
    scenarios = sorted((home / "scenarios").glob("*.yaml"))
    servers, clients = (tuple(one for one in programs.values() if one.role == role) for role in _ROLES)
    return Registry(
        protocols=protocols,
        consoles=consoles,
        networks=_entries(Network, read_yaml(home / "networks.yaml"), home / "networks.yaml"),
        scenarios=_by_name("scenario", scenarios, lambda path: {(one := load(Scenario, path)).scenario: one}),
        runtimes=runtimes,
        cases=tuple(brought["cases"]),
        servers=servers,
        clients=clients,
    )


def _read_programs(path: Path) -> Mapping[str, Any]:
    """A file of programs. They stay as YAML has them, since what they name may stand in another file."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise YamlError(f"{path}: must have programs under `servers` or `clients`, got {shown(content)}")
    for group in content:
        if group not in _KEYS:
            raise YamlError(f"{path}: {unknown_key(group, _KEYS)}")
    return content


def _listed(path: Path, key: str, names: Any) -> Iterator[Path]:
    """The files that stand under `key` in `path`, relative to it; a folder stands for all YAML files in it."""
    for number, name in enumerate(validate(Lines, names, path, key)):
        place = (path.parent / name).resolve()
        if place.is_dir():
            inside = sorted(place.glob("*.yaml"))
            if not inside:
                raise YamlError(f"{path}: {key}.{number}: there is no YAML file in the folder {place}")
            yield from inside
        elif place.is_file():
            yield place
        else:
            raise YamlError(f"{path}: {key}.{number}: no such file or folder: {place}")


def _by_name(kind: str, paths: Iterable[Path], read: Callable[[Path], Mapping[str, M]]) -> dict[str, M]:
    known: dict[str, M] = {}
    files: dict[str, Path] = {}
    for path in paths:
        for name, value in read(path).items():
            if name in known:
                raise YamlError(f"{path}: there is a {kind} of the name {name!r} already, in {files[name]}")
            known[name], files[name] = value, path
    return known


def _entries(kind: type[M], content: Any, path: Path, *keys: str, what: str = "entries") -> dict[str, M]:
    """`content`, found in `path` under `keys`: entries of one kind, by their names."""
    if not isinstance(content, dict):
        raise YamlError(f"{': '.join([str(path), *keys])}: must be a mapping of names to {what}, got {shown(content)}")
    return {str(name): validate(kind, entry, path, *keys, str(name)) for name, entry in content.items()}


def _programs(
    path: Path,
    content: Mapping[str, Any],
    protocols: Mapping[str, Protocol],
    consoles: Mapping[str, Console],
    runtimes: Mapping[str, RuntimeEntry],
) -> Iterator[Program]:
    for role in _ROLES:
        fitting = {name: console for name, console in consoles.items() if console.role == role}
        group = f"{role}s"
        entries = _entries(ProgramEntry, content.get(group) or {}, path, group, what="programs")
        for name, entry in entries.items():
            validate(Name, name, path, group, name)
            console = None if entry.console == ANY_CONSOLE else fitting.get(entry.console)
            program = Program(name, role, entry, console, path)
            for what, asked, known in (
                ("protocol", entry.protocol, protocols),
                ("language", entry.language, runtimes),
                (f"console of a {role}", entry.console, [*fitting, ANY_CONSOLE]),
            ):
                if asked is not None and asked not in known:
                    where = f"{program.where}.{what.split()[0]}"
                    raise YamlError(f"{where}: no such {what}: {asked!r}; known are {', '.join(known)}")
            fields = {step.key for step in protocols[entry.protocol].fields}
            for unknown in sorted(set(console.after if console else ()) - fields):
                raise YamlError(
                    f"{program.where}.console: {entry.console!r} has lines after {unknown}, "
                    f"and the protocol {entry.protocol!r} has no such field"
                )
            if program.folder is not None and not program.folder.is_dir():
                raise YamlError(f"{program.where}.folder: no such folder: {program.folder}")
            yield program
