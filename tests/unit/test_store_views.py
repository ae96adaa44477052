"""Frames and figures: the best attempt, what a retry brings, what could not be measured; and the sample they show."""

from datetime import UTC, datetime

import pytest

from coach.audio.archive import AudioArchive
from coach.contracts.asking import asking
from coach.contracts.interview import AttemptStatus
from coach.contracts.people import Asker
from coach.store import SqlStore
from coach.store.maintenance import integrity
from coach.store.maintenance.sample import load_sample
from coach.store.maintenance.sample_file import read_sample
from coach.store.repositories import interviews, library_records
from coach.views import attempts as frames
from coach.views import materials, progress
from coach.views.operations_figures import COLOURS
from coach.views.palette import BAND_COLOURS, BLUE, INK, INK_SOFT, SERIES, band
from coach.views.roles import as_job, shipped_profiles
from coach.views.sessions import list_sessions, show_session
from tests.fakes import records as make

FIGURES = [
    progress.score_over_time,
    progress.delivery_over_time,
    progress.fillers_over_time,
    progress.retries,
    progress.competencies,
]


@pytest.fixture
def store(tmp_path):
    with SqlStore(f"duckdb:///{tmp_path / 'coach.duckdb'}", idle_s=30) as opened:
        yield opened


@pytest.fixture
def practised(store):
    """Two questions: one with a better and an equal third attempt and a discarded one, one not measurable."""
    interview = make.interview()
    first, second = make.exchange(interview, 0), make.exchange(interview, 1, competency="leadership")
    store.run(interviews.create_interview, interview, [first, second])
    for number, overall in ((1, 4.0), (2, 7.5), (3, 7.5)):
        store.run(interviews.add_attempt, make.evaluated(first, number, overall))
    gone = make.evaluated(first, 4, 9.9, status=AttemptStatus.DISCARDED)
    store.run(interviews.add_attempt, gone)
    unheard = make.delivery().model_copy(update={"filler_count": None, "wpm": None})
    store.run(interviews.add_attempt, make.evaluated(second, 1, 6.0, delivery=unheard))
    return interview


def test_the_best_attempt_is_the_highest_and_of_equals_the_earlier(store, practised):
    frame = frames.attempts_frame(store)
    assert frame.loc[frame["best"], ["question_order", "attempt_number"]].values.tolist() == [[0, 2], [1, 1]]
    assert frame["overall_score"].max() == 7.5


def test_what_was_not_measured_is_missing_not_zero(store, practised):
    last = frames.attempts_frame(store).iloc[-1]
    assert last[["wpm", "filler_count", "fillers_per_minute"]].isna().all()


def test_a_retried_question_shows_its_gain(store, practised):
    table = frames.improvement_frame(frames.attempts_frame(store))
    assert table[["attempts", "first", "best", "gain"]].values.tolist() == [[3, 4.0, 7.5, 3.5]]


def test_competencies_are_the_mean_of_best_attempts(store, practised):
    table = frames.competency_frame(frames.attempts_frame(store))
    assert dict(zip(table["competency"], table["score"], strict=True)) == {"leadership": 6.0, "ownership": 7.5}


def test_a_session_lists_its_score_so_far(store, practised):
    (row,) = list_sessions(store)
    assert (row["overall_score"], row["attempts"], row["questions_answered"]) == (6.8, 4, 2)
    shown = show_session(store, practised.id)
    assert [len(exchange["attempts"]) for exchange in shown["exchanges"]] == [3, 1]


def test_an_empty_store_has_empty_frames_with_their_columns(store):
    frame = frames.attempts_frame(store)
    assert frame.empty
    assert {"overall_score", "best", "band", "fillers_per_minute", "question"} <= set(frame.columns)
    assert frames.sessions_frame(store).empty


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.__name__)
def test_figures_draw_what_is_there_and_survive_nothing(store, figure):
    assert figure(frames.attempts_frame(store)) is not None


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.__name__)
def test_figures_carry_the_scores(store, practised, figure):
    drawn = figure(frames.attempts_frame(store))
    values = [value for trace in drawn.data for axis in (trace.x, trace.y) for value in axis if axis is not None]
    assert values


@pytest.mark.parametrize(
    ("score", "name"), [(4.9, "low"), (5.0, "middle"), (7.4, "middle"), (7.5, "high"), (None, "none")]
)
def test_bands(score, name):
    assert band(score) == name


def test_the_sample_is_whole_marked_and_an_arc(store, tmp_path):
    now = datetime(2026, 12, 24, 18, tzinfo=UTC)
    loaded = load_sample(store, lambda: AudioArchive(str(tmp_path / "audio")), now=now)
    assert (loaded.interviews, loaded.stories > 0, loaded.recordings > 0) == (3, True, True)
    assert store.run(integrity.dangling_references) == {}
    rows = list_sessions(store)
    assert all(row["is_sample"] for row in rows)
    assert all(row["created_at"] < now for row in rows)
    assert rows[0]["overall_score"] > rows[-1]["overall_score"]
    frame = frames.attempts_frame(store)
    assert (frames.improvement_frame(frame)["gain"] > 0).all()
    assert frame["filler_count"].notna().all()


def test_the_sample_keeps_the_contract():
    content = read_sample(datetime(2026, 12, 24, tzinfo=UTC))
    for snapshot in content.snapshots:
        for attempt in snapshot.attempts:
            assert attempt.evaluation is not None
            assert attempt.evaluation.metadata.model_version
            for evidence in attempt.evidence:
                assert attempt.transcript.text[evidence.start : evidence.end] == evidence.quote


def test_a_story_becomes_a_cheat_sheet_and_a_resume_line():
    story = library_records.StarStory(
        title="Night run",
        category="ownership",
        action="I rebuilt three queries with dbt. Then I rested.",
        result="The run went from six hours to two.",
        polished_answer="We were slow. I fixed it.",
    )
    assert materials.resume_line(story) == "- Rebuilt three queries with dbt; the run went from six hours to two"
    sheet = materials.cheat_sheet([story])
    assert "## Night run" in sheet
    assert "- **Action:** I rebuilt" in sheet


def test_shipped_roles_can_be_practised():
    for profile in shipped_profiles():
        job = as_job(profile)
        assert job.title == profile.title
        assert job.id == as_job(profile).id
        with asking(Asker("ada")):
            assert as_job(profile).id == as_job(profile).id != job.id and len(as_job(profile).id) <= 64


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page", ["#fbf8f3", "#17181d"])
def test_every_colour_of_a_chart_stands_out_on_the_light_and_the_dark_page(page):
    for colour in {*SERIES, *BAND_COLOURS.values(), *COLOURS.values(), INK, INK_SOFT, BLUE}:
        light, dark = sorted((luminance(colour), luminance(page)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, colour
