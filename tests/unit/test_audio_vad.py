"""Every long pause found, none invented, edges within 150 ms; the Finish button does not flicker."""

import numpy as np
import pytest

from coach.audio.level import FinishFade, FinishState, rms_dbfs
from coach.audio.pcm import SAMPLE_RATE_HZ, Pcm
from coach.audio.preflight import MicrophoneFault, judge
from coach.audio.vad import VoiceActivity, require_speech, speech_segments
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.delivery.timing import timing
from coach.errors import AudioError
from tests.fakes.spoken import SENTENCES, answer

BACKGROUNDS = ("digital", "hiss", "typing")
PARTS = (1.5, SENTENCES[0], 3.5, SENTENCES[1], 1.0, SENTENCES[2], 5.0, SENTENCES[3], 2.4, SENTENCES[0], 3.2)
UNKNOWN = Transcript(text="", transcriber="none", source=TranscriptSource.BATCH)


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_long_pauses_are_all_found_and_none_invented(background):
    made = answer(*PARTS, background=background)
    when = timing(UNKNOWN, made.pcm)
    expected = [(a, b) for a, b in made.inner_silences if b - a >= 3]
    assert len(when.long_pauses) == len(expected) == 2
    for pause, (start, end) in zip(when.long_pauses, expected, strict=True):
        assert pause.start_s == pytest.approx(start, abs=0.15)
        assert pause.end_s == pytest.approx(end, abs=0.15)
    assert when.duration_s == pytest.approx(made.pcm.duration_s, abs=0.05)
    spoken_s = made.pcm.duration_s - sum(b - a for a, b in made.silences)
    assert when.speech_s == pytest.approx(spoken_s, rel=0.06)


@pytest.mark.parametrize("gain", [0.03, 0.2, 2.0])
def test_quiet_and_loud_voices_are_heard_alike(gain):
    made = answer(SENTENCES[0], 3.5, SENTENCES[1])
    scaled = Pcm((made.pcm.samples * gain).clip(-32768, 32767).astype(np.int16))
    assert len(timing(UNKNOWN, scaled).long_pauses) == 1


def test_silence_hum_and_noise_are_no_speech():
    seconds = np.arange(5 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    random = np.random.default_rng(5)
    sounds = [np.zeros(5 * SAMPLE_RATE_HZ), 4000 * np.sin(2 * np.pi * 50 * seconds)]
    sounds += [random.normal(0, level, 5 * SAMPLE_RATE_HZ) for level in (10, 300, 3000)]
    for sound in sounds:
        with pytest.raises(AudioError, match="holds no speech"):
            require_speech(Pcm(sound.clip(-32768, 32767).astype(np.int16)))
    assert speech_segments(np.zeros(0, np.int16)) == []


def _changes(pcm: Pcm, frame: int = 640) -> list[tuple[float, FinishState]]:
    fade, data = FinishFade(), pcm.to_bytes()
    changes = []
    for start in range(0, len(data), frame):
        view = fade.push(data[start : start + frame])
        if view:
            changes.append((start / 2 / SAMPLE_RATE_HZ, view.state))
    return changes


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_finish_changes_once_per_pause_and_not_in_speech(background):
    made = answer(
        0.5, SENTENCES[0], 0.4, SENTENCES[1], 0.9, SENTENCES[2], 2.5, SENTENCES[3], 3.5, background=background
    )
    changes = _changes(made.pcm)
    assert [state for _, state in changes] == ["speaking", "ready", "speaking", "ready"]
    for (at, state), (start, _) in zip(changes[1::2], made.silences[-2:], strict=True):
        assert state == "ready"
        assert at - start == pytest.approx(1.5, abs=0.35)


def test_finish_does_not_wait_for_frame_sizes():
    made = answer(SENTENCES[0], 2.5)
    assert [s for _, s in _changes(made.pcm, 640)] == [s for _, s in _changes(made.pcm, 3200)] == ["speaking", "ready"]


def test_a_cough_does_not_fade_a_shown_button():
    fade = FinishFade()
    for speaking, seconds in ((True, 1.0), (False, 2.0)):
        fade.step(speaking=speaking, seconds=seconds)
    assert fade.view.opacity == 1.0
    assert fade.step(speaking=True, seconds=0.1) is None
    assert fade.step(speaking=False, seconds=0.1) is None
    assert fade.state == FinishState.READY
    view = fade.step(speaking=True, seconds=0.3)
    assert view is not None
    assert view.opacity == 0.5


def test_voice_activity_wants_a_full_step_first():
    activity = VoiceActivity()
    assert activity.push(bytes(640)) is None
    assert activity.push(bytes(4096)) is False


def test_the_level_is_told_in_decibels_below_full_scale():
    assert rms_dbfs(b"") == rms_dbfs(bytes(64)) == -100
    assert rms_dbfs((np.ones(320, np.int16) * 8000).tobytes()) == pytest.approx(-12.2, abs=0.1)


def _faults(pcm: Pcm) -> set[MicrophoneFault]:
    return {f.fault for f in judge(pcm).findings}


def test_preflight_passes_a_good_microphone():
    made = answer(0.5, SENTENCES[0], 0.8, background="hiss")
    report = judge(made.pcm)
    assert report.ok
    assert report.findings == ()
    assert report.speech_dbfs is not None
    assert report.background_dbfs is not None
    assert report.speech_dbfs - report.background_dbfs > 20


def test_preflight_names_each_fault_and_its_mend():
    good = answer(0.5, SENTENCES[0], 0.8, background="hiss").pcm.samples.astype(float)
    random = np.random.default_rng(2)

    def pcm(samples):
        return Pcm(samples.clip(-32768, 32767).astype(np.int16))

    assert _faults(pcm(good * 0)) == {MicrophoneFault.NO_SOUND}
    assert _faults(pcm(random.normal(0, 400, 48000))) == {MicrophoneFault.NO_SPEECH}
    assert _faults(pcm(good * 0.03)) == {MicrophoneFault.TOO_QUIET}
    assert MicrophoneFault.CLIPPING in _faults(pcm(good * 12))
    assert MicrophoneFault.NOISY in _faults(pcm(good + random.normal(0, 1000, len(good))))
