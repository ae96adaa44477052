"""The transition tables: every command in every view, and the lifecycles, are what the contract says."""

import itertools

import pytest

from coach.contracts.commands import command_adapter
from coach.contracts.interview import AttemptStatus, InterviewStatus, ViewState
from coach.errors import IllegalCommandError
from coach.interview import state_machine as states

V = ViewState
LEGAL = {
    "START_INTERVIEW": {V.INTRO_LOADING: V.ASKING},
    "FINISH_ANSWER": {V.LISTENING: V.PROCESSING},
    "RESTART_ANSWER": {V.LISTENING: V.LISTENING},
    "SUBMIT_TRANSCRIPT": {V.LISTENING: V.PROCESSING, V.PROCESSING: V.PROCESSING, V.FEEDBACK: V.PROCESSING},
    "READY_FOR_NEXT": {V.ASKING: V.LISTENING, V.FEEDBACK: V.ASKING, V.ERROR_RECOVERABLE: V.ASKING},
    "RETRY_QUESTION": {V.FEEDBACK: V.LISTENING, V.ERROR_RECOVERABLE: V.LISTENING},
    "SKIP_QUESTION": {V.ASKING: V.ASKING, V.LISTENING: V.ASKING},
    "OPEN_QUESTION": {s: V.ASKING for s in (V.ASKING, V.LISTENING, V.FEEDBACK, V.ERROR_RECOVERABLE)},
    "ANSWER_FOLLOW_UP": {V.FEEDBACK: V.ASKING},
    "RETRY_FEEDBACK": {V.FEEDBACK: V.PROCESSING, V.ERROR_RECOVERABLE: V.PROCESSING},
}


@pytest.mark.parametrize(("command", "view"), itertools.product(LEGAL, ViewState))
def test_a_command_leads_where_the_contract_says_or_nowhere(command, view):
    if view in LEGAL[command]:
        assert states.after(command, view) == LEGAL[command][view]
    else:
        with pytest.raises(IllegalCommandError):
            states.after(command, view)


def test_every_command_of_the_contract_has_a_row():
    schema = command_adapter.json_schema()
    assert set(schema["discriminator"]["mapping"]) == set(states.COMMANDS)


@pytest.mark.parametrize("command", states.COMMANDS)
def test_where_a_command_leads_is_a_change_of_view_that_exists(command):
    for view, target in states.COMMANDS[command].items():
        if target != view:
            assert target in states.EVENTS[view]


def test_no_answer_is_cut_off_and_no_view_is_a_dead_end_but_the_blocking_error():
    leave = {name for name, row in states.COMMANDS.items() if row.get(V.LISTENING) == V.ASKING}
    assert leave == {"SKIP_QUESTION", "OPEN_QUESTION"} and V.FEEDBACK not in states.EVENTS[V.LISTENING]
    assert [v for v in ViewState if not states.EVENTS[v]] == [V.ERROR_BLOCKING]
    assert all(states.check_view(v, V.ERROR_BLOCKING) for v in ViewState)


@pytest.mark.parametrize(("old", "new"), itertools.product(AttemptStatus, AttemptStatus))
def test_an_attempt_never_leaves_its_end(old, new):
    ended = old in (AttemptStatus.EVALUATED, AttemptStatus.DISCARDED)
    corrected = (old, new) == (AttemptStatus.EVALUATED, AttemptStatus.REVIEW)
    if old == new or corrected:
        assert states.check_attempt(old, new) == new
    elif ended or (new == AttemptStatus.DISCARDED and old != AttemptStatus.RECORDING):
        with pytest.raises(IllegalCommandError):
            states.check_attempt(old, new)


@pytest.mark.parametrize(
    ("old", "new", "fine"),
    [
        ("planned", "in_progress", True),
        ("planned", "completed", False),
        ("in_progress", "completed", True),
        ("in_progress", "planned", False),
        ("in_progress", "abandoned", True),
        ("abandoned", "in_progress", True),
        ("abandoned", "completed", False),
        ("completed", "in_progress", False),
        ("completed", "abandoned", False),
    ],
)
def test_an_interview_lives_as_the_product_says(old, new, fine):
    old, new = InterviewStatus(old), InterviewStatus(new)
    if fine:
        assert states.check_interview(old, new) == new
    else:
        with pytest.raises(IllegalCommandError):
            states.check_interview(old, new)
