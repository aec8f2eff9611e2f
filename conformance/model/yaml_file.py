"""Reads a YAML file into a typed object, or says in one sentence what is wrong, in which file and under which key."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import CoreSchema, ErrorDetails
from pydantic_core.core_schema import no_info_plain_validator_function, to_string_ser_schema

__all__ = ["Lines", "Model", "Name", "Text", "YamlError", "load", "plain_name", "read_yaml", "unknown_key", "validate"]

T = TypeVar("T")
_SHOWN = 60
_NAME = re.compile(r"\w[\w.+-]*")
_adapter: Callable[[Any], TypeAdapter[Any]] = functools.cache(TypeAdapter)


class YamlError(ValueError):
    """A file of the harness, or of a user, is not what it must be: one sentence, with file and key."""


class Model(BaseModel):
    """What every object read from YAML is: exact in its keys and types, and never changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, content: Any) -> Any:
        known = sorted(field.alias or name for name, field in cls.model_fields.items())
        for key in content if isinstance(content, dict) else ():
            if key not in known:
                raise ValueError(unknown_key(key, known))
        return content


def unknown_key(key: object, known: Sequence[str]) -> str:
    """The phrase about a key that nobody knows, with the one that may have been meant."""
    near = difflib.get_close_matches(str(key), known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return f"unknown key {key!r}; {hint}"


def plain_name(name: str) -> str:
    """The name, which is to name files and select tests; ValueError where it cannot."""
    if not _NAME.fullmatch(name):
        raise ValueError("a name has letters, digits and . _ + - only: it names files and selects tests")
    return name


Name = Annotated[str, AfterValidator(plain_name)]


Lines = Annotated[tuple[str, ...], Field(strict=False)]
"""A list of strings in YAML."""


class Text(str):
    """A sentence of a file: `about: a sentence`, or one a language, `about: {en: a sentence, fr: une phrase}`.

    As a string it is the English one, or the only one.
    """

    french: str | None = None

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: Any) -> CoreSchema:
        return no_info_plain_validator_function(_text, serialization=to_string_ser_schema())

    def in_language(self, language: str) -> str:
        """The sentence in that language, `en` or `fr`; the only one where the file has no more."""
        return self.french if language == "fr" and self.french is not None else str(self)


def _text(content: Any) -> Text:
    match content:
        case str():
            return Text(content)
        case {"en": str(english), "fr": str(french), **rest} if not rest:
            text = Text(english)
            text.french = french
            return text
    raise ValueError(f"must be a sentence, or one a language as {{en: ..., fr: ...}}, got {content!r}")


class _Loader(yaml.SafeLoader):
    """YAML that refuses to take one of two equal keys in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: list[Any] = []
        for key_node, _ in node.value:
            if key_node.tag != "tag:yaml.org,2002:merge":
                key = self.construct_object(key_node, deep=True)
                if key in seen:
                    twice = f"key {key!r} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, twice, key_node.start_mark)
                seen.append(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """The file's content as plain dictionaries, lists and values."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # a SafeLoader, no objects
    except OSError as error:
        raise YamlError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise YamlError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = "" if isinstance(error, yaml.constructor.ConstructorError) else "is not YAML: "
        raise YamlError(f"{path}, line {line}: {what}{error.problem}") from error
    except yaml.reader.ReaderError as error:
        raise YamlError(f"{path}: is not YAML: {error.reason} (character {error.position})") from error
    except (yaml.YAMLError, ValueError) as error:  # a date that is none, and the like
        raise YamlError(f"{path}: is not YAML: {error}") from error


def load(kind: type[T], path: Path) -> T:
    """The file as a `kind`."""
    return validate(kind, read_yaml(path), path)


def validate(kind: type[T], content: Any, path: Path, *keys: str) -> T:
    """`content`, found in `path` under `keys`, as a `kind`."""
    try:
        checked: T = _adapter(kind).validate_python(content)
        return checked
    except ValidationError as error:
        raise YamlError(f"{path}: {_sentence(content, error.errors()[0], keys)}") from error


def _sentence(content: Any, error: ErrorDetails, keys: tuple[str, ...]) -> str:
    where = ".".join([*keys, *_found(content, error)])
    match error["type"]:
        case "missing":
            what = "is missing"
        case "value_error":
            what = error["msg"].removeprefix("Value error, ")
        case "model_type" | "mapping_type" | "dict_type":
            what = f"must be a mapping of keys to values, got {_shown(error['input'])}"
        case "tuple_type" | "list_type":
            what = f"must be a list, got {_shown(error['input'])}"
        case _:
            what = f"{error['msg'].replace('Input should', 'must')}, got {_shown(error['input'])}"
    return f"{where}: {what}" if where else what


def _found(content: Any, error: ErrorDetails) -> list[str]:
    """The keys of the file that lead to the error: pydantic also names branches of unions, which are in no file."""
    found: list[str] = []
    place = content
    for part in error["loc"]:
        in_list = isinstance(place, list) and isinstance(part, int) and part < len(place)
        if in_list or (isinstance(place, dict) and part in place):
            place = place[part]
            found.append(str(part))
    return [*found, str(error["loc"][-1])] if error["type"] == "missing" else found


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}...{text[-_SHOWN // 2 :]}"
