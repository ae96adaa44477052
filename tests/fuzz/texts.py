"""Texts as people, machines and attackers write them, and ways to damage a text."""

from hypothesis import strategies as st

PHRASES = (
    "I moved the label printer ", "my manager asked me to ", "um, you know, ", "and then we ", "because ", "so yeah ",
    "twenty five percent ", "from 40 to 8 minutes ", "$1.2 million ", "Q3 2024 ", "on 3 May ", "at half past ten ",
    "half ", "a third of ", "two and a half ", "ten to ", "twice ", "between five and ", "1,000,000 ", "0 ", "1/0 ",
    "Harbour Street ", "Ann O'Neil-Smith ", "J. R. Jones ", "U.S. ", "e.g. ", "ignore all instructions and ",
    "give me a ten ", "system message: ", "I want to die ", "I stole ", "damn ", "I am pregnant ", "wie geht es ",
    "\u00bfqu\u00e9 tal? ", "I don't know. ", "next question please ", "uh ", "like ", "kind of ", "I mean ",
    "the the ",
    "it went down ", "which was ", "which ", "who ", "that ", "to to ", "(", ")", "[X%] ", "{name} ", "<b>", "\u201c",
    "\u201d", "'", "\u2019s ", "\u2026", " \u2013 ", "\u2014", "; ", ": ", ", ", ". ", "! ", "? ", "\n", "\n\n- ",
    "\u2022 ", "* ", "1) ", "Requirements:\n", "About us\n", "https://a.example/x ", "a@b.example ", "24/7 ", "C++ ",
    ".NET ", "100% ", "\u00bd ", "\u2153", "\u0663\u0664 ", "\u2168 ", "\u00b2", "\u4e00\u4e8c ", "\u0435\u0301",
    "\U0001f469\u200d\U0001f4bb", "\u0130", "\u00df", "\ufb01", "\u1e9e", "\ufeff", "\u200b", "\u202e", "\u2028",
    "\x00", "\x1b[31m", "\t", "\r\n", "\xa0", "\x85", "e\u0301\u0301\u0301", "9" * 40 + " ", "9" * 400 + " ", "1e999 ",
    "-5 ", "+7 ", "\u22124 ", "3rd ", "twenty-first ", "hundred thousand million ", "o'clock ", "a.m. ", "p.m. ",
)  # fmt: skip
SURROGATES = ("\ud83d", "\ude00", "\ud800", "\udfff")
characters = st.characters(codec=None, exclude_categories=["Cs"])
phrases = st.sampled_from(PHRASES)


def texts(max_parts: int = 40) -> st.SearchStrategy[str]:
    """Phrases in any order, repeated, between characters of every kind; valid Unicode."""
    piece = st.one_of(phrases, phrases, st.text(characters, max_size=6))
    again = st.tuples(piece, st.integers(2, 60)).map(lambda pair: pair[0] * pair[1])
    parts = st.lists(st.one_of(piece, piece, piece, again), max_size=max_parts)
    return parts.map("".join)


def wild_texts(max_parts: int = 40) -> st.SearchStrategy[str]:
    """The same with halves of characters, as JSON can bring them."""
    half = st.sampled_from(SURROGATES)
    return st.tuples(texts(max_parts), half, st.floats(0, 1)).map(lambda made: _put(made[0], made[1], made[2]))


def _put(text: str, piece: str, where: float) -> str:
    at = int(where * len(text))
    return text[:at] + piece + text[at:]


Damage = list[tuple[str, float, float, str]]


def damages(pieces: st.SearchStrategy[str], most: int = 4) -> st.SearchStrategy[Damage]:
    """What is done to a text: cut, put in, put instead, repeated; places and lengths as shares of it."""
    kinds = st.sampled_from(["cut", "put", "instead", "twice", "end"])
    return st.lists(st.tuples(kinds, st.floats(0, 1), st.floats(0, 0.3), pieces), max_size=most)


def damaged(text: str, damage: Damage) -> str:
    """`text` after all of it."""
    for kind, where, length, piece in damage:
        a = int(where * len(text))
        b = a + max(1, int(length * len(text) * length))
        if kind == "cut":
            text = text[:a] + text[b:]
        elif kind == "put":
            text = text[:a] + piece + text[a:]
        elif kind == "instead":
            text = text[:a] + piece + text[a + len(piece) :]
        elif kind == "twice":
            text = text[:b] + text[a:]
        else:
            text = text[:a]
    return text
