"""The receipt of a deletion, shown in the tab in which everything was deleted, wherever that tab is then."""

import streamlit as st

_KEPT = "own_data_receipt"


def keep(receipt: str) -> None:
    """Remembers it, as JSON, for this tab."""
    st.session_state[_KEPT] = receipt


def show() -> None:
    """The receipt to save, where something was deleted."""
    if kept := st.session_state.get(_KEPT):
        st.success(
            "Everything of yours is deleted. Keep the receipt: it can be confirmed here.", icon=":material/task_alt:"
        )
        st.download_button(
            "Save the receipt", kept, "deletion-receipt.json", "application/json", icon=":material/receipt:"
        )
