"""The second hearing of a spoken answer: it counts "um" and "uh" and corrects delivery when it arrives."""

import asyncio

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
from coach.interview.dependencies import HeardSound, off_loop
from coach.speech.port import Heard


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
        """Starts hearing where the first pass kept no fillers and a second one can; None where it is not wanted."""
        wanted = not transcript.verbatim and self._s.parts.transcriber.capabilities.verbatim_batch
        if not wanted or transcript.source == TranscriptSource.TYPED:
            return None
        return self._tasks.beside(self._hear(attempt))

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
        await self._results.store(attempt, ())
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
            label=self._s.parts.brain.label,
            updated=True,
        )
        self._s.emit_for(attempt.id, scores)
        self._s.emit_for(attempt.id, payloads.stored_rewrite(attempt, attempt.evaluation))
