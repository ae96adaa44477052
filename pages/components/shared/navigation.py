"""The way between screens, in groups: a bar that shows every screen at once; on a phone, the menu behind the button."""

from pathlib import Path

import streamlit as st

Groups = dict[str, dict[str, str]]
Sections = dict[str, list[st.Page]]


def sections(folder: Path, groups: Groups) -> Sections:
    """The screens of every group whose file is there; a group without any is left out."""
    found = {
        group: [
            st.Page(folder / f"{name}.py", title=title, url_path=name)
            for name, title in screens.items()
            if (folder / f"{name}.py").exists()
        ]
        for group, screens in groups.items()
    }
    return {group: pages for group, pages in found.items() if pages}


def bar(shown: Sections) -> None:
    """Every screen in one row under the name of its group; look.css puts it on top of the page where it has room."""
    with st.container(key="jf_nav", horizontal=True):
        for group, pages in shown.items():
            with st.container(key=f"jf_nav_{group.lower()}"):
                st.html(f'<span class="jf-nav-group">{group}</span>')
                with st.container(horizontal=True):
                    for page in pages:
                        st.page_link(page)
