"""The container engine: whether one answers, and what earlier runs left in it."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import docker
from docker.errors import APIError, DockerException
from docker.models.containers import Container

from conformance.backends.run_label import is_gone

__all__ = ["LABEL", "connect_engine", "remove_all", "remove_leftovers"]

LABEL = "java-python-sockets.run"
_ANSWER_SECONDS = 60
_AT_ONCE = 4


def connect_engine() -> tuple[docker.DockerClient | None, str]:
    """The engine, if one answers; and a phrase that says what answered, or why nothing did."""
    logging.getLogger("testcontainers").setLevel(logging.WARNING)
    try:
        engine = docker.from_env(timeout=_ANSWER_SECONDS)
        version = engine.version()
    except (DockerException, OSError):
        return None, "no container engine answers"
    return engine, f"{version.get('Platform', {}).get('Name') or 'Docker'} {version['Version']} answers"


def remove_leftovers(engine: docker.DockerClient) -> None:
    """Removes the containers, networks and volumes of runs that are gone."""
    _remove(engine, None)


def remove_all(engine: docker.DockerClient, run: str) -> None:
    """Removes the containers, networks and volumes of this run."""
    _remove(engine, run)


def _remove_container(container: Container) -> None:
    with suppress(APIError):
        container.remove(force=True, v=True)


def _remove(engine: docker.DockerClient, run: str | None) -> None:
    def ours(labels: dict[str, str] | None) -> bool:
        owner = (labels or {}).get(LABEL, "")
        return owner == run if run is not None else is_gone(owner)

    marked: dict[str, str | list[str] | bool] = {"label": LABEL}
    # Each may vanish while we look at it: another run may be cleaning up as well.
    containers = [
        container
        for container in engine.containers.list(all=True, filters=marked, ignore_removed=True)
        if ours(container.labels)
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_remove_container, containers))
    for network in engine.networks.list(filters=marked):
        if ours((network.attrs or {}).get("Labels")):
            with suppress(APIError):
                network.remove()
    for volume in engine.volumes.list(filters=marked):
        if ours(volume.attrs.get("Labels")):
            with suppress(APIError):
                volume.remove(force=True)
