"""Where the time of one answer went: monotonic marks, and stages that add up to the wall time.

Marks are milliseconds since *Finish* on the server's monotonic clock. The stages of the main line telescope: each
starts where the one before ended, so they add up by construction; time between two known marks that no named stage
covers (a mark is missing, or the order was unusual) is shown as the remainder, by name. The avatar runs beside the
main line and is listed apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["vendor", "ours", "person", "beside"]

FINISH = "finish"
MARKS: tuple[str, ...] = (
    FINISH,
    "transcript_final",
    "request_sent",
    "first_token",
    "follow_up_complete",
    "speak_requested",
    "speech_start",
    "first_scores",
    "rewrite",
    "stored",
)
"""The marks every attempt has when nothing failed; `reviewed` and `measured` come on top where they happen."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage, milliseconds since *Finish*. `kind` says whose time it is; `beside` is not part of the main line."""

    name: str
    start_ms: float
    end_ms: float
    kind: Kind

    @property
    def ms(self) -> float:
        """Its length."""
        return self.end_ms - self.start_ms


MAIN_LINE: tuple[tuple[str, str, str, Kind], ...] = (
    ("speech to text", FINISH, "transcript_final", "vendor"),
    ("transcript review", "transcript_final", "reviewed", "person"),
    ("delivery measured", "transcript_final", "measured", "ours"),
    ("prompt and request", "measured", "request_sent", "ours"),
    ("first token", "request_sent", "first_token", "vendor"),
    ("follow-up decided", "first_token", "follow_up_complete", "vendor"),
    ("scores and feedback", "follow_up_complete", "first_scores", "vendor"),
    ("rewrite and notes", "first_scores", "rewrite", "vendor"),
    ("storing", "rewrite", "stored", "ours"),
)
BESIDE: tuple[tuple[str, str, str], ...] = (
    ("avatar request", "follow_up_complete", "speak_requested"),
    ("avatar start", "speak_requested", "speech_start"),
)
REMAINDER = "remainder"


@dataclass(slots=True)
class Timeline:
    """Collects the marks of one attempt. `clock` gives seconds, monotonic."""

    clock: Callable[[], float]
    start: float = 0.0
    marks: dict[str, float] = field(default_factory=dict)
    late: Callable[[], None] | None = None
    """Called for a mark that comes after the row was stored (the avatar starts speaking when it is ready)."""

    @classmethod
    def begun(cls, clock: Callable[[], float]) -> "Timeline":
        """A timeline that counts from now."""
        timeline = cls(clock)
        timeline.begin()
        return timeline

    def begin(self) -> None:
        """*Finish* was pressed: everything is counted from here."""
        self.start = self.clock()
        self.marks = {FINISH: 0.0}

    def mark(self, name: str) -> None:
        """Notes `name` now; the first time counts."""
        if name not in self.marks:
            self.marks[name] = round((self.clock() - self.start) * 1000, 3)
            if self.late:
                self.late()


def stages(timeline: Mapping[str, float]) -> list[Stage]:
    """The main line of a stored timeline, gaps filled with remainders: the lengths add up to `wall_ms`."""
    out: list[Stage] = []
    at = 0.0
    for name, begin, end, kind in MAIN_LINE:
        if end not in timeline or (begin not in timeline and begin != FINISH) or timeline[end] < at:
            continue
        start = max(at, timeline.get(begin, 0.0))
        if start > at:
            out.append(Stage(REMAINDER, at, start, "ours"))
        out.append(Stage(name, start, timeline[end], kind))
        at = timeline[end]
    wall = wall_ms(timeline)
    if wall > at:
        out.append(Stage(REMAINDER, at, wall, "ours"))
    return out


def without_review(timeline: Mapping[str, float]) -> dict[str, float]:
    """The same answer as if nobody had looked over the transcript: what came after is earlier by that time."""
    looked = sum(stage.ms for stage in review(timeline))
    back = timeline.get("reviewed", 0.0)
    return {n: ms - looked if looked and ms >= back else ms for n, ms in timeline.items() if n != "reviewed"}


def review(timeline: Mapping[str, float]) -> list[Stage]:
    """The time a person took to look over the transcript: theirs, not the machine's."""
    if "reviewed" not in timeline or "transcript_final" not in timeline:
        return []
    start, end = timeline["transcript_final"], timeline["reviewed"]
    return [Stage("transcript review", start, end, "person")] if end > start else []


def beside(timeline: Mapping[str, float]) -> list[Stage]:
    """What ran beside the main line."""
    return [Stage(n, timeline[b], timeline[e], "beside") for n, b, e in BESIDE if b in timeline and e in timeline]


def wall_ms(timeline: Mapping[str, float]) -> float:
    """From *Finish* to the last mark of the main line."""
    return max((timeline[end] for _, _, end, _ in MAIN_LINE if end in timeline), default=0.0)
