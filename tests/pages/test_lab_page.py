"""Prompt lab: empty, a run built and started on the page, its comparison; the same digits as the service gives."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.bootstrap import Services, build_services
from coach.lab.runs.experiment import Experiment
from coach.lab.runs.variant import Variant
from coach.settings import DATA
from pages.components.shared.prose import plain

PAGE = Path(__file__).resolve().parents[2] / "pages" / "prompt_lab.py"


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    parts = build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")
    monkeypatch.setattr(bootstrap, "_services", parts)
    return parts


def page() -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=60).run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*app.markdown, *app.caption, *app.info, *app.warning, *app.error])


def test_an_empty_lab_says_what_to_do(services: Services) -> None:
    app = page()
    assert app.title[0].value == "Prompt lab"
    said = texts(app)
    assert "Choose answers first" in said and "No run to compare yet" in said and "No answer has a human score" in said


def test_promotion_without_a_reason_is_refused_and_with_one_is_recorded(services: Services) -> None:
    app = page()
    promote = next(b for b in app.button if b.label == "Promote")
    promote.click().run()
    assert "needs a reason" in texts(app)
    next(t for t in app.text_input if t.label == "Why").set_value("better on held-out answers")
    next(b for b in app.button if b.label == "Promote").click().run()
    assert services.lab.promotions.history()[0]["reason"] == "better on held-out answers"


async def test_the_page_shows_the_digits_of_the_service(services: Services) -> None:
    experiment = Experiment(
        name="Two repeats",
        dataset=str(DATA / "sample" / "lab_answers.jsonl"),
        sample=6,
        variants=[Variant(name="A"), Variant(name="B", policy={"follow_up": {"relevance_weak_below": 8.0}})],
    )
    result = await services.lab.run(experiment)
    report = services.lab.compare(f"{result.run}:A", f"{result.run}:B")
    app = page()
    assert plain(report.verdict.sentence) in texts(app)
    table = next(d.value for d in app.dataframe if "p_adjusted" in d.value)
    assert table["estimate"].tolist() == report.frame()["estimate"].tolist()
    assert table["low"].tolist() == report.frame()["low"].tolist()


def test_a_run_is_built_and_started_on_the_page(services: Services) -> None:
    data = services.lab.workspace.freeze(DATA / "sample" / "lab_answers.jsonl")
    app = page()
    next(g for g in app.segmented_control if g.label == "Answers from").set_value("Frozen before").run()
    assert "40 calls" in texts(app)
    next(b for b in app.button if b.label == "Start the run").click().run(timeout=120)
    runs = services.lab.workspace.runs()
    assert [r.dataset_hash for r in runs] == [data.content_hash]
    assert len(services.lab.workspace.load(runs[0].id)[2]) == 40
