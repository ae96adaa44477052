"""From question to question: the next, the same again, its follow-up, one that is skipped, one that is opened again.

Each command names the question it was given on: one that comes twice, or from a tab that is behind, moves nothing.
"""

from coach.contracts.commands import AnswerFollowUp, OpenQuestion, ReadyForNext, RetryQuestion, SkipQuestion
from coach.contracts.interview import Exchange, InterviewStatus, ViewState
from coach.errors import EntitlementError, IllegalCommandError
from coach.interview import state_machine as states
from coach.interview.aggregate import InterviewAggregate
from coach.interview.phases.asking import Asking
from coach.interview.phases.closing import Closing
from coach.interview.phases.listening import Listening

_IN_HAND = (ViewState.ASKING, ViewState.LISTENING)


class QuestionMoves:
    """The commands that change which question is in hand; the caller holds the interview's lock."""

    def __init__(self, session: InterviewAggregate, listening: Listening, asking: Asking, closing: Closing) -> None:
        """The phases are those of one interview."""
        self._s = session
        self._parts = session.parts
        self._listening = listening
        self._asking = asking
        self._closing = closing

    async def next(self, command: ReadyForNext) -> None:
        """The next question without an answer; while one is being asked, it counts as asked."""
        current = self._current()
        if self._is_behind(command.payload.last_question_id, current) or self._s.view == ViewState.LISTENING:
            return
        self._goes_on("READY_FOR_NEXT")
        if self._s.view == ViewState.ASKING:
            await self._asking.done_current()
            return
        following = self._s.board.after(current)
        if following is None:
            raise IllegalCommandError("That was the last question; finish the interview.")
        await self._keep_place()
        await self._asking.ask(following, after=current)

    async def skip(self, command: SkipQuestion) -> None:
        """The question in hand stays unanswered, what was said to it is dropped; after the last one it is over."""
        current = self._current()
        if self._is_behind(command.payload.question_id, current):
            return
        self._goes_on("SKIP_QUESTION")
        await self._leave_answer()
        following = self._s.board.after(current)
        if following is None:
            await self._closing.finish()
        else:
            await self._asking.ask(following, after=current)

    async def open(self, command: OpenQuestion) -> None:
        """Asks a skipped question again; the one in hand, where there is one, is skipped for it.

        Raises:
            IllegalCommandError: it was not skipped.
            RateLimitError: asked again very often.
        """
        question = self._s.board.exchange(command.payload.question_id)
        if question.id == self._s.exchange_id and self._s.view in _IN_HAND:
            return
        self._goes_on("OPEN_QUESTION")
        if question.follow_up_of or not self._s.board.skipped(question):
            raise IllegalCommandError("Only a question that was skipped is opened again.")
        self._listening.guard_rate()
        await self._keep_place()
        if self._s.view in _IN_HAND:
            await self._leave_answer()
        await self._asking.ask(question)

    async def retry(self, command: RetryQuestion) -> None:
        """The same question once more."""
        exchange = self._s.board.exchange(command.payload.question_id)
        if self._s.view == ViewState.LISTENING and exchange.id == self._s.exchange_id:
            return
        self._goes_on("RETRY_QUESTION")
        await self._ask_leave()
        await self._s.voice.stop()
        await self._listening.arm(await self._listening.new_attempt(exchange))

    async def answer_follow_up(self, command: AnswerFollowUp) -> None:
        """The follow-up becomes the question in hand."""
        current = self._current()
        if current.follow_up_of == command.payload.question_id:
            return
        self._goes_on("ANSWER_FOLLOW_UP")
        text = self._s.follow_up_text()
        if current.id != command.payload.question_id or not text:
            raise IllegalCommandError("There is no follow-up to this question.")
        exchange = Exchange(
            interview_id=self._s.board.interview.id,
            order=current.order,
            question_text=text,
            competency=current.competency,
            question_type=current.question_type,
            follow_up_of=current.id,
        )
        await self._parts.store.add_exchange(exchange)
        self._s.board.exchanges[exchange.id] = exchange
        await self._asking.ask_follow_up(exchange, self._s.attempt_id)

    def _current(self) -> Exchange:
        exchange = self._s.exchange
        if exchange is None:
            raise IllegalCommandError("The interview has not started.")
        return exchange

    def _is_behind(self, question_id: str, current: Exchange) -> bool:
        """Whether the command was given on another question than the one in hand."""
        return self._s.board.exchange(question_id).id != current.id

    def _goes_on(self, command: str) -> None:
        """A finished interview keeps its feedback on the screen, and nothing is added to it."""
        states.after(command, self._s.view)
        if self._s.board.interview.status == InterviewStatus.COMPLETED:
            raise IllegalCommandError("This interview is finished.", mend="Start a new one to practise again.")

    async def _leave_answer(self) -> None:
        """The answer in hand is none; the interview has begun all the same."""
        attempt = self._s.attempt
        if attempt:
            await self._listening.forget(attempt)
        await self._s.begin()

    async def _keep_place(self) -> None:
        """An interview whose place in the plan lapsed takes it again before it goes on."""
        if self._parts.entitlements is None:
            return
        interview = self._s.board.interview
        leave = await self._parts.entitlements.before_session(
            interview.user_id, self._s.board.interview.id, questions=interview.q_count
        )
        if not leave.allowed:
            raise EntitlementError("Your plan does not include another interview.", mend=leave.offer)

    async def _ask_leave(self) -> None:
        """Whether the plan includes a retry; nothing is cut off in the middle of an answer."""
        if self._parts.entitlements is None:
            return
        leave = await self._parts.entitlements.before_retry(self._s.board.interview.user_id, self._s.board.interview.id)
        if not leave.allowed:
            raise EntitlementError("Your plan does not include another retry.", mend=leave.offer)
        if leave.notice:
            self._s.tell("PLAN", leave.notice)
