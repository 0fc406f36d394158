"""Which languages there are, what each is made of, and which of them a file is in."""

from magray_indexers.languages.language import Language
from magray_indexers.languages.registry import LANGUAGES, language_of

__all__ = ["LANGUAGES", "Language", "language_of"]
