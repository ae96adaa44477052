"""Word stems. One stemmer per thread: a snowball stemmer keeps the word it works on in itself."""

import threading
from functools import lru_cache

import snowballstemmer

_local = threading.local()


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """English (Porter2) stem of a word in lower case."""
    if not hasattr(_local, "stemmer"):
        _local.stemmer = snowballstemmer.stemmer("english")
    return str(_local.stemmer.stemWord(word))
