"""Records the lab's shipped run: `python -m tests.fakes.record_lab`.

No vendor's model could be asked where this was written, so a stand-in answers: the real adapter sends both bundles'
prompts over the wire to a loopback server, which writes evaluations in the contract's form. Its scores lean on the gold
labels: with the plain bundle squeezed to the middle of the scale, with anchors spread. The run teaches the lab; it says
nothing about the bundles, is marked as recorded, and is never taken as evidence for a promotion.
"""

import asyncio
import hashlib
import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coach.bootstrap import build_services
from coach.brain.evaluation.pipeline import evaluate_to_end
from coach.brain.offline.coach import OfflineCoach
from coach.brain.port import EvaluationCall
from coach.brain.prompts.bundle import PromptBundle
from coach.brain.prompts.policy import Policy
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.delivery.measure import from_input
from coach.lab.runs.dataset import Item, from_jsonl
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment
from coach.settings import DATA
from tests.fakes.openai_server import OpenAIServer, Reply, Tokens

TARGET = DATA / "lab"
SAMPLE = DATA / "sample" / "lab_answers.jsonl"
MADE = "{day}, through the model's adapter, by a stand-in model: it teaches the lab and says nothing about the bundles"
ANCHORED = "anchored"
SHAPES = {"plain": (0.45, 0.9), ANCHORED: (0.9, 0.5)}
"""How far scores follow the gold label, and how much they wander, points."""


class StandIn(OpenAIServer):
    """Answers every call by the answer that stands in it."""

    def __init__(self, written: dict[tuple[str, str], str]) -> None:
        super().__init__(Reply("{}"))
        self._written = written

    async def _answer(self, path: str, raw: bytes, writer: asyncio.StreamWriter) -> None:
        if path.endswith("/responses"):
            body = json.loads(raw)
            said = json.dumps(body, ensure_ascii=False)
            anchors = PromptBundle.load("jobfoxy_anchors_v1").system_prompt
            shape = ANCHORED if json.dumps(anchors, ensure_ascii=False)[1:-1] in said else "plain"
            text = next(text for (name, opening), text in self._written.items() if name == shape and opening in said)
            self.replies = [Reply(text, chunk=400, tokens=Tokens(len(raw) // 4, 1024, 0, len(text) // 4))]
        await super()._answer(path, raw, writer)


def wandering(*parts: str) -> float:
    """A number between -1 and 1 that is always the same for the same parts."""
    return int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:8]) / 2**63 - 1


async def written_for(item: Item, shape: str) -> str:
    """The evaluation the stand-in writes: the words of the offline coach, the scores by its shape."""
    answer = item.input.user_answer
    said = Transcript(
        text=answer.transcript, duration_s=0, transcriber="stored", source=TranscriptSource.TYPED, verbatim=True
    )
    result = await evaluate_to_end(
        OfflineCoach(), EvaluationCall(input=item.input, attempt_id=item.id), transcript=said,
        delivery=from_input(item.input.delivery_metrics), policy=Policy(),
    )  # fmt: skip
    found: dict[str, Any] = result.evaluation.model_dump(mode="json")
    follows, wanders = SHAPES[shape]
    gold = item.gold.content or 5.0

    def score(part: str) -> float:
        return round(min(10, max(0, 5.8 + follows * (gold - 5.8) + wanders * wandering(item.id, shape, part))), 1)

    parts = {name: score(name) for name in ("star", "relevance", "clarity", "impact")}
    if item.gold.follow_up == "low_relevance":
        parts["relevance"] = round(2.5 + wandering(item.id, shape, "off"), 1)
    found["scoring"] |= {"content": round(sum(parts.values()) / 4, 1), "content_breakdown": parts}
    for name, status in (item.gold.star or {}).items():
        if wandering(item.id, shape, name) < (0.9 if shape == ANCHORED else 0.7):
            found["content_feedback"]["star_checklist"][name]["status"] = status
    asks = item.gold.follow_up != "none"
    reason = item.gold.follow_up if asks else "none"
    found["follow_up"] = {
        "should_ask": asks,
        "question_text": "What came of it, in a figure you can stand behind?" if asks else "",
        "reason": "The result is not told." if asks else "",
    }
    found["metadata"]["follow_up_type"] = reason
    return json.dumps(found, ensure_ascii=False)


def opening(item: Item) -> str:
    """How an answer begins as it stands in a request: JSON within JSON."""
    once = json.dumps(item.input.user_answer.transcript[:60], ensure_ascii=False)[1:-1]
    return json.dumps(once, ensure_ascii=False)[1:-1]


async def main() -> None:
    """Records into `data/lab`."""
    items = from_jsonl(SAMPLE).items
    written = {(shape, opening(item)): await written_for(item, shape) for shape in SHAPES for item in items}
    with tempfile.TemporaryDirectory() as home, StandIn(written) as server:
        parts = build_services(
            coach_home=home, coach_database_url="", coach_audio_url="", coach_brain="openai", openai_api_key="k",
            openai_base_url=server.base_url, coach_openai_model="stand-in",
        )  # fmt: skip
        variants = [
            Variant(name="plain", bundle="jobfoxy_v1", brain="openai"),
            Variant(name=ANCHORED, bundle="jobfoxy_anchors_v1", brain="openai"),
        ]
        experiment = Experiment(name="Recorded: anchored scales", dataset=str(SAMPLE), variants=variants)
        slow = experiment.limits.model_copy(update={"concurrency": 1})
        result = await parts.lab.run(experiment.model_copy(update={"limits": slow}))
        assert (result.failures, server.breaches) == (0, []), (result, server.breaches)
        keep(Path(home) / "lab", result.run)
        await parts.close()


def keep(folder: Path, run: str) -> None:
    """Moves the run and its answers to where the product ships them, without times and costs that mean nothing."""
    shutil.rmtree(TARGET / "runs", ignore_errors=True)
    (TARGET / "runs" / run).mkdir(parents=True)
    (TARGET / "datasets").mkdir(exist_ok=True)
    info = json.loads((folder / "runs" / run / "run.json").read_text("utf8"))
    info["recorded"] = MADE.format(day=datetime.now(UTC).date())
    info["experiment"]["dataset"] = info["dataset_hash"]
    (TARGET / "runs" / run / "run.json").write_text(json.dumps(info, indent=1) + "\n", "utf8")
    lines = []
    for line in (folder / "runs" / run / "outcomes.jsonl").read_text("utf8").splitlines():
        outcome = json.loads(line) | {
            "first_section_ms": None,
            "total_ms": None,
            "usage": [],
            "cost_usd": "0",
            "cached": True,
        }
        outcome["result"]["usage"] = []
        lines.append(json.dumps(outcome, ensure_ascii=False))
    (TARGET / "runs" / run / "outcomes.jsonl").write_text("\n".join(lines) + "\n", "utf8")
    shutil.copy(folder / "datasets" / f"{info['dataset_hash']}.jsonl", TARGET / "datasets")
    sys.stdout.write(f"{run}: {len(lines)} answers\n")


if __name__ == "__main__":
    asyncio.run(main())
