"""Fillers in context. The sentences were written for this project; fillers stand in brackets."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.text.fillers import count_by_expression, find_fillers
from coach.text.repetitions import find_repetitions
from coach.text.sentences import sentences

FILE = __file__.replace("test_text_fillers.py", "filler_sentences.txt")


def marked(line: str) -> tuple[str, set[tuple[int, int]]]:
    """The plain text of a marked line and the spans in brackets."""
    text, spans, start = "", set(), 0
    for char in line:
        if char == "[":
            start = len(text)
        elif char == "]":
            spans.add((start, len(text)))
        else:
            text += char
    return text, spans


def _found(text: str) -> set[tuple[int, int]]:
    return {(f.start, f.end) for f in find_fillers(text)}


def _sentences() -> list[tuple[str, set[tuple[int, int]]]]:
    with open(FILE, encoding="utf-8") as file:
        return [marked(line.rstrip("\n")) for line in file if line.strip()]


def test_precision_and_recall_on_own_sentences():
    counts: Counter[str] = Counter()
    for text, gold in _sentences():
        found = _found(text)
        counts.update(hit=len(gold & found), false=len(found - gold), missed=len(gold - found))
    assert counts["hit"] > 250
    assert counts["hit"] / (counts["hit"] + counts["false"]) >= 0.95
    assert counts["hit"] / (counts["hit"] + counts["missed"]) >= 0.95


@pytest.mark.parametrize(
    "line",
    [
        "[um] the [uh] [er] the [erm] [hmm] it broke",
        "she works in the ER on Mondays",
        "mm-hmm and uh-huh are answers",
        "it was [like] really cold",
        "it took [like] forty minutes",
        "i'd like to help people like you",
        "she was like no way",
        "[so] [um] here we are",
        "so we left because it was so late",
        "[well] [uh] it depends",
        "it went well and we did well as well",
        "he was [you know] a bit late",
        "do you know the way",
        "as you know we closed",
        "it was cheap [i mean] really cheap",
        "that's not what i mean and i mean it",
        "and [actually] [um] it rained",
        "it looked old but it was actually new",
        "he was [basically] he was alone",
        "it is basically a shed",
        "i was [kind of] tired",
        "a kind of glue and that was kind of you",
        "we open the door [right] and it's empty",
        "turn right at the right house right away",
        "[okay] [so] [um] i started there",
        "it was okay and i'm okay with it",
        "i [just] [um] i left",
        "we just left with just two bags",
        "i was [literally] starving",
        "it literally means two hands",
        "yeah it was really good",
    ],
)
def test_each_expression_both_ways(line):
    text, gold = marked(line)
    assert {text[a:b] for a, b in _found(text)} == {text[a:b] for a, b in gold}
    assert _found(text) == gold


def test_punctuated_transcripts():
    text, gold = marked(
        "I was, [like], really nervous. [So], [um], we, [you know], tried. It was hard, [right]? [Um]. Yes."
    )
    assert _found(text) == gold


def test_counts_fold_case_and_space():
    spans = find_fillers("Um I went um you  know you know")
    assert count_by_expression(spans) == {"um": 2, "you know": 2}


@given(st.text(alphabet="aeumhk lisoknwrgt'.,?!-’ \n", max_size=200) | st.text(max_size=100))
def test_any_text_gives_ordered_spans_that_quote_it(text):
    last = 0
    for span in find_fillers(text):
        assert last <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == span.text
        last = span.end


@given(st.text(max_size=400) | st.text(alphabet="so we and then i a b. !", max_size=400))
def test_sentences_cover_all_words_in_order(text):
    spans = sentences(text)
    assert all(text[s.start : s.end] == s.text for s in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    covered = "".join(s.text for s in spans)
    assert sum(c.isalnum() for c in covered) == sum(c.isalnum() for c in text)


def test_sentences_keep_abbreviations_and_decimals_whole():
    text = "I met Dr. Lee at 3.5 km. It was e.g. hard! Was it? Yes"
    assert [s.text for s in sentences(text)] == ["I met Dr. Lee at 3.5 km.", "It was e.g. hard!", "Was it?", "Yes"]


def test_long_speech_without_stops_is_cut_at_connectives():
    text = (
        "so i was working in a bakery and the oven broke and we had forty orders so i called the other branch "
        "and then i asked them to bake half of it and in the end we delivered everything on time"
    )
    pieces = [s.text for s in sentences(text)]
    assert len(pieces) >= 3
    assert pieces[-1].startswith("and in the end")
    assert " ".join(pieces) == text


def test_repetitions_and_restarts():
    def found(text):
        return [(r.text, r.kind) for r in find_repetitions(text, find_fillers(text))]

    assert found("I I went home") == [("I I", "repetition")]
    assert found("we had, um, we had a plan") == [("we had, um, we had", "restart")]
    assert found("it was very very hard and he had had enough") == []
    assert found("room two two five") == []
    assert found("I left. I left early.") == []
    assert found("to honor the... the women, who, well… who came") == [
        ("the... the", "repetition"),
        ("who, well… who", "repetition"),
    ]
