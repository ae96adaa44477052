"""Delivery: figures against constructed truth, curves, and what must never be guessed."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.audio.loudness import heard_loudness
from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm
from coach.contracts.brain import DeliveryInput
from coach.contracts.delivery import PACE_BAND_WPM, PausePlace
from coach.contracts.transcript import Transcript, TranscriptSource, Word
from coach.delivery import curves
from coach.delivery.baseline import BaselineComparison, compare, medians, sentence
from coach.delivery.measure import from_input, measure
from tests.fakes.spoken import SENTENCES, answer


def transcript(text: str, *, verbatim: bool = True, step_s: float = 0.4, gaps: dict[int, float] | None = None, **more):
    """Words side by side, `step_s` each; `gaps` inserts silence before the n-th word."""
    at, words = 0.0, []
    for number, word in enumerate(text.split()):
        at += (gaps or {}).get(number, 0.0)
        words.append(Word(word=word, start_s=round(at, 3), end_s=round(at + step_s, 3), confidence=0.95))
        at += step_s
    fields = {"transcriber": "test", "source": TranscriptSource.BATCH, "duration_s": at} | more
    return Transcript(text=text, words=words, verbatim=verbatim, **fields)


@pytest.mark.parametrize("background", ["digital", "hiss", "typing"])
def test_pace_of_a_constructed_answer(background):
    made = answer(0.4, SENTENCES[0], 3.5, SENTENCES[1], 0.7, SENTENCES[2], 0.4, background=background)
    text = " ".join(SENTENCES[:3])
    metrics = measure(transcript(text), made.pcm)
    spoken_s = made.pcm.duration_s - sum(b - a for a, b in made.silences)
    assert metrics.wpm == pytest.approx(60 * len(text.split()) / made.pcm.duration_s, rel=0.03)
    assert metrics.articulation_wpm == pytest.approx(60 * len(text.split()) / spoken_s, rel=0.06)
    assert metrics.duration_s == pytest.approx(made.pcm.duration_s, abs=0.05)
    assert metrics.long_pause_count == 1


def test_thinking_before_and_reaching_for_finish_do_not_slow_the_pace():
    text = " ".join(SENTENCES[:2])
    plain = measure(transcript(text), answer(1.0, SENTENCES[0], 0.5, SENTENCES[1], 1.0).pcm)
    waited = measure(transcript(text), answer(8.0, SENTENCES[0], 0.5, SENTENCES[1], 6.0).pcm)
    assert waited.wpm == pytest.approx(plain.wpm, rel=0.01)
    assert waited.long_pause_count == 0
    assert [p.place for p in waited.edge_silences] == [PausePlace.BEFORE_ANSWER, PausePlace.AFTER_ANSWER]
    assert waited.edge_silences[0].end_s == pytest.approx(8.0, abs=0.15)


def test_pauses_know_their_place():
    text = "We lost the order. I called the owner at once."
    metrics = measure(transcript(text, gaps={4: 3.2, 7: 0.8}), None)
    assert [(p.place, round(p.end_s - p.start_s, 1)) for p in metrics.pauses] == [
        (PausePlace.BETWEEN_SENTENCES, 3.2),
        (PausePlace.INSIDE_CLAUSE, 0.8),
    ]
    assert metrics.long_pause_count == 1


def test_without_a_verbatim_transcript_fillers_are_unknown_not_zero():
    text = "um I sold like forty tickets and uh it worked"
    said, unsaid = (measure(transcript(text, verbatim=v), None) for v in (True, False))
    assert (said.filler_count, said.fillers) == (3, {"like": 1, "uh": 1, "um": 1})
    assert (unsaid.filler_count, unsaid.fillers, unsaid.filler_hits, unsaid.scores.fillers) == (None, {}, [], None)
    parts = {k: getattr(unsaid.scores, k) for k in ("pace", "pauses", "confidence")}
    weight = sum(curves.WEIGHTS[k] for k in parts)
    assert unsaid.scores.delivery == round(sum(curves.WEIGHTS[k] * v for k, v in parts.items()) / weight, 1)


def test_filler_hits_carry_their_seconds():
    metrics = measure(transcript("I um went you know home"), None)
    assert [(h.text, h.start_s, h.end_s) for h in metrics.filler_hits] == [("um", 0.4, 0.8), ("you know", 1.2, 2.0)]


def test_hesitations_gather_into_clusters_and_repetitions_are_kept():
    text = "um I I um went to the the shop and then it was fine " + "and we sold bread every day of the week " * 3
    metrics = measure(transcript(text), None)
    assert [(r.text, r.start_s, r.end_s) for r in metrics.repetitions] == [("I I", 0.4, 1.2), ("the the", 2.4, 3.2)]
    ((start, end),) = metrics.hesitation_clusters
    assert start == 0.0
    assert end < 5
    assert metrics.scores.confidence is not None
    calm = measure(transcript("I went to the shop and then it was fine " * 4), None)
    assert calm.hesitation_clusters == []


def test_typed_answers_have_no_delivery():
    typed = Transcript(text="I led the team.", transcriber="typed", source=TranscriptSource.TYPED)
    metrics = measure(typed, None)
    assert (metrics.wpm, metrics.articulation_wpm, metrics.filler_count, metrics.clarity) == (None, None, None, None)
    assert metrics.scores.delivery is None


def test_counting_i_or_we_is_no_part_of_any_score():
    first = measure(transcript("I planned it and I built it and I tested it daily"), None)
    second = measure(transcript("we planned it and we built it and we tested it daily"), None)
    assert first.scores == second.scores


def test_rolling_pace_shows_a_speaker_getting_faster():
    slow, fast = "word " * 40, "word " * 120
    words = transcript(slow, step_s=0.6).words
    at = words[-1].end_s
    words += [
        w.model_copy(update={"start_s": at + w.start_s, "end_s": at + w.end_s})
        for w in transcript(fast, step_s=0.3).words
    ]
    told = Transcript(text=slow + fast, words=words, transcriber="t", source=TranscriptSource.LIVE, duration_s=60)
    pace = measure(told, None).pace
    assert pace[0].wpm == pytest.approx(100, abs=5)
    assert pace[-1].wpm == pytest.approx(200, abs=8)


def test_eye_contact_counts_only_where_allowed():
    text = "we shipped it on friday and it held"
    without, with_camera = measure(transcript(text), None), measure(transcript(text), None, eye_contact=2.0)
    assert without.scores.eye_contact is None
    assert with_camera.scores.eye_contact == 2.0
    assert with_camera.scores.delivery < without.scores.delivery


def test_a_thirty_minute_answer_is_measured_in_a_moment():
    text = ("We had forty orders and um the oven broke. I called the owner, you know, at once. " * 300).strip()
    long = transcript(text, step_s=0.33, gaps={100: 1800 - 0.33 * len(text.split())})
    started = time.process_time()
    metrics = measure(long, None)
    assert time.process_time() - started < 3
    assert metrics.duration_s == pytest.approx(1800)
    assert metrics.filler_count == 600


@pytest.mark.parametrize(("wpm", "score"), [(130, 10), (145, 10), (160, 10), (100, 6), (190, 6), (20, 0), (300, 0)])
def test_pace_curve(wpm, score):
    assert curves.pace_score(wpm) == score


def test_the_band_is_that_of_the_policy():
    assert [curves.pace_score(v, band=(100, 120)) for v in (100, 120, 150, 70, 210)] == [10, 10, 6, 6, 0]
    assert curves.pace_score(150, (90, 210), band=(100, 120)) == 10
    text = "I went to the shop and then it was fine " * 4
    band = (0.0, 1.0)
    usual, other = measure(transcript(text), None), measure(transcript(text), None, band=band)
    assert other.pace_band_wpm == band and other.scores.pace < usual.scores.pace


@given(st.floats(0, 400), st.floats(0, 400))
def test_pace_falls_away_from_the_band(a, b):
    low, high = PACE_BAND_WPM
    distances = [max(low - v, v - high, 0) for v in (a, b)]
    if (a < low) == (b < low) and distances[0] < distances[1]:
        assert curves.pace_score(a) >= curves.pace_score(b)


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 2000))
def test_more_fillers_or_pauses_never_score_higher(a, b, words):
    few, many = sorted((a, b))
    assert curves.fillers_score(few, words) >= curves.fillers_score(many, words)
    assert curves.pauses_score(few, 60, 50) >= curves.pauses_score(many, 60, 50)
    assert 0 <= curves.confidence_score(few, words, 0.5) <= 10


def test_from_input_uses_the_same_curves():
    given_ = DeliveryInput(wpm=180, filler_count=12, long_pause_count=3, clarity_note="ok")
    metrics = from_input(given_)
    assert metrics.scores.pace == round(curves.pace_score(180), 1)
    assert metrics.scores.fillers == round(curves.fillers_score(12, 180), 1)
    assert metrics.scores.eye_contact is None
    unknown = from_input(DeliveryInput())
    assert (unknown.verbatim, unknown.filler_count, unknown.scores.delivery) == (False, None, None)


def test_baseline_compares_with_the_speakers_own_median():
    earlier = [measure(transcript(f"{'um ' * n}we sold bread and cakes every day"), None) for n in (1, 2, 5)]
    now = measure(transcript("we sold bread and cakes every day"), None)
    assert medians(earlier)["fillers_per_100_words"] == pytest.approx(100 * 2 / 9)
    (fillers,) = [c for c in compare(now, earlier) if c.metric == "fillers_per_100_words"]
    assert (fillers.now, fillers.better) == (0.0, True)
    assert compare(now, earlier[:2]) == []


@pytest.mark.parametrize(
    ("metric", "now", "usual", "said"),
    [
        ("wpm", 154.6, 138, "12 % faster than your usual 138 wpm"),
        ("wpm", 120, 150, "20 % slower than your usual 150 wpm"),
        ("wpm", 151, 150, "As usual for you"),
        ("fillers_per_100_words", 1, 4, "75 % fewer fillers than your usual 4.0 in 100 words"),
        ("fillers_per_100_words", 2, 0, "Usually you have no fillers"),
        ("long_pauses_per_min", 0, 0, "As usual for you"),
        ("clarity", 0.8, 0.9, "Less clear than your usual 90%"),
    ],
)
def test_baseline_in_words(metric, now, usual, said):
    assert sentence(BaselineComparison(metric, "", now, usual, None)) == said


def test_loudness_is_known_second_by_second_and_silence_has_none():
    at = np.arange(6 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    tone = 8000 * np.sin(2 * np.pi * 220 * at)
    tone[: 2 * SAMPLE_RATE_HZ] /= 10
    tone[3 * SAMPLE_RATE_HZ : 5 * SAMPLE_RATE_HZ] = 0
    _, points = heard_loudness(Pcm(tone.astype(np.int16)))
    found = dict(points)
    assert found[2.5] - found[1.5] == pytest.approx(20, abs=1.5)
    assert 4.5 not in found and set(found) <= {0.5, 1.5, 2.5, 3.5, 5.5}
