"""The images that programs run in. An image is built again when its sources have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import docker
from docker.errors import APIError, BuildError, ImageNotFound

from conformance.backends.base import ProgramError, Progress
from conformance.backends.runtimes import Runtime

__all__ = ["ensure_image"]

ROOT = Path(__file__).resolve().parents[2]
_SOURCES = "java-python-sockets.sources"
_SHOWN_LINES = 12


def ensure_image(engine: docker.DockerClient, runtime: Runtime, variant: str | None, progress: Progress) -> str:
    """Builds the image of the runtime in that variant, unless it holds the current sources; returns its tag.

    Raises `ProgramError`.
    """
    tag, entry = runtime.tag(variant), runtime.entry
    context = ROOT / entry.context
    sources = _fingerprint([context / entry.dockerfile, *(context / source for source in entry.sources)])
    try:
        if engine.images.get(tag).labels.get(_SOURCES) == sources:
            return tag
    except ImageNotFound:
        pass
    progress(f"building the image {tag} (once, and again when its sources change)")
    try:
        engine.images.build(
            path=str(context),
            dockerfile=entry.dockerfile,
            tag=tag,
            buildargs=runtime.build_args(variant),
            labels={_SOURCES: sources},
            rm=True,
            forcerm=True,
        )
    except BuildError as error:
        log = "".join(str(entry.get("stream", "")) for entry in error.build_log).strip().splitlines()
        raise ProgramError(
            f"the image {tag} cannot be built: {error.msg}\n" + "\n".join(log[-_SHOWN_LINES:])
        ) from error
    except APIError as error:
        raise ProgramError(f"the image {tag} cannot be built: {error.explanation or error}") from error
    return tag


def _fingerprint(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(set(_files(paths))):
        digest.update(f"{file.relative_to(ROOT).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (
                file
                for file in path.rglob("*")
                if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".class"
            )
        else:
            yield path
