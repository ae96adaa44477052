"""Editing a bundle's texts: file by file, with what is wrong and what differs shown as they change."""

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from coach.brain.prompts.bundle import PROMPTS, PromptBundle, available
from coach.errors import CoachError
from coach.lab.bundles import create, rewrite
from coach.lab.drafts import Draft, read_draft
from coach.lab.service import Lab
from coach.views.lab import bundle_diff
from coach.views.word_diff import word_diff_html
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick_name

MARKED = """<style>
.lab-words { font-size: .92rem; line-height: 1.6; overflow-wrap: anywhere; }
.lab-words ins { background: #d8efe4; color: #14543c; text-decoration: none; border-radius: 3px; padding: 0 2px; }
.lab-words del { background: #f8dedb; color: #8c2f26; border-radius: 3px; padding: 0 2px; }
</style>"""


@dataclass
class Editing:
    """An edit that goes on: the hash and texts it began with, and the texts now."""

    was: str
    began: dict[str, str]
    files: dict[str, str] = field(default_factory=dict)


def edit(bundle: PromptBundle, *, key: str) -> Draft:
    """The texts of `bundle` as they are being edited; they outlive a change of tab, and are told apart by bundle."""
    state = _state(bundle, key)
    file = st.selectbox("Text", _order(bundle), key=f"{key}-file", help="Every text of the bundle can be edited.")
    area = f"{key}-{bundle.name}-{state.was}-{file}"
    if area not in st.session_state:
        st.session_state[area] = state.files[file]
    text = st.text_area(
        f"Words of {file}", key=area, height=320, help="Ctrl+Enter, or a click elsewhere, checks and compares."
    )
    state.files = {**state.files, file: text}
    draft = read_draft(bundle.name, state.files)
    _told(draft)
    return draft


def changed(bundle: PromptBundle, draft: Draft) -> bool:
    """Whether the draft says anything else than the bundle's folder."""
    return draft.files != bundle.files


def difference(bundle: PromptBundle, draft: Draft) -> None:
    """What the draft changes, file by file, word by word."""
    parts = [
        f"<p><b>{name}</b></p><div class='lab-words'>{_around(bundle.files.get(name, ''), draft.files[name])}</div>"
        for name in _order(bundle)
        if draft.files[name] != bundle.files.get(name, "")
    ]
    if not parts:
        st.caption("Nothing is changed yet.")
        return
    st.html(MARKED + "".join(parts))
    if draft.bundle:
        with st.expander("As lines"):
            st.code(bundle_diff(bundle, draft.bundle), language="diff")


def _around(old: str, new: str) -> str:
    """Only the lines that changed, with a line before and after them."""
    before, after = old.split("\n"), new.split("\n")
    head = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    rest = min(len(before), len(after)) - head
    tail = next((n for n in range(rest) if before[-1 - n] != after[-1 - n]), rest)
    start = max(0, head - 1)
    return word_diff_html(*("\n".join(lines[start : len(lines) - max(0, tail - 1)]) for lines in (before, after)))


def save(lab: Lab, bundle: PromptBundle, draft: Draft, *, key: str) -> None:
    """Keeps the draft: as a new bundle, or over the bundle it began with where that serves nobody."""
    served = lab.promotions.served_folders()
    with st.container(border=True):
        name, idea = st.columns([1, 2])
        wanted = name.text_input("New bundle's name", placeholder="shorter_rewrites_v1", key=f"{key}-save-name")
        said = idea.text_input("Its idea", placeholder="What it tries, in a sentence", key=f"{key}-save-idea")
        with st.container(horizontal=True):
            if st.button("Keep as a new bundle", type="primary", disabled=not draft.usable, key=f"{key}-save-new"):
                _keep(lambda: create(wanted, source=bundle.name, idea=said, files=draft.files), bundle, key)
            over = st.button(
                f"Write over {bundle.name}",
                disabled=not draft.usable or bundle.name in served,
                help="People are judged by it: keep yours as a new bundle." if bundle.name in served else None,
                key=f"{key}-save-over",
            )
            if over:
                was = _state(bundle, key).was
                _keep(lambda: rewrite(bundle.name, draft.files, was=was, served=served), bundle, key)
            if st.button("Discard my changes", key=f"{key}-discard"):
                forget(bundle.name, key)
                st.rerun()


def forget(name: str, key: str) -> None:
    """Lets go of a draft."""
    for kept in [k for k in st.session_state if str(k).startswith((f"{key}-draft-{name}", f"{key}-{name}-"))]:
        del st.session_state[kept]


def show(lab: Lab) -> None:
    """The tab: choose a bundle, edit it, see what differs, keep it."""
    names = available(PROMPTS)
    name = pick_name("Bundle", names, key="edit-bundle", address="bundle", first=names[0])
    bundle = PromptBundle.load(name)
    left, right = st.columns(2, gap="large")
    with left:
        draft = edit(bundle, key="edit")
    with right:
        st.markdown("## What changes")
        difference(bundle, draft)
    if changed(bundle, draft):
        save(lab, bundle, draft, key="edit")


def _keep(write: Callable[[], PromptBundle], bundle: PromptBundle, key: str) -> None:
    try:
        made = write()
    except CoachError as error:
        st.error(plain(str(error)))
        return
    forget(bundle.name, key)
    st.toast(f"{plain(made.name)} is kept. Compare it under *Run* before it is promoted.")
    st.rerun()


def _state(bundle: PromptBundle, key: str) -> Editing:
    name = f"{key}-draft-{bundle.name}"
    state: Editing | None = st.session_state.get(name)
    if state is None or (state.was != bundle.hash and state.files == state.began):
        state = Editing(bundle.hash, dict(bundle.files), dict(bundle.files))
        st.session_state[name] = state
    if state.was != bundle.hash:
        st.warning("This bundle was changed elsewhere since you began: yours can be kept as a new bundle.")
    return state


def _order(bundle: PromptBundle) -> list[str]:
    first = ["system_prompt.md", "bundle.yaml"]
    return first + sorted(set(bundle.files) - set(first))


def _told(draft: Draft) -> None:
    for problem in draft.problems:
        tell = st.error if problem.level == "error" else st.warning
        tell(f"**{problem.file}**: {plain(problem.text)}")
    if not draft.problems:
        st.caption(":material/check: These texts make a bundle.")
