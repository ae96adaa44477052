"""What an empty page will look like, small: the page itself with the sample people, photographed in both themes."""

import streamlit as st

WIDTH, HEIGHT = 600, 380
"""Pixels of the pictures in `pages/static/preview`; told to the browser, so that nothing moves when they come."""


def finished(name: str, about: str) -> None:
    """The picture of the page `name`; `about` says in words what is on it, for whoever does not see it."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    st.html(
        f'<figure class="jf-preview"><img src="/assets/preview/{name}_{theme}.webp" width="{WIDTH}" height="{HEIGHT}" '
        f'alt="{about}"><figcaption>With a few weeks of practice: invented people</figcaption></figure>'
    )
