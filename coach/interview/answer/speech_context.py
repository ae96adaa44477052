"""What a transcriber is told beforehand: the job's terms, then the resume's."""

import logging

from coach.brain.planning.resume_terms import resume_terms
from coach.errors import CoachError
from coach.interview.aggregate import InterviewAggregate
from coach.interview.dependencies import off_loop
from coach.speech.port import SpeechContext

log = logging.getLogger(__name__)


async def speech_context(session: InterviewAggregate) -> SpeechContext:
    """Terms of an interview. A resume that cannot be read is done without: terms only help."""
    interview, materials = session.board.interview, session.parts.materials
    terms = [*interview.job.key_skills]
    try:
        if materials and interview.resume_id:
            terms += await off_loop(resume_terms, await materials.resume_text(interview.resume_id))
    except CoachError:
        log.warning("the resume's terms could not be read")
    known = {term.lower(): term for term in reversed(terms)}
    return SpeechContext(keyterms=tuple(reversed(known.values())), interview_id=interview.id)
