"""Where the sound lies in the text."""

from coach.contracts.delivery import DeliveryMetrics, Pause
from coach.contracts.transcript import Transcript, TranscriptSource, Word, typed_transcript
from coach.interview.spoken_text import gaps, timed_sentences

TEXT = "I led it. We cut the run."
WORDS = [("I", 0.0), ("led", 0.4), ("it", 0.8), ("We", 3.2), ("cut", 3.6), ("the", 4.2), ("run", 6.0)]
SAID = Transcript(
    text=TEXT,
    words=[Word(word=word, start_s=at, end_s=at + 0.3) for word, at in WORDS],
    transcriber="ear",
    source=TranscriptSource.BATCH,
)


def test_a_pause_stands_before_the_word_that_ends_it_and_a_short_one_nowhere():
    pauses = [Pause(start_s=1.1, end_s=3.2), Pause(start_s=3.9, end_s=4.2), Pause(start_s=4.5, end_s=5.9)]
    found = gaps(SAID, DeliveryMetrics(pauses=pauses))
    assert [TEXT[gap.at :].split()[0] for gap in found] == ["We", "run."]
    assert found[0][1:] == (1.1, 3.2)


def test_every_sentence_has_its_seconds():
    assert timed_sentences(SAID) == [(0, 9, 0.0, 1.1), (10, 25, 3.2, 6.3)]


def test_a_typed_answer_has_neither():
    typed = typed_transcript(TEXT)
    assert gaps(typed, DeliveryMetrics()) == [] and timed_sentences(typed) == []
