"""Prompt lab: empty, a run built and started on the page, its comparison; the same digits as the service gives."""

import asyncio
import io
import pkgutil
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach.bootstrap import Services
from coach.brain.prompts.bundle import PROMPTS, PromptBundle
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment, LimitsFile
from coach.lab.split import Split
from coach.settings import DATA
from coach.store.maintenance.sample import load_sample
from coach.store.repositories.lab import set_consent
from pages.components.lab import compare
from pages.components.shared.prose import plain
from tests.ports.test_watch import practise

PAGE = Path(__file__).resolve().parents[2] / "pages" / "prompt_lab.py"


def page(tab: str) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=60)
    app.query_params["tab"] = tab
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*app.markdown, *app.caption, *app.info, *app.warning, *app.error])


def test_an_empty_lab_says_what_to_do(services: Services) -> None:
    wanted = {
        "playground": "press *Try it*", "edit": "Nothing is changed yet", "run": "40 calls",
        "compare": "by a stand-in model", "bundles": "What differs", "calibration": "No answer has a human score",
        "watch": "Nobody practised in this span",
    }  # fmt: skip
    for tab, words in wanted.items():
        app = page(tab)
        assert app.title[0].value == "Prompt lab"
        assert words in texts(app) or words in [s.value for s in app.header], tab


def promote(app: AppTest, why: str, *, override: bool) -> AppTest:
    if override:
        next(c for c in app.checkbox if c.label.startswith("Override")).check()
    next(t for t in app.text_input if t.label == "Why").set_value(why)
    return next(b for b in app.button if b.label == "Promote").click().run()


def test_promotion_wants_a_reason_and_a_verdict_or_an_override_on_record(services: Services) -> None:
    app = page("bundles")
    assert "Nothing here compares jobfoxy" in texts(app).replace("\\", "")
    assert "needs a reason" in texts(promote(app, " ", override=True))
    assert "No comparison says" in texts(promote(page("bundles"), "because", override=False))
    assert services.lab.promotions.history() == []
    app = promote(page("bundles"), "the coach of the house wants it", override=True)
    shown = next(d.value for d in app.dataframe if "rests on" in d.value)
    assert shown["rests on"].tolist() == ["override: no comparison", ""]
    assert shown["why"].tolist() == ["the coach of the house wants it", "as shipped, before the first promotion"]
    app, other = page("bundles"), page("bundles")
    back = app.button(key="bundle-back")
    assert back.label.replace("\\", "").startswith("Roll back to jobfoxy_v1"), "it says to what"
    back.click().run()
    assert services.lab.promotions.active().hash == PromptBundle.load().hash
    other.button(key="bundle-back").click().run()
    assert services.lab.promotions.active().hash == PromptBundle.load().hash
    assert "was put in force meanwhile" in " ".join(t.value for t in other.toast), "it had seen the other one in force"
    app.button(key="bundle-again").click().run()
    assert services.lab.promotions.active().name == "jobfoxy_anchors_v1" and not app.exception


def test_control_is_what_is_in_force_and_the_challenger_is_not(services: Services) -> None:
    services.lab.promotions.promote("jobfoxy_v1", "so that it is on record", override=True)
    app = page("run")
    chosen = {s.key: s.value for s in app.selectbox if s.key}
    assert (chosen["bundle-A"], chosen["bundle-B"]) == ("jobfoxy_v1", "jobfoxy_anchors_v1")
    live = {s.label: s.value for s in page("bundles").selectbox}
    assert (live["Control"], live["Treatment"]) == ("jobfoxy_v1", "jobfoxy_anchors_v1")


async def test_the_page_shows_the_digits_of_the_service(services: Services) -> None:
    experiment = Experiment(
        name="Two repeats",
        dataset=str(DATA / "sample" / "lab_answers.jsonl"),
        sample=6,
        variants=[Variant(name="A"), Variant(name="B", policy={"follow_up": {"relevance_weak_below": 8.0}})],
    )
    result = await services.lab.run(experiment)
    report = services.lab.compare(f"{result.run}:A", f"{result.run}:B")
    app = page("compare")
    assert plain(report.verdict.sentence) in texts(app)
    table = next(d.value for d in app.dataframe if "p_adjusted" in d.value)
    assert table["estimate"].tolist() == report.frame()["estimate"].tolist()
    assert table["low"].tolist() == report.frame()["low"].tolist()


def test_a_run_is_built_and_started_on_the_page(services: Services) -> None:
    data = services.lab.workspace.freeze(DATA / "sample" / "lab_answers.jsonl")
    app = page("run")
    next(g for g in app.segmented_control if g.label == "Answers from").set_value("Frozen before").run()
    assert "40 calls" in texts(app)
    next(b for b in app.button if b.label == "Start the run").click().run(timeout=120)
    runs = [run for run in services.lab.workspace.runs() if not run.recorded]
    assert [r.dataset_hash for r in runs] == [data.content_hash]
    assert len(services.lab.workspace.load(runs[0].id)[2]) == 40
    app = page("run")
    next(g for g in app.segmented_control if g.label == "Answers from").set_value("A JSONL file").run()
    assert "Choose answers first" in texts(app)


def test_stored_answers_are_copied_when_asked_for_and_not_while_looking(services: Services) -> None:
    load_sample(services.store, lambda: services.archive)
    app = page("run")
    next(g for g in app.segmented_control if g.label == "Answers from").set_value("Stored answers").run()
    next(t for t in app.text_input if t.label == "Competency").set_value("no such competency").run()
    next(t for t in app.text_input if t.label == "Competency").set_value("").run()
    assert "Choose answers first" in texts(app) and services.lab.workspace.frozen() == {}
    next(b for b in app.button if b.label == "Freeze these answers").click().run()
    assert not app.exception and "calls**" in texts(app)
    app.run()
    assert "calls**" in texts(app) and len(services.lab.workspace.frozen()) == 1


def test_a_recorded_run_teaches_is_marked_and_is_no_evidence(services: Services) -> None:
    run = services.lab.workspace.runs()[-1]
    report = services.lab.compare(run.id, run.id)
    app = page("compare")
    assert plain(report.verdict.sentence) in texts(app) and plain(run.recorded) in texts(app)
    assert run.recorded == report.recorded and report.verdict.decision == "ship"
    assert set(report.brains.values()) == {"openai"} and len(set(report.bundles.values())) == 2
    assert services.lab.evidence("jobfoxy_anchors_v1") is None
    table = next(d.value for d in app.dataframe if "p_adjusted" in d.value and "scorer" in d.value)
    assert table["estimate"].tolist() == report.frame()["estimate"].tolist()


def test_one_answer_is_tried_on_both_sides_and_put_into_a_dataset(services: Services) -> None:
    app = page("playground")
    app.button(key="play-go").click().run(timeout=60)
    table = next(d.value for d in app.dataframe if "figure" in d.value)
    assert list(table.columns)[1:] == ["jobfoxy_v1", "jobfoxy_anchors_v1", "change"]
    assert (table.set_index("figure").loc["overall", ["jobfoxy_v1", "jobfoxy_anchors_v1"]] != "–").all()
    assert "reads no prompt" in texts(app)
    app.text_input(key="play-collection").set_value("Hard").run()
    app.button(key="play-collect").click().run()
    assert [name for name, _ in services.lab.workspace.frozen().values()] == ["Hard"]
    assert "Hard has 1 answers" in "".join(s.value for s in app.success)


def test_own_words_are_tried_and_an_empty_answer_is_asked_for(services: Services) -> None:
    app = page("playground")
    app.segmented_control(key="play-source").set_value("My own words").run()
    assert "Write an answer" in texts(app)
    app.text_area(key="play-said").set_value("I calmed a customer and she came back.").run()
    app.button(key="play-go").click().run(timeout=60)
    assert not app.exception and any("figure" in d.value for d in app.dataframe)


def test_a_broken_edit_is_told_and_cannot_be_tried_or_kept(services: Services) -> None:
    app = page("playground")
    area = next(t for t in app.text_area if t.label.startswith("Words of system"))
    area.set_value("").run()
    assert "This text is empty" in texts(app) and not any(b.key == "play-go" for b in app.button)
    assert app.button(key="play-save-new").disabled


def test_an_edit_is_kept_as_a_new_bundle(services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = tmp_path / "prompts"
    shutil.copytree(PROMPTS, shelf)
    for place in (
        "coach.lab.bundles.create",
        "coach.lab.bundles.rewrite",
        "coach.brain.prompts.bundle.PromptBundle.load",
    ):
        function = pkgutil.resolve_name(place)
        monkeypatch.setitem(getattr(function, "__func__", function).__kwdefaults__, "folder", shelf)
    monkeypatch.setattr("coach.brain.prompts.bundle.available.__defaults__", (shelf,))
    app = page("edit")
    area = next(t for t in app.text_area if t.label.startswith("Words of system"))
    area.set_value(area.value + "\nBe brief.").run()
    assert any("<ins>" in getattr(h, "body", "") for h in app.get("html"))
    app.text_input(key="edit-save-name").set_value("brief_v1").run()
    app.text_input(key="edit-save-idea").set_value("Shorter").run()
    app.button(key="edit-save-new").click().run()
    assert (shelf / "brief_v1" / "system_prompt.md").read_text("utf8").endswith("Be brief.")


def test_a_worse_day_is_told_and_its_worst_answers_become_a_dataset(services: Services) -> None:
    now = datetime.now(UTC)
    with services.store as store:
        for person in range(12):
            for days, overall in ((2, 7.0), (0, 4.0)):
                practise(store, f"p{person}", now - timedelta(days=days, seconds=1), overall + person % 3 / 2)
            store.run(set_consent, f"p{person}", person < 3, now)
        app = page("watch")
        assert "overall score 4.50 points, where it had 7.50" in texts(app)
        assert {"Overall score", "Answers a guard changed", "Finish to scores, s"} <= {
            m.value.strip("*") for m in app.markdown
        }
        app.text_input(key="watch-dataset").set_value("Low ones")
        app.button(key="watch-collect").click().run()
        assert "6 added: Low ones has 6 answers" in app.success[0].value, "three agreed, two answers each"
        app.button(key="watch-collect").click().run()
        assert "0 added" in app.success[0].value
        app.text_input(key="watch-dataset").set_value(" ")
        app.button(key="watch-collect").click().run()
        assert "Give the dataset a name" in app.error[0].value


def test_rules_that_cannot_be_used_are_told_on_the_page(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.settings, "coach_watch_file", "/nowhere/watch.yaml")
    assert "COACH_WATCH_FILE" in page("watch").error[0].value.replace("\\", "")


def test_a_run_that_is_not_complete_is_looked_at_on_purpose_and_on_record(services: Services) -> None:
    variants = [Variant(name="A"), Variant(name="B", policy={"follow_up": {"relevance_weak_below": 8.0}})]
    sample = str(DATA / "sample" / "lab_answers.jsonl")
    size = len(services.lab.workspace.freeze(Path(sample)).items)
    half = Experiment(name="Half", dataset=sample, variants=variants, limits=LimitsFile(answers=size // 2))
    run = asyncio.run(services.lab.run(half)).run
    looks = services.lab.workspace.looks(run)
    taken = len(looks.taken(f"{run}:A|{run}:B"))
    assert taken == 1, "the run's own report was a look"
    (services.lab.workspace.folder / "runs" / run / "looks.jsonl").unlink()
    app = page("compare")
    assert not app.error and app.button(key="cmp-look").label == "Look now (look 1)"
    assert not looks.taken(f"{run}:A|{run}:B"), "opening the page is no look"
    app.button(key="cmp-look").click().run()
    assert "Look 1 at" in texts(app) and len(looks.taken(f"{run}:A|{run}:B")) == 1
    assert "Look 1 at" in texts(page("compare")), "a look that was taken stays open"


def test_a_split_with_a_plan_is_looked_at_with_a_button(services: Services) -> None:
    with services.store as store:
        shares = {"jobfoxy_v1": 0.5, "jobfoxy_anchors_v1": 0.5}
        services.lab.promotions.start_split(Split(name="Try", shares=shares, salt="s", planned=12))
        now = datetime.now(UTC)
        for number in range(8):
            bundle = list(shares)[number % 2]
            practise(store, f"p{number}", now, prompt_version=bundle, bundle=f"{bundle}@1.0#x")
        app = page("bundles")
        assert "Nobody looked yet" in texts(app)
        app.button(key="live-look").click().run()
        assert not app.exception and services.lab.live_looks.taken()[0].judged == 8
        assert "Look 1 at 8 of 12" in texts(page("bundles"))


def test_a_run_is_taken_along_for_either_tool(services: Services) -> None:
    run = services.lab.workspace.runs()[0]
    app = page("compare")
    assert {"For Inspect", "For promptfoo"} <= {b.proto.label for b in app.get("download_button")}
    with zipfile.ZipFile(io.BytesIO(compare._zipped(services.lab, run.id, "inspect"))) as packed:
        assert len(packed.namelist()) == len(run.experiment.variants) and packed.testzip() is None
