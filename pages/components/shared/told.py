"""What a widget's callback could not do is told like any other failure, and the widget shows again what stands."""

from collections.abc import Callable

import streamlit as st

from coach.errors import CoachError
from pages.components.shared.prose import plain


def tried(act: Callable[[], object], *, key: str = "") -> bool:
    """Does `act`; where that fails, says why. Streamlit shows what a callback raises as a stack trace.

    Args:
        act: what was asked for.
        key: of the widget, which takes its value from what is stored the next time it is drawn.

    Returns:
        Whether it was done.
    """
    try:
        act()
    except CoachError as error:
        if key:
            st.session_state.pop(key, None)
        st.toast(plain(str(error)), icon=":material/error:", duration="long")
        return False
    return True
