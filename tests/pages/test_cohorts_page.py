"""Cohorts: empty, a whole organisation, two groups side by side, and what is being deleted left out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.bootstrap import Services, build_services
from coach.store.maintenance.sample import load_sample
from coach.views import cohorts
from coach.views.sessions import list_sessions

PAGE = Path(__file__).resolve().parents[2] / "pages" / "cohorts.py"


@pytest.fixture(scope="module")
def organisation(tmp_path_factory) -> Iterator[Services]:
    parts = build_services(
        coach_home=tmp_path_factory.mktemp("home"), coach_database_url="", coach_audio_url="", coach_brain="offline"
    )
    load_sample(parts.store, lambda: parts.archive, size="full")
    yield parts
    parts.store.close()


def page(monkeypatch, parts: Services, *, samples: bool = True) -> AppTest:
    monkeypatch.setattr(bootstrap, "_services", parts)
    app = AppTest.from_file(PAGE, default_timeout=30).run()
    if samples:
        app.toggle(key="show_samples").set_value(True).run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.title, *app.header, *app.info, *app.error]
    return "\n".join(str(item.value) for item in parts)


def test_before_anybody_practised_it_shows_what_will_stand_here(monkeypatch, organisation):
    app = page(monkeypatch, organisation, samples=False)
    assert "Nobody has practised yet" in texts(app) and "completed, retried, saved" in texts(app)


def test_an_organisation_by_every_group(monkeypatch, organisation):
    app = page(monkeypatch, organisation)
    counts = cohorts.steps(cohorts.cohort_frame(organisation.store, "person", of_samples=True))
    assert counts["started"] >= counts["completed"] >= counts["retried"] >= counts["saved"] > 0
    assert "A retry brings +" in texts(app) and "scoring noise alone" in texts(app)
    for dimension in cohorts.DIMENSIONS:
        app.segmented_control(key="cohort_by").set_value(dimension).run()
        assert not app.exception and f"By {dimension}" in texts(app)
        table = cohorts.groups_table(cohorts.cohort_frame(organisation.store, dimension, of_samples=True))
        assert list(app.dataframe[0].value["Started"]) == list(table["started"])
        if dimension == "person":
            called = set(app.dataframe[0].value["Person"])
            assert "Robin Vale (sample)" in called and not {"You", "local"} & called


def test_two_bundles_are_compared_and_one_group_with_itself_is_not(monkeypatch, organisation):
    app = page(monkeypatch, organisation)
    app.segmented_control(key="cohort_by").set_value("bundle").run()
    told = app.dataframe[1].value.set_index("measure")
    gain = told.loc["Gain of a retry, points"]
    assert gain["low"] < gain["difference"] < gain["high"] and gain["people"] == "12 and 12"
    same = app.selectbox(key="cohort_a_Bundle").value
    app.selectbox(key="cohort_b_Bundle").set_value(same).run()
    assert "two different groups" in texts(app) and len(app.dataframe) == 1


def test_a_session_that_is_being_deleted_is_counted_no_more(monkeypatch, organisation):
    frame = cohorts.cohort_frame(organisation.store, "person", of_samples=True)
    every = cohorts.steps(frame)["started"]
    going = list_sessions(organisation.store, frame["user_id"].iloc[-1])[0]["interview_id"]
    organisation.bin.put("session", going, "a session", lambda: None)
    app = page(monkeypatch, organisation)
    assert int(app.dataframe[0].value["Started"].sum()) == every - 1
    assert organisation.bin.take_back("session", going)
    app.run()
    assert int(app.dataframe[0].value["Started"].sum()) == every
