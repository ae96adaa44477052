"""A scene: what the stand-in vendors do wrong, what happens to the process, what is to be seen and what is kept."""

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from coach.contracts.base import Strict
from tests.fakes.deepgram_server import Fault
from tests.fakes.openai_server import Reply

FOLDER = Path(__file__).parent / "scenes"
Moment = Literal["hearing", "judging", "failing"]
"""The transcriber has heard three seconds of an answer; the model was asked for an evaluation; either failed to."""
Happening = Literal["kill the server", "hold the database"]


class Transcriber(Strict):
    """Faults of the transcriber; names and meaning as in `tests.fakes.deepgram_server.Fault`.

    Attributes:
        lines: of the first connections, in order.
        always: of every other connection.
        recordings: statuses of the first recordings that are sent as a whole.
    """

    lines: list[dict[str, Any]] = []
    always: dict[str, Any] = {}
    recordings: list[int] = []

    def faults(self) -> tuple[list[Fault], Fault]:
        """Of the first connections, and of all others."""
        return [Fault(**line) for line in self.lines], Fault(**self.always)


class Event(Strict):
    """Something that happens to the process, once."""

    when: Moment
    do: Happening
    for_s: float = Field(default=0.0, ge=0, le=60)


class Keeps(Strict):
    """What has to be there at the end of a rehearsal.

    Attributes:
        status: of the attempt.
        words: whether the transcript has every word of the answer.
        told: codes of the notices and errors the person gets.
        may_be_told: codes that depend on how fast everything is.
        evaluations: how often the model was asked to evaluate.
        given_up: how many of these were given up in the middle; the ledger has an estimate of each.
    """

    status: Literal["evaluated", "delayed"] = "evaluated"
    words: Literal["all", "none"] = "all"
    told: list[str] = []
    may_be_told: list[str] = []
    evaluations: int = 1
    given_up: int = 0


class Scene(Strict):
    """One scene.

    Attributes:
        title: the fault in one line.
        watch: what to look at, line by line.
        transcriber: its faults.
        model: replies to evaluations, in order, as in `tests.fakes.openai_server.Reply`; then good ones.
        slow_model: the model takes some seconds, so that things can happen meanwhile.
        events: what happens to the process.
        tries_again: the person asks again for feedback, by when the vendors are well.
        keeps: what is there at the end.
    """

    title: str
    watch: list[str] = Field(min_length=1)
    transcriber: Transcriber = Transcriber()
    model: list[dict[str, Any]] = []
    slow_model: bool = False
    events: list[Event] = []
    tries_again: bool = False
    keeps: Keeps = Keeps()

    def replies(self) -> list[Reply]:
        """The scripted replies, repetitions written out."""
        return [Reply(**{k: v for k, v in one.items() if k != "times"}) for one in self.model for _ in times(one)]


def times(reply: dict[str, Any]) -> range:
    """How often a reply is given."""
    return range(int(reply.get("times", 1)))


def scenes() -> dict[str, Scene]:
    """All scenes by name."""
    return {path.stem: load(path) for path in sorted(FOLDER.glob("*.yaml"))}


def load(path: Path) -> Scene:
    """One scene.

    Raises:
        ValidationError: it is none.
        TypeError: a vendor knows no such fault.
    """
    scene = Scene.model_validate(yaml.safe_load(path.read_text("utf8")))
    scene.replies()
    scene.transcriber.faults()
    return scene
