"""The voice on this computer: how texts are parted and sounded, whose voice it is, what it needs. The model is real."""

import asyncio
import difflib
import json
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import numpy as np
import psutil
import pytest
import soxr
from starlette.applications import Starlette

from coach.bootstrap import build_services, chosen_voice
from coach.contracts.usage import UsageEvent
from coach.errors import InputError, SettingsError, VendorError
from coach.settings import DATA, load_settings
from coach.speech.packaged import Packaged
from coach.speech.voice import clips as clips_of
from coach.speech.voice import kokoro, pauses, phonemes, weights
from coach.speech.voice.clips import Clips
from coach.speech.voice.kokoro import SAMPLE_RATE_HZ, Kokoro
from coach.speech.voice.local import LocalVoice
from coach.speech.voice.parting import FIRST_CHARS, quick_parts
from coach.speech.voice.port import Spoken
from coach.speech.voice.speakers import speaker_of
from coach.speech.whisper.recogniser import WhisperRecogniser
from coach.web.clips import clip_routes, clip_url
from pages import asgi
from pages.components.practice.personas import load_personas

PERSONAS = [persona.id for persona in load_personas()]


# -- text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        ("Hello. How are you?", ["Hello.", "How are you?"]),
        ("It grew by 3.5 percent, e.g. here.", ["It grew by 3.5 percent, e.g.", "here."]),
        ("  ", []),
        ("... !", []),
        ("[[h@l'oU]] <speak>tell</speak> me", ["h@l'oU speak tell /speak me"]),
    ],
)
def test_a_text_is_parted_into_sentences(text, parted):
    assert phonemes.sentences(text) == parted


@pytest.mark.parametrize("text", ["word " * 400, "x" * 2000, "a, " * 600, "one, two three four five, " * 70])
def test_no_part_is_longer_than_the_model_takes_and_no_word_is_lost(text):
    parts = phonemes.sentences(text)
    assert all(0 < len(part) <= phonemes.LONGEST_SENTENCE for part in parts)
    if max(map(len, text.split())) <= phonemes.LONGEST_SENTENCE:
        assert " ".join(parts).split() == text.split()


@pytest.mark.parametrize(
    ("text", "accent", "sound"),
    [
        ("Why, no?", "en-us", "wˈI, nˈO?"),
        ("Why, no?", "en-gb", "wˈI, nˈQ?"),
        ("They judge each other.", "en-us", "ðA ʤˈʌʤ ˈiʧ ˈʌðəɹ."),
        ("Tell me - now", "en-us", "tˈɛl mˌi, nˈW."),
    ],
)
def test_words_sound_as_kokoro_was_taught_and_keep_their_melody(text, accent, sound):
    assert phonemes.phonemes(text, accent) == sound


@pytest.mark.parametrize("accent", ["en-us", "en-gb"])
def test_every_sound_of_a_question_is_known_to_the_model(accent):
    text = "Tell me about a difficult decision, under pressure: which button of the little server did you measure?"
    known = set(json.loads((weights.FOLDER / "symbols.json").read_text("utf8")))
    assert not set(phonemes.phonemes(text, accent)) - known


# -- sound ---------------------------------------------------------------------------------------------------------


def hum(seconds):
    moments = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (0.3 * np.sin(2 * np.pi * 200 * moments)).astype(np.float32)


def still(seconds):
    return np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)


def longest_silence(pcm):
    quiet = np.abs(np.frombuffer(pcm, "<i2")) < 130
    changes = np.flatnonzero(np.diff(np.concatenate(([0], quiet.astype(np.int8), [0]))))
    return max((changes[1::2] - changes[::2]) / SAMPLE_RATE_HZ, default=0.0)


def test_silences_are_trimmed_and_never_longer_than_allowed():
    one = np.concatenate([still(1.5), hum(0.5), still(2.0), hum(0.5), still(0.3), hum(0.2), still(3.0)])
    pcm = pauses.pcm16(one, after=pauses.PAUSE_S) + pauses.pcm16(still(1.0), after=1.0) + pauses.pcm16(hum(0.5))
    assert longest_silence(pcm) <= pauses.PAUSE_S + 2 * pauses.EDGE_S + 0.03
    spoken_s = 0.5 + 0.5 + 0.2 + 0.5
    silent_s = 0.4 + 0.3 + pauses.PAUSE_S
    assert len(pcm) / 2 / SAMPLE_RATE_HZ == pytest.approx(spoken_s + silent_s + 2 * pauses.EDGE_S, abs=0.06)


# -- parts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Why?", ["Why?"]),
        ("Tell me about a time you failed.", ["Tell me about a time you failed."]),
        (
            "Tell me about a time when you had to persuade a colleague who disagreed with you.",
            ["Tell me about a time", "when you had to persuade a colleague", "who disagreed with you."],
        ),
        (
            "You led the migration, you said. What would you do differently if you could start again from scratch?",
            [
                "You led the migration, you said.",
                "What would you do differently",
                "if you could start again from scratch?",
            ],
        ),
        (
            "Pneumonoultramicroscopicsilicovolcanoconiosis matters.",
            ["Pneumonoultramicroscopicsilicovolcanoconiosis matters."],
        ),
    ],
)
def test_what_somebody_waits_for_begins_with_a_short_part(text, parts):
    assert [part.text for part in quick_parts(text)] == parts


def test_every_question_of_the_bank_keeps_its_words_and_begins_soon():
    bank = json.loads((DATA / "questions" / "bank.json").read_text("utf8"))
    texts = [t for t in _texts(bank) if "{" not in t]
    assert len(texts) > 50
    for text in texts:
        parts = quick_parts(text)
        assert " ".join(p.text for p in parts).split() == " ".join(phonemes.sentences(text)).split()
        assert parts[-1].ends
    firsts = sorted(len(quick_parts(text)[0].text) for text in texts)
    assert firsts[len(firsts) // 2] <= 1.2 * FIRST_CHARS, "half of all questions begin with about two seconds"


def _texts(node):
    if isinstance(node, dict):
        yield from ([node["text"]] if isinstance(node.get("text"), str) else [])
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from _texts(inner)


# -- who speaks ----------------------------------------------------------------------------------------------------


def test_each_persona_has_speakers_of_its_own():
    speakers = [speaker_of(persona) for persona in PERSONAS]
    assert len(PERSONAS) >= 4
    assert len({who.kokoro for who in speakers}) == len({who.aura for who in speakers}) == len(PERSONAS)
    assert {who.kokoro for who in speakers} <= set(weights.STYLES)
    assert speaker_of("../sarah") == speaker_of("nobody") == speaker_of("sarah")


@pytest.mark.parametrize(
    ("program", "package", "chosen"), [(True, True, "local"), (False, True, "browser"), (True, False, "browser")]
)
def test_without_a_key_the_local_voice_speaks_where_it_is_whole(monkeypatch, program, package, chosen):
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/espeak-ng" if program else None)
    if not package:
        monkeypatch.setattr(weights, "PACKAGED", _packaged("nowhere"))
    assert chosen_voice(load_settings(coach_voice="auto", deepgram_api_key=None)) == chosen
    assert chosen_voice(load_settings(coach_voice="auto", deepgram_api_key="k")) == "deepgram"


def _packaged(folder):
    return Packaged(
        "the voice Kokoro", "some-package==1", (f"{folder}/",), ("part.bin",), {"kokoro.onnx": "0" * 64}, "kokoro.onnx"
    )


async def test_what_is_missing_is_told_with_its_mend(monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "PACKAGED", _packaged("nowhere"))
    voice = LocalVoice(tmp_path)
    with pytest.raises(SettingsError, match="not installed") as told:
        await voice.speak("Hello.")
    assert "some-package==1" in told.value.mend
    await voice.close()
    with pytest.raises(VendorError, match="closed"):
        await voice.speak("Hello.")


def test_an_altered_model_or_speaker_is_never_loaded(monkeypatch, tmp_path):
    (tmp_path / "altered_voice").mkdir()
    (tmp_path / "altered_voice" / "__init__.py").touch()
    (tmp_path / "altered_voice" / "part.bin").write_bytes(b"other bytes")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(weights, "PACKAGED", _packaged("altered_voice"))
    with pytest.raises(SettingsError, match="altered"):
        Kokoro(tmp_path / "cache")
    for name in weights.STYLES:
        shutil.copy(weights.FOLDER / f"{name}.bin", tmp_path)
    assert len(kokoro.style("af_heart", tmp_path)) == 510
    (tmp_path / "af_heart.bin").write_bytes(b"\0" * 522_240)
    with pytest.raises(SettingsError, match="altered"):
        kokoro.style("af_heart", tmp_path)


async def test_without_phonemiser_the_mend_names_it(monkeypatch):
    monkeypatch.setattr(phonemes, "PROGRAM", "no-such-program")
    with pytest.raises(SettingsError) as told:
        await asyncio.to_thread(phonemes.phonemes, "Hello.", "en-us")
    assert "espeak-ng" in told.value.mend


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
async def test_nothing_or_too_much_is_not_spoken(text):
    voice = LocalVoice()
    with pytest.raises(InputError):
        await voice.speak(text)
    await voice.close()


# -- what is heard -------------------------------------------------------------------------------------------------

QUESTION = "What would you do differently? Tell me, in a word."
SAID = "what would you do differently tell me in a word"


def pitch_hz(samples):
    """Median of the autocorrelation's best lag over loud frames of 50 ms, 60 to 350 Hz."""
    found = []
    for start in range(0, len(samples) - 1200, 600):
        frame = samples[start : start + 1200]
        if np.sqrt((frame**2).mean()) < 0.05:
            continue
        against = np.correlate(frame, frame, "full")[1199:]
        lag = 68 + int(against[68:400].argmax())
        if against[lag] > 0.5 * against[0]:
            found.append(SAMPLE_RATE_HZ / lag)
    return float(np.median(found))


@contextmanager
def most_memory() -> Iterator[list[float]]:
    """Resident megabytes of this process, looked at every 10 ms until the block ends."""
    own, over, seen = psutil.Process(), threading.Event(), []

    def look():
        while not over.is_set():
            seen.append(own.memory_info().rss / 1e6)
            over.wait(0.01)

    seen.append(own.memory_info().rss / 1e6)
    looking = threading.Thread(target=look)
    looking.start()
    yield seen
    over.set()
    looking.join()


@pytest.mark.slow
async def test_each_persona_is_understood_and_sounds_like_nobody_else(tmp_path):
    """Whisper writes down what was asked; no text rests for half a second; the pitch is a woman's or a man's."""
    voice, recogniser = LocalVoice(), WhisperRecogniser()
    heard, sounds = {}, {}
    await voice.warm_up()
    with most_memory() as taken_mb:
        spoken = await voice.speak(QUESTION, persona_id="sarah")
        spoken_for = {"sarah": spoken, "john": await voice.speak(QUESTION, persona_id="john")}
    assert max(taken_mb) - taken_mb[0] < 200, "one layer uses the memory of the one before; it was 650 MB"
    for persona, spoken in spoken_for.items():
        assert spoken.usage == () and spoken.sample_rate_hz == SAMPLE_RATE_HZ
        assert 1.5 < spoken.duration_s < 6
        assert longest_silence(spoken.pcm) < 0.5
        sounds[persona] = np.frombuffer(spoken.pcm, "<i2").astype(np.float32) / 32_768
        assert 0.2 < np.abs(sounds[persona]).max() <= 1
        at_16k = (soxr.resample(sounds[persona], SAMPLE_RATE_HZ, 16_000) * 32_767).astype("<i2").tobytes()
        words = recogniser.child.hear({"pass": "plain", "language": "en"}, at_16k)
        heard[persona] = " ".join(word for word, *_ in words)
    recogniser.child.close()
    await voice.close()
    for text in heard.values():
        plain = "".join(c for c in text.lower() if c.isalpha() or c == " ").split()
        assert difflib.SequenceMatcher(None, plain, SAID.split()).ratio() > 0.9
    assert 150 < pitch_hz(sounds["sarah"]) < 260
    assert 75 < pitch_hz(sounds["john"]) < 150


# -- rehearsed -----------------------------------------------------------------------------------------------------


class SlowVoice:
    """Implements the voice port; speaks when it is told to."""

    name = label = "slow"

    def __init__(self):
        self.spoken = []
        self.waiting, self.begun, self.go = (asyncio.Semaphore(0) for _ in range(3))
        self._one = asyncio.Lock()

    def clip_key(self, persona_id):
        return persona_id

    async def speak(self, text, *, persona_id="", interview_id="", attempt_id=None):
        self.waiting.release()
        async with self._one:
            self.spoken.append(text)
            self.begun.release()
            await self.go.acquire()
        return Spoken(b"\0\0" * 100, SAMPLE_RATE_HZ)

    async def close(self):
        """Nothing to close."""


async def unmetered(usage: Sequence[UsageEvent]) -> None:
    assert not usage


class PartedVoice(SlowVoice):
    """Speaks in three parts, each when it is told to; the last may fail."""

    def __init__(self, *, fails=False, rate=10):
        super().__init__()
        self.fails, self.rate = fails, rate

    async def speak_parts(self, text, *, persona_id="", quick=False):
        for number in range(3):
            self.begun.release()
            await self.go.acquire()
            if self.fails and number == 2:
                raise VendorError("The voice is gone.")
            yield Spoken(bytes([number, 0]) * 100, self.rate)


async def heard(growing, count):
    parts = []
    async for part in growing.wav():
        parts.append(part)
        if len(parts) == count:
            break
    return parts


async def test_a_clip_is_heard_while_it_is_being_made_and_kept_whole(tmp_path):
    voice = PartedVoice()
    clips = Clips(tmp_path, voice, unmetered)
    asked = asyncio.create_task(clips.playable("And then?", persona_id="sarah"))
    await voice.begun.acquire()
    assert not asked.done()
    voice.go.release()
    key = await asyncio.wait_for(asked, 5)
    assert clips.find(key) is None
    growing = clips.growing(key)
    assert growing
    head, first = await heard(growing, 2)
    assert (head[:4], head[8:12], first) == (b"RIFF", b"WAVE", bytes([0, 0]) * 100)
    again = asyncio.create_task(clips.clip("And then?", persona_id="sarah"))
    listening = asyncio.create_task(heard(growing, 9))
    voice.go.release()
    voice.go.release()
    assert await asyncio.wait_for(again, 5) == key
    whole = b"".join((await asyncio.wait_for(listening, 5))[1:])
    assert whole == b"".join(bytes([n, 0]) * 100 for n in range(3))
    path = clips.find(key)
    assert path and path.read_bytes()[44:] == whole
    assert clips.growing(key) is None
    await clips.close()


async def test_a_machine_that_does_not_keep_up_makes_the_whole_first(tmp_path):
    voice = PartedVoice(rate=100_000_000)
    clips = Clips(tmp_path, voice, unmetered)
    asked = asyncio.create_task(clips.playable("And then?", persona_id="sarah"))
    for _ in range(3):
        assert not asked.done()
        await voice.begun.acquire()
        voice.go.release()
    assert clips.find(await asyncio.wait_for(asked, 5))
    await clips.close()


@pytest.mark.parametrize("closed", [False, True])
async def test_what_is_heard_once_is_gone_in_time_though_nothing_else_is_made(tmp_path, monkeypatch, closed):
    monkeypatch.setattr(clips_of, "ONCE_S", 30 if closed else 0.02)
    voice = PartedVoice(rate=100_000_000)
    for _ in range(3):
        voice.go.release()
    clips = Clips(tmp_path, voice, unmetered)
    await clips.clip("And what changed for you?", persona_id="sarah", once=True)
    assert len([*tmp_path.glob("*.once.wav")]) == 1 or not closed
    if not closed:
        await asyncio.gather(*clips._rehearsals)
        assert [*tmp_path.glob("*.once.wav")] == []
    await clips.close()
    assert [*tmp_path.glob("*.once.wav")] == []


async def test_a_clip_whose_end_cannot_be_made_breaks_off_and_is_not_kept(tmp_path):
    voice = PartedVoice(fails=True)
    clips = Clips(tmp_path, voice, unmetered)
    asked = asyncio.create_task(clips.playable("And then?", persona_id="sarah"))
    voice.go.release()
    key = await asyncio.wait_for(asked, 5)
    growing = clips.growing(key)
    assert growing
    voice.go.release()
    voice.go.release()
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(heard(growing, 9), 5)
    assert (clips.find(key), clips.growing(key)) == (None, None)
    await clips.close()


async def test_a_growing_clip_is_sent_as_it_grows_and_cached_by_nobody(tmp_path):
    voice = PartedVoice()
    clips = Clips(tmp_path, voice, unmetered)
    app = Starlette(routes=clip_routes(clips))
    asked = asyncio.create_task(clips.playable("And then?", persona_id="sarah"))
    voice.go.release()
    key = await asyncio.wait_for(asked, 5)
    voice.go.release()
    voice.go.release()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://coach") as client:
        sent = await client.get(clip_url(key))
        assert (sent.status_code, sent.headers["cache-control"], len(sent.content)) == (200, "no-store", 44 + 600)
        await clips.clip("And then?", persona_id="sarah")
        kept = await client.get(clip_url(key))
        assert "immutable" in kept.headers["cache-control"]
        assert kept.content[44:] == sent.content[44:]
    await clips.close()


async def test_what_is_asked_overtakes_what_is_rehearsed(tmp_path):
    voice = SlowVoice()
    clips = Clips(tmp_path, voice, unmetered)
    clips.rehearse([f"Question {n}." for n in range(4)], persona_id="sarah")
    await voice.begun.acquire()
    asked = asyncio.create_task(clips.clip("And then?", persona_id="sarah"))
    await voice.waiting.acquire()
    await voice.waiting.acquire()
    voice.go.release()
    voice.go.release()
    assert clips.find(await asked)
    assert voice.spoken[:2] == ["Question 0.", "And then?"]
    for _ in range(8):
        voice.go.release()
    assert await clips.clip("Question 3.", persona_id="sarah")
    assert len(voice.spoken) == len(set(voice.spoken))
    await clips.close()


async def test_an_interview_that_opens_rehearses_its_questions_by_the_local_voice(tmp_path, monkeypatch):
    services = build_services(
        coach_home=tmp_path, coach_voice="local", transcriber="typed", brain="offline", deepgram_api_key=None
    )
    voice = services.clips._voice
    assert isinstance(voice, LocalVoice)
    rehearsed = []
    monkeypatch.setattr(services.clips, "rehearse", lambda texts, persona_id: rehearsed.append((texts, persona_id)))
    services.hub.parts.rehearse(["Why?"], "leo")
    assert rehearsed == [(["Why?"], "leo")]
    assert getattr(services.hub.parts.avatar, "_voice", None)
    await services.close()


class LoadedVoice(SlowVoice):
    """Has something to load before its first word."""

    loaded = 0

    async def warm_up(self):
        self.loaded += 1


async def test_the_server_warms_the_voice_before_the_first_question(tmp_path, monkeypatch):
    """Behind the first page, like the recogniser; a vendor's voice has nothing to load."""
    voice = LoadedVoice()
    clips = Clips(tmp_path, voice, unmetered)
    parts = build_services(coach_home=tmp_path, coach_voice="none", deepgram_api_key=None, openai_api_key=None)
    monkeypatch.setattr(asgi, "services", lambda: parts)
    assert "voice" not in dict(asgi.warmings())
    monkeypatch.setattr(parts, "clips", clips)
    await dict(asgi.warmings())["voice"]()
    assert voice.loaded == 1
    await Clips(tmp_path, SlowVoice(), unmetered).warm_up()
    await dict(asgi.warmings())["statistics"]()
    assert "scipy.stats" in sys.modules


async def test_a_warmed_voice_lets_its_model_go_when_nothing_is_said(monkeypatch):
    monkeypatch.setattr("coach.speech.voice.local.Kokoro", lambda cache: object())
    monkeypatch.setattr("coach.speech.voice.local.IDLE_S", 0.0)
    gone = threading.Event()
    monkeypatch.setattr("coach.speech.voice.local.give_back", gone.set)
    voice = LocalVoice()
    await voice.warm_up()
    assert await asyncio.to_thread(gone.wait, 10)
    await voice.close()
