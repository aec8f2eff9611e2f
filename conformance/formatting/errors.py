"""A known error message in words: its cause, what the bytes in it are, and what to do."""

from __future__ import annotations

from conformance.formatting.catalogue import Catalogue
from conformance.model.error_messages import KnownError

__all__ = ["error_texts"]


def error_texts(error: KnownError, words: Catalogue) -> dict[str, str]:
    """`cause`, `bytes` where the message shows some, and `remedy`, in the language of `words`."""
    texts = {"cause": words.text(f"error.{error.key}.cause", error.values)}
    if error.kind is not None:
        texts["bytes"] = words.text(f"error.bytes.{error.kind}", error.shown)
    return texts | {"remedy": words.text(f"error.{error.key}.remedy", error.values)}
