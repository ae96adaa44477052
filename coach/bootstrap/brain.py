"""Who judges: which brain is in force, how each is made, and which bundle it judges by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coach.errors import SettingsError
from coach.settings import Settings

if TYPE_CHECKING:
    from coach.brain.evaluation.pipeline import UsageSink
    from coach.brain.offline.judge_pool import JudgePool
    from coach.brain.openai.batch import OpenAIBatch
    from coach.brain.openai.brain import OpenAIBrain
    from coach.brain.openai.local import LocalModel
    from coach.brain.openai.pair_judge import OpenAIPairJudge
    from coach.brain.openai.score_judge import OpenAIScoreJudge
    from coach.brain.port import Brain
    from coach.brain.prompts.bundle import PromptBundle


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
    if name in ("local", "openai"):
        _share_spans()
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


def _share_spans() -> None:
    """Every call of a model becomes a span where a collector is named; the exporter is loaded only then."""
    from coach.web.watch import collector

    if collector.configured():
        from coach.web.watch import traces

        traces.everywhere()


def _local_brain(settings: Settings, bundle: PromptBundle, on_usage: UsageSink | None) -> Brain:
    from coach.brain.openai.brain import OpenAIBrain
    from coach.brain.openai.local import (
        LABEL,
        PATIENT_PROBE_S,
        UNNAMED,
        LocalModel,
        find_local_models,
        patience,
        remembered,
    )

    urls = settings.local_model_urls
    if not urls:
        raise SettingsError("Nowhere to look for a model on this computer.", mend="Set COACH_LOCAL_MODEL_URLS.")
    found = remembered(settings.coach_home) or next(iter(find_local_models(urls, PATIENT_PROBE_S)), None)
    found = found or LocalModel(urls[0], UNNAMED)
    brain = OpenAIBrain(
        bundle=bundle, model=found.model, api_key=None, base_url=found.url, api="chat",
        timeouts=patience(settings.coach_local_model_patience_s), on_usage=on_usage,
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
    from coach.brain.openai.pair_judge import OpenAIPairJudge

    return OpenAIPairJudge(_judging_model(settings, on_usage))


def build_score_judge(settings: Settings, *, on_usage: UsageSink | None = None) -> OpenAIScoreJudge:
    """The configured model as scorer by somebody's own prompt; its use goes to `on_usage`.

    Raises:
        SettingsError: the key is missing.
    """
    from coach.brain.openai.score_judge import OpenAIScoreJudge

    return OpenAIScoreJudge(_judging_model(settings, on_usage))


def _judging_model(settings: Settings, on_usage: UsageSink | None) -> OpenAIBrain:
    from coach.brain.openai.brain import OpenAIBrain
    from coach.brain.prompts.bundle import PromptBundle

    brain = build_brain(settings, PromptBundle.load(), "openai", on_usage=on_usage)
    if not isinstance(brain, OpenAIBrain):
        raise SettingsError("A judge needs a model.", mend="Set OPENAI_API_KEY.")
    return brain
