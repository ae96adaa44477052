"""Narrowing the library by tag."""

import streamlit as st

from coach.views.library import StarStory
from coach.views.materials import tags_of


def tagged(found: list[StarStory], everything: list[StarStory]) -> list[StarStory]:
    """Those with one of the tags chosen; offered where there are any."""
    known = sorted({tag for story in everything for tag in tags_of(story)}, key=str.casefold)
    if not known:
        return found
    chosen = st.multiselect("Tags", known, key="tags", bind="query-params", placeholder="Any tag", width=260)
    return [story for story in found if not chosen or set(chosen) & set(tags_of(story))]
