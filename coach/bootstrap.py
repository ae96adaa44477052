"""The one wiring place: settings -> adapters -> services. The only module that names a vendor.

Everything is imported late, so that a command pays only for what it uses.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from coach.errors import CoachError, SettingsError
from coach.settings import Settings, load_settings
from coach.settings import settings as process_settings

if TYPE_CHECKING:
    from coach.audio.archive import AudioArchive
    from coach.avatar.drawn import VoiceSource
    from coach.avatar.port import Avatar, SpeechRequest
    from coach.brain.evaluation.pipeline import UsageSink
    from coach.brain.offline.judge_pool import JudgePool
    from coach.brain.openai.batch import OpenAIBatch
    from coach.brain.openai.local import LocalModel
    from coach.brain.openai.pair_judge import OpenAIPairJudge
    from coach.brain.port import Brain
    from coach.brain.prompts.bundle import PromptBundle
    from coach.contracts.interview import Attempt
    from coach.economics.billing.service import Billing
    from coach.economics.metering import MeteredStore
    from coach.economics.pricebook import PriceBook
    from coach.economics.usage_writer import UsageWriter
    from coach.interview.service import InterviewService
    from coach.lab.service import Lab
    from coach.lab.serving import LiveBundles
    from coach.speech.port import Transcriber
    from coach.speech.voice.clips import Clips
    from coach.store.maintenance.removal import Removed
    from coach.views.library import PersonalLibrary
    from coach.web.shelf import StoreShelf
    from coach.web.watch.figures import Figures
    from coach.web.watch.traces import Traces

log = logging.getLogger(__name__)


def chosen_transcriber(settings: Settings) -> str:
    """Name of the transcriber in force: `auto` is Deepgram with a key, a server where one is set, else Whisper.

    Without Whisper's model, and without a hub to fetch it from, answers are typed.
    """
    if settings.coach_transcriber != "auto":
        return settings.coach_transcriber
    if settings.deepgram_api_key:
        return "deepgram"
    if settings.coach_transcribe_base_url:
        return "server"
    from coach.speech.whisper.model import model_available

    return "whisper" if model_available(settings.coach_whisper_model) else "typed"


def chosen_brain(settings: Settings) -> str:
    """The brain in force: `auto` is the model with a key, a model on this computer once chosen, else offline."""
    from coach.brain.openai.local import remembered

    if settings.coach_brain != "auto":
        return settings.coach_brain
    if settings.openai_api_key:
        return "openai"
    return "local" if remembered(settings.coach_home) else "offline"


def local_models(urls: tuple[str, ...]) -> list[LocalModel]:
    """The models that run on this computer, each address asked for at most 0.2 seconds."""
    from coach.brain.openai.local import find_local_models

    return find_local_models(urls)


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


def build_brain(
    settings: Settings,
    bundle: PromptBundle,
    name: str = "",
    *,
    judges: JudgePool | None = None,
    on_usage: UsageSink | None = None,
) -> Brain:
    """The brain called `name`, or the one in force, judging by `bundle`; the offline one in `judges` where given.

    `on_usage` takes use that no return value carries: of plans and summaries that failed, and of judges.

    Raises:
        SettingsError: unknown, or its key is missing (a server of your own needs none).
    """
    name = name or chosen_brain(settings)
    if name == "auto":
        name = chosen_brain(settings.model_copy(update={"coach_brain": "auto"}))
    if name == "offline":
        from coach.brain.offline.coach import OfflineCoach

        return OfflineCoach(bundle.policy.rewrite_words[1], judges)
    if name == "local":
        return _local_brain(settings, bundle, on_usage)
    if name != "openai":
        raise SettingsError(f"There is no brain '{name}'.", mend="Choose openai, local or offline.")
    from coach.brain.openai.brain import OpenAIBrain

    if settings.openai_api_key is None and "api.openai.com" in settings.openai_base_url:
        raise SettingsError("The brain 'openai' needs a key.", mend="Set OPENAI_API_KEY.")
    return OpenAIBrain(
        bundle=bundle,
        model=settings.coach_openai_model,
        api_key=settings.openai_api_key.get_secret_value() if settings.openai_api_key else None,
        base_url=settings.openai_base_url,
        api=settings.coach_openai_api,
        on_usage=on_usage,
    )


def _local_brain(settings: Settings, bundle: PromptBundle, on_usage: UsageSink | None) -> Brain:
    from coach.brain.openai.brain import OpenAIBrain
    from coach.brain.openai.local import LABEL, PATIENCE, PATIENT_PROBE_S, LocalModel, find_local_models, remembered

    urls = settings.local_model_urls
    if not urls:
        raise SettingsError("Nowhere to look for a model on this computer.", mend="Set COACH_LOCAL_MODEL_URLS.")
    found = remembered(settings.coach_home) or next(iter(find_local_models(urls, PATIENT_PROBE_S)), None)
    found = found or LocalModel(urls[0], settings.coach_openai_model)
    brain = OpenAIBrain(
        bundle=bundle, model=found.model, api_key=None, base_url=found.url, api="chat", timeouts=PATIENCE,
        on_usage=on_usage,
    )  # fmt: skip
    brain.name, brain.label = "local", LABEL
    return brain


def build_batch(settings: Settings, bundle: PromptBundle) -> OpenAIBatch:
    """The vendor's batch for one bundle.

    Raises:
        SettingsError: the key is missing.
    """
    import openai

    from coach.brain.openai.batch import OpenAIBatch
    from coach.brain.openai.brain import OpenAIBrain

    brain = build_brain(settings, bundle, "openai")
    if not isinstance(brain, OpenAIBrain) or settings.coach_openai_api != "responses":
        raise SettingsError("A batch needs the Responses interface.", mend="Set COACH_OPENAI_API=responses.")
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else "none"
    return OpenAIBatch(brain, openai.AsyncOpenAI(api_key=key, base_url=settings.openai_base_url))


def build_pair_judge(settings: Settings, *, on_usage: UsageSink | None = None) -> OpenAIPairJudge:
    """The configured model as judge of two evaluations; its use goes to `on_usage`.

    Raises:
        SettingsError: the key is missing.
    """
    from coach.brain.openai.brain import OpenAIBrain
    from coach.brain.openai.pair_judge import OpenAIPairJudge
    from coach.brain.prompts.bundle import PromptBundle

    brain = build_brain(settings, PromptBundle.load(), "openai", on_usage=on_usage)
    if not isinstance(brain, OpenAIBrain):
        raise SettingsError("A judge needs a model.", mend="Set OPENAI_API_KEY.")
    return OpenAIPairJudge(brain)


def chosen_voice(settings: Settings) -> str:
    """Name of the voice in force: `auto` is Deepgram with a key, else the browser's own.

    Raises:
        SettingsError: its key is missing.
    """
    if settings.coach_voice == "deepgram" and settings.deepgram_api_key is None:
        raise SettingsError("The voice 'deepgram' needs a key.", mend="Set DEEPGRAM_API_KEY.")
    if settings.coach_voice == "auto":
        return "deepgram" if settings.deepgram_api_key else "browser"
    return settings.coach_voice


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


@dataclass
class Services:
    """What pages, routes and commands use. Each part is built on first use and once."""

    settings: Settings
    transcriber_name: str = ""
    brain_name: str = ""
    serves: bool = False
    """Whether this process serves many people: then judging may not hold up the others."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _retired: list[Brain] = field(default_factory=list)

    @cached_property
    def store(self) -> MeteredStore:
        """The database, metered: use is priced on its way in."""
        from coach.economics.metering import MeteredStore

        return MeteredStore(
            self.settings.database_url,
            book=self.price_book,
            backup_hours=self.settings.coach_backup_hours,
            backups_kept=self.settings.coach_backups_kept,
        )

    @cached_property
    def usage(self) -> UsageWriter:
        """Writes use to the ledger that no stored answer carries: of calls that failed, were given up, or judged."""
        from coach.economics.usage_writer import UsageWriter

        return UsageWriter(self.store, self.settings.journal_dir / "usage.jsonl")

    def brain_for(self, bundle: PromptBundle, name: str = "") -> Brain:
        """The brain called `name`, or the one in force, judging by `bundle`; metered. Close it when done."""
        return build_brain(self.settings, bundle, name or self.brain_name, judges=self.judges, on_usage=self.usage)

    @cached_property
    def pair_judge(self) -> OpenAIPairJudge:
        """The configured model as judge of two evaluations.

        Raises:
            SettingsError: the key is missing.
        """
        return build_pair_judge(self.settings, on_usage=self.usage)

    @cached_property
    def archive(self) -> AudioArchive:
        """Finished recordings."""
        from coach.audio.archive import AudioArchive

        return AudioArchive(self.settings.audio_url)

    @cached_property
    def bundle(self) -> PromptBundle:
        """The prompt bundle in force when this process started."""
        from coach.lab.promotion import Promotions

        return Promotions(self.store).active()

    @cached_property
    def transcriber(self) -> Transcriber:
        """Speech to text."""
        return build_transcriber(self.settings, self.transcriber_name)

    @cached_property
    def figures(self) -> Figures:
        """What this process counts of itself."""
        from coach.web.watch.figures import Figures

        return Figures()

    @cached_property
    def traces(self) -> Traces | None:
        """Spans for a collector; None where the environment names none."""
        from coach.web.watch import traces

        return traces.Traces() if self.serves and traces.configured() else None

    def standing(self) -> dict[str, float]:
        """How this installation stands now (blocking); what cannot be asked is left out."""
        from coach.views import standing

        found: dict[str, float] = {**self.hub.standing, "judges": float(len(self.judges.pids) if self.judges else 0)}
        with suppress(CoachError, OSError):
            found |= standing.figures(self.store, self.settings.coach_home)
        return found

    def answered(self, attempt: Attempt) -> None:
        """An answer has its feedback: counted, and logged without its words."""
        if self.serves:
            self.figures.answered(attempt)
            if self.traces:
                self.traces.answered(attempt)
        outcome = attempt.extra.evaluation_status or attempt.status.value
        ids = {"interview_id": attempt.interview_id, "attempt_id": attempt.id}
        log.info("an answer was judged by %s: %s", attempt.brain or "nobody", outcome, extra=ids)

    @cached_property
    def judges(self) -> JudgePool | None:
        """Processes that judge apart from this one; None where `serves` is false."""
        if not self.serves:
            return None
        from coach.brain.offline.judge_pool import JudgePool

        return JudgePool()

    @cached_property
    def brain(self) -> Brain:
        """Who judges."""
        return self.brain_for(self.bundle)

    def coached_by(self, model: LocalModel | None) -> None:
        """Remembers that `model` coaches, None for the offline coach again; the next interview is judged by it.

        Interviews that run keep who judges them; other processes follow when they start.

        Raises:
            SettingsError: a setting or a key already says who coaches.
        """
        from coach.brain.openai.local import remember

        if self.brain_name or chosen_brain(self.settings) not in ("offline", "local"):
            raise SettingsError("A setting says who coaches.", mend="Set COACH_BRAIN=auto and no OPENAI_API_KEY.")
        with self._lock:
            remember(self.settings.coach_home, model)
            if known := self.__dict__.pop("brain", None):
                self._retired.append(known)
            if "bundles" in self.__dict__:
                self.bundles.renew()

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
        key = self.settings.deepgram_api_key
        if chosen_voice(self.settings) != "deepgram" or key is None:
            return None
        from coach.speech.voice.clips import Clips
        from coach.speech.voice.deepgram import DeepgramVoice

        voice = DeepgramVoice(key, self.settings.deepgram_base_url)
        folder = self.settings.coach_home / "clips"
        return Clips(folder, voice, self.usage.take, kept_days=self.settings.coach_audio_days)

    @cached_property
    def price_book(self) -> PriceBook:
        """Dated vendor prices."""
        from coach.economics.pricebook import price_book

        return price_book()

    @cached_property
    def hub(self) -> InterviewService:
        """All interviews of this process."""
        from coach.interview import defaults
        from coach.interview.dependencies import Dependencies
        from coach.interview.service import InterviewService
        from coach.views.roles import shipped_profiles
        from coach.web.shelf import StoreMaterials

        self.usage.recover()
        return InterviewService(
            Dependencies(
                store=self.store,
                transcriber=self.transcriber,
                brain=self.brain,
                avatar=self.avatar,
                plain_avatar=self.plain_avatar,
                spare_brain=build_brain(self.settings, self.bundle, "offline", judges=self.judges),
                archive=self.archive,
                journal_dir=self.settings.journal_dir,
                policy=self.bundle.policy,
                bundle=self.bundle.label,
                bundles=self.bundles,
                materials=StoreMaterials(self.store, shipped_profiles),
                entitlements=self.billing.entitlements if self.billing else None,
                ear=defaults.ear,
                on_answer=self.answered,
            )
        )

    @cached_property
    def bundles(self) -> LiveBundles:
        """Which bundle judges which interview."""
        from coach.lab.promotion import Promotions
        from coach.lab.serving import LiveBundles

        return LiveBundles(
            Promotions(self.store),
            self.brain_for,
            lean_model=self.settings.lean_model,
        )

    @cached_property
    def billing(self) -> Billing | None:
        """Plans, outbox and webhooks; None without a Stripe key: everything is included then."""
        if self.settings.stripe_api_key is None:
            return None
        from coach.economics.billing.service import Billing
        from coach.economics.billing.stripe_gateway import StripeGateway

        gateway = StripeGateway(self.settings.stripe_api_key, self.settings.stripe_base_url)
        return Billing(self.store, gateway, secret=self.settings.stripe_webhook_secret)

    @cached_property
    def stories(self) -> StoreShelf:
        """The library, as the open interface saves to it."""
        from coach.web.shelf import StoreShelf

        return StoreShelf(self.store)

    @cached_property
    def library(self) -> PersonalLibrary:
        """Stories, jobs and resumes."""
        from coach.views.library import PersonalLibrary

        return PersonalLibrary(self.store)

    def delete_session(self, interview_id: str, *, with_stories: bool = False) -> Removed:
        """*Delete this session*: whoever holds it lets go of it first, then rows, recordings and copies go; blocking.

        Raises:
            NotFoundError: there is no such session.
            StoreError: it is still there; repeat it.
        """
        from coach.store.maintenance.removal import delete_interview

        if "hub" in self.__dict__ and self.hub.running:
            self.hub.call(self.hub.let_go(interview_id))
        folder = self.settings.journal_dir
        return delete_interview(self.store, self.archive, interview_id, journal_dir=folder, with_stories=with_stories)

    def remove_samples(self) -> None:
        """Takes the sample content out again; blocking."""
        from coach.store.maintenance.sample import remove_sample

        remove_sample(self.store, self.archive, self.settings.journal_dir)

    @cached_property
    def lab(self) -> Lab:
        """The prompt lab."""
        from coach.economics.ledger import price_what_can_be
        from coach.lab.runs.experiment import Workspace
        from coach.lab.service import Lab

        return Lab(
            workspace=Workspace(self.settings.coach_home / "lab"),
            store=self.store,
            make_brain=lambda variant, bundle: build_brain(self.settings, bundle, variant.brain, on_usage=self.usage),
            price=lambda events: price_what_can_be(events, self.price_book)[0],
            meter=self.usage,
            default_model=self.settings.coach_openai_model,
            make_batch=lambda variant, bundle: build_batch(self.settings, bundle),
        )

    async def close(self) -> None:
        """Closes what was opened."""
        for name in ("hub", "bundles", "transcriber", "brain", "judges", "avatar", "clips", "pair_judge"):
            part: Any = self.__dict__.get(name)
            if part is not None:
                await part.close()
        for brain in self._retired:
            await brain.close()
        if "usage" in self.__dict__:
            await asyncio.to_thread(self.usage.close)
        if traces := self.__dict__.get("traces"):
            await asyncio.to_thread(traces.close)
        if "store" in self.__dict__:
            self.store.close()


_services: Services | None = None
_services_lock = threading.Lock()


def services() -> Services:
    """The services of this process."""
    global _services
    with _services_lock:
        if _services is None:
            _services = Services(process_settings())
        return _services


def build_services(*, transcriber: str = "", brain: str = "", **overrides: object) -> Services:
    """Services apart from the process's own, for a command or a test."""
    return Services(load_settings(**overrides), transcriber_name=transcriber, brain_name=brain)


def build_lab() -> Lab:
    """The prompt lab of this process."""
    return services().lab
