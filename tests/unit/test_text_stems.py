"""Stems stay right when many threads ask at once."""

from concurrent.futures import ThreadPoolExecutor

import snowballstemmer

from coach.text.stems import stem

WORDS = [
    f"{root}{ending}"
    for root in ("organis", "nation", "relat", "hope", "adjust")
    for ending in ("ation", "ational", "fulness", "ing", "ed")
]


def test_threads_do_not_disturb_each_other() -> None:
    alone = snowballstemmer.stemmer("english")
    expected = {word: alone.stemWord(word) for word in WORDS}
    words = [f"{word}{n % 7}" for n in range(40) for word in WORDS] + WORDS * 40
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(words, pool.map(stem.__wrapped__, words), strict=True))
    assert {word: found[word] for word in WORDS} == expected
