"""The Margins page shows the command's numbers, follows a scenario, and says so when something is amiss."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from coach.bootstrap import Services
from coach.contracts.usage import UsageEvent
from coach.economics.model import report, report_records
from coach.economics.model.scenario import Scenario, apply, share_token
from coach.views import margins
from tests.fakes import records as make

PAGE = Path(__file__).resolve().parents[2] / "pages" / "margins.py"
SECTIONS = ["Session", "Plans", "Sensitivity", "Distribution", "Ledger", "Prices"]


def page(section: str = "Session", **query: str) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=90)
    app.session_state["margins_section"] = section
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def said(app: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*app.markdown, *app.caption, *app.info, *app.warning, *app.error])


def test_the_page_shows_the_numbers_of_the_command(services: Services) -> None:
    app = page()
    applied = apply(Scenario())
    expected = next(row for row in report.session_shape(applied) if row["case"] == "expected")
    assert figures(app)["A session costs"] == margins.money(expected["cost_usd"])
    lines = [row for row in report_records.cost_records(applied) if row["case"] == "expected"]
    table = app.dataframe[0].value
    assert list(table["cost_usd"]) == [float(row["cost_usd"]) for row in lines]
    assert list(table["price_source"]) == [row["price_source"] for row in lines]
    assert "without taxes" in said(app)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens(services: Services, section: str) -> None:
    app = page(section)
    assert app.title[0].value == "Margins"
    assert len(figures(app)) >= 4
    if section == "Ledger":
        assert "No usage is recorded yet" in said(app)
    else:
        assert len(app.dataframe) >= 1


def test_a_shared_scenario_is_applied_and_compared_with_base(services: Services) -> None:
    heavy = Scenario(name="Heavy", assumptions={"retries": 6.0, "answer_s": 150.0})
    app = page("Plans", scenario=share_token(heavy))
    assert "Heavy" in said(app)
    cost = next(metric for metric in app.metric if metric.label == "A session costs")
    assert cost.delta.startswith("+")
    assert "change_usd" in app.dataframe[0].value.columns


def test_a_damaged_link_is_told_and_the_base_is_shown(services: Services) -> None:
    app = page(scenario="not-a-scenario")
    assert "damaged" in said(app) and "Base" in said(app)


def test_the_editor_changes_saves_and_loads_a_scenario(services: Services) -> None:
    app = page()
    app.slider(key="margins_retries").set_value(5.0)
    next(button for button in app.button if button.label == "Apply and save").click()
    app.run()
    assert not app.exception
    assert app.session_state["margins_scenario"]["assumptions"]["retries"] == 5.0
    assert margins.saved_scenarios(services.store)["My scenario"]["assumptions"] == {"retries": 5.0}
    next(button for button in app.button if button.label == "Back to base").click()
    app.run()
    assert app.session_state["margins_scenario"] == {}


def applied_as(app: AppTest, name: str, button: str = "Apply and save", **sliders: float) -> AppTest:
    next(each for each in app.text_input if each.label == "Name").set_value(name)
    for key, value in sliders.items():
        app.slider(key=f"margins_{key}").set_value(value)
    next(each for each in app.button if each.label == button).click().run()
    assert not app.exception, app.exception
    return app


def test_a_scenario_of_another_tab_is_not_written_over_and_a_deleted_one_comes_back(services: Services) -> None:
    here, there = page(), page()
    applied_as(here, "Heavy", retries=5.0)
    assert "that you have not seen" in said(applied_as(there, "Heavy", retries=2.0))
    assert margins.saved_scenarios(services.store)["Heavy"]["assumptions"] == {"retries": 5.0}
    applied_as(here, "Heavy", retries=6.0)  # its own may be saved again
    assert margins.saved_scenarios(services.store)["Heavy"]["assumptions"] == {"retries": 6.0}
    assert "a name of its own" in said(applied_as(there, margins.BASE, retries=2.0))
    late = page()
    next(box for box in late.selectbox if box.label == "Load a saved scenario").set_value("Heavy").run()
    late.button(key="margins_delete").click().run()
    assert not late.exception and "Heavy" not in next(b for b in late.selectbox if b.key == "margins_beside").options
    assert services.bin.take_back("scenario", "Heavy") and "Heavy" in margins.saved_scenarios(services.store)


def test_what_the_form_does_not_show_of_a_scenario_stays_when_it_is_applied(services: Services) -> None:
    brought = Scenario(
        name="Brought", assumptions={"retries": 6.0, "output_tokens": 900.0}, plans={"pro": {"price": "39"}},
        prices={"deepgram/nova-3.live": "×9", "openai/gpt-6-luna.input": "0.5"}, sessions=2_000, seed=7,
    )  # fmt: skip
    app = applied_as(page(scenario=share_token(brought)), "Mine", "Apply", answer_s=150.0)
    kept = brought.model_dump(mode="json", exclude_defaults=True)
    wanted = {"retries": 6.0, "output_tokens": 900.0, "answer_s": 150.0}
    assert app.session_state["margins_scenario"] == kept | {"name": "Mine", "assumptions": wanted}


def test_a_link_speaks_no_markup_and_a_scenario_of_a_plan_that_is_gone_is_told(services: Services) -> None:
    margins.save_scenario(services.store, "Old", {"name": "Old", "plans": {"gone": {"price": "9"}}})
    hostile = Scenario(name="[free](https://evil.test) $x^2$", assumptions={"retries": 2.0})
    app = page("Prices", scenario=share_token(hostile))
    assert "[free](https://evil.test)" not in said(app) and "$x^2$" not in said(app)
    next(box for box in app.selectbox if box.key == "margins_beside").set_value("Old").run()
    assert not app.exception and "Old cannot be computed any more" in said(app)


def long_table() -> None:
    from pages.components.margins.tables import show_table

    show_table([{"key": f"person-{n}", "usd": 1} for n in range(2_500)], ["key", "usd"], "long", {})


def test_a_long_table_shows_its_first_rows_and_says_so() -> None:
    app = AppTest.from_function(long_table, default_timeout=60).run()
    assert not app.exception and "The first 1,000 of 2,500 rows" in said(app)
    assert len(app.dataframe[0].value) == 1_000


def budgets_only() -> None:
    from coach.bootstrap import services
    from pages.components.operations import budgets

    budgets.show(services())


def test_the_operator_sees_what_running_interviews_have_used(services: Services) -> None:
    app = AppTest.from_function(budgets_only, default_timeout=60).run()
    assert not app.exception and "No interview is in progress" in said(app)
    interview = make.interview()
    question = make.exchange(interview)
    spent = UsageEvent(
        event_id="e", vendor="deepgram", meter="nova-3.live", quantity=Decimal(60_000), unit="second",
        occurred_at=make.START, interview_id=interview.id,
    )  # fmt: skip
    asyncio.run(services.store.create_interview(interview, [question]))
    asyncio.run(services.store.add_usage([spent]))
    app.run()
    assert not app.exception and "more than the worst case" in said(app)
    assert list(app.dataframe[0].value["Spent"]) == [7.7]


def test_recorded_use_stands_in_the_ledger_by_any_key(services: Services) -> None:
    test_the_operator_sees_what_running_interviews_have_used(services)
    app = page("Ledger")
    assert figures(app)["As billed, 90 days"] == "$7.7000"
    app.session_state["margins_ledger_by"] = "day"
    app.run()
    assert not app.exception and list(app.dataframe[0].value["key"]) == ["2026-11-20"]


def test_use_without_a_price_is_named_and_never_counted_as_nothing(services: Services) -> None:
    attempt = make.attempt(make.exchange(make.interview()))
    known = make.usage(attempt, occurred_at=datetime.now(UTC), cost_usd=Decimal("0.25"))
    unknown = UsageEvent(
        event_id="u", vendor="openai", meter="gpt-unheard.output", quantity=Decimal(1_000), unit="token",
        occurred_at=datetime.now(UTC), interview_id=attempt.interview_id, attempt_id=attempt.id,
    )  # fmt: skip
    asyncio.run(services.store.add_usage([known, unknown]))
    app = page("Ledger")
    told = " ".join(each.value for each in app.warning).replace("\\", "")
    assert "1 have none in this price book (openai/gpt-unheard.output)" in told and "1 had no price" in told
    table = app.dataframe[0].value.set_index("key")
    assert table.loc["gpt-unheard.output", ["as_billed_usd", "repriced_usd"]].isna().all(), "missing, not $0"
    assert table["as_billed_usd"].sum() == 0.25
    delta = next(metric.delta for metric in app.metric if metric.label.startswith("Re-priced"))
    again = float(next(metric.value for metric in app.metric if metric.label.startswith("Re-priced")).strip("$"))
    assert float(delta) == pytest.approx(again - 0.25, abs=1e-4), "what has both prices is compared"


def test_customers_say_what_comes_and_then_what_they_bring(services: Services) -> None:
    assert "Nobody has paid or practised yet" in said(page("Customers"))
    begun = datetime.now(UTC).replace(day=1) - timedelta(days=40)
    for number in range(6):
        interview = make.interview(user_id=f"u{number}")
        asyncio.run(services.store.create_interview(interview, []))
        attempt = make.attempt(make.exchange(interview))
        use: dict[str, Any] = {"user_id": f"u{number}", "occurred_at": begun, "cost_usd": Decimal("0.25")}
        asyncio.run(services.store.add_usage([make.usage(attempt, **use)]))
    app = page("Customers")
    tables = [list(table.value.columns) for table in app.dataframe]
    assert any("vendor_cost_usd" in columns and "cohort" in columns for columns in tables)
    plans = next(table.value for table in app.dataframe if "cases_at_a_loss" in table.value)
    assert list(plans["vendor_cost_usd"])[-1] == 1.5 and len(plans) == len(apply(Scenario()).plans.plans)
    curve = next(table.value for table in app.dataframe if "low_usd" in table.value and "age" in table.value)
    assert curve["margin_usd"].iloc[0] == -0.25
    app.segmented_control(key="margins_customers_by").set_value("cohort").run()
    assert not app.exception


INVOICE = "day,meter,quantity,cost\n2026-11-20,nova-3.live,10,{cost}\n2026-11-21,nova-3.live,5,0.5\n"


def handed_in(app: AppTest, text: str) -> AppTest:
    app.file_uploader[0].set_value(("usage.csv", text.encode(), "text/csv")).run()
    assert not app.exception
    return app


def test_an_invoice_is_laid_beside_the_ledger_and_what_differs_stands_first(services: Services) -> None:
    assert "No use of any vendor is recorded yet" in said(page("Invoices"))
    test_the_operator_sees_what_running_interviews_have_used(services)
    app = handed_in(page("Invoices"), INVOICE.format(cost="7.7"))
    table = app.dataframe[0].value
    assert "differ by more than 1 %" in said(app) and table["verdict"].iloc[0] != "agrees"
    assert set(table["verdict"]) <= {
        "agrees", "quantity differs", "price differs", "only on the invoice", "only in the ledger",
    }  # fmt: skip
    assert figures(app)["On the invoice"] == "$8.20" and figures(app)["In the ledger"] == "$7.70"
    assert "no column for" in said(handed_in(page("Invoices"), "when,what\n1,2\n"))
    assert "is not a number" in said(handed_in(page("Invoices"), INVOICE.format(cost="much")))
    foreign = handed_in(page("Invoices"), "day,meter,quantity,cost\n2026-11-20,Storage Standard,10,4\n")
    told = said(foreign).replace("\\", "")
    assert "is it another vendor's" in told and "nova-3.live" in told, "and which meters there are"


def test_a_budget_is_added_seen_and_the_chosen_twin_taken_away(services: Services) -> None:
    app = page("Budgets")
    assert "No budget yet" in said(app)
    field = {each.label: each for each in app.text_input}
    field["Mail to"].set_value("ops@example.org")
    field["Webhook"].set_value("http://169.254.169.254/latest")
    next(each for each in app.button if each.label == "Add budget").click().run()
    assert "inside this network" in said(app) and not services.budgets.listed()
    assert next(each for each in app.text_input if each.label == "Mail to").value == "ops@example.org", (
        "nothing is lost"
    )
    app = page("Budgets")
    for _ in range(2):
        next(each for each in app.button if each.label == "Add budget").click().run()
        assert not app.exception
    first, second = (budget.id for budget in services.budgets.listed())
    app.selectbox(key="budget-pick").set_value(second).run()
    next(each for each in app.button if each.label == "Take away").click().run()
    services.bin.empty()
    assert not app.exception and [budget.id for budget in services.budgets.listed()] == [first]


def test_a_budget_that_is_used_stands_among_what_needs_somebody(services: Services) -> None:
    services.budgets.add("all", "day", Decimal("0.0004"))
    event = make.usage(
        make.attempt(make.exchange(make.interview())), occurred_at=datetime.now(UTC), cost_usd=Decimal("0.0004")
    )
    asyncio.run(services.store.add_usage([event]))
    assert services.check_budgets().raised == 1
    app = AppTest.from_file(PAGE.with_name("operations.py"), default_timeout=90).run()
    assert not app.exception and any(
        "This installation has used $0.0004 of $0.0004" in each.value.replace("\\", "") for each in app.warning
    )
