"""Pieces: where sound is cut, whose turn it is, what becomes of um and uh, when a person must look over the text."""

import asyncio
import threading
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.audio.flac import write_flac
from coach.audio.pcm import Pcm
from coach.contracts.transcript import Transcript, TranscriptSource, Word
from coach.delivery.measure import measure
from coach.speech.pieces.again import with_repetitions
from coach.speech.pieces.confidence import doubtful_spans, is_doubtful
from coach.speech.pieces.cutter import LONGEST_S, PieceCutter, gated, pieces
from coach.speech.pieces.hesitations import MOST_IN_A_ROW, with_hesitations
from coach.speech.pieces.live import PieceStream
from coach.speech.pieces.piece import Piece
from coach.speech.pieces.transcriber import PieceTranscriber, hotwords
from coach.speech.port import SpeechContext
from coach.speech.whisper.turns import Turns
from tests.fakes.piece_recogniser import FakePieceRecogniser
from tests.fakes.spoken import SENTENCES, answer, spoken

CONTEXT = SpeechContext(keyterms=("SQL", " SQL ", "", "Kubernetes"))


def frames(pcm: Pcm, size: int = 640) -> list[bytes]:
    data = pcm.to_bytes()
    return [data[i : i + size] for i in range(0, len(data), size)]


def long_answer(sentences: int, pause_s: float = 0.6) -> Pcm:
    return answer(0.4, *[part for i in range(sentences) for part in (SENTENCES[i % 4], pause_s)]).pcm


def words_of(text: str, confidence: float = 0.9) -> list[Word]:
    said = text.split()
    return [Word(word=w, start_s=i, end_s=i + 0.9, confidence=confidence) for i, w in enumerate(said)]


def text_of(words: list[Word]) -> str:
    return " ".join(w.word for w in words)


# -- cutting -------------------------------------------------------------------------------------------------------


def test_a_recording_is_cut_at_pauses_into_pieces_whisper_can_hear():
    pcm = long_answer(10)
    parts = list(pieces(pcm))
    assert len(parts) >= 3
    assert all(p.end_s - p.start_s <= LONGEST_S + 0.6 for p in parts)
    assert all(a.end_s <= b.start_s + 0.5 for a, b in pairwise(parts))
    heard = sum(p.end_s - p.start_s for p in parts)
    assert heard == pytest.approx(pcm.duration_s, abs=3)


def test_speech_without_any_pause_is_cut_all_the_same():
    pcm = Pcm(np.concatenate([spoken(" ".join(SENTENCES)).samples] * 3))
    assert all(p.end_s - p.start_s <= LONGEST_S + 0.6 for p in pieces(pcm))


@pytest.mark.parametrize("kind", ["silence", "hiss", "typing", "hum"])
def test_where_nobody_speaks_there_is_no_piece_live_or_whole(kind):
    length = 16_000 * 8
    sounds = {
        "silence": np.zeros(length),
        "hiss": np.random.default_rng(1).normal(0, 800, length),
        "typing": answer(8.0, background="typing").pcm.samples.astype(float),
        "hum": 4000 * np.sin(2 * np.pi * 100 * np.arange(length) / 16_000),
    }
    pcm = Pcm(sounds[kind].astype(np.int16))
    assert list(pieces(pcm)) == []
    cutter = PieceCutter()
    found = [cut.done or cut.resting for frame in frames(pcm, 16_000) if any(cut := cutter.push(frame))]
    found.append(cutter.flush())
    assert [g for p in found if p and (g := gated(p))] == []


def test_live_pieces_end_at_pauses_and_hold_all_speech():
    pcm, cutter, done = long_answer(8), PieceCutter(), []
    for frame in frames(pcm, 16_000):
        cut = cutter.push(frame)
        done += [cut.done] if cut.done else []
    last = cutter.flush()
    done += [last] if last else []
    assert len(done) >= 2
    assert all(p.end_s - p.start_s <= LONGEST_S + 1 for p in done)
    assert all(a.end_s <= b.start_s + 0.001 for a, b in pairwise(done))
    assert cutter.flush() is None


def test_a_rest_is_told_once_and_only_after_speech():
    cutter, rests = PieceCutter(), 0
    for frame in frames(answer(2.0, SENTENCES[0], 2.0).pcm, 8_000):
        rests += cutter.push(frame).resting is not None
    assert rests == 1


def test_the_gate_cuts_silence_off_and_keeps_the_clock():
    pcm = answer(3.0, SENTENCES[0], 2.0).pcm
    kept = gated(Piece(10.0, pcm.to_bytes()))
    assert kept and kept.start_s == pytest.approx(12.75, abs=0.2)
    assert kept.end_s == pytest.approx(10 + pcm.duration_s - 2.0 + 0.25, abs=0.2)


# -- um and uh -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plain", "second", "merged"),
    [
        ("I led the team.", "I led, um, the team.", "I led, um, the team."),
        ("I led the team.", "I led the, uh, squad.", "I led the, uh, team."),
        ("I led um, the team.", "I led, um, the team.", "I led um, the team."),
        ("We won.", "We one.", "We won."),
        ("We won the deal.", "Different words and, um, nothing shared at all here", "We won the deal."),
        ("We won it.", "We, um, uh, um, um, uh, won it.", "We, um, uh, won it."),
        ("We won it.", "We, uh, uh, uh, uh, uh, won it.", "We won it."),
        ("We won it.", "We won it. Uh, uh, uh,", "We won it. Uh, Uh,"),
    ],
)
def test_um_and_uh_go_beside_the_nearest_shared_word(plain, second, merged):
    assert text_of(with_hesitations(words_of(plain), words_of(second))) == merged


def test_an_um_that_opens_a_sentence_must_be_sure():
    plain = words_of("We won. They lost.")
    unsure = [*words_of("We won."), *words_of("Um, they lost.", confidence=0.1)]
    sure = [*words_of("We won."), *words_of("Um, they lost.", confidence=0.8)]
    assert text_of(with_hesitations(plain, unsure)) == "We won. They lost."
    assert text_of(with_hesitations(plain, sure)) == "We won. Um, They lost."


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["we", "won", "the", "deal", "today."]), max_size=25),
    st.lists(st.sampled_from(["we", "won", "the", "deal", "um,", "uh", "Um", "other"]), max_size=25),
)
def test_the_plain_words_stay_and_times_stay_in_order(plain, second):
    before = words_of(" ".join(plain))
    after = with_hesitations(before, words_of(" ".join(second)))
    assert [w.word.rstrip(",") for w in after if not w.is_filler] == plain
    assert all(0 <= w.start_s <= w.end_s for w in after)
    assert all(a.start_s <= b.start_s for a, b in pairwise(after))
    run = longest = 0
    for word in after:
        run = run + 1 if word.is_filler else 0
        longest = max(longest, run)
    assert longest <= MOST_IN_A_ROW


def test_inserted_hesitations_are_counted_and_no_pace_is_measured_by_them():
    said = Transcript(
        text="We, um, won, uh, it.", words=words_of("We, um, won, uh, it."), duration_s=6, transcriber="whisper",
        source=TranscriptSource.LIVE, verbatim=True, fillers_about=True,
    )  # fmt: skip
    about = measure(said, None)
    exact = measure(said.model_copy(update={"fillers_about": False}), None)
    assert (about.filler_count, about.fillers_about, about.word_count) == (2, True, 3)
    assert (exact.filler_count, exact.word_count) == (2, 5)


@pytest.mark.parametrize(
    ("plain", "second", "merged"),
    [
        ("If you look back", "If, if you look back", "If if you look back"),
        ("then I like beans", "then I like, I like, I like beans", "then I like I like, I like beans"),
        ("to honor the women", "to honor the, um, the women", "to honor the the women"),
        ("to the the women", "to the the women", "to the the women"),
        ("go on then", "go go go go on then", "go on then"),
        ("it was very good", "it was very very good", "it was very good"),
        ("room two five", "room two two five", "room two five"),
        ("we left early", "they they went home", "we left early"),
    ],
)
def test_what_only_the_second_pass_hears_twice_is_said_twice(plain, second, merged):
    said = with_repetitions(words_of(plain), words_of(second))
    assert text_of(said) == merged
    assert all(a.end_s <= b.start_s and a.start_s <= a.end_s for a, b in pairwise(said)), "in order, also in time"


# -- doubt ---------------------------------------------------------------------------------------------------------


def test_only_an_unsure_text_is_held_back_and_its_doubtful_words_are_marked():
    def heard(*sure: float) -> Transcript:
        words = [Word(word=f"w{i}", start_s=i, end_s=i + 1, confidence=c) for i, c in enumerate(sure)]
        return Transcript(text=text_of(words), words=words, transcriber="whisper", source=TranscriptSource.LIVE)

    assert is_doubtful(heard(0.95, 0.95, 0.95, 0.6, 0.3, 0.6, 0.7, 0.2), 0.9)
    assert not is_doubtful(heard(*[0.95] * 6, 0.1, 0.2, 0.1, 0.2), 0.9), "a last piece that was cut off"
    assert not is_doubtful(heard(0.1, 0.1), 0.9), "two words say nothing about the rest"
    assert not is_doubtful(heard(*[0.1] * 9), None), "not measured for this transcriber"
    assert doubtful_spans(heard(0.9, 0.3, 0.9)) == [(3, 5)]


# -- turns ---------------------------------------------------------------------------------------------------------


def test_answers_take_turns_and_who_waits_goes_first():
    done: list[str] = []
    turns, hold = Turns("test"), threading.Event()
    first = turns.submit(lambda: hold.wait(10), lane="a")
    waiting = [turns.submit(partial(done.append, name), lane=name[0]) for name in ("a1", "a2", "a3", "b1", "c1")]
    turns.hurry("c")
    hold.set()
    for future in (first, *waiting):
        future.result(10)
    assert done == ["c1", "b1", "a1", "a2", "a3"]
    turns.close()
    assert turns.submit(lambda: 1, lane="a").cancelled()


def test_who_finished_first_is_served_whole_before_the_next():
    done: list[str] = []
    turns, hold = Turns("test"), threading.Event()
    first = turns.submit(lambda: hold.wait(10), lane="still speaking")
    turns.hurry("a")
    ends = (("b", True), ("still speaking", False), ("a", True), ("b", True), ("a", True))
    waiting = [
        turns.submit(partial(done.append, f"{lane}{number}"), lane=lane, urgent=urgent)
        for number, (lane, urgent) in enumerate(ends)
    ]
    hold.set()
    for future in (first, *waiting):
        future.result(10)
    assert done == ["a2", "a4", "b0", "b3", "still speaking1"]
    turns.close()


def test_a_whole_recording_holds_up_no_tail():
    done: list[str] = []
    turns, hold = Turns("test"), threading.Event()
    first = turns.submit(lambda: hold.wait(10), lane="x")
    recording = [turns.submit(partial(done.append, "recording"), lane="r", urgent=True) for _ in range(9)]
    tail = [turns.submit(partial(done.append, "tail"), lane="t", urgent=True) for _ in range(2)]
    hold.set()
    for future in (first, *recording, *tail):
        future.result(10)
    assert done == ["tail"] * 2 + ["recording"] * 9
    turns.close()


def test_work_that_fails_stops_nobody():
    turns = Turns("test")

    def fail() -> None:
        raise ValueError("no")

    failed, fine = turns.submit(fail, lane="a"), turns.submit(lambda: 7, lane="a")
    assert fine.result(10) == 7
    assert isinstance(failed.exception(10), ValueError)
    turns.close()


# -- the live way --------------------------------------------------------------------------------------------------


@pytest.fixture
def recogniser():
    return FakePieceRecogniser()


async def say(stream, pcm: Pcm) -> None:
    for frame in frames(pcm, 3200):
        stream.push(frame)
        await asyncio.sleep(0)


def recorded(pcm: Pcm, tmp_path):
    path = tmp_path / "a.flac"
    write_flac(pcm, path)
    return path


async def test_finish_waits_for_the_tail_only_and_hotwords_go_along(recogniser, tmp_path):
    pcm = long_answer(8, pause_s=0.4)
    pcm = pcm.slice(0, pcm.duration_s - 2.0)
    engine = PieceTranscriber(recogniser, name="whisper", label="Whisper")
    stream = await engine.open_stream(CONTEXT)
    await stream.start_answer("one")
    await say(stream, pcm)
    await recogniser.asked(3)
    before = len(recogniser.requests)
    stream.end_answer()
    heard = (await stream.finish_answer(recorded(pcm, tmp_path))).transcript
    assert recogniser.hurried and set(recogniser.hurried) == {"one"}
    assert len(recogniser.requests) <= before + 2
    assert recogniser.requests[-1].urgent
    assert recogniser.requests[0].hotwords == hotwords(CONTEXT.keyterms) == "SQL, Kubernetes"
    assert (heard.source, heard.verbatim, heard.fillers_about) == (TranscriptSource.LIVE, True, True)
    assert [w.word for w in heard.words if "piece" in w.word] == sorted(
        w.word for w in heard.words if "piece" in w.word
    )
    assert heard.duration_s == pytest.approx(pcm.duration_s, abs=0.01)
    await engine.close()


async def test_the_models_load_while_the_question_is_asked(recogniser):
    engine = PieceTranscriber(recogniser, name="whisper", label="Whisper")
    await engine.open_stream(CONTEXT)
    await asyncio.wait_for(recogniser.warmed.wait(), 5)
    await engine.close()


async def test_the_last_piece_is_never_longer_than_what_can_be_waited_for():
    """*Finish* waits for it: ten seconds of sound are at most one second of two cores."""
    pcm, cutter = Pcm(np.concatenate([spoken(" ".join(SENTENCES)).samples] * 2)), PieceCutter()
    for frame in frames(pcm, 4_000):
        cutter.push(frame)
        assert cutter.pending is None or cutter.pending.end_s - cutter.pending.start_s <= 10.3


async def test_what_was_recognised_at_a_rest_is_not_recognised_again(recogniser, tmp_path):
    pcm = answer(0.4, SENTENCES[0], 1.5).pcm
    engine = PieceTranscriber(recogniser, name="whisper", label="Whisper")
    stream = await engine.open_stream(CONTEXT)
    await stream.start_answer("one")
    await say(stream, pcm)
    heard = (await stream.finish_answer(recorded(pcm, tmp_path))).transcript
    assert len(recogniser.requests) == 1
    assert "piece1." in heard.text
    await engine.close()


@pytest.mark.parametrize("trouble", ["missing sound", "recogniser"])
async def test_what_the_live_way_missed_comes_from_the_recording(recogniser, tmp_path, monkeypatch, trouble):
    pcm = answer(0.4, SENTENCES[0], 0.4, SENTENCES[1], 0.4).pcm
    engine = PieceTranscriber(recogniser, name="whisper", label="Whisper")
    stream = await engine.open_stream(CONTEXT)
    await stream.start_answer("one")
    recogniser.fail = trouble == "recogniser"
    await say(stream, pcm.slice(0, 2) if trouble == "missing sound" else pcm)
    assert isinstance(stream, PieceStream)
    batch = stream._batch

    async def back_again(recording, attempt_id):
        recogniser.fail = False
        return await batch(recording, attempt_id)

    monkeypatch.setattr(stream, "_batch", back_again)
    heard = await stream.finish_answer(recorded(pcm, tmp_path))
    assert heard.transcript.source is TranscriptSource.BATCH
    await engine.close()


async def test_start_over_forgets_what_was_said(recogniser, tmp_path):
    engine = PieceTranscriber(recogniser, name="whisper", label="Whisper")
    stream = await engine.open_stream(CONTEXT)
    await stream.start_answer("one")
    await say(stream, long_answer(3))
    await stream.reset()
    await stream.start_answer("two")
    pcm = answer(0.3, SENTENCES[1], 0.3).pcm
    await say(stream, pcm)
    heard = (await stream.finish_answer(recorded(pcm, tmp_path))).transcript
    assert heard.words[-1].end_s <= pcm.duration_s
    assert {r.lane for r in recogniser.requests[-1:]} == {"two"}
    await engine.close()


async def test_silence_gives_an_empty_transcript_and_says_so(recogniser, tmp_path):
    pcm = Pcm(np.zeros(48_000, np.int16))
    engine = PieceTranscriber(recogniser, name="whisper", label="Whisper")
    heard = await engine.transcribe(recorded(pcm, tmp_path), CONTEXT, attempt_id="a")
    assert (heard.transcript.text, recogniser.requests) == ("", [])
    assert "No speech" in heard.transcript.notes[0]
    await engine.close()
