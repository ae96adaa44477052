"""The library as cheat sheet: one story a screen, big type, for the phone in the waiting room."""

import streamlit as st

from coach.views.library import StarStory
from coach.views.materials import PARTS
from pages.components.shared.prose import plain

KEY = "library_cheat"
ADDRESS = "story"
"""The parameter of the page's address that holds the story, for a link or a reload in the waiting room."""


def show(stories: list[StarStory]) -> None:
    """The story of the turn; `j` and `k` turn over, and it begins anew when the list does not have it any more."""
    ids = [story.id for story in stories]
    wished = st.session_state.get(KEY) or st.query_params.get(ADDRESS)
    at = ids.index(wished) if wished in ids else 0
    story = stories[at]
    if st.query_params.get(ADDRESS) != story.id:
        st.query_params[ADDRESS] = story.id
    with st.container(border=True, key="jf_cheat"):
        st.markdown(f"## {plain(story.title)}")
        told = [(part, getattr(story, part)) for part in PARTS if getattr(story, part)]
        for part, text in told:
            st.markdown(f"### {part.capitalize()}")
            st.markdown(plain(text))
        if not told:
            st.markdown(plain(story.polished_answer) or "Nothing written yet.")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for name, shortcut, to in (("Previous", "k", at - 1), ("Next", "j", at + 1)):
            inside = 0 <= to < len(ids)
            wanted = {KEY: ids[to] if inside else ids[at]}
            st.button(
                name,
                key=f"{KEY}-{shortcut}",
                shortcut=shortcut,
                disabled=not inside,
                on_click=st.session_state.update,
                args=(wanted,),
            )
        st.caption(f"{at + 1} of {len(ids)}")
