"""The model as judge of two evaluations, on the same warm client and rules as the coach."""

import json
from typing import Literal

from pydantic import Field

from coach.brain.openai.brain import OpenAIBrain
from coach.contracts.base import Strict
from coach.contracts.evaluation import Evaluation
from coach.settings import DATA

Side = Literal["first", "second", "tie"]
PROMPT = DATA / "prompts" / "judges" / "pairwise.md"


class Preference(Strict):
    """What the judge answers; the reason first, so that it is thought before it is decided."""

    reason: str = Field(max_length=400)
    better: Side


class OpenAIPairJudge:
    """Implements the lab's `PairJudge`."""

    def __init__(self, brain: OpenAIBrain) -> None:
        """Asks through `brain`."""
        self._brain = brain
        self._prompt = PROMPT.read_text("utf8")

    async def prefer(
        self, question: str, answer: str, first: Evaluation, second: Evaluation
    ) -> Literal["first", "second", "tie"]:
        """The better one as shown.

        Raises:
            VendorError: no judgement was had.
        """
        material = {
            "question": question,
            "answer": answer,
            "first": _shown(first),
            "second": _shown(second),
        }
        body = json.dumps(material, ensure_ascii=False).replace("<", "\\u003c")
        found = await self._brain.ask(
            self._prompt, f"<material>{body}</material>", "pairwise_preference", Preference, subject="pair"
        )
        return found.better

    async def close(self) -> None:
        """Frees the client."""
        await self._brain.close()


def _shown(evaluation: Evaluation) -> dict[str, object]:
    content = evaluation.content_feedback
    return {
        "headline": content.headline,
        "strengths": content.top_strengths,
        "improvements": content.top_improvements,
        "tip": content.one_action_tip,
        "rewrite": evaluation.rewrite.polished_answer,
    }
