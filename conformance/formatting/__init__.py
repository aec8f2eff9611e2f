"""Sentences for people, in their language, of what the harness has found: the one place where words are made."""

from conformance.formatting.catalogue import (
    LANGUAGES,
    Catalogue,
    Language,
    catalogue,
    language_of_environment,
    sentence,
    shortened,
)

__all__ = ["LANGUAGES", "Catalogue", "Language", "catalogue", "language_of_environment", "sentence", "shortened"]
