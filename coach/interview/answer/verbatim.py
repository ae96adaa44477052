"""The pass that hears "um" and "uh": it runs beside the evaluation and corrects delivery when it arrives."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from coach.brain.guards.measured_scores import delivery_numbers, measured_scoring
from coach.brain.prompts.policy import Policy
from coach.contracts.brain import Evidence
from coach.contracts.delivery import DeliveryMetrics
from coach.contracts.evaluation import DeliveryNumbers, Evaluation
from coach.contracts.interview import Attempt, AttemptStatus
from coach.contracts.transcript import Transcript

NOTE = "Fillers were counted in a second, verbatim pass over the recording."


def remeasured(evaluation: Evaluation, delivery: DeliveryMetrics, policy: Policy) -> Evaluation:
    """The evaluation with delivery figures, delivery scores and overall as measured anew; content stays."""
    numbers = DeliveryNumbers.model_validate(delivery_numbers(delivery))
    feedback = evaluation.delivery_feedback.model_copy(update={"metrics": numbers})
    scoring = measured_scoring(evaluation.scoring, delivery, policy)
    return evaluation.model_copy(update={"scoring": scoring, "delivery_feedback": feedback})


def carried_over(evidence: Sequence[Evidence], old: str, new: str) -> list[Evidence]:
    """Evidence of `old` as spans of `new`, the same speech with fillers in it; what cannot be placed is dropped."""
    before, after = _tokens(old), _tokens(new)
    matcher = SequenceMatcher(None, [t for _, _, t in before], [t for _, _, t in after], autojunk=False)
    same = {b.a + i: b.b + i for b in matcher.get_matching_blocks() for i in range(b.size)}
    out = []
    for item in evidence:
        covered = [n for n, (start, end, _) in enumerate(before) if start < item.end and end > item.start]
        placed = [same[n] for n in covered if n in same]
        if placed and len(placed) == len(covered):
            start, end = after[placed[0]][0], after[placed[-1]][1]
            out.append(item.model_copy(update={"start": start, "end": end, "quote": new[start:end]}))
    return out


def _tokens(text: str) -> list[tuple[int, int, str]]:
    """Words with their offsets, folded for comparison."""
    return [(m.start(), m.end(), m.group().lower()) for m in re.finditer(r"[\w']+", text)]


def with_verbatim(attempt: Attempt, transcript: Transcript, delivery: DeliveryMetrics, policy: Policy) -> Attempt:
    """`attempt` as heard verbatim; its rank may change, its content feedback does not."""
    evaluation = remeasured(attempt.evaluation, delivery, policy) if attempt.evaluation else None
    before = attempt.transcript.text if attempt.transcript else ""
    scored = evaluation is not None and attempt.status == AttemptStatus.EVALUATED
    heard = transcript.model_copy(update={"notes": [*(attempt.transcript.notes if attempt.transcript else []), NOTE]})
    return attempt.model_copy(
        update={
            "transcript": heard,
            "delivery": delivery,
            "evaluation": evaluation,
            "evidence": carried_over(attempt.evidence, before, transcript.text),
            "overall_score": evaluation.scoring.overall if scored and evaluation else attempt.overall_score,
        }
    )
