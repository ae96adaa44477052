"""The frame for people with accounts: which screens are theirs, joining by an invitation, signing out."""

from collections.abc import Callable

import streamlit as st

from coach.bootstrap import Services
from coach.contracts.asking import asker
from coach.contracts.people import Reach, Role
from coach.errors import CoachError
from coach.views.membership import ROLE_WORDS
from coach.web.people import INVITATION_COOKIE
from pages.components.shared import receipt, signed_in
from pages.components.shared.navigation import Groups
from pages.components.shared.prose import plain
from pages.components.shared.told import tried

TITLE = "Not yours"
LOOK_AGAIN_S = 0.4
"""How often an open tab asks whether it may go on: what is taken back is gone within a second."""
UNSEEN = """<span></span><style>
  [data-testid="stMainBlockContainer"], [data-testid="stDialog"], [data-baseweb="popover"] { display: none !important; }
</style>"""
"""Takes a page out of sight with one message, until it is drawn anew; a drawing takes as long as the page is large."""


def theirs(groups: Groups) -> Groups:
    """The screens that whoever asks may open."""
    who = asker()
    if who is None:
        return groups
    return {
        group: {name: title for name, title in screens.items() if who.may_open(name)}
        for group, screens in groups.items()
    }


def closed(groups: Groups) -> list[st.Page]:
    """A page in the place of every other screen, so that its address says why it does not open."""
    open_to = theirs(groups)
    names = [name for group, screens in groups.items() for name in screens if name not in open_to[group]]
    return [st.Page(_not_yours(name), title=TITLE, url_path=name, visibility="hidden") for name in names]


def _not_yours(name: str) -> Callable[[], None]:
    def page() -> None:
        st.title(TITLE)
        st.error(
            "This page is for another role than yours. Whoever looks after your organisation can give you the role.",
            icon=":material/lock:",
        )

    page.__name__ = f"not_yours_{name}"
    return page


def enter(parts: Services) -> bool:
    """Who is signed in may go on; False where there is nothing to see but what is shown here."""
    who = asker()
    if signed_in.people() is None or who is None:
        return True
    try:
        signed_in.claims()
    except CoachError as error:
        st.title("Signed out")
        st.warning(plain(str(error)), icon=":material/logout:")
        st.link_button("Sign in", "/", type="primary")
        return False
    if not who.roles:
        receipt.show()
    _invitation(parts, alone=not who.roles)
    return bool(who.roles)


def _invitation(parts: Services, *, alone: bool) -> None:
    secret = st.context.cookies.to_dict().get(INVITATION_COOKIE, "")
    if not secret and alone:
        st.title("No place here yet")
        st.info(
            "You are signed in, and belong to no organisation here. Ask for an invitation link.", icon=":material/mail:"
        )
        account(parts)
    if not secret:
        return
    try:
        name, role = parts.people.invited_to(secret)
    except CoachError as error:
        if alone:
            st.title("No place here yet")
            st.error(plain(str(error)), icon=":material/link_off:")
            account(parts)
        return
    with st.container(border=True):
        st.markdown(f"You are invited to **{plain(name)}** as **{ROLE_WORDS[role].lower()}**.")
        if st.button("Join", type="primary", key="join"):
            _join(parts, secret)
    if alone:
        account(parts)


def _join(parts: Services, secret: str) -> None:
    claims = signed_in.claims()
    try:
        parts.people.join(secret, name=claims.name, identity_id=claims.identity_id)
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/link_off:")
        return
    if everybody := signed_in.people():
        everybody.forget()
    st.rerun()


def hide_at_once(parts: Services) -> None:
    """A tab that shows people who gave their word for it is out of sight as soon as one of them takes it back.

    The look that misses somebody hides the page, the next one draws it anew: a rerun would drop what is still to be
    sent, and drawing a large page alone may take longer than a second.
    """
    who = asker()
    if who is None or who.reach not in (Reach.COACHED, Reach.LAB):
        return
    shown = parts.people.reached()
    hidden = False

    @st.fragment(run_every=LOOK_AGAIN_S)
    def look() -> None:
        nonlocal hidden
        if hidden:
            st.rerun()
        if not shown <= parts.people.reached():
            hidden = True
            st.html(UNSEEN)

    look()


def account(parts: Services) -> None:
    """Who one is here, and the ways out."""
    who = asker()
    if signed_in.people() is None or who is None:
        return
    name = parts.people.name() if who.person_id else signed_in.claims().name
    right = st.container(key="jf_member", horizontal=True, horizontal_alignment="right")
    with right.popover(plain(name), icon=":material/account_circle:"):
        st.caption(", ".join(ROLE_WORDS[role] for role in Role if role in who.roles) or "No role yet")
        st.button("Sign out", key="sign_out", icon=":material/logout:", on_click=st.logout)
        if who.person_id:
            st.button(
                "Sign out everywhere", key="sign_out_all", type="tertiary", on_click=_out_everywhere, args=(parts,)
            )


def _out_everywhere(parts: Services) -> None:
    if not tried(parts.people.sign_out_everywhere):
        return
    if everybody := signed_in.people():
        everybody.forget()
    st.logout()
