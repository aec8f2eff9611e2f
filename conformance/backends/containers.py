"""Programs in containers, each in one of its own with few permissions, on a network without a way out.

A worker keeps two containers for all its cells: the tap, and an empty one, the site, for its network namespace alone. A
client's container joins the tap's namespace, so that a program with a fixed 127.0.0.1:8999 finds the tap there. A
server's container joins the site's namespace, where its port is free. Joining takes a third of the time of a new one.

The host needs no route to the containers: orders, consoles and recordings travel through the engine's API.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import logging
import re
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
from docker.errors import APIError, BuildError, DockerException, ImageNotFound
from docker.models.containers import Container
from docker.utils.socket import STDERR, frames_iter
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.exceptions import ContainerStartException

from conformance.agent.problem import HarnessError
from conformance.backends.base import Backend, ConsoleLog, Handle, Output, Places, ProgramError, Progress, Worker, build
from conformance.backends.helpers import Control
from conformance.backends.run_label import is_gone, run_label
from conformance.backends.runtimes import HARNESS_RUNTIME, ROOT, Runtime, joined
from conformance.model.program import Program

__all__ = ["LABEL", "ContainerBackend", "connect_engine", "harness_archive"]

LABEL = "java-python-sockets.run"
"""The label of containers, networks and volumes whose value is the run label."""

_IMAGE_LABEL = "java-python-sockets.sources"
_LOOPBACK = "127.0.0.1"
_SOURCES, _BUILD, _HARNESS = "/src", "/build", "/opt/harness"
_BUILD_SECONDS = 120
_ANSWER_SECONDS = 60
_AT_ONCE = 4
_SHOWN_LINES = 12
_NO_PROGRAM = re.compile("executable file not found|no such file or directory|permission denied", re.IGNORECASE)
_LIMITS: Mapping[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "mem_limit": "512m",
    "pids_limit": 512,
}


class ContainerBackend(Backend):
    """Runs programs in containers."""

    name = "containers"
    trouble = "harness-engine"

    def __init__(self, engine: docker.DockerClient, runtimes: Mapping[str, Runtime], why: str) -> None:
        # The reaper of testcontainers is an image from a registry. Run labels do its work (run_label.py).
        testcontainers_config.ryuk_disabled = True
        logging.getLogger("testcontainers").setLevel(logging.WARNING)
        self.why = why
        self.engine = engine
        self.stopping = False
        self.id = uuid4().hex[:12]  # one process may have two backends
        self.labels = {LABEL: f"{run_label()}/{self.id}"}
        self.runtimes = runtimes
        self._images: dict[tuple[str, str | None], str] = {}
        self._volumes: dict[tuple[str, str, str | None], dict[str, str]] = {}
        self._building = threading.Lock()
        self._count = itertools.count(1)
        _remove_labelled(engine, is_gone)
        # An internal network leads nowhere, but its bridge has an address of the host, whose services would be reached.
        options = {"com.docker.network.bridge.inhibit_ipv4": "true"}
        name = f"java-python-sockets-{self.id}"
        self.network = engine.networks.create(name, internal=True, options=options, labels=self.labels)

    def unable(self, server: Program, clients: Iterable[Program]) -> str | None:
        for program in (server, *clients):
            language = program.entry.language
            if language is None and program.entry.image is None:
                return f"{program.name} is a command of this machine, and needs the backend `processes`"
            if language and (reason := self.runtimes[language].not_in_images(program.variant)):
                return reason
        return None

    def prepare(self, programs: Iterable[Program], progress: Progress) -> None:
        wanted = {self._image_key(program) for program in programs if program.entry.language}
        for language, variant in sorted({*wanted, (HARNESS_RUNTIME, None)} - self._images.keys(), key=str):
            self._images[language, variant] = _ensure_image(self.engine, self.runtimes[language], variant, progress)

    def worker(self) -> Worker:
        return _ContainerWorker(self, next(self._count))

    def versions(self) -> Mapping[str, str]:
        version = self.engine.version()
        command = ["python3", "-c", "import platform; print(platform.python_version())"]
        options: dict[str, Any] = {"labels": self.labels, "network_mode": "none", "remove": True}
        python: bytes = self.engine.containers.run(self.harness_image, command, **options)
        variants = [(self.runtimes[language].key, variant) for language, variant in self._images if variant]
        return {
            "system": f"{version['Os']} {version['KernelVersion']}",
            self.runtimes[HARNESS_RUNTIME].key: python.decode().strip(),
            **joined(variants),
            "engine": str(version["Version"]),
            "images": ", ".join(sorted(self._images.values())),
        }

    def abort(self) -> None:
        self.stopping = True
        _remove_labelled(self.engine, lambda label: label == self.labels[LABEL])

    def close(self) -> None:
        self.abort()
        self.engine.close()

    def image(self, program: Program) -> str:
        """The tag of the image that a program runs in."""
        return program.entry.image or self._images[self._image_key(program)]

    @property
    def harness_image(self) -> str:
        """The tag of the image that the tap and the player run in."""
        return self._images[HARNESS_RUNTIME, None]

    def _image_key(self, program: Program) -> tuple[str, str | None]:
        language = program.entry.language
        assert language is not None
        return language, self.runtimes[language].image_variant(program.variant)

    def mounts(self, program: Program) -> dict[str, str]:
        """The volumes with a program's sources and the output of its build, with their mount points.

        The build runs on the first call. Raises `ProgramError`.
        """
        if program.folder is None:
            return {}
        key = (program.role, program.name, program.variant)
        with self._building:
            if key not in self._volumes:
                stem = f"java-python-sockets-{self.id}-{next(self._count)}"
                volumes = {f"{stem}{place.replace('/', '-')}": place for place in (_SOURCES, _BUILD)}
                for name in volumes:
                    self.engine.volumes.create(name, labels=self.labels)
                words = program.build({"folder": _SOURCES, "build": _BUILD}) or ("true",)
                build(program, words, program.folder, partial(self._run_build, program, volumes))
                self._volumes[key] = volumes
            return self._volumes[key]

    def _run_build(
        self, program: Program, volumes: Mapping[str, str], command: Sequence[str], folder: Path
    ) -> tuple[int, list[str]]:
        log = ConsoleLog()
        started = ContainerHandle(
            self,
            self.image(program),
            command,
            log,
            files=(_SOURCES, _archive((path, path.name) for path in sorted(folder.iterdir()))),
            volumes=[(name, place, "rw") for name, place in volumes.items()],
            network_mode="none",
            working_dir=_SOURCES,
        )
        status = started.wait(time.monotonic() + _BUILD_SECONDS)
        started.stop()
        if status is None:
            raise ProgramError(f"{program.where}.build: {command[0]} did not end within {_BUILD_SECONDS} s")
        return status, [line.text for line in log.lines]


class _ContainerWorker(Worker):
    def __init__(self, backend: ContainerBackend, number: int) -> None:
        super().__init__()
        self._backend = backend
        self._site_name = f"server-{number}-{backend.id}"  # which is unique in the engine
        with ThreadPoolExecutor(2) as both:
            options = {"name": self._site_name, "network_mode": backend.network.name}
            start_site = partial(ContainerHandle, backend, backend.harness_image, ["sleep", "infinity"], ConsoleLog())
            tap, site = both.submit(self._start_helper, self.tap), both.submit(start_site, **options)
            self._tap, self._site = tap.result(), site.result()
        self._helpers = [self._tap, self._site]

    def _start_helper(self, control: Control) -> ContainerHandle:
        handle = ContainerHandle(
            self._backend,
            self._backend.harness_image,
            ["python3", "-m", control.module],
            control,
            typed=True,
            files=(str(Path(_HARNESS).parent), harness_archive()),
            env={"PYTHONPATH": f"{_HARNESS}:/opt/programs"},
            read_only=False,
            network_mode=self._backend.network.name if control is self.tap else f"container:{self._tap.id}",
        )
        control.write = handle.type
        return handle

    def places(self, server: Program, clients: Iterable[Program], port: int) -> AbstractContextManager[Places]:
        return nullcontext(Places((self._site_name, port), (_LOOPBACK, port)))

    def _start(self, program: Program, values: Mapping[str, str], console: ConsoleLog, typed: bool) -> Handle:
        neighbour = self._site if program.role == "server" else self._tap
        volumes, language = self._backend.mounts(program), program.entry.language
        command = program.command({**values, "folder": _SOURCES, "build": _BUILD})  # empty for the image's own
        return ContainerHandle(
            self._backend,
            self._backend.image(program),
            self._backend.runtimes[language].with_options(command) if language else command,
            console,
            typed=typed,
            network_mode=f"container:{neighbour.id}",
            volumes=[(name, place, "ro") for name, place in volumes.items()],
            working_dir=_SOURCES if volumes else None,
        )


class _AttachingClient(DockerClient):
    """Attaches to a container before it starts, so that no byte of its console is missed."""

    def __init__(self, engine: docker.DockerClient, files: tuple[str, bytes] | None) -> None:
        self.client = engine
        self.output: Any = None
        self._files = files

    def start(self, container: Container) -> None:
        if self._files:
            container.put_archive(*self._files)
        self.output = container.attach_socket(params={"stdout": 1, "stderr": 1, "stream": 1})
        super().start(container)


class _Container(DockerContainer):
    def __init__(self, image: str, client: _AttachingClient, **options: Any) -> None:
        # It makes a client of its own, which gives way to ours; with a version given it does not ask the engine.
        super().__init__(image, docker_client_kw={"version": client.client.api.api_version}, **options)
        self._docker.client.close()
        self._docker = client


class ContainerHandle(Handle):
    """A container."""

    def __init__(
        self,
        backend: ContainerBackend,
        image: str,
        command: Sequence[str],
        output: Output,
        *,
        typed: bool = False,
        files: tuple[str, bytes] | None = None,
        **options: Any,
    ) -> None:
        """Starts it with the `files`, a folder and a tar archive for it. Raises `ProgramError`.

        `options` are those of testcontainers and of the docker client.
        """
        client = _AttachingClient(backend.engine, files)
        options = {**_LIMITS, "labels": backend.labels, "stdin_open": typed, **options}
        container = _Container(image, client, command=list(command) or None, **options)
        container.tmpfs["/tmp"] = ""
        try:
            container.start()
        except APIError as error:
            with suppress(ContainerStartException):  # where none was created
                _remove_container(container.get_wrapped_container())
            if error.is_server_error() and not _NO_PROGRAM.search(str(error.explanation)):
                raise HarnessError("harness-engine", reason=str(error.explanation or error)) from error
            raise ProgramError(f"the image {image} cannot be started: {error.explanation or error}") from error
        self._container = created = container.get_wrapped_container()
        if backend.stopping:  # the others are removed already
            _remove_container(created)
            raise HarnessError("harness-failed", reason="the run was stopped")
        self.id = str(created.id)
        self._status: int | None = None
        self._stopped = False
        self._output = output
        # The client returns a file object over a socket, or a socket on Windows.
        attached: Any = created.attach_socket(params={"stdin": 1, "stream": 1}) if typed else None
        self._input = getattr(attached, "_sock", attached)
        self._reader = threading.Thread(target=_pass_on, args=(client.output, output), daemon=True)
        self._reader.start()

    def type(self, text: str) -> None:
        assert self._input is not None
        with suppress(OSError):
            self._input.sendall(text.encode())

    def end_input(self) -> None:
        # Not every system can half-close this connection. It carries input only, and is closed.
        if self._input is not None:
            with suppress(OSError):
                # The client library keeps references to the socket, so that closing it does not end the connection.
                self._input.shutdown(socket.SHUT_RDWR)
                self._input.close()

    def processor_seconds(self) -> float | None:
        try:
            stats: Any = self._container.stats(stream=False, one_shot=True)
        except APIError:
            return None
        return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9

    def wait(self, until: float) -> int | None:
        if self._status is None and not self._stopped:
            self._reader.join(max(0.0, until - time.monotonic()))
            if not self._reader.is_alive():
                with suppress(APIError):  # stopping the run removes containers that are waited for
                    self._status = int(self._container.wait()["StatusCode"])
        return self._status

    def stop(self) -> int | None:
        if not self._stopped:
            self.wait(time.monotonic())
            self._stopped = True
            _remove_container(self._container)
            self._reader.join(_ANSWER_SECONDS)
            self._output.end()
            self.end_input()
        return self._status


def _pass_on(attached: Any, output: Output) -> None:
    try:
        for stream, data in frames_iter(attached, tty=False):  # type: ignore[no-untyped-call]
            output.feed("err" if stream == STDERR else "out", data)
    finally:
        output.end()
        attached.close()


def harness_archive() -> bytes:
    """What a container of the tap or the player receives: the package `conformance.agent`, as a tar archive."""
    paths = ("conformance/__init__.py", "conformance/agent")
    return _archive((ROOT / path, f"{Path(_HARNESS).name}/{path}") for path in paths)


def _archive(sources: Iterable[tuple[Path, str]]) -> bytes:
    """Files and folders under the given names as a tar archive, readable by every user."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, name in sources:
            archive.add(path, name, filter=_readable)
    return buffer.getvalue()


def _readable(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if "__pycache__" in entry.name or not (entry.isfile() or entry.isdir()):
        return None
    entry.mode = 0o755 if entry.isdir() else 0o644
    entry.uid = entry.gid = 0
    return entry


# The engine -----------------------------------------------------------------------------------------------------------


def connect_engine() -> tuple[docker.DockerClient | None, str]:
    """The engine, or None if none answers; and a phrase that says what answered, or why nothing did."""
    try:
        engine = docker.from_env(timeout=_ANSWER_SECONDS)
        version = engine.version()
    except (DockerException, OSError):
        return None, "no container engine answers"
    return engine, f"{version.get('Platform', {}).get('Name') or 'Docker'} {version['Version']} answers"


def _remove_container(container: Container) -> None:
    """Removes the container, which may be running, or gone already."""
    with suppress(APIError):
        container.remove(force=True, v=True)


def _remove_labelled(engine: docker.DockerClient, unwanted: Callable[[str], bool]) -> None:
    """Removes the containers, networks and volumes whose run label is unwanted."""

    def matches(labels: dict[str, str] | None) -> bool:
        return unwanted((labels or {}).get(LABEL, ""))

    labelled: dict[str, str | list[str] | bool] = {"label": LABEL}
    # Each of these may vanish meanwhile: another run may be removing the same things.
    found = engine.containers.list(all=True, filters=labelled, ignore_removed=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_remove_container, [container for container in found if matches(container.labels)]))
    others: list[Any] = [*engine.networks.list(filters=labelled), *engine.volumes.list(filters=labelled)]
    for other in others:
        if matches(other.attrs.get("Labels")):
            with suppress(APIError):
                other.remove()


def _ensure_image(engine: docker.DockerClient, runtime: Runtime, variant: str | None, progress: Progress) -> str:
    """Builds the image of the runtime in that variant, unless it holds the current sources; returns its tag.

    Raises `ProgramError`.
    """
    tag, entry = runtime.tag(variant), runtime.entry
    context = ROOT / entry.context
    sources = _fingerprint([context / entry.dockerfile, *(context / source for source in entry.sources)])
    with suppress(ImageNotFound):
        if engine.images.get(tag).labels.get(_IMAGE_LABEL) == sources:
            return tag
    progress(f"building the image {tag} (once, and again when its sources change)")
    try:
        engine.images.build(
            path=str(context),
            dockerfile=entry.dockerfile,
            tag=tag,
            buildargs=runtime.build_args(variant),
            labels={_IMAGE_LABEL: sources},
            rm=True,
            forcerm=True,
        )
    except BuildError as error:
        log = "".join(str(step.get("stream", "")) for step in error.build_log).strip().splitlines()
        lines = [f"the image {tag} cannot be built: {error.msg}", *log[-_SHOWN_LINES:]]
        raise ProgramError("\n".join(lines)) from error
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
