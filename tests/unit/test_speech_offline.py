"""A correction keeps its timing; a typed answer keeps its length."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from coach.audio.flac import write_flac
from coach.contracts.transcript import Transcript, TranscriptSource, Word, typed_transcript
from coach.speech.correction import apply_correction
from coach.speech.port import SpeechContext
from coach.speech.typed import TypedTranscriber
from tests.fakes.spoken import SENTENCES, answer

CONTEXT = SpeechContext()

# -- correction ----------------------------------------------------------------------------------------------------

HEARD = Transcript(
    text="we sold forty cakes",
    words=[
        Word(word=w, start_s=i, end_s=i + 0.5, confidence=0.5) for i, w in enumerate(["we", "sold", "forty", "cakes"])
    ],
    duration_s=5,
    transcriber="whisper",
    source=TranscriptSource.LIVE,
)


def test_a_correction_keeps_the_time_of_what_stayed():
    fixed = apply_correction(HEARD, "We sold fifteen big cakes.")
    assert fixed.source == TranscriptSource.CORRECTED
    assert fixed.text == "We sold fifteen big cakes."
    times = {w.word: (w.start_s, w.end_s) for w in fixed.words}
    assert times["We"] == (0, 0.5)
    assert times["cakes."] == (3, 3.5)
    inside = [2, *times["fifteen"], *times["big"], 2.5]
    assert inside == sorted(inside) and len({*times["fifteen"]}) == len({*times["big"]}) == 2
    assert all(fixed.word_offsets())


def test_words_may_be_inserted_at_the_end_or_all_removed():
    longer = apply_correction(HEARD, "we sold forty cakes in a day")
    assert 3.5 <= longer.words[-1].start_s < longer.words[-1].end_s <= 5
    assert apply_correction(HEARD, "  ").words == []
    assert apply_correction(typed_transcript("yes"), "yes I did").words == []


@settings(deadline=None)
@given(st.lists(st.sampled_from(["we", "sold", "forty", "cakes", "on", "monday", "um"]), max_size=30))
def test_any_correction_is_timed_in_order(words):
    fixed = apply_correction(HEARD, " ".join(words))
    assert [w.word for w in fixed.words] == words
    assert all(0 <= w.start_s <= w.end_s <= 5 for w in fixed.words)
    assert all(a.start_s <= b.start_s + 1e-6 for a, b in pairwise(fixed.words))


# -- typed ---------------------------------------------------------------------------------------------------------


async def test_typed_keeps_the_length_and_leaves_the_text_to_the_person(tmp_path):
    made = answer(0.5, SENTENCES[0], 0.6)
    recording = tmp_path / "a.flac"
    write_flac(made.pcm, recording)
    engine = TypedTranscriber()
    stream = await engine.open_stream(CONTEXT)
    await stream.start_answer("a")
    stream.push(bytes(640))
    heard = (await stream.finish_answer(recording)).transcript
    assert (heard.text, heard.source, heard.duration_s) == ("", TranscriptSource.TYPED, made.pcm.duration_s)
    assert engine.capabilities.needs_review
    assert typed_transcript("  I   did it ").text == "I did it"
