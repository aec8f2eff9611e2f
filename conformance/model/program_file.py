"""A file of programs: those that join the matrix, and the protocols, consoles and cases that they bring along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from conformance.model.yaml_file import Lines, Model, YamlError, read_yaml, unknown_key, validate

__all__ = ["Kind", "ProgramFile", "listed_files", "read_program_file"]

Kind = Literal["protocols", "consoles", "cases"]

_KINDS: tuple[Kind, ...] = get_args(Kind)
_KEYS = ("servers", "clients", *_KINDS)


@dataclass(frozen=True)
class ProgramFile:
    """One such file, and which files it brings along.

    Its programs are as YAML has them: what they name may stand in another file.
    """

    path: Path
    servers: Mapping[str, Any]
    clients: Mapping[str, Any]
    brought: Mapping[Kind, tuple[Path, ...]]


class _Matrix(Model):
    programs: Lines


def read_program_file(path: Path) -> ProgramFile:
    """The file; YamlError where it is not what it must be."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise YamlError(f"{path}: must have programs under `servers` or `clients`, got {content!r}")
    for group in content:
        if group not in _KEYS:
            raise YamlError(f"{path}: {unknown_key(group, _KEYS)}")
    return ProgramFile(
        path,
        servers=_entries(content, path, "servers"),
        clients=_entries(content, path, "clients"),
        brought={kind: _files(content, path, kind) for kind in _KINDS},
    )


def listed_files(path: Path) -> tuple[Path, ...]:
    """The files of programs that a matrix is made of, as its file, `path`, lists them."""
    content = read_yaml(path)
    validate(_Matrix, content, path)
    return _files(content, path, "programs")


def _entries(content: Mapping[str, Any], path: Path, group: str) -> Mapping[str, Any]:
    entries = content.get(group) or {}
    if not isinstance(entries, dict):
        raise YamlError(f"{path}: {group}: must be a mapping of names to programs, got {entries!r}")
    return entries


def _files(content: Mapping[str, Any], path: Path, key: str) -> tuple[Path, ...]:
    """The files that stand under `key`, relative to `path`; a folder stands for all YAML files in it."""
    found: list[Path] = []
    for number, name in enumerate(validate(Lines, content.get(key) or [], path, key)):
        place = (path.parent / name).resolve()
        if place.is_dir():
            inside = sorted(place.glob("*.yaml"))
            if not inside:
                raise YamlError(f"{path}: {key}.{number}: there is no YAML file in the folder {place}")
            found += inside
        elif place.is_file():
            found.append(place)
        else:
            raise YamlError(f"{path}: {key}.{number}: no such file or folder: {place}")
    return tuple(found)
