"""Answers acknowledged by a process that has lost their interview since: kept beside what its successor has."""

import uuid

import sqlalchemy as sa

from coach.contracts.interview import Attempt, AttemptStatus, Exchange
from coach.contracts.transcript import TranscriptSource
from coach.store.fleet import leases
from coach.store.repositories import interviews
from coach.store.tables.core import mock_interview_attempts, mock_interview_exchanges

_NAMES = uuid.UUID("6c0f6b0e-7d0c-4f0e-9a37-2a6d5c7b8e21")


def keep_apart(connection: sa.Connection, attempt: Attempt, exchange: Exchange | None) -> bool:
    """Makes sure that the words of `attempt` are stored; False while somebody is in its interview: try again later.

    What the successor heard in the same recording stands. Words it does not have (typed or mended ones, an answer it
    never knew) become an attempt of their own, one and the same however often this is called: with its evaluation where
    there is one, else to be judged on demand.
    """
    if leases.with_a_living(connection, attempt.interview_id):
        return False
    stands = interviews.find_attempt(connection, attempt.id)
    if not _words(attempt) or (stands is not None and _is_covered(attempt, stands)):
        return True
    if exchange is not None and stands is None:
        interviews.add_exchange(connection, exchange.model_copy(update={"final_attempt_id": None}))
    questions = mock_interview_exchanges.c
    if connection.execute(sa.select(questions.id).where(questions.id == attempt.exchange_id)).first() is None:
        return True  # deleted meanwhile
    ident = attempt.id if stands is None or _words(stands) == _words(attempt) else uuid.uuid5(_NAMES, attempt.id).hex
    known = stands if ident == attempt.id else interviews.find_attempt(connection, ident)
    status = AttemptStatus.EVALUATED if attempt.evaluation else AttemptStatus.DELAYED
    if known is None:
        uri = attempt.audio_uri if stands is None else None
        number = _next_number(connection, attempt.exchange_id)
        apart = {"id": ident, "attempt_number": number, "status": status, "audio_uri": uri}
        interviews.add_attempt(connection, attempt.model_copy(update=apart))
    elif attempt.evaluation and not known.evaluation:
        same = {"id": ident, "attempt_number": known.attempt_number, "status": status, "audio_uri": known.audio_uri}
        interviews.update_attempt(connection, attempt.model_copy(update=same))
    return True


def _is_covered(attempt: Attempt, stands: Attempt) -> bool:
    """Whether what is stored leaves nothing to be wished for."""
    if not _words(stands) or (_words(stands) == _words(attempt) and attempt.evaluation and not stands.evaluation):
        return False
    typed = attempt.transcript is not None and attempt.transcript.source == TranscriptSource.TYPED
    return not typed or _words(stands) == _words(attempt)


def _words(attempt: Attempt) -> str:
    return attempt.transcript.text.strip() if attempt.transcript else ""


def _next_number(connection: sa.Connection, exchange_id: str) -> int:
    c = mock_interview_attempts.c
    newest = connection.execute(sa.select(sa.func.max(c.attempt_number)).where(c.exchange_id == exchange_id)).scalar()
    return int(newest or 0) + 1
