"""The harness as the other side: it plays a client or a server itself, case by case, against any program."""

from conformance.play.cases import Case, CaseFile, load_cases
from conformance.play.player import Outcome, play_against_client, play_against_server

__all__ = ["Case", "CaseFile", "Outcome", "load_cases", "play_against_client", "play_against_server"]
