"""A *Copy* button: the text goes to the clipboard in the browser, no round trip."""

import streamlit as st

_HTML = """
<button type="button" class="copy" aria-label="Copy">
  <svg aria-hidden="true" viewBox="0 0 16 16" width="15" height="15"
    fill="none" stroke="currentColor" stroke-width="1.4">
    <rect x="5.5" y="5.5" width="8" height="8" rx="1.6"/>
    <path d="M10.5 3.2V3A1.5 1.5 0 0 0 9 1.5H3A1.5 1.5 0 0 0 1.5 3v6A1.5 1.5 0 0 0 3 10.5h.2"/>
  </svg> <b>Copy</b>
</button>
"""
_CSS = """
.copy { font: 400 .9rem/1.6 var(--st-font); color: var(--st-text-color); background: var(--st-background-color);
  border: 1px solid var(--st-border-color); border-radius: 999px; padding: .25rem .9rem; min-height: 2.5rem;
  cursor: pointer; }
.copy b { font-weight: 400; }
.copy svg { vertical-align: -2px; margin-right: .15rem; }
.copy:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
.copy:focus-visible { outline: 3px solid light-dark(#2f6fd6, #8ab4ff); outline-offset: 2px; }
"""
_JS = """
async function put(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text; area.style.position = "fixed"; area.style.opacity = "0";
  document.body.append(area); area.select(); document.execCommand("copy"); area.remove();
}
export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button"), label = button.querySelector("b");
  button.onclick = async () => {
    await put(data.text);
    label.textContent = "Copied";
    setTimeout(() => { label.textContent = "Copy"; }, 1600);
  };
}
"""

_button = st.components.v2.component("jobfoxy_copy", html=_HTML, css=_CSS, js=_JS)


def copy_button(text: str, *, key: str) -> None:
    """Mounts the button for `text`."""
    _button(data={"text": text}, key=key, width="content")
