"""What the Practice page does for the stage: begins and resumes interviews, keeps stories, deletes sessions.

The interview itself runs between the stage and the conductor over the socket; nothing here knows its states.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from coach.bootstrap import Services
from coach.contracts.interview import InterviewSnapshot, ViewState
from coach.errors import CoachError, EntitlementError, InputError, NotFoundError
from coach.interview.service import InitRequest, InitResult
from coach.views.materials import answer_line
from coach.views.sessions import asked_question, find_session
from pages.components.practice import offered
from pages.components.practice.microphone import FrameIntake
from pages.components.shared.undo import put_away

PLANNING_S = 240.0
"""A model on a small computer takes up to three minutes to plan; the stage says that the coach is being prepared."""
DECODING_S = 600.0
"""Recordings are read one after the other, an hour of sound in half a minute; with the wait ends the file."""


@dataclass
class Desk:
    """One browser session's view of its interview; kept in `st.session_state`."""

    services: Services
    session: dict[str, Any] | None = None
    intake: FrameIntake | None = None
    device_id: str = ""
    webrtc_on: bool = False
    failure: str = ""
    failed_at: int = 0
    refused: bool = False
    go_to: str = ""
    deleting: str = ""
    reset: int = 0
    saved: list[str] = field(default_factory=list)
    in_resume: list[str] = field(default_factory=list)
    told: str = ""
    finished: str = ""
    heard: int = 0
    handed_in: int = 0
    """Recordings that became answers; the fields they came from begin anew, so that none answers the next question."""

    # -- what the stage asks for ---------------------------------------------------------------------------------

    def hear(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        """Carries out a request of the stage and those it brings along because no run of the page heard them.

        Returns:
            What was new, in the order it was asked for; a failure among it is told whatever comes after.
        """
        wishes = [wish for wish in (*asked.get("before", ()), asked) if int(wish["seq"]) > self.heard]
        told = "", False, self.failed_at
        for wish in wishes:
            self.heard = int(wish["seq"])
            self.act(wish)
            told = (self.failure, self.refused, self.failed_at) if self.failure else told
        self.failure, self.refused, self.failed_at = told
        return wishes

    def act(self, asked: dict[str, Any]) -> None:
        """Carries out one request of the stage; a failure is told on the stage, never as a stack trace."""
        self.failure, self.refused = "", False
        handler = getattr(self, f"_on_{asked.get('name', '')}", None)
        if handler is None:
            return
        try:
            handler(asked)
        except CoachError as error:
            self.refused = isinstance(error, EntitlementError)
            self.failure, self.failed_at = str(error), int(float(str(asked.get("at") or 0)))

    def _on_start(self, asked: dict[str, Any]) -> None:
        request = InitRequest(
            persona_id=str(asked.get("persona_id") or "sarah"),
            q_count=int(asked.get("q_count") or 3),
            job_description_id=str(asked["job_id"]) if asked.get("job_id") else None,
        )
        self._enter(self.services.hub.call(self.services.hub.init(request), PLANNING_S), asked)

    def _on_resume(self, asked: dict[str, object]) -> None:
        self._enter(self.services.hub.call(self.services.hub.resume(str(asked["id"]))), asked)

    def _on_practise(self, asked: dict[str, object]) -> None:
        """One question of an earlier interview again, in an interview of its own."""
        again = asked_question(self.services.store, str(asked.get("id", "")))
        if again is None:
            raise InputError("That question is not there any more.", mend="Start an interview instead.")
        here = self._snapshot().interview.persona_id if self.session else "sarah"
        jobs = {job.id for job in self.services.library.jobs()}
        request = InitRequest(
            persona_id=str(asked.get("persona_id") or here),
            q_count=1,
            job_description_id=again.job_description_id if again.job_description_id in jobs else None,
        )
        made = self.services.hub.init(request, questions=[again.question])
        self._enter(self.services.hub.call(made, PLANNING_S), asked)

    def _snapshot(self) -> InterviewSnapshot:
        """The interview on the stage, as it is stored."""
        if self.session is None:
            raise InputError("That interview is not open any more.", mend="You find it on *Progress*.")
        try:
            return find_session(self.services.store, self.session["interview_id"])
        except NotFoundError:
            raise InputError("That interview was deleted.", mend="Stories saved from it are in your library.") from None

    def _enter(self, way_in: InitResult, asked: dict[str, object]) -> None:
        self.session = {
            "interview_id": way_in.mock_interview_id,
            "ws_url": way_in.ws_url,
            "token": way_in.auth_token,
            "join": asked.get("at", 0),
            "audio_url": f"/attempts/{{attempt_id}}/audio?token={way_in.auth_token}",
        }
        self.finished = ""
        self.device_id = str(asked.get("device_id") or "")
        self.webrtc_on = asked.get("audio") == "socket"
        self.intake = FrameIntake(self.services.hub, way_in.mock_interview_id)

    def _on_audio_path(self, asked: dict[str, object]) -> None:
        self.webrtc_on = bool(asked.get("webrtc"))

    def _on_save(self, asked: dict[str, object]) -> None:
        attempt_id = str(asked.get("attempt_id", ""))
        self.services.hub.call(self.services.stories.save_story(attempt_id, title="", category=""))
        self.saved.append(attempt_id)

    def _on_add_to_resume(self, asked: dict[str, object]) -> None:
        """An answer as one bullet of the resume for this job, else of the master."""
        attempt_id = str(asked.get("attempt_id", ""))
        snapshot = self._snapshot()
        attempt = next((a for a in snapshot.attempts if a.id == attempt_id), None)
        if attempt is None or attempt.evaluation is None:
            raise InputError("That answer is not there any more.")
        bullet = answer_line(attempt.evaluation)
        where = self.services.library.add_to_resume(bullet, job_id=snapshot.interview.job_description_id)
        self.in_resume.append(attempt_id)
        self.told = f"Added to “{where}”. You find it under Jobs & resumes."

    def _on_finished(self, _: dict[str, object]) -> None:
        """The summary is on the stage: the session can be handed on, and no microphone is needed."""
        self.webrtc_on = False
        self.finished = self.session["interview_id"] if self.session else ""

    def _on_again(self, _: dict[str, object]) -> None:
        self.leave()

    def _on_progress(self, _: dict[str, object]) -> None:
        self.go_to = "progress"

    def _on_delete(self, _: dict[str, object]) -> None:
        self.deleting = self.session["interview_id"] if self.session else ""

    # -- what the page does --------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Back to the start screen."""
        self.session, self.intake, self.webrtc_on, self.finished = None, None, False, ""
        self.reset += 1

    def keep(self) -> None:
        """The session is not deleted after all."""
        self.deleting = ""

    def delete(self) -> None:
        """*Delete this session*: rows, recordings, everything, when the ten seconds to take it back are over."""
        interview_id, self.deleting = self.deleting, ""
        delete = partial(self.services.delete_session, interview_id)
        put_away(self.services, "session", interview_id, "this session", delete)
        self.leave()

    def submit_recording(self, path: Path) -> None:
        """A recording from a file or from `st.audio_input` is the answer to the question in hand.

        Raises:
            CoachError: it cannot be used, no answer is awaited, or others' recordings are read for too long before it.
        """
        hub = self.services.hub
        conductor = hub.find(self.session["interview_id"]) if self.session else None
        if conductor is None or conductor.snapshot().payload.view_state != ViewState.LISTENING:
            raise InputError("No answer is awaited now.", mend="Wait until the question was asked.")
        hub.call(conductor.submit_recording(path), DECODING_S)
        self.handed_in += 1

    def resumable(self, wished: str = "") -> dict[str, str] | None:
        """The interview `wished` for, else the newest, that was begun and not finished."""
        return offered.resumable(self.services, wished)

    def jobs(self) -> list[dict[str, str]]:
        """Jobs to practise for."""
        return offered.jobs(self.services)
