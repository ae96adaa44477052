"""Speech to text: which transcriber is in force, and how each is made."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache, cached_property
from typing import TYPE_CHECKING

from coach.bootstrap.store import StoreParts
from coach.errors import SettingsError
from coach.settings import Settings

if TYPE_CHECKING:
    from coach.speech.port import Transcriber

log = logging.getLogger(__name__)


def chosen_transcriber(settings: Settings) -> str:
    """Name of the transcriber in force: `auto` is Deepgram with a key, a server where one is set, else Whisper.

    Where Whisper's model is gone or altered, and no hub can be asked for it, answers are typed; the log says why.
    """
    if settings.coach_transcriber != "auto":
        return settings.coach_transcriber
    if settings.deepgram_api_key:
        return "deepgram"
    if settings.coach_transcribe_base_url:
        return "server"
    from coach.speech.whisper.model import trouble_with

    trouble = trouble_with(settings.coach_whisper_model)
    if trouble:
        _say_once(str(trouble))
    return "typed" if trouble else "whisper"


@cache
def _say_once(trouble: str) -> None:
    log.warning("answers are typed: %s", trouble)


def build_transcriber(settings: Settings, name: str = "") -> Transcriber:
    """The transcriber called `name`, or the one in force.

    Raises:
        SettingsError: unknown, or its key is missing.
    """
    name = name or chosen_transcriber(settings)
    if name == "auto":
        name = chosen_transcriber(settings.model_copy(update={"coach_transcriber": "auto"}))
    builders: dict[str, Callable[[Settings], Transcriber]] = {
        "deepgram": _deepgram,
        "whisper": _whisper,
        "server": _transcription_server,
        "typed": _typed,
    }
    if name not in builders:
        raise SettingsError(f"There is no transcriber '{name}'.", mend=f"Choose one of: {', '.join(builders)}.")
    return builders[name](settings)


def _deepgram(settings: Settings) -> Transcriber:
    from coach.speech.deepgram.transcriber import DeepgramTranscriber

    if settings.deepgram_api_key is None:
        raise SettingsError("The transcriber 'deepgram' needs a key.", mend="Set DEEPGRAM_API_KEY.")
    return DeepgramTranscriber(
        settings.deepgram_api_key, settings.deepgram_base_url, check_share=settings.coach_verbatim_check
    )


def _whisper(settings: Settings) -> Transcriber:
    from coach.speech.pieces.transcriber import PieceTranscriber
    from coach.speech.whisper.recogniser import WhisperRecogniser

    recogniser = WhisperRecogniser(settings.coach_whisper_model, settings.coach_whisper_filler_model)
    return PieceTranscriber(recogniser, name="whisper", label="Whisper on this computer")


def _transcription_server(settings: Settings) -> Transcriber:
    from coach.speech.pieces.transcriber import PieceTranscriber
    from coach.speech.server.recogniser import ServerRecogniser

    if not settings.coach_transcribe_base_url:
        raise SettingsError(
            "The transcriber 'server' needs an address.", mend="Set COACH_TRANSCRIBE_BASE_URL, e.g. http://gpu:8000/v1."
        )
    key = settings.coach_transcribe_api_key
    recogniser = ServerRecogniser(settings.coach_transcribe_base_url, settings.coach_transcribe_model, key)
    return PieceTranscriber(recogniser, name="server", label="Whisper on your own server")


def _typed(_: Settings) -> Transcriber:
    from coach.speech.typed import TypedTranscriber

    return TypedTranscriber()


class SpeechParts(StoreParts):
    """Who writes down what is said."""

    @cached_property
    def transcriber(self) -> Transcriber:
        """Speech to text."""
        return build_transcriber(self.settings, self.transcriber_name)
