"""The merge of live results against a plain reference: every word once, in time order."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from coach.speech.streaming.word_merge import LiveResult, TimedWord, WordMerge, joined, spread

TEXTS = ["i", "the", "team", "i", "i", "shipped", "it", "twice"]


def said(count: int) -> list[TimedWord]:
    return [TimedWord(i * 0.4, i * 0.4 + 0.3, TEXTS[i % 8], TEXTS[i % 8].title()) for i in range(count)]


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[TimedWord], list[tuple[float, float, list[TimedWord]]]]:
    """Words cut into final results anywhere, delivered in any order, some of them again."""
    words = said(draw(st.integers(1, 40)))
    cuts = sorted(draw(st.sets(st.integers(1, len(words)), max_size=8)) | {0, len(words)})
    runs = [(a * 0.4, b * 0.4, words[a:b]) for a, b in itertools.pairwise(cuts)]
    again = draw(st.lists(st.sampled_from(runs), max_size=4))
    return words, draw(st.permutations(runs + again))


@settings(max_examples=200, deadline=None)
@given(deliveries())
def test_any_order_and_repetition_gives_each_word_once(case: tuple) -> None:
    words, runs = case
    merge = WordMerge()
    for start, end, part in runs:
        merge.add_final(1, start, end, part)
    assert merge.words() == words


@settings(max_examples=100, deadline=None)
@given(deliveries(), st.floats(-0.08, 0.08))
def test_a_replay_over_another_connection_doubles_nothing(case: tuple, shift: float) -> None:
    words, runs = case
    merge = WordMerge()
    for start, end, part in runs:
        merge.add_final(1, start, end, part)
    late = [w._replace(start_s=w.start_s + shift, end_s=w.end_s + shift) for w in words]
    merge.add_final(2, 0, len(words) * 0.4, late)
    assert merge.words() == words


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 30), st.data())
def test_interim_words_never_double_final_ones(count: int, data: st.DataObject) -> None:
    words = said(count)
    cut = data.draw(st.integers(1, count - 1))
    merge = WordMerge()
    merge.set_interim(count * 0.4, words)
    merge.add_final(1, 0, cut * 0.4, words[:cut])
    assert merge.words() == words[:cut]
    assert list(merge.interim) == words[cut:]
    assert merge.words(with_interim=True) == words


def test_a_corrected_final_replaces_the_earlier_one() -> None:
    merge = WordMerge()
    merge.add_final(1, 0, 1, [TimedWord(0.1, 0.4, "ship", "Ship")])
    merge.add_final(1, 0, 1, [TimedWord(0.1, 0.4, "chip", "Chip")])
    assert [w.word for w in merge.words()] == ["chip"]
    merge.add_final(1, 0, 1, [])
    assert [w.word for w in merge.words()] == ["chip"]


def test_the_word_of_the_contract_is_found_in_the_text() -> None:
    word = TimedWord(1.0, 0.9, "twenty", "20,", 1.2).to_word()
    assert (word.word, word.start_s, word.end_s, word.confidence) == ("20", 1.0, 1.0, 1.0)
    assert TimedWord(0, 1, "um", "Um,").to_word().is_filler
    assert not TimedWord(0, 1, "umbrella", "Umbrella").to_word().is_filler


def test_a_text_without_times_is_spread_over_its_result() -> None:
    words = spread("Hello there, world.", 1.0, 2.5)
    assert [(w.word, w.start_s) for w in words] == [("hello", 1.0), ("there", 1.5), ("world", 2.0)]
    assert joined(words) == "Hello there, world."
    assert spread("", 0, 1) == ()
    assert LiveResult(0, 1, (), True, False).words == ()
