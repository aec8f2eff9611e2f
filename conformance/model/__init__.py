"""The YAML files as typed objects: what is wrong in one is a sentence with its file and key."""

from conformance.model.program import Console, Program, Role
from conformance.model.protocol import Protocol
from conformance.model.registry import Registry, load_matrix, load_registry
from conformance.model.yaml_file import YamlError

__all__ = ["Console", "Program", "Protocol", "Registry", "Role", "YamlError", "load_matrix", "load_registry"]
