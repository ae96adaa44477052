"""A model that runs on this computer: offered with one click, remembered, and let go of with another."""

import streamlit as st

from coach.bootstrap import Services, chosen_brain, local_models
from coach.errors import CoachError
from pages.components.shared.prose import plain

ASKED_EVERY_S = 30
_ask = st.cache_data(ttl=ASKED_EVERY_S, show_spinner=False)(local_models)


def offer_local_model(parts: Services) -> None:
    """Shows the offer where the offline coach is in force and a server answers; says so where it coaches."""
    if parts.brain_name or parts.settings.coach_brain != "auto":
        return
    in_force = chosen_brain(parts.settings)
    if in_force == "local":
        _coaching(parts)
    elif in_force == "offline":
        _offer(parts)


def _offer(parts: Services) -> None:
    found = _ask(parts.settings.local_model_urls)
    if not found:
        return
    with st.container(key="jf_local_model", horizontal=True, vertical_alignment="center"):
        st.markdown(
            "A model runs on this computer. It can also judge whether an answer fits its question.", width="content"
        )
        chosen = found[0]
        if len(found) > 1:
            labels = {model: f"{model.model} ({model.url})" for model in found}
            chosen = st.selectbox("Model", found, format_func=lambda model: labels[model], label_visibility="collapsed")
        if st.button("Let it coach", help=plain(f"{chosen.model} at {chosen.url}"), key="let_local_coach"):
            try:
                parts.coached_by(chosen)
            except (CoachError, OSError) as error:
                st.error(plain(str(error)))
                return
            st.rerun()


def _coaching(parts: Services) -> None:
    with st.container(key="jf_local_model", horizontal=True, vertical_alignment="center"):
        st.markdown("The model on this computer coaches.", width="content")
        if st.button("Use the built-in coach", key="leave_local_coach"):
            try:
                parts.coached_by(None)
            except (CoachError, OSError) as error:
                st.error(plain(str(error)))
                return
            st.rerun()
