"""Whatever stands in the store is shown as it was written: no page makes a link, a picture or markup of it."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from coach import bootstrap
from coach.bootstrap import build_services
from coach.store.maintenance.sample import load_sample
from coach.store.repositories import library, library_records
from coach.store.tables.columns import metadata
from pages.components.shared.prose import plain

PAGES = Path(__file__).resolve().parents[2] / "pages"
EVIL = "![x](http://evil.example/a) [l](http://evil.example) www.evil.example <img src=x> **b** "
LIVE = re.compile(r"(?<!\\)\]\(http|(?<!\\)(?<!:)//evil|(?<!\\)www\.evil|<img|(?<!\\)\*\*b|http://evil")
CODES = {"status", "state", "source_type", "question_type", "vendor", "meter", "unit", "brain", "transcriber", "label"}
SHOWN = ("body", "label", "help", "text", "message")


def poison(value):
    """Every longer sentence in a record begins with the attack, as long as before."""
    if isinstance(value, dict):
        return {k: v if k in CODES else poison(v) for k, v in value.items()}
    if isinstance(value, list):
        return [poison(v) for v in value]
    if isinstance(value, str) and " " in value and len(value) > 12:
        return (EVIL + value)[: max(len(value), 27)] if len(value) > 26 else value
    return value


def holds_text(column):
    """Whether text or JSON is kept, as such or cleaned on its way in."""
    kind = column.type.impl_instance if isinstance(column.type, sa.types.TypeDecorator) else column.type
    return isinstance(kind, sa.String | sa.JSON)


def poison_all(connection):
    for table in metadata.sorted_tables:
        keys = [c for c in table.primary_key.columns]
        texts = [c for c in table.columns if holds_text(c) and not c.primary_key]
        for row in connection.execute(sa.select(table)).mappings().all():
            changed = {c.name: poison(row[c.name]) for c in texts if c.name not in CODES and row[c.name] is not None}
            if keys and changed:
                connection.execute(table.update().where(*(k == row[k.name] for k in keys)).values(changed))
    jobs, stories = metadata.tables["job_descriptions"], metadata.tables["star_stories"]
    connection.execute(jobs.update().values(title=EVIL, company=EVIL, is_sample=False))
    connection.execute(stories.update().values(title=EVIL[:80], category=EVIL[:40], is_sample=False))


@pytest.fixture
def poisoned(tmp_path, monkeypatch):
    parts = build_services(coach_home=tmp_path, coach_database_url="", coach_audio_url="", coach_brain="offline")
    monkeypatch.setattr(bootstrap, "_services", parts)
    load_sample(parts.store, lambda: parts.archive)
    parts.store.run(library.save_resume, library_records.Resume(is_base_version=True, title="Mine", content=EVIL))
    parts.store.run(poison_all)
    yield parts
    parts.store.close()


def nodes(block):
    for child in block.children.values():
        yield child
        if hasattr(child, "children"):
            yield from nodes(child)


def shown(app):
    """(type, text) of everything Streamlit reads as Markdown."""
    for node in nodes(app._tree):
        proto = getattr(node, "proto", None)
        if proto is None:
            continue
        if node.type in ("expandable", "expander", "tab", "popover"):
            yield node.type, getattr(proto, "label", "")
        for name in SHOWN:
            text = getattr(proto, name, "")
            if isinstance(text, str) and not (
                name in ("value", "placeholder") or (name == "text" and node.type == "text")
            ):
                yield node.type, text
        if node.type in ("button_group", "radio"):
            for option in proto.options:
                yield node.type, getattr(option, "content", option)


@pytest.mark.parametrize("name", ["jobs", "progress", "library", "review", "prompt_lab", "margins", "operations"])
def test_no_page_acts_on_what_is_stored(poisoned, name):
    app = AppTest.from_file(PAGES / f"{name}.py", default_timeout=60).run()
    assert not app.exception, app.exception
    for toggle in app.toggle:
        if "sample" in toggle.label.lower():
            app = toggle.set_value(True).run()
    if name == "review":
        app = app.toggle(key="review_blind").set_value(False).run()
    assert not app.exception, app.exception
    texts = [(kind, text) for kind, text in shown(app) if text]
    assert texts
    assert [(kind, text[:160]) for kind, text in texts if LIVE.search(text) and kind != "html"] == []
    if name in ("jobs", "library", "progress", "review"):
        assert any("evil" in text for _, text in texts), "the attack was not shown at all"


@pytest.mark.parametrize(
    "text", [EVIL, "http://evil.example", "a@evil.example", "# h", "- x", "1. x", "$x$", ":red[x]", "`c`"]
)
def test_signs_are_escaped(text):
    escaped = plain(text)
    assert not LIVE.search(escaped)
    assert re.sub(r"\\(.)", r"\1", escaped).replace("&lt;", "<").replace("&gt;", ">") == text


@pytest.mark.parametrize("text", ["1990. A year of change", "3) the third", "====", "a title?\n---", "  + more"])
def test_a_line_start_stays_text(text):
    assert not re.search(r"(?m)^\s*(\d+[.)]|[-+=])", plain(text))
