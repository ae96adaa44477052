"""What a transcriber is told beforehand: the job's terms, then the resume's."""

import logging

from coach.brain.planning.resume_terms import resume_terms
from coach.contracts.interview import Interview
from coach.errors import CoachError
from coach.interview.aggregate import InterviewAggregate
from coach.interview.dependencies import Materials, off_loop
from coach.speech.port import SpeechContext

log = logging.getLogger(__name__)


async def speech_context(session: InterviewAggregate) -> SpeechContext:
    """Terms of an interview that is open."""
    return await speech_terms(session.board.interview, session.parts.materials)


async def speech_terms(interview: Interview, materials: Materials | None) -> SpeechContext:
    """Terms of an interview. A resume that cannot be read is done without: terms only help."""
    terms = [*interview.job.key_skills]
    try:
        if materials and interview.resume_id:
            terms += await off_loop(resume_terms, await materials.resume_text(interview.resume_id))
    except CoachError:
        log.warning("the resume's terms could not be read")
    known = {term.lower(): term for term in reversed(terms)}
    return SpeechContext(keyterms=tuple(reversed(known.values())), interview_id=interview.id)
