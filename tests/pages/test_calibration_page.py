"""Calibration: own view beside machine and coach, empty scores, and what is being deleted left out."""

from datetime import UTC, datetime
from pathlib import Path

from streamlit.testing.v1 import AppTest

from coach.bootstrap import Services
from coach.contracts.interview import Attempt, OwnView
from coach.store.repositories import interviews, queries
from coach.store.repositories.lab import set_consent
from tests.fakes import records as make

PAGE = Path(__file__).resolve().parents[2] / "pages" / "prompt_lab.py"


def rated(parts: Services, own: float) -> Attempt:
    """One answer that its person rated first, in a session of its own."""
    session = make.interview()
    question = make.exchange(session)
    parts.store.run(interviews.create_interview, session, [question])
    attempt = make.evaluated(question, 1, 6.0).noting(self_rating=OwnView(overall=own, content=own, delivery=own))
    parts.store.run(interviews.add_attempt, attempt)
    parts.store.run(set_consent, session.user_id, True, datetime.now(UTC))
    return attempt


def page() -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.query_params["tab"] = "calibration"
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*app.markdown, *app.caption, *app.info, *app.error])


def test_own_view_stands_beside_the_machine_and_a_deleted_session_leaves(services):
    assert "Rate myself first" in texts(page())
    attempt = rated(services, 8.0)
    app = page()
    assert "1 answer was rated" in texts(app)
    (row,) = app.dataframe[0].value.to_dict("records")
    assert (row["first"], row["second"], row["first higher by"]) == ("the person", "the machine", 2.0)
    services.bin.put("session", attempt.interview_id, "a session", lambda: None)
    assert "Rate myself first" in texts(page())
    assert services.bin.take_back("session", attempt.interview_id)


def test_a_score_nobody_touched_is_not_kept(services):
    rated(services, 8.0)
    app = page()
    box = {field.label: field for field in app.number_input}
    assert [box[name].value for name in ("Overall", "Content", "Relevance")] == [None, None, None]
    box["Content"].set_value(6.0)
    next(b for b in app.button if b.label == "Keep this score").click().run()
    assert "Say who scores" in texts(app), "and nothing that was entered is gone"
    assert next(f for f in app.number_input if f.label == "Content").value == 6.0
    next(f for f in app.number_input if f.label == "Content").set_value(None)
    next(t for t in app.text_input if t.label == "Your name").set_value("Ada")
    next(b for b in app.button if b.label == "Keep this score").click().run()
    assert "at least an overall" in texts(app) and services.store.run(queries.review_rows) == []
    next(f for f in app.number_input if f.label == "Overall").set_value(7.0)
    next(b for b in app.button if b.label == "Keep this score").click().run()
    (kept,) = services.store.run(queries.review_rows)
    assert (kept["overall"], kept["content"], kept["relevance"]) == (7.0, None, None)
