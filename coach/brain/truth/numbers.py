"""Reads quantities from text, spoken or written: "two and a half million dollars", "$2.5M", "twenty nineteen", "30%".

Pure and language-bound (English). Offsets are code points, end exclusive. Built for comparing two texts, so a reading
keeps what it counts: percent, money with its currency, a time unit, or nothing.
"""

from collections.abc import Iterator
from dataclasses import replace

from coach.brain.truth.joined import joined
from coach.brain.truth.lexicon import MONTHS
from coach.brain.truth.number_words import (
    ADJACENT_ONLY,
    AFTER_FRACTION,
    BEFORE_SHARE,
    CURRENCIES,
    FRACTIONS,
    MANY,
    ORDINALS,
    SCALES,
    TENS,
    TIMES,
    UNITS,
)
from coach.brain.truth.quantity import Quantity, time_unit, tokenise


def _words(text: str) -> list[str]:
    return text.split()


_LARGEST = 1e18


def quantities(text: str) -> list[Quantity]:
    """All quantities of `text` in order; adjacent ones that also read as one ("twenty nineteen") add that reading."""
    found = list(_Reader(text).read())
    return sorted([*found, *joined(text, found)], key=lambda q: (q.start, -q.end))


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenise(text)

    def word(self, at: int) -> str:
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def adjacent(self, at: int) -> bool:
        """True when token `at` follows its predecessor without a blank."""
        return 0 < at < len(self.tokens) and self.tokens[at].start == self.tokens[at - 1].end

    def read(self) -> Iterator[Quantity]:
        at = 0
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.kind != "number" and token.text not in _STARTS:
                at += 1
                continue
            quantity, after = self._quantity(at)
            if quantity:
                yield quantity
            at = max(after, at + 1)

    def _quantity(self, at: int) -> tuple[Quantity | None, int]:
        token = self.tokens[at]
        if self._is_part_of_name(at):
            return None, at + 1
        if token.text in ("double", "triple") and (self.word(at + 1) == "-" or self.word(at + 1) in _NOT_TWICE):
            return None, at + 1
        if token.text in TIMES or token.text in MANY:
            kind = "times" if token.text in TIMES else "many"
            value = TIMES.get(token.text) or MANY[token.text]
            return Quantity(token.start, token.end, value, kind, core_end=token.end), at + 1
        for reading in (self._fraction(at), self._ordinal(at), self._cardinal(at)):
            if reading:
                return reading
        return None, at + 1

    def _is_part_of_name(self, at: int) -> bool:
        """Digits glued to letters that are no known suffix ("Q3", "COVID-19", "3D") belong to a name."""
        token = self.tokens[at]
        if token.kind != "number":
            return False
        glued = self.adjacent(at) and self.tokens[at - 1].kind == "word"
        hyphened = (
            self.adjacent(at)
            and self.word(at - 1) == "-"
            and self.adjacent(at - 1)
            and self.tokens[at - 2].kind == "word"
            and self.text[self.tokens[at - 2].start].isupper()
            and self.word(at - 2) not in UNITS
        )
        if glued or hyphened:
            return True
        suffix = self.word(at + 1) if self.adjacent(at + 1) and self.tokens[at + 1].kind == "word" else ""
        return bool(suffix) and not (
            suffix in SCALES or suffix in ("st", "nd", "rd", "th", "s", "x", "am", "pm", "a", "p") or time_unit(suffix)
            or suffix in CURRENCIES or suffix in ("h", "d", "hr", "percent")
        )  # fmt: skip

    def _fraction(self, at: int) -> tuple[Quantity, int] | None:
        """Half, a quarter of, two thirds; "half a million" and "half an hour" are left to the cardinal."""
        start, number = at, 1.0
        if self.tokens[at].kind == "number":
            return self._written_fraction(at)
        if self.word(at) in ("a", "one", "an") and self.word(at + 1) in FRACTIONS:
            at += 1
        elif self.word(at) in UNITS and self.word(at + 1) in ("quarters", "thirds", "fifths", "tenths"):
            number, at = UNITS[self.word(at)], at + 1
        elif self.word(at) in UNITS and self.word(at + 1) == "-" and self.word(at + 2) in FRACTIONS:
            number, at = UNITS[self.word(at)], at + 2
        word = self.word(at)
        if word not in FRACTIONS or (word == "half" and self._scale_follows(at + 1)) or self._is_day(at):
            return None
        if word != "half" and not word.endswith("s") and not self._ends_fraction(at + 1, article=start != at):
            return None
        if word == "quarters" and start == at:
            return None
        token = self.tokens[at]
        value, begin = number / FRACTIONS[word], self.tokens[start].start
        scale = SCALES.get(self.word(at + 3), 0.0) if self.word(at + 1) == "of" and self.word(at + 2) == "a" else 0.0
        if scale:
            end = self.tokens[at + 3].end
            return self._with_unit(Quantity(begin, end, value * scale, core_end=end), at + 4)
        if self.word(at + 1) == "of" and self.word(at + 2) in ("a", "an", "the") and time_unit(self.word(at + 3)):
            end, unit = self.tokens[at + 3].end, time_unit(self.word(at + 3))
            return Quantity(begin, end, value, "fraction", unit, core_end=token.end), at + 4
        return Quantity(begin, token.end, value, "fraction", core_end=token.end), at + 1

    def _written_fraction(self, at: int) -> tuple[Quantity, int] | None:
        """Reads 2/3; larger figures are dates or idioms."""
        glued = self.word(at + 1) == "/" and self.adjacent(at + 1) and self.adjacent(at + 2)
        if not glued or self.tokens[at + 2].kind != "number" or self.word(at + 3) == "/":
            return None
        part, whole = _float(self.word(at)), _float(self.word(at + 2))
        if not 0 < part < whole <= 10:
            return None
        end = self.tokens[at + 2].end
        return Quantity(self.tokens[at].start, end, part / whole, "fraction", core_end=end), at + 3

    def _ends_fraction(self, at: int, *, article: bool) -> bool:
        """With an article ("from a third to") anything but a noun may follow, else "of"."""
        word = self.word(at)
        if word == "of" or not article:
            return word == "of"
        if self.word(at - 1) == "quarter" and self.word(at - 3) not in BEFORE_SHARE:
            return False
        return word in AFTER_FRACTION or not (word.isalpha() or word == "-") or word.endswith("ed")

    def _is_day(self, at: int) -> bool:
        """True for "the third of march"."""
        return self.word(at - 1) == "the" and self.word(at + 1) == "of" and self.word(at + 2) in MONTHS

    def _scale_follows(self, at: int) -> bool:
        at += self.word(at) in ("a", "an", "-")
        word = self.word(at)
        return (word in SCALES and word not in ADJACENT_ONLY) or word in ("dozen", "hundred") or bool(time_unit(word))

    def _ordinal(self, at: int) -> tuple[Quantity, int] | None:
        token = self.tokens[at]
        if token.kind == "number" and self.adjacent(at + 1) and self.word(at + 1) in ("st", "nd", "rd", "th"):
            end = self.tokens[at + 1].end
            return Quantity(token.start, end, _float(token.text), "ordinal", core_end=end, digits=True), at + 2
        after = at + 1 + (self.word(at + 1) == "-")
        if token.text in TENS and 0 < ORDINALS.get(self.word(after), 99) < 10:
            value = TENS[token.text] + ORDINALS[self.word(after)]
            end = self.tokens[after].end
            return Quantity(token.start, end, value, "ordinal", core_end=end), after + 1
        if token.text in ORDINALS:
            return Quantity(token.start, token.end, ORDINALS[token.text], "ordinal", core_end=token.end), at + 1
        return None

    def _cardinal(self, at: int) -> tuple[Quantity, int] | None:
        value, after = self._value(at)
        if value is None:
            return None
        start = self.tokens[at].start
        core_end = self.tokens[after - 1].end
        digits = self.tokens[at].kind == "number"
        quantity = Quantity(start, core_end, value, core_end=core_end, digits=digits)
        before = self.word(at - 1)
        if before in CURRENCIES and self.tokens[at - 1].kind == "symbol":
            quantity = replace(quantity, start=self.tokens[at - 1].start, kind="money", unit=CURRENCIES[before])
        return self._with_unit(quantity, after)

    def _with_unit(self, quantity: Quantity, at: int) -> tuple[Quantity, int]:
        if at < len(self.tokens) and "\n" in self.text[quantity.core_end : self.tokens[at].start]:
            return quantity, at
        if self.word(at) == "+":
            at += 1
        word, after = self.word(at), at + 1
        if word == "-" or (word == "of" and time_unit(self.word(at + 1))):
            word, after = self.word(at + 1), at + 2
        end = self.tokens[after - 1].end if after <= len(self.tokens) else quantity.end
        if word == "x" and self.adjacent(at):
            return replace(quantity, end=end, core_end=end, noun="x"), after
        if word == "percentage" and self.word(after) in ("point", "points"):
            return replace(quantity, end=self.tokens[after].end, kind="points"), after + 1
        if word in ("%", "percent", "percentage", "pc"):
            return replace(quantity, end=end, kind="percent"), after
        if word == "per" and self.word(after) == "cent":
            return replace(quantity, end=self.tokens[after].end, kind="percent"), after + 1
        if word in CURRENCIES and quantity.kind == "number":
            return replace(quantity, end=end, kind="money", unit=CURRENCIES[word]), after
        if unit := time_unit(word):
            if self.word(after) == "and" and self._is_half(after + 1):
                end, after = self.tokens[after + 2].end, after + 3
                quantity = replace(quantity, value=quantity.value + 0.5)
            return replace(quantity, end=end, unit=unit), after
        noun = word if word.isalpha() and word not in _NO_NOUN else ""
        return replace(quantity, noun=noun), at

    def _value(self, at: int) -> tuple[float | None, int]:
        """The number that starts at token `at`, and the token after it."""
        article = self.word(at) in ("a", "an")
        first = at + article
        if article and self.word(first) not in ("hundred", "thousand", "million", "billion", "dozen", "couple", "pair"):
            return (1.0, first) if time_unit(self.word(first)) else (None, at)
        if self.word(first) == "half" and self._scale_follows(first + 1):
            return self._half_of(first + 1)
        total, current, at = 0.0, None, first
        last = ""
        while at < len(self.tokens):
            step = self._step(at, current, last, began=at == first)
            if step is None:
                break
            last, added, at = step
            if last == "scale":
                total += (1.0 if current is None else current) * added
                current = None
            elif last in ("hundred", "dozen"):
                current = (1.0 if current is None else current) * added
            elif last in ("joint", "hundred and"):
                continue
            else:
                current = (current or 0.0) + added
        if at == first:
            return None, at
        return self._and_a_half(total + (current or 0.0), at)

    def _half_of(self, at: int) -> tuple[float | None, int]:
        at += self.word(at) in ("a", "an", "-")
        word = self.word(at)
        if word in SCALES:
            return 0.5 * SCALES[word], at + 1
        if word in ("dozen", "hundred"):
            return 6.0 if word == "dozen" else 50.0, at + 1
        return 0.5, at

    def _step(self, at: int, current: float | None, last: str, *, began: bool) -> tuple[str, float, int] | None:
        """One more token of a number: what it is, its value, the token after; None when the number has ended."""
        token, word = self.tokens[at], self.word(at)
        if token.kind == "number":
            return ("digits", _float(word), at + 1) if current is None and (began or last == "joint") else None
        if word in UNITS and (current is None or last in _HUNDREDS or (last == "tens" and UNITS[word] < 10)):
            return "unit", UNITS[word], at + 1
        if word in TENS and (current is None or last in _HUNDREDS):
            return "tens", TENS[word], at + 1
        if word == "hundred" and last != "hundred":
            return "hundred", 100.0, at + 1
        if word in ("dozen", "couple", "pair") and last in ("", "unit"):
            return "dozen", 12.0 if word == "dozen" else 2.0, at + 1
        if word in SCALES and self._scale_fits(at, current, last):
            return "scale", SCALES[word], at + 1
        if word == "point" and current is not None and self.word(at + 1) in UNITS:
            return self._decimals(at + 1)
        if word == "point" and began and self.word(at + 1) in UNITS and self.word(at - 1) in _BEFORE_POINT:
            return self._decimals(at + 1)
        if word == "-" and last == "tens" and 0 < UNITS.get(self.word(at + 1), 99) < 10:
            return "unit", UNITS[self.word(at + 1)], at + 2
        if word == "and" and last in ("hundred", "scale") and self._small(at + 1):
            return "hundred and" if last == "hundred" else "joint", 0.0, at + 1
        if word == "and" and current is not None and self._is_half(at + 1) and self._scale_after_half(at + 1):
            return "unit", 0.5, at + 3
        return None

    def _scale_fits(self, at: int, current: float | None, last: str) -> bool:
        word = self.word(at)
        if word == "k" and last in ("unit", "tens", *_HUNDREDS):
            return True
        if word in ADJACENT_ONLY:
            return last == "digits" and self.adjacent(at)
        return last != "scale" and (current is not None or (last == "" and self.word(at - 1) in ("a", "one")))

    def _decimals(self, at: int) -> tuple[str, float, int]:
        digits = ""
        while UNITS.get(self.word(at), 99) < 10:
            digits += str(UNITS[self.word(at)])
            at += 1
        return "unit", float(f"0.{digits}"), at

    def _small(self, at: int) -> bool:
        return self.word(at) in UNITS or self.word(at) in TENS

    def _is_half(self, at: int) -> bool:
        return self.word(at) == "a" and self.word(at + 1) == "half"

    def _scale_after_half(self, at: int) -> bool:
        return self.word(at + 2) in SCALES and self.word(at + 2) not in ADJACENT_ONLY

    def _and_a_half(self, value: float, at: int) -> tuple[float, int]:
        """Adds "and a half" to "two" or "a million"; with a scale behind it the half was taken before."""
        if self.word(at) == "and" and self._is_half(at + 1):
            scale = next((s for s in (1e9, 1e6, 1e3) if value >= s and value % s == 0), 1.0)
            return value + 0.5 * scale, at + 3
        return value, at


_STARTS = (
    frozenset(UNITS) | frozenset(TENS) | frozenset(ORDINALS) | frozenset(TIMES) | frozenset(MANY) | frozenset(FRACTIONS)
)
_STARTS |= frozenset(("point", "a", "an", "hundred", "dozen", "couple", "pair"))
_BEFORE_POINT = frozenset(
    ("from", "to", "at", "of", "by", "about", "was", "is", "only", "just", "under", "over", "and")
)
"""What stands before a decimal whose nought is left out ("from point five to point two")."""
_NOT_TWICE = frozenset(("check", "checked", "checking", "digit", "digits", "shift", "shifts", "click", "sided"))
_HUNDREDS = ("hundred", "hundred and")
_NO_NOUN = frozenset(
    _words(
        """
    to and or of in at on by for from the a an i we it so but then that which who was were is are with out
    up down per each every a.m p.m am pm
"""
    )
)


def _float(text: str) -> float:
    return min(float(text.replace(",", "")), _LARGEST)
