"""When the paid avatar is connected: one policy, read by the conversation and by the cost model alike.

The vendor bills every started minute of a connection. Times are seconds on one monotonic clock; nothing here reads a
clock, connects or prices. `GovernedAvatar` (`coach.avatar.governed`) acts on a policy, `coach.economics.model` and the
replay of recorded interviews compute with it, so that both count the same credits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, inf
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from coach.contracts.base import Strict
from coach.errors import InputError
from coach.settings import DATA

AVATAR_POLICIES_PATH = DATA / "plans" / "avatar.yaml"
LivePurpose = Literal["intro", "first_question", "question", "follow_up", "transition"]
Mode = Literal["lite", "full"]
Hold = Literal["none", "paid_minute", "interview"]
LONGEST_INTERVIEW_S = 3600
_SHARED = ("tariff", "close_before_s", "connect_patience_s", "characters_per_s", "connect_s")
"""What all policies of the file have in common."""


class AvatarPolicyError(InputError):
    """The avatar's policies cannot be read; the message names what is wrong."""

    code = "AVATAR_POLICY"


class AvatarTariff(Strict):
    """How the vendor counts: `credits_per_minute` for every started `minute_s` of a connection."""

    vendor: str
    mode: Mode
    minute_s: float = Field(gt=0)
    credits_per_minute: int = Field(gt=0)
    idle_timeout_s: float = Field(gt=0)
    source: str = Field(min_length=1)

    @property
    def meter(self) -> str:
        """The meter credits are recorded and priced under."""
        return f"{self.mode}.credits"

    def minutes(self, connected_s: float) -> int:
        """Started minutes of a connection of that length; a connection that was opened counts at least one."""
        return max(1, ceil(round(connected_s, 6) / self.minute_s))

    def credits(self, connected_s: float) -> int:
        """What a connection of that length costs."""
        return self.minutes(connected_s) * self.credits_per_minute


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something that was said: when it was asked for, how long the words took, and what for.

    `first` marks the first question of an interview, `cached` a text with a clip that is ready.
    """

    at_s: float
    speech_s: float
    purpose: str
    first: bool = False
    cached: bool = False


@dataclass(frozen=True, slots=True)
class AvatarConnection:
    """One connection to the vendor."""

    opened_s: float
    closed_s: float
    credits: int


class AvatarPolicy(Strict):
    """Which utterances the live avatar says, and how long a connection waits for the next one.

    Attributes:
        live: purposes said live; everything else, and what has a ready clip, is said by the drawn persona.
        hold: `none` closes when the words end, `paid_minute` just before the next minute would begin, `interview` at
            the interview's end.
        close_before_s: safety before the next minute.
        connect_patience_s: how long an utterance waits for a connection before the drawn persona says it.
        characters_per_s, connect_s: what an utterance is expected to take before it is said.
    """

    name: str
    label: str
    note: str = ""
    live: tuple[LivePurpose, ...]
    hold: Hold
    tariff: AvatarTariff
    close_before_s: float = Field(ge=0)
    connect_patience_s: float = Field(gt=0)
    characters_per_s: float = Field(gt=0)
    connect_s: float = Field(ge=0)

    @property
    def longest_s(self) -> int:
        """What the vendor is told to end a connection after, should we not come to do it."""
        return LONGEST_INTERVIEW_S if self.hold == "interview" else int(self.tariff.idle_timeout_s)

    def wants_live(self, purpose: str, *, first: bool = False, cached: bool = False) -> bool:
        """Whether this utterance is one for the live avatar, budgets aside."""
        if cached and self.hold != "interview":
            return False
        return purpose in self.live or (first and purpose == "question" and "first_question" in self.live)

    def expected_s(self, text: str) -> float:
        """Connected seconds an utterance is expected to take."""
        return self.connect_s + len(text) / self.characters_per_s

    def further_credits(self, speech_s: float, *, connected_for_s: float | None = None) -> int:
        """Credits that saying something of `speech_s` costs on top of what is spent; None = not connected."""
        if connected_for_s is None:
            return self.tariff.credits(speech_s)
        return self.tariff.credits(connected_for_s + speech_s) - self.tariff.credits(connected_for_s)

    def affords(self, credits_left: int | None, speech_s: float, *, connected_for_s: float | None = None) -> bool:
        """Whether the credits left (None = no limit) suffice for saying it."""
        return credits_left is None or self.further_credits(speech_s, connected_for_s=connected_for_s) <= credits_left

    def close_at(self, opened_s: float, silent_since_s: float, *, minutes_left: int | None = None) -> float:
        """When a connection that says nothing any more is closed.

        `minutes_left` are the further minutes that may still be paid (None = no limit): they bound what is held.
        """
        if self.hold == "none":
            return silent_since_s
        minute, spoken = self.tariff.minute_s, silent_since_s - opened_s
        if self.hold == "interview" and minutes_left is None:
            return inf
        paid = self.tariff.minutes(spoken) + (minutes_left or 0 if self.hold == "interview" else 0)
        return max(silent_since_s, opened_s + paid * minute - self.close_before_s)

    def connections(
        self, utterances: Iterable[Utterance], *, ended_s: float, credits: int | None = None
    ) -> list[AvatarConnection]:
        """The connections an interview of these utterances makes, in order; the whole count of its credits.

        Args:
            utterances: by time; `speech_s` includes what the connection takes before the words.
            ended_s: when the interview was over.
            credits: what may be used in all; None = no limit.
        """
        done: list[AvatarConnection] = []
        opened: float | None = None
        silent = 0.0
        for each in utterances:
            if opened is not None and self._closes(opened, silent, credits, done) <= each.at_s:
                done.append(self._closed(opened, self._closes(opened, silent, credits, done)))
                opened = None
            left = None if credits is None else credits - sum(c.credits for c in done)
            if opened is not None and left is not None:
                left -= self.tariff.credits(each.at_s - opened)
            connected = None if opened is None else each.at_s - opened
            if not self.wants_live(each.purpose, first=each.first, cached=each.cached):
                continue
            if not self.affords(left, each.speech_s, connected_for_s=connected):
                continue
            opened = each.at_s if opened is None else opened
            silent = each.at_s + each.speech_s
        if opened is not None:
            closes = self._closes(opened, silent, credits, done)
            done.append(self._closed(opened, max(silent, min(closes, ended_s))))
        return done

    def _closes(self, opened: float, silent: float, credits: int | None, done: list[AvatarConnection]) -> float:
        if credits is None:
            return self.close_at(opened, silent)
        left = credits - sum(c.credits for c in done) - self.tariff.credits(silent - opened)
        return self.close_at(opened, silent, minutes_left=max(0, floor(left / self.tariff.credits_per_minute)))

    def _closed(self, opened: float, closed: float) -> AvatarConnection:
        return AvatarConnection(opened, closed, self.tariff.credits(closed - opened))


class AvatarPolicies(Strict):
    """All policies by name."""

    version: str
    policies: dict[str, AvatarPolicy]
    full: AvatarTariff

    def named(self, name: str, mode: Mode = "lite") -> AvatarPolicy:
        """One policy, at the tariff of a mode.

        Raises:
            AvatarPolicyError: unknown.
        """
        if name not in self.policies:
            raise AvatarPolicyError(
                f"There is no avatar policy called {name}.", mend=f"Known: {', '.join(self.policies)}."
            )
        policy = self.policies[name]
        return policy if mode == "lite" else policy.model_copy(update={"tariff": self.full})


def load_avatar_policies(path: Path = AVATAR_POLICIES_PATH) -> AvatarPolicies:
    """Reads and checks the policies.

    Raises:
        AvatarPolicyError: unreadable or impossible; names what.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf8"))
        shared = {key: raw[key] for key in _SHARED}
        policies = {name: {"name": name, **shared, **values} for name, values in raw["policies"].items()}
        found = {"version": raw["version"], "policies": policies, "full": raw["full_tariff"]}
        return AvatarPolicies.model_validate(found)
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise AvatarPolicyError(
            f"The avatar policies in {path.name} cannot be read: {type(error).__name__}."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise AvatarPolicyError(f"Avatar policy {'.'.join(map(str, first['loc']))}: {first['msg']}.") from error


@lru_cache(maxsize=1)
def avatar_policies() -> AvatarPolicies:
    """The shipped policies, read once per process."""
    return load_avatar_policies()


def avatar_policy(name: str = "on_demand", mode: Mode = "lite") -> AvatarPolicy:
    """A shipped policy by name, at the tariff of a mode.

    Raises:
        AvatarPolicyError: unknown.
    """
    return avatar_policies().named(name, mode)
