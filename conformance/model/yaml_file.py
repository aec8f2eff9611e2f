"""Reads a YAML file into a typed object, or says in one sentence what is wrong, in which file and under which key."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

__all__ = ["Lines", "Model", "YamlError", "read_yaml", "validate"]

T = TypeVar("T")


class YamlError(ValueError):
    """A file of the harness, or of a user, is not what it must be: one sentence, with file and key."""


class Model(BaseModel):
    """What every object read from YAML is: exact in its keys and types, and never changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Lines = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]
"""A list of strings in YAML."""


class _Loader(yaml.SafeLoader):
    """YAML that refuses to take one of two equal keys in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice (line {line})")
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """The file's content as plain dictionaries, lists and values."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # a SafeLoader, no objects
    except OSError as error:
        raise YamlError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise YamlError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or str(error)
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise YamlError(f"{path}{where}: is not YAML: {problem}") from error


def validate(kind: type[T], content: Any, path: Path, *keys: str) -> T:
    """`content`, found in `path` under `keys`, as a `kind`."""
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise YamlError(f"{path}: {_sentence(kind, first, keys)}") from error


def _sentence(kind: Any, error: ErrorDetails, keys: tuple[str, ...]) -> str:
    # pydantic names a branch of a union in the path; keys of the file are what its reader can find.
    where = ".".join(
        [*keys, *(str(part) for part in error["loc"] if part not in ("field", "repeat-step", "both-ways"))]
    )
    got = error.get("input")
    match error["type"]:
        case "extra_forbidden":
            name = str(error["loc"][-1])
            known = sorted(field.alias or key for key, field in getattr(kind, "model_fields", {}).items())
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}" if known else ""
            return f"unknown key {where!r}{hint}"
        case "missing":
            return f"{where}: is missing"
        case "value_error":
            return (
                f"{where}: {error['msg'].removeprefix('Value error, ')}"
                if where
                else error["msg"].removeprefix("Value error, ")
            )
        case _:
            return f"{where or 'content'}: {error['msg'][0].lower()}{error['msg'][1:]}, got {got!r}"
