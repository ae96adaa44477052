"""A session to hand on: as PDF, or as one HTML file. Written when it is asked for; neither holds a recording."""

from dataclasses import replace
from datetime import tzinfo
from functools import partial
from pathlib import Path

import streamlit as st

from coach.bootstrap import Services
from coach.contracts.asking import as_now
from coach.errors import NotFoundError
from coach.views.session_report import SessionReport, as_html, session_report
from coach.views.sessions import find_session
from pages.components.shared.clock import zone

FONT = Path(__file__).resolve().parents[2] / "static" / "figtree.woff2"


def share_buttons(parts: Services, interview_id: str) -> None:
    """The two downloads of a session, side by side; a word instead where it was deleted, perhaps in another tab."""
    report = partial(_report, parts, interview_id, zone())

    def pdf() -> bytes:
        from coach.views.session_pdf import as_pdf

        return as_pdf(report())

    def page() -> str:
        return as_html(report(), FONT)

    try:
        name = report().file_name
    except NotFoundError:
        st.caption("This session is not there any more.")
        return
    with st.container(horizontal=True, gap="small"):
        for kind, icon, make, mime, told in (
            ("pdf", ":material/picture_as_pdf:", pdf, "application/pdf", None),
            ("html", ":material/html:", page, "text/html", "One file that opens anywhere; without the recordings."),
        ):
            st.download_button(
                f"Share as {kind.upper()}",
                as_now(make),
                f"{name}.{kind}",
                mime,
                key=f"share_{kind}_{interview_id}",
                icon=icon,
                on_click="ignore",
                help=told,
            )


def _report(parts: Services, interview_id: str, clock: tzinfo) -> SessionReport:
    """What is shared, its moments on the person's clock."""
    made = session_report(find_session(parts.store, interview_id))
    return replace(made, begun=made.begun.astimezone(clock))
