"""The YAML files as typed objects: what is wrong in one is a sentence with its file and key."""

from conformance.model.program import Console, Program, Role
from conformance.model.protocol import BothWays, FieldStep, Protocol, Repeat, Step
from conformance.model.registry import Network, Registry, RuntimeEntry, load_matrix, load_registry
from conformance.model.scenario import Join, Leave, Say, Scenario
from conformance.model.yaml_file import YamlError

__all__ = [
    "BothWays",
    "Console",
    "FieldStep",
    "Join",
    "Leave",
    "Network",
    "Program",
    "Protocol",
    "Registry",
    "Repeat",
    "Role",
    "RuntimeEntry",
    "Say",
    "Scenario",
    "Step",
    "YamlError",
    "load_matrix",
    "load_registry",
]
