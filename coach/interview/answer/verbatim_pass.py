"""The second hearing of a spoken answer: it counts "um" and "uh" and corrects delivery when it arrives."""

import asyncio
import hashlib
import logging

from coach.contracts.interview import Attempt
from coach.contracts.transcript import Transcript, TranscriptSource
from coach.interview import event_builders as payloads
from coach.interview import rollup
from coach.interview.aggregate import InterviewAggregate
from coach.interview.answer.baseline import Baseline
from coach.interview.answer.deferred_writes import DeferredWrites
from coach.interview.answer.recording_files import RecordingFiles
from coach.interview.answer.results import Results
from coach.interview.answer.tasks import AnswerTasks
from coach.interview.answer.transcription import AnswerTranscription
from coach.interview.answer.verbatim import with_verbatim
from coach.interview.dependencies import off_loop
from coach.interview.recording_ports import HeardSound
from coach.speech.port import Heard, SpeechCapabilities
from coach.text.hesitation_sounds import hesitation_count

log = logging.getLogger(__name__)
LOST_AT_LEAST = 2
LOST_SHARE = 0.5
"""Live counts as losing fillers when it has at least two, and half, fewer than the recording."""


def is_checked(attempt_id: str, able: SpeechCapabilities) -> bool:
    """Whether this answer is in the sample; the same for the same attempt every time."""
    drawn = int.from_bytes(hashlib.sha256(attempt_id.encode()).digest()[:4]) / 2**32
    return able.verbatim_batch and drawn < able.check_share


class VerbatimPass:
    """Begun beside the evaluation, applied after it."""

    def __init__(
        self,
        session: InterviewAggregate,
        transcription: AnswerTranscription,
        files: RecordingFiles,
        writes: DeferredWrites,
        results: Results,
        baseline: Baseline,
        tasks: AnswerTasks,
    ) -> None:
        """All are of the interview."""
        self._s = session
        self._transcription = transcription
        self._files = files
        self._writes = writes
        self._results = results
        self._baseline = baseline
        self._tasks = tasks

    def begin(self, attempt: Attempt, transcript: Transcript) -> "asyncio.Task[Heard | None] | None":
        """Starts hearing where the first pass kept no fillers and a second one can, or to check that it kept them.

        None where neither is wanted. A check that finds nothing lost brings nothing.
        """
        if transcript.source == TranscriptSource.TYPED:
            return None
        able = self._s.parts.transcriber.capabilities
        if not transcript.verbatim:
            return self._tasks.beside(self._hear(attempt)) if able.verbatim_batch else None
        live = transcript.source == TranscriptSource.LIVE
        return self._tasks.beside(self._check(attempt, transcript)) if live and is_checked(attempt.id, able) else None

    async def _check(self, attempt: Attempt, live: Transcript) -> Heard | None:
        """The recording heard again: None where live kept its fillers, else what was heard, with an alarm."""
        heard = await self._hear(attempt)
        kept, said = hesitation_count(live.text), hesitation_count(heard.transcript.text) if heard else 0
        if heard is None or said - kept < LOST_AT_LEAST or kept >= LOST_SHARE * said:
            return None
        log.error("live transcripts lose fillers (%d of %d kept): every answer is heard twice from now on", kept, said)
        self._s.parts.transcriber.lost_fillers()
        return heard

    async def _hear(self, attempt: Attempt) -> Heard | None:
        heard = await self._transcription.verbatim(attempt, await off_loop(self._files.find, attempt))
        if heard is None:
            return None
        self._writes.meter(attempt.id, heard.usage)
        return heard if heard.transcript.text.strip() else None

    async def apply(self, attempt: Attempt, heard: Heard | None, sound: "HeardSound | None") -> None:
        """Replaces provisional counts, delivery scores and overall, and says so."""
        if heard is None or attempt.evaluation is None:
            return
        parts = self._s.parts
        band, eyes = parts.policy.pace_band_wpm, attempt.extra.eye_contact
        delivery = await off_loop(parts.measure, heard.transcript, sound, eyes, band)
        attempt = await off_loop(with_verbatim, attempt, heard.transcript, delivery, parts.policy)
        attempt = await self._baseline.compared(attempt)
        late = {"timeline": self._s.board.attempt(attempt.id).timeline}
        await self._results.store(attempt.model_copy(update=late), ())
        attempt = self._s.board.attempt(attempt.id)
        earlier = self._results.earlier_scores(attempt)
        noise_sd = await parts.store.scores_noise(parts.bundle) if earlier else None
        self._tell(attempt, earlier, noise_sd)
        await self._results.score_session()

    def _tell(self, attempt: Attempt, earlier: list[float], noise_sd: float | None) -> None:
        if attempt.evaluation is None:
            return
        scored = attempt.overall_score
        scores = payloads.stored_scores(
            attempt,
            self._results.siblings(attempt),
            attempt.evaluation,
            comparison=rollup.comparison(scored, earlier, noise_sd) if scored is not None else "",
            label=self._s.parts.judge_label(attempt.brain),
            updated=True,
        )
        self._s.emit_for(attempt.id, scores)
        self._s.emit_for(attempt.id, payloads.stored_rewrite(attempt, attempt.evaluation))
