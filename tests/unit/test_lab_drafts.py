"""Editing a bundle: what is wrong is said, what serves people is not touched, two who edit lose nothing."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from coach.brain.prompts.bundle import PROMPTS, PromptBundle
from coach.errors import ConflictError, InputError, StoreError
from coach.lab.bundles import create, rewrite
from coach.lab.drafts import read_draft
from coach.lab.forgetting import LabFolder
from coach.lab.promotion import Promotions
from coach.lab.runs.collecting import add_to, newest
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Workspace
from coach.lab.split import Split
from coach.store import open_store
from coach.views.word_diff import word_diff, word_diff_html
from tests.unit.test_lab_replay import make_dataset

FILES = PromptBundle.load().files


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    shutil.copytree(PROMPTS / "jobfoxy_v1", tmp_path / "jobfoxy_v1")
    return tmp_path


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        ({"system_prompt.md": " \n"}, "error", "empty"),
        ({"input_template.md": "<a></a>"}, "error", "0 times"),
        ({"input_template.md": "{input_json}{input_json}"}, "error", "2 times"),
        ({"input_template.md": "{input_json} {job_title}"}, "warning", "filled by nothing"),
        ({"system_prompt.md": "Judge {input_json}."}, "error", "belongs into"),
        ({"system_prompt.md": "Judge."}, "warning", "prompt cache"),
        ({"bundle.yaml": "version: ["}, "error", "cannot be used"),
        ({"bundle.yaml": FILES["bundle.yaml"].replace("0.7", "0.9")}, "error", "must sum to 1"),
    ],
)
def test_what_is_wrong_with_a_draft_is_said(change: dict[str, str], level: str, words: str) -> None:
    draft = read_draft("jobfoxy_v1", {**FILES, **change})
    assert any(p.level == level and words in p.text and p.file in change for p in draft.problems)
    assert draft.usable is (level == "warning")


def test_a_good_draft_is_a_bundle_and_missing_texts_never_raise() -> None:
    assert read_draft("jobfoxy_v1", FILES).bundle == PromptBundle.load() and not read_draft("x", FILES).problems
    assert not read_draft("x", {}).usable


def test_a_draft_judges_like_the_bundle_it_becomes(shelf: Path) -> None:
    files = {**FILES, "system_prompt.md": FILES["system_prompt.md"] + "\nBe brief."}
    made = create("brief_v1", source="jobfoxy_v1", idea="Shorter", folder=shelf, files=files)
    assert made.system_prompt.endswith("Be brief.") and made.idea == "Shorter"
    assert Variant(name="a", files=made.files).resolve().hash == made.hash
    assert Variant(name="a", files=FILES).key == Variant(name="b").key != Variant(name="a", files=made.files).key


def test_what_serves_people_or_was_changed_meanwhile_is_not_written_over(shelf: Path) -> None:
    was, files = PromptBundle.load(folder=shelf).hash, {**FILES, "system_prompt.md": FILES["system_prompt.md"] + "x"}
    with pytest.raises(InputError, match="People are judged"):
        rewrite("jobfoxy_v1", files, was=was, served={"jobfoxy_v1"}, folder=shelf)
    with pytest.raises(InputError, match=r"system_prompt.md: This text is empty"):
        rewrite("jobfoxy_v1", {**files, "system_prompt.md": ""}, was=was, folder=shelf)
    with pytest.raises(InputError, match="own folder"):
        rewrite("jobfoxy_v1", {**files, "../up.md": "x"}, was=was, folder=shelf)
    mine = rewrite("jobfoxy_v1", files, was=was, folder=shelf)
    with pytest.raises(ConflictError, match="somebody else"):
        rewrite("jobfoxy_v1", FILES, was=was, folder=shelf)
    assert PromptBundle.load(folder=shelf).hash == mine.hash != was
    assert not list((shelf / "jobfoxy_v1").glob(".*"))


def test_which_folders_serve_people(tmp_path: Path) -> None:
    with open_store(f"duckdb:///{tmp_path / 'lab.duckdb'}") as store:
        promotions = Promotions(store)
        assert promotions.served_folders() == {"jobfoxy_v1"}
        promotions.start_split(Split(name="t", shares={"jobfoxy_v1": 0.5, "jobfoxy_anchors_v1": 0.5}, salt="s"))
        assert promotions.served_folders() == {"jobfoxy_v1", "jobfoxy_anchors_v1"}


def test_words_that_changed_are_marked_and_both_texts_can_be_read_back() -> None:
    old, new = "I led the team <b>twice</b>.\nWe won.", "I led a team <b>twice</b>.\nWe won it."
    pieces = word_diff(old, new)
    assert "".join(p.text for p in pieces if p.kind != "new") == old
    assert "".join(p.text for p in pieces if p.kind != "gone") == new
    assert word_diff_html("a b", "a c") == "a <del>b</del><ins>c</ins>"
    assert "<b>" not in word_diff_html(old, new) and "<br>" in word_diff_html(old, new)
    assert word_diff("", "") == [] and word_diff("x", "x")[0].kind == "same"


def test_a_dataset_grows_answer_by_answer_also_for_two_at_once(tmp_path: Path) -> None:
    workspace, items = Workspace(tmp_path), make_dataset(12).items
    with pytest.raises(InputError, match="name"):
        add_to(workspace, " ", items)
    with pytest.raises(InputError, match="no answer"):
        add_to(workspace, "hard", [])
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda item: add_to(workspace, "hard", [item]), items))
    grown, added = add_to(workspace, "hard", items[:2])
    assert added == 0 and {i.id for i in grown.items} == {i.id for i in items}
    assert newest(workspace, "hard") == grown and newest(workspace, "soft") is None


def test_two_datasets_that_come_to_the_same_answers_stay_two(tmp_path: Path) -> None:
    workspace, items = Workspace(tmp_path), make_dataset(6).items
    for name in ("hard", "worst"):
        add_to(workspace, name, items[:2])
    add_to(workspace, "hard", [items[2]])
    grown, _ = add_to(workspace, "worst", [items[3]])
    assert [item.id for item in grown.items] == [item.id for item in (*items[:2], items[3])]
    add_to(workspace, "other", items[:3])  # the very answers of "hard" by now
    assert len(add_to(workspace, "hard", [items[4]])[0].items) == 4
    other = newest(workspace, "other")
    assert other is not None and len(other.items) == 3
    LabFolder(tmp_path, items[0].person, [items[0].id]).forget()
    left = newest(workspace, "worst")
    assert left is not None and items[0].id not in {item.id for item in left.items} and left.name == "worst"


def test_of_two_who_make_one_bundle_at_once_one_has_it_whole(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied, real = threading.Barrier(2, timeout=20), shutil.copytree

    def copytree(source: Any, target: Any, *more: Any, **options: Any) -> Path:
        done = Path(real(source, target, *more, **options))
        if not more:  # it calls itself for each folder inside
            copied.wait()
        return done

    monkeypatch.setattr("coach.lab.bundles.shutil.copytree", copytree)

    def make(idea: str) -> str:
        try:
            return create("both_v1", source="jobfoxy_v1", idea=idea, folder=shelf).idea
        except StoreError as error:
            return type(error).__name__

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(make, ["One", "Two"]), key=lambda each: each == "StoreError")
    assert told[1] == "StoreError" and told[0] == PromptBundle.load("both_v1", folder=shelf).idea
    assert [path.name for path in shelf.iterdir() if path.name.startswith(".")] == []
