"""Reads a YAML file into a typed object, or says in one sentence what is wrong, in which file and under which key.

A file may come from anybody, so it is bounded before it is built: in its bytes, in the depth and the number of its
values, those that its aliases repeat counted each time, and in the length of a word that is not in quotes, which might
be a number.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import CoreSchema, ErrorDetails
from pydantic_core.core_schema import no_info_plain_validator_function, to_string_ser_schema

from conformance.model.files import read_bounded

__all__ = [
    "Lines",
    "Model",
    "Name",
    "Text",
    "YamlError",
    "load",
    "plain_name",
    "read_yaml",
    "shown",
    "unknown_key",
    "validate",
]

T = TypeVar("T")
_BYTES = 1 << 20
_DEPTH = 50
_VALUES = 100_000  # 140 times those of the harness's largest file
_WORD = 1_000  # characters
_NAME_BYTES = 64  # the names of a server, a client and a network are one file's name
_SHOWN = 60
_SHOWN_KEYS = 12  # of the way to a mistake
_NAME = re.compile(r"\w[\w.+-]*")
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
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
    return f"unknown key {shown(key)}; {hint}"


def plain_name(name: str) -> str:
    """The name, which is to name files and select tests; ValueError where it cannot."""
    if not _NAME.fullmatch(name):
        raise ValueError("a name has letters, digits and . _ + - only: it names files and selects tests")
    if (size := len(name.encode())) > _NAME_BYTES:
        raise ValueError(f"a name has {_NAME_BYTES} bytes at most, got {size}: {shown(name)}")
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
    raise ValueError(f"must be a sentence, or one a language as {{en: ..., fr: ...}}, got {shown(content)}")


class _Loader(_Base):  # type: ignore[misc]
    """YAML that refuses to take one of two equal keys in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag != "tag:yaml.org,2002:merge":
                key = self.construct_object(key_node, deep=True)
                if not isinstance(key, Hashable):
                    raise yaml.constructor.ConstructorError(None, None, "a key is no list", key_node.start_mark)
                if key in seen:
                    twice = f"key {shown(key)} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, twice, key_node.start_mark)
                seen.add(key)
        built: dict[Any, Any] = super().construct_mapping(node, deep)
        return built


def read_yaml(path: Path) -> Any:
    """The file's content as plain dictionaries, lists and values."""
    try:
        data = read_bounded(path, _BYTES)
        if len(data) > _BYTES:
            raise YamlError(f"{path}: must have {_BYTES:,} bytes at most")
        text = data.decode("utf-8")
        _bound(text)
        return yaml.load(text, _Loader)  # a SafeLoader, no objects
    except OSError as error:
        raise YamlError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise YamlError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    except yaml.MarkedYAMLError as error:
        line, column = (mark.line, mark.column) if (mark := error.problem_mark) else (0, 0)
        what = "" if isinstance(error, yaml.constructor.ConstructorError) else "is not YAML: "
        at = ""
        if isinstance(error, yaml.scanner.ScannerError):
            here = "".join(text.splitlines()[line : line + 1])  # none where it ends too early
            at = f" ({here[column : column + 1]!r}, column {column + 1})"
        raise YamlError(f"{path}, line {line + 1}: {what}{error.problem}{at}") from error
    except yaml.reader.ReaderError as error:
        raise YamlError(f"{path}: is not YAML: {error.reason} (character {error.position})") from error
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError) as error:  # a date that is none, and the like
        raise YamlError(f"{path}: is not YAML: {error}") from error


def _bound(text: str) -> None:
    """ConstructorError, with its line, where the text has more of anything than a file may have."""
    values = 0
    sizes: dict[str, int] = {}  # of what an alias repeats, by its anchor, once it is whole
    open_at: list[tuple[str | None, int]] = []  # the anchors of what is not whole yet, and the values before each
    for event in yaml.parse(text, _Base):
        match event:
            case yaml.CollectionStartEvent():
                values += 1
                open_at.append((event.anchor, values - 1))
            case yaml.CollectionEndEvent():
                anchor, before = open_at.pop()
                if anchor is not None:
                    sizes[anchor] = values - before
            case yaml.ScalarEvent():
                values += 1
                if event.anchor is not None:
                    sizes[event.anchor] = 1
                if not event.style and len(event.value) > _WORD:
                    _refuse(event, f"a word of {len(event.value):,} characters must be in quotes")
            case yaml.AliasEvent():
                if event.anchor in (anchor for anchor, _ in open_at):
                    _refuse(event, f"{shown(event.anchor)} is an alias of what it stands in")
                values += sizes.get(str(event.anchor), 0)
        if len(open_at) > _DEPTH:
            _refuse(event, f"lists and mappings stand in each other {_DEPTH} deep at most")
        if values > _VALUES:
            _refuse(event, f"a file has {_VALUES:,} values at most, with those that aliases repeat")


def _refuse(event: Any, what: str) -> NoReturn:
    raise yaml.constructor.ConstructorError(None, None, what, event.start_mark)


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
    found = [*map(_short, keys), *_found(content, error)]
    where = ".".join(found if len(found) <= _SHOWN_KEYS else [*found[: _SHOWN_KEYS - 1], "..."])
    match error["type"]:
        case "missing":
            what = "is missing"
        case "value_error":
            what = error["msg"].removeprefix("Value error, ")
        case "model_type" | "mapping_type" | "dict_type":
            what = f"must be a mapping of keys to values, got {shown(error['input'])}"
        case "tuple_type" | "list_type":
            what = f"must be a list, got {shown(error['input'])}"
        case _:
            what = f"{error['msg'].replace('Input should', 'must')}, got {shown(error['input'])}"
    return f"{where}: {what}" if where else what


def _found(content: Any, error: ErrorDetails) -> list[str]:
    """The keys of the file that lead to the error: pydantic also names branches of unions, which are in no file."""
    found: list[str] = []
    place = content
    for part in error["loc"]:
        in_list = isinstance(place, list) and isinstance(part, int) and part < len(place)
        if in_list or (isinstance(place, dict) and part in place):
            place = place[part]
            found.append(_short(str(part)))
    return [*found, str(error["loc"][-1])] if error["type"] == "missing" else found


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]}...{text[-_SHOWN // 2 :]}"


def shown(value: Any) -> str:
    """The value as Python writes it, with its middle left out where that is long."""
    return _short(repr(value))
