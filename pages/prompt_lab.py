"""Prompt lab: change a prompt, know whether it is better."""

import streamlit as st

from coach.bootstrap import services
from coach.errors import CoachError
from pages.components.lab import bundles as lab_bundles
from pages.components.lab import calibration as lab_calibration
from pages.components.lab import compare as lab_compare
from pages.components.lab import run as lab_run
from pages.components.shared.prose import plain

SECTIONS = {
    "Bundles": lab_bundles.show,
    "Run": lab_run.show,
    "Compare": lab_compare.show,
    "Calibration": lab_calibration.show,
}


def main() -> None:
    """The page from top to bottom."""
    st.title("Prompt lab")
    st.caption("Change a prompt or a policy, replay it on real answers, and ship it only when the figures say so.")
    try:
        lab = services().lab
        for tab, show in zip(st.tabs(list(SECTIONS)), SECTIONS.values(), strict=True):
            with tab:
                show(lab)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")


main()
