"""Practice: the stage, and beside it what only the server can do for it."""

import tempfile
from pathlib import Path

import streamlit as st

from coach.audio.preflight import browser_limits
from coach.bootstrap import services
from coach.errors import CoachError
from coach.views.sessions import asked_question
from pages.components.practice import personas
from pages.components.practice.account import account_panel
from pages.components.practice.interview_desk import Desk
from pages.components.practice.local_model import offer_local_model
from pages.components.practice.microphone import sender
from pages.components.shared.prose import plain
from pages.components.shared.share import share_buttons
from pages.components.stage import stage

KEY = "practice_stage"
# Of the address: which question to practise again.
QUESTION = "question"


def desk() -> Desk:
    """The desk of this browser session."""
    if "practice_desk" not in st.session_state:
        st.session_state.practice_desk = Desk(services())
    return st.session_state.practice_desk


def on_act() -> None:
    asked = st.session_state[KEY].act
    if not asked:
        return
    heard = desk().hear(dict(asked))
    if any(wish.get("name") == "another" for wish in heard):
        st.query_params.pop(QUESTION, None)


def again(mine: Desk) -> dict[str, str] | None:
    """The question the address asks for, to be practised again; one that is gone is said to be gone, once."""
    wanted = st.query_params.get(QUESTION, "")
    if not wanted:
        return None
    if mine.session is not None:
        st.query_params.pop(QUESTION, None)
        return None
    found = asked_question(mine.services.store, wanted)
    if found is None:
        st.query_params.pop(QUESTION, None)
        st.toast("That question is not there any more. Start an interview instead.", icon=":material/help:")
        return None
    return {"id": found.id, "text": found.question.text}


def stage_data(mine: Desk, *, playing: bool) -> dict[str, object]:
    """Everything the stage shows before its socket is open."""
    idle = mine.session is None
    parts = mine.services
    return {
        "personas": [persona.model_dump() for persona in personas.load_personas()],
        "persona_id": personas.DEFAULT_PERSONA,
        "q_count": 3,
        "jobs": mine.jobs() if idle else [],
        "job_id": st.session_state.get("practice_job_id", ""),
        "resumable": mine.resumable(st.session_state.get("resume_interview_id", "")) if idle else None,
        "again": again(mine),
        "session": mine.session,
        "webrtc": {"offered": True, "playing": playing},
        "saved": mine.saved,
        "in_resume": mine.in_resume,
        "told": mine.told,
        "failure": mine.failure,
        "failed_at": mine.failed_at,
        "heard": mine.heard,
        "reset": mine.reset,
        "voice": "none" if parts.settings.coach_voice == "none" else "browser",
        "preflight": browser_limits(),
        "coach_label": getattr(parts.brain, "label", ""),
    }


@st.dialog("Delete this session?", on_dismiss=lambda: desk().keep())
def confirm_delete(mine: Desk) -> None:
    st.write(
        "Its answers, recordings, scores and feedback go for good; you have ten seconds to take it back. "
        "Stories in your library stay."
    )
    keep, delete = st.columns(2)
    if keep.button("Keep it", width="stretch"):
        mine.keep()
        st.rerun()
    if delete.button("Delete this session", type="primary", width="stretch", key="really_delete"):
        mine.delete()
        st.rerun()


def recording_instead(mine: Desk) -> None:
    """Another way to answer: a file, or the browser's own recorder."""
    with st.container(key="jf_recording"), st.expander("Answer with a recording instead"):
        st.caption("Wait for the question, then record here or choose a file. It counts as your answer.")
        left, right = st.columns(2)
        kinds = ["wav", "flac", "mp3", "ogg", "opus", "webm", "m4a"]
        spoken = left.audio_input("Record an answer", key=f"recorded_{mine.handed_in}")
        file = right.file_uploader("Choose a recording", type=kinds, key=f"chosen_{mine.handed_in}")
        chosen = spoken or file
        if st.button("Use as my answer", disabled=chosen is None) and chosen is not None:
            with tempfile.NamedTemporaryFile(suffix=Path(chosen.name).suffix) as kept:
                kept.write(chosen.getbuffer())
                kept.flush()
                try:
                    with st.spinner("Reading the recording…"):
                        mine.submit_recording(Path(kept.name))
                except CoachError as error:
                    st.error(plain(str(error)))
                    return
            st.rerun()


def main() -> None:
    """The page; whatever fails is told."""
    try:
        show(desk())
    except CoachError as error:
        st.error(plain(str(error)))


def show(mine: Desk) -> None:
    """The page from top to bottom."""
    if mine.session is None:
        offer_local_model(mine.services)
    playing = sender(key="practice_webrtc", intake=mine.intake, on=mine.webrtc_on, device_id=mine.device_id)
    stage(key=KEY, data=stage_data(mine, playing=playing), on_act=on_act)
    if mine.session and not mine.finished:
        recording_instead(mine)
    if mine.finished:
        with st.container(key="jf_share"):
            share_buttons(mine.services, mine.finished)
    account_panel(mine.services, unfold=mine.refused)
    if mine.deleting:
        confirm_delete(mine)
    if mine.go_to:
        target, mine.go_to = mine.go_to, ""
        st.switch_page(f"{target}.py")


main()
