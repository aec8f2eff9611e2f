"""Backends: they run programs in containers, or as processes on the loopback interface."""

from conformance.backends.base import Backend, Handle, NoBackendError, Places, ProgramError, Worker
from conformance.backends.choice import choose_backend

__all__ = ["Backend", "Handle", "NoBackendError", "Places", "ProgramError", "Worker", "choose_backend"]
