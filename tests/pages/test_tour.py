"""Who is a newcomer: nobody with an answer of their own; sample people do not count."""

from pathlib import Path

from coach.bootstrap import build_services
from coach.store.maintenance.sample import load_sample
from coach.store.repositories import interviews
from coach.views.sessions import any_session
from tests.fakes import records as make


def test_an_answer_of_ones_own_ends_being_new_and_samples_do_not(tmp_path: Path) -> None:
    parts = build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")
    load_sample(parts.store, lambda: parts.archive)
    assert not any_session(parts.store)
    interview = make.interview()
    exchange = make.exchange(interview)
    parts.store.run(interviews.create_interview, interview, [exchange])
    assert not any_session(parts.store)
    parts.store.run(interviews.add_attempt, make.evaluated(exchange))
    assert any_session(parts.store)
    parts.store.close()
