"""Who asks, and with which voice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from coach.bootstrap.money import MoneyParts
from coach.errors import SettingsError, StoreError
from coach.settings import Settings

if TYPE_CHECKING:
    from coach.avatar.drawn import VoiceSource
    from coach.avatar.governed import Allowance
    from coach.avatar.liveavatar.avatar import UsageSink
    from coach.avatar.liveavatar.sound import SpokenSound
    from coach.avatar.policy import Mode
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


def chosen_avatar(settings: Settings) -> str:
    """The avatar in force: `auto` is LiveAvatar with a key, unless nothing is to be heard; else the drawn persona.

    Raises:
        SettingsError: its key is missing.
    """
    if settings.coach_avatar == "liveavatar" and settings.liveavatar_api_key is None:
        raise SettingsError("The avatar 'liveavatar' needs a key.", mend="Set LIVEAVATAR_API_KEY.")
    if settings.coach_avatar == "auto":
        return "liveavatar" if settings.liveavatar_api_key and settings.coach_voice != "none" else "drawn"
    return settings.coach_avatar


def chosen_avatar_mode(settings: Settings, *, has_voice: bool) -> Mode:
    """LiveAvatar's mode: `auto` is LITE where this server has a voice of its own, else FULL, which costs double.

    Raises:
        SettingsError: LITE is asked for and nothing here can speak.
    """
    if settings.liveavatar_mode == "lite" and not has_voice:
        raise SettingsError(
            "LiveAvatar's LITE mode needs a voice made on this server.",
            mend="Set DEEPGRAM_API_KEY or COACH_VOICE, or LIVEAVATAR_MODE=full.",
        )
    if settings.liveavatar_mode == "auto":
        return "lite" if has_voice else "full"
    return settings.liveavatar_mode


def build_avatar(
    settings: Settings,
    clips: Clips | None = None,
    *,
    allowance: Allowance | None = None,
    on_usage: UsageSink | None = None,
) -> Avatar:
    """Who asks: LiveAvatar under its policy, or the drawn persona; spoken from `clips` where there are any.

    Args:
        settings: which one, and its key.
        clips: the voice made on this server; None where there is none.
        allowance: avatar credits a plan has left; None = no limit.
        on_usage: takes use of connections that were given up before they could speak.

    Raises:
        SettingsError: a key or a voice is missing.
    """
    from coach.avatar.drawn import DrawnAvatar

    voice = spoken_from(clips) if clips else None
    drawn = DrawnAvatar(voice=voice, muted=settings.coach_voice == "none")
    if chosen_avatar(settings) == "drawn" or settings.liveavatar_api_key is None:
        return drawn
    from coach.avatar.governed import GovernedAvatar, unlimited
    from coach.avatar.liveavatar.avatar import Faces, LiveAvatar
    from coach.avatar.policy import avatar_policy

    policy = avatar_policy(mode=chosen_avatar_mode(settings, has_voice=clips is not None))
    live = LiveAvatar(
        settings.liveavatar_api_key,
        settings.liveavatar_base_url,
        policy=policy,
        faces=Faces.parse(
            settings.liveavatar_avatar_id, voice_id=settings.liveavatar_voice_id, sandbox=settings.liveavatar_sandbox
        ),
        sound=sound_of(clips) if clips else None,
        on_usage=on_usage,
    )
    return GovernedAvatar(live, drawn, policy, allowance=allowance or unlimited, prepare=voice)


def spoken_from(clips: Clips) -> VoiceSource:
    """A voice for the drawn persona: clips at the address where the web serves them."""
    from coach.web.clips import clip_url

    async def voice(request: SpeechRequest, *, persona_id: str, interview_id: str) -> str:
        once = request.purpose == "follow_up"
        key = await clips.playable(request.text, persona_id=persona_id, interview_id=interview_id, once=once)
        return clip_url(key)

    return voice


def sound_of(clips: Clips) -> SpokenSound:
    """The same clips as sound for the live avatar: what it cannot say the drawn persona says with the same voice."""

    async def sound(request: SpeechRequest, *, persona_id: str, interview_id: str) -> bytes:
        path = await asyncio.to_thread(clips.find, await _clip(clips, request, persona_id, interview_id))
        if path is None:
            raise StoreError("A spoken clip is gone.", mend="Check COACH_HOME.")
        return await asyncio.to_thread(path.read_bytes)

    return sound


async def _clip(clips: Clips, request: SpeechRequest, persona_id: str, interview_id: str) -> str:
    once = request.purpose == "follow_up"
    return await clips.clip(request.text, persona_id=persona_id, interview_id=interview_id, once=once)


class AvatarParts(MoneyParts):
    """Who asks, and the clips it speaks."""

    @cached_property
    def avatar(self) -> Avatar:
        """Who asks."""
        allowance = self.billing.entitlements.avatar_credits_left if self.billing else None
        return build_avatar(self.settings, self.clips, allowance=allowance, on_usage=self.usage)

    @cached_property
    def plain_avatar(self) -> Avatar:
        """Who asks in light mode, or where the plan has no other avatar: drawn, with a voice that is free."""
        from coach.avatar.drawn import DrawnAvatar

        if isinstance(self.avatar, DrawnAvatar):
            return self.avatar
        free = self.clips if chosen_voice(self.settings) == "local" else None
        return DrawnAvatar(voice=spoken_from(free) if free else None, muted=self.settings.coach_voice == "none")

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
