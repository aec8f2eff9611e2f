"""The container engine: whether one answers, its images, and removing what runs have created in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, BuildError, DockerException, ImageNotFound
from docker.models.containers import Container

from conformance.backends.base import ProgramError, Progress
from conformance.backends.runtimes import ROOT, Runtime

__all__ = ["LABEL", "connect_engine", "ensure_image", "remove_container", "remove_labelled"]

LABEL = "java-python-sockets.run"
"""The label of containers, networks and volumes whose value is the run label."""

_SOURCES = "java-python-sockets.sources"
_SHOWN_LINES = 12
_ANSWER_SECONDS = 60
_AT_ONCE = 4


def connect_engine() -> tuple[docker.DockerClient | None, str]:
    """The engine, or None if none answers; and a phrase that says what answered, or why nothing did."""
    try:
        engine = docker.from_env(timeout=_ANSWER_SECONDS)
        version = engine.version()
    except (DockerException, OSError):
        return None, "no container engine answers"
    return engine, f"{version.get('Platform', {}).get('Name') or 'Docker'} {version['Version']} answers"


def remove_container(container: Container) -> None:
    """Removes the container, which may be running, or gone already."""
    with suppress(APIError):
        container.remove(force=True, v=True)


def remove_labelled(engine: docker.DockerClient, unwanted: Callable[[str], bool]) -> None:
    """Removes the containers, networks and volumes whose run label is unwanted."""

    def matches(labels: dict[str, str] | None) -> bool:
        return unwanted((labels or {}).get(LABEL, ""))

    labelled: dict[str, str | list[str] | bool] = {"label": LABEL}
    # Each of these may vanish meanwhile: another run may be removing the same things.
    found = engine.containers.list(all=True, filters=labelled, ignore_removed=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(remove_container, [container for container in found if matches(container.labels)]))
    others: list[Any] = [*engine.networks.list(filters=labelled), *engine.volumes.list(filters=labelled)]
    for other in others:
        if matches(other.attrs.get("Labels")):
            with suppress(APIError):
                other.remove()


def ensure_image(engine: docker.DockerClient, runtime: Runtime, variant: str | None, progress: Progress) -> str:
    """Builds the image of the runtime in that variant, unless it holds the current sources; returns its tag.

    Raises `ProgramError`.
    """
    tag, entry = runtime.tag(variant), runtime.entry
    context = ROOT / entry.context
    sources = _fingerprint([context / entry.dockerfile, *(context / source for source in entry.sources)])
    with suppress(ImageNotFound):
        if engine.images.get(tag).labels.get(_SOURCES) == sources:
            return tag
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
        log = "".join(str(step.get("stream", "")) for step in error.build_log).strip().splitlines()
        raise ProgramError(
            "\n".join([f"the image {tag} cannot be built: {error.msg}", *log[-_SHOWN_LINES:]])
        ) from error
    except APIError as error:
        raise ProgramError(f"the image {tag} cannot be built: {error.explanation or error}") from error
    return tag


def _fingerprint(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    files = {file for path in paths for file in (path, *path.rglob("*")) if file.is_file()}
    for file in sorted(files):
        if "__pycache__" not in file.parts and file.suffix != ".class":
            digest.update(f"{file.relative_to(ROOT).as_posix()}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
