"""What all screens have in common to the eye, beyond the theme in `.streamlit/config.toml`."""

import streamlit as st

STYLE = """
<style>
.stMainBlockContainer { max-width: 1460px; padding: 4.75rem 2rem 2rem; }
header.stAppHeader { background: rgb(251 248 243 / 92%); backdrop-filter: blur(8px); }
.st-key-jf_microphone { position: fixed; width: 1px; height: 1px; overflow: hidden; visibility: hidden; }
.stMainBlockContainer:has(.jf-host) > div > .stVerticalBlock { gap: 0; }
.st-key-jf_local_model { margin-bottom: 1rem; }
.st-key-jf_recording { display: none; margin-top: 1rem; }
.stMainBlockContainer:has(.jf[data-state="LISTENING"]) .st-key-jf_recording { display: flex; }
.stElementContainer:has(style):has(> .stHtml:only-child) { display: none; }
.stHorizontalBlock:has(.stMetric):not(:has(> .stColumn)) {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 1rem;
}
.stHorizontalBlock:has(.stMetric):not(:has(> .stColumn)) > * { width: 100% !important; min-width: 0; }
.stHorizontalBlock[class*="st-key-point-"] { flex-wrap: nowrap; align-items: flex-start; }
.stHorizontalBlock[class*="st-key-point-"] .stButton button { white-space: nowrap; }
@media (max-width: 860px) { .stMainBlockContainer { padding: 4rem 1rem 1rem; } }
</style>
"""


def dress() -> None:
    """Applies the shared style to the page in hand."""
    st.html(STYLE)
