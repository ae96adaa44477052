"""Transcripts that wait for the person's correction before they are scored."""

from coach.contracts.events import TranscriptReview, TranscriptReviewPayload
from coach.contracts.interview import Attempt, AttemptStatus
from coach.contracts.transcript import Transcript
from coach.interview.aggregate import InterviewAggregate
from coach.interview.latency import Timeline
from coach.speech.pieces.confidence import doubtful_spans

REVIEW_REASON = (
    "Much of this was hard to make out; doubtful words are marked. Correct the text before it is scored; the timing of "
    "your speech is kept."
)
TYPE_REASON = "Nobody listens here: type what you said. It is scored when you are done."


class PendingReviews:
    """What is shown for correction in one interview, and since when."""

    def __init__(self, session: InterviewAggregate) -> None:
        """The conductor's session."""
        self._s = session
        self._timelines: dict[str, Timeline] = {}

    async def ask(self, attempt: Attempt, transcript: Transcript, timeline: Timeline | None = None) -> None:
        """Stores that the attempt waits, and shows its transcript."""
        if timeline:
            self._timelines[attempt.id] = timeline
        await self._s.save(attempt.model_copy(update={"status": AttemptStatus.REVIEW}))
        self.show(attempt, transcript)

    def show(self, attempt: Attempt, transcript: Transcript) -> None:
        """Shows a transcript for correction."""
        payload = TranscriptReviewPayload(
            attempt_id=attempt.id,
            text=transcript.text,
            reason=REVIEW_REASON if transcript.words else TYPE_REASON,
            doubtful=doubtful_spans(transcript),
        )
        self._s.emit_for(attempt.id, TranscriptReview(payload=payload))

    def reviewed(self, attempt_id: str) -> Timeline:
        """The person has looked over it: the answer's timeline goes on."""
        timeline = self._timelines.pop(attempt_id, None) or Timeline.begun(self._s.parts.monotonic)
        timeline.mark("reviewed")
        return timeline

    def done(self, attempt_id: str) -> None:
        """The answer is being judged: nobody who connects later is shown the transcript to correct."""
        self._s.told.get(attempt_id, {}).pop("TRANSCRIPT_REVIEW", None)
