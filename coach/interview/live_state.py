"""The facts of one interview in memory: records are replaced, never changed, and always after the store has them."""

from dataclasses import dataclass, field

from coach.contracts.interview import Attempt, AttemptStatus, Exchange, Interview, InterviewSnapshot
from coach.errors import NotFoundError
from coach.interview.rollup import next_number, standing


@dataclass(slots=True)
class LiveState:
    """Interview, exchanges by id, attempts by id."""

    interview: Interview
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: InterviewSnapshot) -> "LiveState":
        """From what the store keeps."""
        return cls(
            snapshot.interview,
            {e.id: e for e in snapshot.exchanges},
            {a.id: a for a in snapshot.attempts},
        )

    def exchange(self, exchange_id: str) -> Exchange:
        """One exchange.

        Raises:
            NotFoundError: it is none of this interview's.
        """
        if exchange_id not in self.exchanges:
            raise NotFoundError("This question does not belong to the interview.")
        return self.exchanges[exchange_id]

    def attempt(self, attempt_id: str) -> Attempt:
        """One attempt.

        Raises:
            NotFoundError: it is none of this interview's.
        """
        if attempt_id not in self.attempts:
            raise NotFoundError("This attempt does not belong to the interview.")
        return self.attempts[attempt_id]

    def questions(self) -> list[Exchange]:
        """The planned questions in order."""
        return sorted((e for e in self.exchanges.values() if not e.follow_up_of), key=lambda e: e.order)

    def question_of(self, exchange: Exchange) -> Exchange:
        """The planned question an exchange belongs to: itself, or the one it follows up."""
        return self.exchange(exchange.follow_up_of) if exchange.follow_up_of else exchange

    def question_number(self, exchange: Exchange) -> int:
        """1-based number of the planned question."""
        return [q.id for q in self.questions()].index(self.question_of(exchange).id) + 1

    def after(self, exchange: Exchange) -> Exchange | None:
        """The next planned question without an answer; None after the last."""
        following = self.questions()[self.question_number(exchange) :]
        return next((question for question in following if not self.answered(question.id)), None)

    def answered(self, exchange_id: str) -> bool:
        """Whether anything was answered, scored yet or not."""
        return any(attempt.status != AttemptStatus.RECORDING for attempt in self.attempts_of(exchange_id))

    def skipped(self, question: Exchange) -> bool:
        """Whether a planned question was asked and left without an answer; the one in hand is that as well."""
        asked = any(attempt.exchange_id == question.id for attempt in self.attempts.values())
        return asked and not self.answered(question.id)

    def follow_up_to(self, exchange: Exchange) -> Exchange | None:
        """The follow-up exchange of a question, once accepted."""
        return next((e for e in self.exchanges.values() if e.follow_up_of == exchange.id), None)

    def attempts_of(self, exchange_id: str) -> list[Attempt]:
        """Standing attempts of an exchange by number."""
        return standing(a for a in self.attempts.values() if a.exchange_id == exchange_id)

    def latest(self, exchange_id: str) -> Attempt | None:
        """The last standing attempt of an exchange."""
        listed = self.attempts_of(exchange_id)
        return listed[-1] if listed else None

    def next_number(self, exchange_id: str) -> int:
        """Number of the next attempt; a failed recording that is retried gives its number back."""
        return next_number(a for a in self.attempts.values() if a.exchange_id == exchange_id)
