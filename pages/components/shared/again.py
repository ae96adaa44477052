"""*Practise this again*: from any page to Practice, with that very question."""

import streamlit as st


def practise_again(question: str, *, job_id: str = "") -> None:
    """Opens Practice with a question, by its id or the id of an answer to it; its address can be shared or reloaded.

    Without a question (a story somebody wrote) Practice opens as it is, with the job chosen.
    """
    if job_id:
        st.session_state["practice_job_id"] = job_id
    st.switch_page("practice.py", query_params={"question": question} if question else None)
