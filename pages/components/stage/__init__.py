"""The stage: one Streamlit component that shows every state of an interview.

The script and style are kept as small files and joined here, because an inline component is one module. Each file is
a proper ES module, so an editor or node can check it alone; joining drops the `import` lines and the `export` words.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parent / "static"
SHARED = Path(__file__).parents[1] / "shared" / "static"
HTML = '<div class="jf-host"></div>'
_IMPORT = re.compile(
    r'^import\s+\{?([^;]*?)\}?\s+from\s+"(?:\./|(?:\.\./){3}shared/static/)([\w.]+)";\s*$', re.MULTILINE
)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def _file(name: str) -> Path:
    """Where a module stands: the stage's own, else one that other parts of the pages use, too."""
    own = STATIC / "js" / name
    return own if own.exists() else SHARED / name


def _ordered(name: str, seen: list[str]) -> list[str]:
    """Module names below `name`, each after everything it imports."""
    if name in seen:
        return seen
    text = _file(name).read_text(encoding="utf-8")
    for _, needed in _IMPORT.findall(text):
        _ordered(needed, seen)
    seen.append(name)
    return seen


@lru_cache(maxsize=1)
def script() -> str:
    """The stage's script as one ES module whose default export mounts it."""
    parts = []
    for name in _ordered("main.js", []):
        text = _file(name).read_text(encoding="utf-8")
        parts.append(_EXPORT.sub("", _IMPORT.sub("", text)))
    return "\n".join(parts)


@lru_cache(maxsize=1)
def style() -> str:
    """The stage's style sheet, files in the order of their numbers."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((STATIC / "css").glob("*.css")))


@lru_cache(maxsize=1)
def _component() -> Any:
    import streamlit as st

    return st.components.v2.component("jobfoxy_stage", html=HTML, css=style(), js=script(), isolate_styles=False)


def stage(*, key: str, data: dict[str, Any], on_act: Callable[[], None]) -> None:
    """Mounts the stage.

    Args:
        key: keeps the stage alive over reruns; `st.session_state[key].act` is what the stage asks for.
        data: personas, setup and session as `static/js/stage.js` reads them.
        on_act: called before the page runs when the stage asks the page for something (`{"name": ..., ...}`).
    """
    _component()(key=key, data=data, on_act_change=on_act)
