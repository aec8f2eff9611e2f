"""A line that a program printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ConsoleLine", "Stream"]

Stream = Literal["out", "err"]


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """One line; `whole` says whether its line end came too."""

    at: float
    stream: Stream
    text: str
    whole: bool = True
