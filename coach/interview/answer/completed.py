"""A follow-up completes its question: first answer and follow-up are judged together and get one score of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coach.brain.care.advice import care_for
from coach.brain.care.reader import read_care
from coach.contracts.brain import Evidence
from coach.contracts.interview import Attempt, AttemptStatus, Exchange
from coach.contracts.transcript import Transcript

GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class CompletedAnswer:
    """What was said to a question and to its follow-up.

    Attributes:
        question: both questions, as the judge reads them.
        first: what was said to the question.
        own: what was said to the follow-up, with the words of its own recording.
        first_score: overall of the first answer, 0-10; None where it has none.
    """

    question: str
    first: str
    own: Transcript
    first_score: float | None

    @property
    def transcript(self) -> Transcript:
        """Both answers as one text, untimed: they lie in two recordings."""
        return self.own.model_copy(update={"text": f"{self.first}{GAP}{self.own.text}", "words": []})

    def of_own(self, evidence: Iterable[Evidence]) -> list[Evidence]:
        """Evidence that lies in the follow-up's own answer, on its own text and its own recording's clock."""
        begin = len(self.first) + len(GAP)
        return [self._moved(span, begin) for span in evidence if span.start >= begin]

    def _moved(self, span: Evidence, begin: int) -> Evidence:
        start, end = span.start - begin, span.end - begin
        start_s, end_s = self.own.seconds_of(start, end) or (None, None)
        return span.model_copy(update={"start": start, "end": end, "start_s": start_s, "end_s": end_s})

    def comparison(self, overall: float) -> str:
        """What the follow-up brought, in one sentence."""
        alone = "" if self.first_score is None else f" (your first answer: {self.first_score:.1f})"
        return f"With your follow-up: {overall:.1f}{alone}."


def completed_answer(
    exchange: Exchange, attempt: Attempt, exchanges: Iterable[Exchange], attempts: Sequence[Attempt]
) -> CompletedAnswer | None:
    """The whole of which `attempt` is the second part.

    None where it answers no follow-up, where no first answer is left, or where what was said is no answer to be judged.
    """
    main = next((e for e in exchanges if e.id == exchange.follow_up_of), None)
    own = attempt.transcript
    if main is None or own is None or not own.text.strip():
        return None
    first = _answer_before(main, attempt, attempts)
    care = care_for(read_care(own.text))
    if first is None or first.transcript is None or (care and care.unscored):
        return None
    question = f"{main.question_text}\nFollow-up, asked after the first answer: {exchange.question_text}"
    return CompletedAnswer(question, first.transcript.text, own, first.overall_score)


def _answer_before(main: Exchange, attempt: Attempt, attempts: Sequence[Attempt]) -> Attempt | None:
    """The latest answer to the question that stood when the follow-up was answered."""
    before = [
        a
        for a in attempts
        if a.exchange_id == main.id and a.status != AttemptStatus.DISCARDED and a.created_at <= attempt.created_at
        if a.transcript and a.transcript.text.strip() and not (a.extra.care and a.extra.care.unscored)
    ]
    return max(before, key=lambda a: a.attempt_number, default=None)
