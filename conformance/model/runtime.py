"""A runtime of `runtimes.yaml`: what a program's `language` means."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from conformance.model.yaml_file import Lines, Model, _as_tuple

__all__ = ["Runtime"]


class Runtime(Model):
    """The image for a language, how it is built, and what is put behind the name of its interpreter in a command."""

    image: str
    context: str
    dockerfile: str
    sources: Lines = (".",)
    options: Lines = ()
    jdks: Annotated[tuple[int, ...], BeforeValidator(_as_tuple)] = ()
