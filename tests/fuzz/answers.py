"""The offline coach on any answer to any question: an evaluation by the contract that quotes only what was said."""

from hypothesis import strategies as st

from coach.brain.offline.coach import OfflineCoach, as_json
from coach.brain.port import EvaluationCall
from coach.contracts.brain import EvaluationInput, Question, UserAnswer
from coach.contracts.evaluation import Evaluation
from tests.fuzz.engine import Target
from tests.fuzz.texts import texts

COACH = OfflineCoach()
questions = st.one_of(
    st.sampled_from(
        ["Tell me about a time you improved a process.", "Why do you want this job?", "How would you sort a list?"]
    ),
    texts(6).filter(str.strip),
)
cases = st.tuples(questions, texts(60), st.floats(0, 3600))


def judged(case: tuple[str, str, float]) -> None:
    """Judges it twice: valid, alike, and what a note quotes stands in the transcript."""
    question, said, seconds = case
    given = EvaluationInput(
        question=Question(text=question[:2000]), user_answer=UserAnswer(transcript=said, duration_seconds=seconds)
    )
    call = EvaluationCall(input=given, attempt_id="fuzz")
    made = COACH.evaluate_now(call)
    text = as_json(made)
    text.encode("utf-8")
    assert Evaluation.model_validate_json(text) == made
    assert as_json(COACH.evaluate_now(call)) == text
    assert all(note.original_snippet in said for note in made.coach_notes)


TARGETS = (Target("answers", cases, judged, cpu_s=8.0),)
