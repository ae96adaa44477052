"""A copy of an installation that is not encrypted, taken back: nothing in it that was deleted since."""

import shutil
from pathlib import Path

import pytest

from coach.bootstrap import Services, build_services
from coach.store import SqlStore
from coach.store.maintenance.deleted_since import LeftOut, leave_out
from coach.store.repositories import deletions, library, people
from coach.store.repositories.library_records import StarStory
from coach.views.sessions import list_sessions
from tests.fakes.command import Command
from tests.ports.test_own_data import SECRET, practised


@pytest.fixture
def parts(tmp_path: Path):
    found = build_services(
        coach_home=tmp_path / "home", coach_database_url="", coach_audio_url="", coach_brain="offline"
    )
    yield found
    found.store.close()


def copied_elsewhere(parts: Services, tmp_path: Path, name: str = "first") -> Path:
    """A copy somebody keeps on another disk."""
    parts.store.back_up()
    parts.store.release()
    (newest,) = sorted((parts.settings.coach_home / "backups").glob("*.duckdb"))[-1:]
    target = tmp_path / f"{name}.duckdb"
    shutil.copy(newest, target)
    return target


def taken_back(parts: Services, copy: Path) -> LeftOut:
    return leave_out(parts.store, parts.store.restore(copy))


def stories(parts: Services, who: str) -> list[str]:
    return [story.title for story in parts.store.run(library.stories, who)]


def holds(parts: Services) -> bool:
    parts.store.release()
    return SECRET.encode() in (parts.settings.coach_home / "coach.duckdb").read_bytes()


def test_somebody_who_was_deleted_and_came_again_under_the_same_id_has_one_life(parts, tmp_path):
    practised(parts, "ada", SECRET)
    practised(parts, "bob", "somebody else's words")
    first_life = copied_elsewhere(parts, tmp_path)
    parts.delete_person("ada")
    parts.store.run(library.save_story, StarStory(user_id="ada", title="Second life"))
    assert "ada" not in (parts.settings.coach_home / "deleted.jsonl").read_text()
    second_life = copied_elsewhere(parts, tmp_path, "second")

    assert taken_back(parts, second_life) == LeftOut(0, 0)
    assert stories(parts, "ada") == ["Second life"], "this copy knows of the deletion: all in it is of afterwards"
    assert taken_back(parts, first_life) == LeftOut(0, 1)
    assert stories(parts, "ada") == [] and not holds(parts)
    assert [row["id"] for row in parts.store.run(people.listed)] == ["bob"]
    assert [each["user_id"] for each in list_sessions(parts.store)] == ["bob"]

    parts.store.run(library.save_story, StarStory(user_id="ada", title="Third life"))
    third_life = copied_elsewhere(parts, tmp_path, "third")
    assert taken_back(parts, third_life) == LeftOut(0, 0)
    assert stories(parts, "ada") == ["Third life"], "what was taken back knows of the deletion from then on"
    assert len(parts.store.run(deletions.latest)) == 1


def test_a_deleted_session_stays_deleted_and_the_command_says_so(parts, tmp_path, monkeypatch, capsys):
    practised(parts, "ada", SECRET)
    (session,) = [each["interview_id"] for each in list_sessions(parts.store)]
    copy = copied_elsewhere(parts, tmp_path)
    parts.delete_session(session, with_stories=True)
    kept = parts.settings.coach_home / "backups" / copy.name
    shutil.copy(copy, kept)
    parts.store.close()
    monkeypatch.setenv("COACH_HOME", str(parts.settings.coach_home))
    done = Command(monkeypatch, capsys)("db", "restore", "--from", str(kept), "--json")
    assert done.status == 0, done.err
    told = done.json
    assert (told["sessions_deleted_since"], told["people_deleted_since"]) == (1, 0)
    with SqlStore(parts.settings.database_url) as store:
        assert list_sessions(store) == []
    assert not kept.exists(), "the copy in the folder of copies held it"
    assert Path(told["set_aside"]).exists(), "and it can still be undone"
