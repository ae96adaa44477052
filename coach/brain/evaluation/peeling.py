"""Takes the one JSON object out of what self-hosted models put around it: thoughts, fences, prose.

Works on a stream: what stands before the object is held back until the object begins, what follows it is let go. That
costs no second call; it is only counted.
"""

import re

MAX_BEFORE = 60_000
"""Characters before an object that are looked through, thoughts included."""
_THINK = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_OPEN_THINK = re.compile(r"<(?:think|thinking|reasoning)>", re.IGNORECASE)
_BEGIN = re.compile(r"\{\s*[\"}]")


class Peeler:
    """One output. `feed` returns what belongs to the object; `peeled` is true once anything else was left out."""

    def __init__(self) -> None:
        self.peeled = False
        self._held = ""
        self._begun = False

    def feed(self, delta: str) -> str:
        """The part of `delta` (and of what was held back) that belongs to the object, or "" while none has begun."""
        if self._begun:
            return delta
        self._held += delta
        text = _THINK.sub(lambda m: " " * len(m.group()), self._held)
        begin, thought = _BEGIN.search(text), _OPEN_THINK.search(text)
        if thought and (begin is None or thought.start() < begin.start()):
            return ""
        if begin is None:
            return self.rest() if len(self._held) > MAX_BEFORE else ""
        self._begun = True
        self.peeled = bool(self._held[: begin.start()].strip())
        object_text, self._held = self._held[begin.start() :], ""
        return object_text

    def rest(self) -> str:
        """What was held back when the output ends without an object; whoever reads it says what is wrong with it."""
        self._begun = True
        text, self._held = self._held, ""
        return text


def peeled(text: str) -> str:
    """The JSON object within a whole output; the text itself when there is none."""
    peeler = Peeler()
    inner = peeler.feed(text) or text
    end = inner.rfind("}")
    return inner[: end + 1] if end >= 0 else inner
