"""Who asks, and with which voice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from coach.bootstrap.store import StoreParts
from coach.errors import SettingsError
from coach.settings import Settings

if TYPE_CHECKING:
    from coach.avatar.drawn import VoiceSource
    from coach.avatar.port import Avatar, SpeechRequest
    from coach.speech.voice.clips import Clips
    from coach.speech.voice.port import Voice


def chosen_voice(settings: Settings) -> str:
    """Name of the voice in force: `auto` is Deepgram with a key, one on this computer where there is one, else the
    browser's own.

    Raises:
        SettingsError: its key is missing.
    """
    if settings.coach_voice == "deepgram" and settings.deepgram_api_key is None:
        raise SettingsError("The voice 'deepgram' needs a key.", mend="Set DEEPGRAM_API_KEY.")
    if settings.coach_voice != "auto":
        return settings.coach_voice
    if settings.deepgram_api_key:
        return "deepgram"
    from coach.speech.voice.weights import available

    return "local" if available() else "browser"


def build_voice(settings: Settings) -> Voice | None:
    """The voice in force; None where the browser speaks, or nobody.

    Raises:
        SettingsError: its key is missing.
    """
    name = chosen_voice(settings)
    if name == "local":
        from coach.speech.voice.local import LocalVoice

        return LocalVoice()
    if name != "deepgram" or settings.deepgram_api_key is None:
        return None
    from coach.speech.voice.deepgram import DeepgramVoice

    return DeepgramVoice(settings.deepgram_api_key, settings.deepgram_base_url)


def build_avatar(settings: Settings, clips: Clips | None = None) -> Avatar:
    """Who asks: the drawn persona; spoken from `clips` where there are any, muted when no voice is wanted.

    Raises:
        SettingsError: an avatar is asked for by name that this version does not have.
    """
    from coach.avatar.drawn import DrawnAvatar

    if settings.coach_avatar == "liveavatar":
        raise SettingsError("This version has no LiveAvatar yet.", mend="Set COACH_AVATAR to auto or drawn.")
    return DrawnAvatar(voice=spoken_from(clips) if clips else None, muted=settings.coach_voice == "none")


def spoken_from(clips: Clips) -> VoiceSource:
    """A voice for the drawn persona: clips at the address where the web serves them."""
    from coach.web.clips import clip_url

    async def voice(request: SpeechRequest, *, persona_id: str, interview_id: str) -> str:
        once = request.purpose == "follow_up"
        key = await clips.clip(request.text, persona_id=persona_id, interview_id=interview_id, once=once)
        return clip_url(key)

    return voice


class AvatarParts(StoreParts):
    """Who asks, and the clips it speaks."""

    @cached_property
    def avatar(self) -> Avatar:
        """Who asks."""
        return build_avatar(self.settings, self.clips)

    @cached_property
    def plain_avatar(self) -> Avatar:
        """Who asks in light mode, or where the plan has no other avatar: the drawn persona with the browser's voice."""
        from coach.avatar.drawn import DrawnAvatar

        if isinstance(self.avatar, DrawnAvatar):
            return self.avatar
        return DrawnAvatar(muted=self.settings.coach_voice == "none")

    @cached_property
    def clips(self) -> Clips | None:
        """Spoken clips; None where the browser speaks, or nobody."""
        voice = build_voice(self.settings)
        if voice is None:
            return None
        from coach.speech.voice.clips import Clips

        folder = self.settings.coach_home / "clips"
        return Clips(folder, voice, self.usage.take, kept_days=self.settings.coach_audio_days)

    def rehearse(self, texts: Sequence[str], persona_id: str) -> None:
        """What will be asked is made into clips beforehand, where that costs nothing. Called on the event loop."""
        if chosen_voice(self.settings) == "local" and self.clips:
            self.clips.rehearse(texts, persona_id=persona_id)
