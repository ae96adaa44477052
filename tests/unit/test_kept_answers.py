"""An answer that *Finish interview* cut off is kept; afterwards it is heard from its recording, metered and judged."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from coach.brain.prompts.policy import Policy
from coach.contracts import commands as cmd
from coach.contracts.interview import Attempt, AttemptStatus, Exchange
from coach.interview.answer import late_hearing
from coach.interview.answer.delayed_feedback import produce_delayed
from coach.interview.answer.late_hearing import LateHearing
from coach.interview.answer.path import NO_WORDS
from coach.interview.dependencies import Dependencies
from tests.conversation.driver import listening, make_hub
from tests.fakes import brain_samples as samples
from tests.fakes import records
from tests.fakes.command import Command
from tests.fakes.store import FakeStore
from tests.fakes.vendors import ANSWER, FakeTranscriber
from tests.unit.test_brain_guards import Says


async def cut_off(tmp_path: Path, transcriber: FakeTranscriber) -> tuple[FakeStore, Dependencies, Attempt]:
    """An interview finished in the middle of its first answer; nobody heard that."""
    store = FakeStore()
    hub = make_hub(tmp_path, store=store, transcriber=transcriber)
    client = await listening(hub)
    await client.speak(1.0)
    await client.send(cmd.FinishInterview())
    await hub.close()
    (attempt,) = store.attempts.values()
    assert attempt.status is AttemptStatus.DELAYED and attempt.transcript is None and attempt.audio_uri
    return store, replace(hub.parts, store=store), attempt


async def produced(store: FakeStore, parts: Dependencies, attempt: Attempt) -> tuple[list[Attempt], LateHearing]:
    hearing = LateHearing(parts)
    brain = Says(samples.output())
    return await produce_delayed(store, brain, Policy(), attempt.interview_id, hearing=hearing), hearing


async def test_a_cut_off_answer_is_heard_metered_and_judged_once(tmp_path: Path) -> None:
    transcriber = FakeTranscriber(verbatim_batch=True)
    store, parts, kept = await cut_off(tmp_path, transcriber)
    assert not await produce_delayed(store, Says(samples.output()), Policy(), kept.interview_id)
    used = set(store.usage)
    (done,), _ = await produced(store, parts, kept)
    assert store.attempts[kept.id] == done and done.status is AttemptStatus.EVALUATED
    assert done.transcript and done.transcript.text == f"Um, {ANSWER}" and done.delivery and done.overall_score
    assert done.duration_seconds == kept.duration_seconds and done.audio_uri == kept.audio_uri
    assert store.interviews[kept.interview_id].overall_score == done.overall_score
    assert {store.usage[event].attempt_id for event in set(store.usage) - used} == {kept.id}
    assert (await produced(store, parts, kept))[0] == [] and transcriber.batches == 1


async def test_what_could_not_be_heard_stays_delayed_says_why_and_is_heard_another_time(tmp_path: Path) -> None:
    transcriber = FakeTranscriber()
    store, parts, kept = await cut_off(tmp_path, transcriber)
    transcriber.fail_batch = True
    (again,), hearing = await produced(store, parts, kept)
    assert store.attempts[kept.id].status is AttemptStatus.DELAYED and again.transcript is None
    assert "gone" in str(hearing.troubles[kept.id])
    transcriber.fail_batch = False
    assert (await produced(store, parts, kept))[0][0].status is AttemptStatus.EVALUATED


async def test_what_was_not_understood_is_kept_and_not_scored(tmp_path: Path) -> None:
    store, parts, kept = await cut_off(tmp_path, FakeTranscriber(review_below=0.95))
    (unclear,), hearing = await produced(store, parts, kept)
    assert unclear.status is AttemptStatus.REVIEW and unclear.transcript and unclear.overall_score is None
    assert str(hearing.troubles[kept.id]) == late_hearing.DOUBTFUL


async def test_nothing_said_nobody_listening_and_no_recording_are_told_apart(tmp_path: Path) -> None:
    store, parts, kept = await cut_off(tmp_path / "silent", FakeTranscriber(("",)))
    (silent,), hearing = await produced(store, parts, kept)
    assert silent.status is AttemptStatus.DELAYED and str(hearing.troubles[kept.id]) == NO_WORDS
    assert (await produced(store, parts, kept))[0] == []
    store, parts, kept = await cut_off(tmp_path / "typed", FakeTranscriber(needs_review=True))
    _, hearing = await produced(store, parts, kept)
    assert late_hearing.DEAF in str(hearing.troubles[kept.id])
    store, parts, kept = await cut_off(tmp_path / "gone", FakeTranscriber())
    store.attempts[kept.id] = kept.model_copy(update={"audio_uri": None})
    _, hearing = await produced(store, parts, kept)
    assert str(hearing.troubles[kept.id]) == late_hearing.GONE


def test_the_command_hears_what_was_kept(coach: Command, home: Path) -> None:
    interview_id = asyncio.run(_kept_in(home))
    done = coach("feedback", interview_id, "--transcriber", "whisper", "--brain", "offline", "--json")
    assert done.status == 0, done.err
    (attempt,) = done.json["attempts"]
    assert attempt["status"] == "evaluated" and attempt["reason"] == ""
    assert coach("feedback", interview_id, "--brain", "offline", "--json").json["attempts"] == []


async def _kept_in(home: Path) -> str:
    """The id of an interview at `home` whose one answer was recorded and not heard."""
    from coach.bootstrap import build_services
    from coach.interview.defaults import take_upload
    from coach.settings import DATA

    services: Any = build_services(brain="offline")
    interview = records.interview()
    exchange: Exchange = records.exchange(interview)
    sound = home.parent / "said.flac"
    take_upload(min((DATA / "sample" / "audio").glob("*.ogg"), key=lambda path: path.stat().st_size), sound)
    attempt = Attempt(
        exchange_id=exchange.id,
        interview_id=interview.id,
        attempt_number=1,
        status=AttemptStatus.DELAYED,
        created_at=records.START,
    )
    kept = attempt.model_copy(update={"audio_uri": services.archive.save(sound, attempt.id)})
    await services.store.create_interview(interview, [exchange])
    await services.store.add_attempt(kept)
    await services.close()
    return interview.id
