"""What is built is connected: settings are read, adapters can be chosen, ports are given, a policy changes outcomes."""

import ast
import re
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from coach.bootstrap import Services, build_avatar, build_brain, build_services, build_transcriber, chosen_voice
from coach.brain.guards.context import GuardContext
from coach.brain.guards.measured import gate_follow_up, guard_section
from coach.brain.guards.measured_scores import measured_scoring
from coach.brain.openai.brain import OpenAIBrain
from coach.brain.prompts.bundle import PromptBundle
from coach.brain.prompts.policy import FollowUpPolicy, MannerPolicy, Policy
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.evaluation import ContentFeedback, FollowUp, Scoring
from coach.contracts.interview import Attempt, AttemptStatus
from coach.contracts.people import PAGES
from coach.delivery.measure import measure
from coach.errors import SettingsError
from coach.interview.dependencies import Dependencies
from coach.interview.manner import manner_after
from coach.settings import Settings, load_settings
from tests.fakes import brain_samples as samples
from tests.fakes.records import START

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = [*(ROOT / "coach").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]
KEYS = {
    "coach_transcribe_base_url": "http://127.0.0.1:9/v1",
    "deepgram_api_key": "k",
    "openai_api_key": "k",
    "liveavatar_api_key": "k",
    "stripe_api_key": "sk_test_1",
    "coach_voice": "deepgram",
}


@cache
def attributes_read() -> set[str]:
    """Every attribute that product code reads, the fields' own definitions left out; `make run` reads some, too."""
    found = set(re.findall(r"settings\(\)\.(\w+)", (ROOT / "Makefile").read_text("utf8")))
    for path in PRODUCT:
        tree = ast.parse(path.read_text("utf8"))
        found |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load)}
        found |= {  # getattr(settings, "name") and tables of names
            n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)
        } & ({*Settings.model_fields} if path.name != "settings.py" else set())
    return found


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_is_read(setting: str) -> None:
    assert setting in attributes_read()


def test_an_avatar_that_cannot_be_had_is_told() -> None:
    with pytest.raises(SettingsError, match="LIVEAVATAR_API_KEY"):
        build_avatar(load_settings(coach_avatar="liveavatar"))
    with pytest.raises(SettingsError, match="needs a voice"):
        build_avatar(load_settings(liveavatar_api_key="k", liveavatar_mode="lite", coach_voice="browser"))
    with pytest.raises(SettingsError, match="names no avatar"):
        build_avatar(load_settings(liveavatar_api_key="k", liveavatar_avatar_id="sarah="))


@pytest.mark.parametrize(
    ("settings", "label"),
    [
        ({}, "drawn persona"),
        ({"liveavatar_api_key": "k", "coach_voice": "browser"}, "LiveAvatar (FULL)"),
        ({"liveavatar_api_key": "k", "deepgram_api_key": "k", "coach_voice": "auto"}, "LiveAvatar (LITE)"),
        ({"liveavatar_api_key": "k", "deepgram_api_key": "k", "liveavatar_mode": "full"}, "LiveAvatar (FULL)"),
        ({"liveavatar_api_key": "k", "coach_avatar": "drawn"}, "drawn persona"),
        ({"liveavatar_api_key": "k", "coach_voice": "none"}, "drawn persona"),
    ],
)
def test_auto_is_the_live_avatar_with_its_key(settings: dict[str, str], label: str, tmp_path: Path) -> None:
    assert build_services(coach_home=tmp_path, **settings).avatar.label == label


async def test_the_live_avatar_is_governed_metered_and_bound_by_the_plan(paid: Services) -> None:
    avatar: Any = paid.avatar
    assert avatar._live._on_usage == paid.usage
    assert paid.billing and avatar._allowance == paid.billing.entitlements.avatar_credits_left
    assert avatar._policy == avatar._live._policy and avatar._policy.name == "on_demand"
    assert paid.plain_avatar.label == "drawn persona"
    await paid.close()


def choices(setting: str) -> list[str]:
    return [name for name in get_args(Settings.model_fields[setting].annotation) if name != "auto"]


@pytest.mark.parametrize("name", choices("coach_transcriber"))
def test_every_transcriber_of_the_settings_can_be_had(name: str) -> None:
    services = build_services(coach_transcriber=name, **KEYS)
    assert services.transcriber.name == build_transcriber(services.settings, name).name == name


@pytest.mark.parametrize("name", choices("coach_brain"))
def test_every_brain_of_the_settings_can_be_had(name: str) -> None:
    settings = build_services(coach_brain=name, **KEYS).settings
    assert build_brain(settings, PromptBundle.load()).name == name


@pytest.mark.parametrize("name", choices("coach_voice"))
def test_every_voice_of_the_settings_can_be_had(name: str) -> None:
    services = build_services(**(KEYS | {"coach_voice": name}))
    assert chosen_voice(services.settings) == name
    assert (services.clips is not None) == (name not in ("browser", "none"))


@pytest.fixture
def paid(tmp_path: Path) -> Services:
    """The services of a process with every key."""
    return build_services(coach_home=tmp_path, **KEYS)


async def test_every_port_of_an_interview_is_given(paid: Services) -> None:
    given = paid.hub.parts
    missing = [f.name for f in fields(Dependencies) if getattr(given, f.name) in (None, "")]
    assert missing == []
    assert given.policy == paid.bundle.policy and given.bundle == paid.bundle.label
    await paid.close()


async def test_every_sink_of_use_leads_to_the_ledger(paid: Services) -> None:
    judging = await paid.bundles.judging("")
    for brain in (paid.brain, judging.brain, paid.pair_judge._brain, paid.brain_for(paid.bundle)):
        assert isinstance(brain, OpenAIBrain) and brain._on_usage == paid.usage
    assert paid.lab._meter == paid.usage
    assert paid.clips is not None and paid.clips._meter == paid.usage.take
    await paid.close()


def _overall(policy: Policy) -> Any:
    scoring = Scoring.model_validate(samples.evaluation()["scoring"])
    return measured_scoring(scoring, samples.delivery(), policy).overall


def _asked(policy: Policy) -> Any:
    whole = samples.evaluation()
    scoring = Scoring.model_validate(whole["scoring"])
    content = ContentFeedback.model_validate(whole["content_feedback"])
    context = GuardContext(samples.call().input, samples.transcript(), DeliveryMetrics(), policy, "m")
    return gate_follow_up(FollowUp.model_validate(whole["follow_up"]), scoring, content, context)[0].should_ask


def _version(policy: Policy) -> Any:
    context = GuardContext(samples.call().input, samples.transcript(), DeliveryMetrics(), policy, "m")
    return guard_section("metadata", samples.evaluation()["metadata"], context).value.policy_version


def _pace(policy: Policy) -> Any:
    return measure(samples.transcript(), None, band=policy.pace_band_wpm).scores.pace


def _words(policy: Policy) -> Any:
    settings = build_services(brain="offline").settings
    bundle = PromptBundle.load().model_copy(update={"policy": policy})
    brain: Any = build_brain(settings, bundle, "offline")
    return len(brain.evaluate_now(samples.call(samples.ANSWER * 12)).rewrite.polished_answer.split())


def _manner(policy: Policy) -> Any:
    first = Attempt(exchange_id="e", interview_id="i", attempt_number=1, created_at=START)
    heard = DeliveryMetrics(long_pause_count=1, hesitation_clusters=[(1.0, 2.0)])
    answer = {"status": AttemptStatus.CAPTURED, "overall_score": 5.0, "delivery": heard}
    again = first.model_copy(update={"status": AttemptStatus.DISCARDED})
    return manner_after([again, first.model_copy(update=answer)], policy)


STRICT = FollowUpPolicy(star_triggers=(), relevance_weak_below=0)
OUTCOMES: dict[str, tuple[Callable[[Policy], Any], Policy, Policy]] = {
    "version": (_version, Policy(), Policy(version="mine")),
    "content_weight": (_overall, Policy(), Policy(content_weight=0.1, delivery_weight=0.9)),
    "delivery_weight": (_overall, Policy(), Policy(content_weight=0.1, delivery_weight=0.9)),
    "pace_band_wpm": (_pace, Policy(), Policy(pace_band_wpm=(10, 20))),
    "rewrite_words": (_words, Policy(), Policy(rewrite_words=(20, 30))),
    "follow_up.star_triggers": (_asked, Policy(follow_up=STRICT), Policy()),
    "follow_up.relevance_weak_below": (
        _asked,
        Policy(follow_up=STRICT),
        Policy(follow_up=FollowUpPolicy(star_triggers=(), relevance_weak_below=9.9)),
    ),
    **{
        f"manner.{name}": (_manner, Policy(), Policy(manner=MannerPolicy.model_validate({name: value})))
        for name, value in {"score_below": 6, "restarts_from": 1, "long_pauses_from": 1, "stumbles_from": 1}.items()
    },
}


def test_every_field_of_a_policy_is_tried() -> None:
    names = {name for name in Policy.model_fields if name not in ("follow_up", "manner")}
    names |= {f"manner.{name}" for name in MannerPolicy.model_fields}
    names |= {f"follow_up.{name}" for name in FollowUpPolicy.model_fields}
    assert names == {*OUTCOMES}


@pytest.mark.parametrize("field", OUTCOMES)
def test_every_field_of_a_policy_changes_an_outcome(field: str) -> None:
    outcome, one, other = OUTCOMES[field]
    assert outcome(one) != outcome(other)


def test_every_screen_is_somebodys() -> None:
    """A page that no role opens is nobody's where people sign in."""
    home = ast.parse((ROOT / "pages" / "home.py").read_text("utf8"))
    (screens,) = [node.value for node in home.body if isinstance(node, ast.AnnAssign) and node.value is not None]
    named = {name for group in ast.literal_eval(screens).values() for name in group}
    assert named == set(PAGES)
