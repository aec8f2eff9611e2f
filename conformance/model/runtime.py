"""A runtime of `runtimes.yaml`: the image that programs of a language run in, and what their commands are given."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from conformance.model.yaml_file import Lines, Model

__all__ = ["RuntimeEntry"]


class RuntimeEntry(Model):
    """One runtime. `conformance/backends/runtimes.py` has a class for each.

    image       the name of the image; its tag is the variant, or `latest`
    context     the folder that the image is built in, relative to the repository
    dockerfile  relative to the context
    sources     the files and folders in the context that the image holds; if one changes, the image is built again
    variants    the versions that images can be built of, the first by default; none where there is one image only
    build_args  arguments for the build of the image, in which `{variant}` stands for the variant
    options     options put behind the first word of a command, by that word
    """

    image: str
    context: str
    dockerfile: str
    sources: Lines = (".",)
    variants: Lines = ()
    build_args: Mapping[str, str] = Field(default_factory=dict)
    options: Mapping[str, Lines] = Field(default_factory=dict)
