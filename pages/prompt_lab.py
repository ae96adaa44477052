"""Prompt lab: change a prompt, know whether it is better."""

import streamlit as st

from coach.bootstrap import services
from coach.errors import CoachError
from pages.components.lab import bundles as lab_bundles
from pages.components.lab import calibration as lab_calibration
from pages.components.lab import compare as lab_compare
from pages.components.lab import editor as lab_editor
from pages.components.lab import playground as lab_playground
from pages.components.lab import run as lab_run
from pages.components.lab import watch as lab_watch
from pages.components.shared import samples
from pages.components.shared.prose import plain
from pages.components.shared.selection import pick

SECTIONS = {
    "Playground": lab_playground.show,
    "Edit": lab_editor.show,
    "Run": lab_run.show,
    "Compare": lab_compare.show,
    "Bundles": lab_bundles.show,
    "Calibration": lab_calibration.show,
    "Watch": lab_watch.show,
}
OF_PEOPLE = ("Bundles", "Calibration", "Watch")


def main() -> None:
    """The page from top to bottom; only the section in view is computed, and the address names it."""
    st.title("Prompt lab")
    st.caption("Change a prompt or a policy, replay it on real answers, and ship it only when the figures say so.")
    section = pick(
        "Section",
        list(SECTIONS),
        identity=lambda name: name.lower(),
        label=str,
        key="lab_section",
        address="tab",
        as_buttons=True,
        label_visibility="collapsed",
    )
    try:
        if section in OF_PEOPLE:
            samples.switch(services(), there=services().has_samples())
        SECTIONS[section or "Playground"](services().lab)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")


main()
