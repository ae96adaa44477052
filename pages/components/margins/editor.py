"""The scenario editor of the Margins page: change, save, load, compare, share."""

from functools import partial
from typing import Any

import streamlit as st

from coach.avatar.policy import avatar_policies
from coach.bootstrap import Services
from coach.economics.model.assumptions import Assumptions
from coach.economics.model.scenario import Scenario, ScenarioError, from_share_token, parse_scenario, share_token
from coach.errors import CoachError
from coach.views import margins
from coach.views.scenario_edit import SAME, edited
from pages.components.shared.prose import plain
from pages.components.shared.selection import on_the_way_back
from pages.components.shared.undo import put_away

STATE, SEEN = "margins_scenario", "margins_seen"
"""The scenario in hand, and saved ones as this tab saw them last: nothing that was saved since is written over."""
ADDRESS, TOKEN = "scenario", "margins_token"
"""Where the page's address holds the scenario, and what it held when this tab looked last."""
SLIDERS: dict[str, tuple[str, float, float, float, str]] = {
    "questions": ("Questions", 1.0, 5.0, 0.5, "per interview"),
    "follow_up_rate": ("Follow-ups", 0.0, 1.0, 0.05, "per question"),
    "retries": ("Retries", 0.0, 10.0, 0.5, "after feedback, per interview"),
    "answer_s": ("Answer length", 30.0, 170.0, 5.0, "seconds"),
    "restarts": ("Start-overs", 0.0, 2.0, 0.05, "per answer; free for the person, not for us"),
    "cache_hit_rate": ("Prompt cache hits", 0.0, 1.0, 0.05, "share of calls"),
    "interviews_used": ("Use of the tiers", 0.1, 0.95, 0.05, "share of the included interviews"),
    "churn": ("Churn", 0.02, 0.5, 0.01, "per month"),
}
PRICES = {
    "deepgram/nova-3.live": "Speech to text",
    "liveavatar/lite.credits": "Avatar",
    "openai/gpt-6-luna.output": "Model output",
}
LOWEST, HIGHEST = -90, 200
"""Per cent by which a price is moved with the form."""
AVATARS = {name: policy.label for name, policy in avatar_policies().policies.items()}


def current() -> Scenario:
    """The scenario in hand. The address holds it: a link, a reload and the browser's way back bring it."""
    token, known = st.query_params.get(ADDRESS, ""), st.session_state.get(TOKEN, "")
    if token != known and (token or on_the_way_back()):
        _brought(token)
    elif known and not token:  # from another page, whose address knows nothing of it
        st.query_params[ADDRESS] = known
    return parse_scenario(st.session_state.get(STATE, {}))


def _brought(token: str) -> None:
    st.session_state[TOKEN] = token
    _forget_sliders()
    try:
        st.session_state[STATE] = from_share_token(token).model_dump(exclude_defaults=True) if token else {}
    except ScenarioError as error:
        st.warning(plain(str(error)), icon=":material/link_off:")


def toolbar(parts: Services, scenario: Scenario, assumed: Assumptions) -> str:
    """Scenario, comparison and editor in one row; returns the name of the scenario to compare with."""
    saved = _saved(parts)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.popover("What if …", icon=":material/tune:", width="content"):
            edit(parts, scenario, assumed, saved)
        names = [margins.BASE, *saved]
        beside = st.selectbox("Compare with", names, index=0, key="margins_beside", width=220, bind="query-params")
        back = "The browser's back button brings the scenario back."
        if scenario.model_dump(exclude_defaults=True) and st.button("Back to base", type="tertiary", help=back):
            _set({})
    return beside


def compared(name: str, parts: Services) -> Scenario:
    """The scenario to compare with."""
    return parse_scenario(_saved(parts).get(name, {}))


def edit(parts: Services, scenario: Scenario, assumed: Assumptions, saved: dict[str, dict[str, object]]) -> None:
    """Sliders and prices; a value equal to the base is not part of the scenario."""
    if saved:
        chosen = st.selectbox("Load a saved scenario", [None, *saved], format_func=lambda name: name or "–")
        if chosen:
            _load_or_delete(parts, chosen, saved[chosen])
    with st.form("margins_form", border=False):
        name = st.text_input("Name", scenario.name if scenario.name != margins.BASE else "My scenario", max_chars=80)
        apply_it, save_it = st.columns(2)
        applied = apply_it.form_submit_button("Apply", type="primary", width="stretch")
        save = save_it.form_submit_button("Apply and save", width="stretch")
        values = {key: _slider(key, scenario, assumed) for key in SLIDERS}
        avatar = st.selectbox(
            "Avatar connected", list(AVATARS), format_func=AVATARS.__getitem__, index=_avatar_index(scenario)
        )
        factors = {key: _factor(key, scenario) for key in PRICES}
    if applied or save:
        touched = {key: value for key, value in values.items() if abs(value - _shown(key, scenario, assumed)) > SAME}
        moved = {key: percent for key, percent in factors.items() if percent != _percent(key, scenario)}
        base = {key: parameter.expected for key, parameter in assumed.parameters.items()}
        changed = edited(scenario, name=name, values=touched, factors=moved, avatar=avatar, base=base)
        if not save or _saved_as(parts, changed):
            _set(changed)
    if scenario.model_dump(exclude_defaults=True):
        st.caption("Link to this scenario")
        st.code(f"/margins?scenario={share_token(scenario)}", language=None, wrap_lines=True)


def _load_or_delete(parts: Services, name: str, saved: dict[str, object]) -> None:
    with st.container(horizontal=True, gap="small"):
        if st.button(f"Load {plain(name)}"):
            _seen()[name] = saved
            _set(saved)
        if st.button("Delete", type="tertiary", icon=":material/delete:", key="margins_delete"):
            forget = partial(margins.delete_scenario, parts.store, name)
            put_away(parts, "scenario", name, f"the scenario {name}", forget)
            st.rerun()


def _saved_as(parts: Services, changed: dict[str, Any]) -> bool:
    """Keeps a scenario under its name; False, and says why, where that cannot be."""
    name = str(changed["name"])
    parts.bin.take_back("scenario", name)  # saved again, it is not to be deleted a moment later
    try:
        margins.save_scenario(parts.store, name, changed, seen=_seen().get(name))
    except CoachError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return False
    _seen()[name] = changed
    return True


def _seen() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = st.session_state.setdefault(SEEN, {})
    return found


def _shown(key: str, scenario: Scenario, assumed: Assumptions) -> float:
    """What a slider begins with: a value beyond its ends stands at the end."""
    _, low, high, _, _ = SLIDERS[key]
    return float(min(max(scenario.assumptions.get(key, assumed.parameters[key].expected), low), high))


def _slider(key: str, scenario: Scenario, assumed: Assumptions) -> float:
    label, low, high, step, unit = SLIDERS[key]
    text = f"{unit} ({assumed.parameters[key].source})"
    return float(st.slider(label, low, high, _shown(key, scenario, assumed), step, help=text, key=f"margins_{key}"))


def _percent(key: str, scenario: Scenario) -> int:
    """How many per cent a price is moved; 0 for one that is told otherwise."""
    told = str(scenario.prices.get(key, ""))
    try:
        percent = round((float(told[1:]) - 1) * 100) if told.startswith("×") else 0
    except (ValueError, OverflowError):
        percent = 0
    return min(max(percent, LOWEST), HIGHEST)


def _factor(key: str, scenario: Scenario) -> int:
    percent = _percent(key, scenario)
    return int(st.slider(f"{PRICES[key]} price, %", LOWEST, HIGHEST, percent, 10, key=f"margins_{key}"))


def _avatar_index(scenario: Scenario) -> int:
    return list(AVATARS).index(scenario.service.avatar)


def _saved(parts: Services) -> dict[str, dict[str, object]]:
    try:
        going = parts.bin.holds("scenario")
        return {name: saved for name, saved in margins.saved_scenarios(parts.store).items() if name not in going}
    except CoachError as error:
        st.caption(f"Saved scenarios are not at hand: {plain(str(error))}")
        return {}


def _set(scenario: dict[str, object]) -> None:
    st.session_state[STATE] = scenario
    _forget_sliders()
    try:
        st.session_state[TOKEN] = token = share_token(parse_scenario(scenario)) if scenario else ""
    except ScenarioError:  # saved before a change of what is possible: the page says so
        st.session_state[TOKEN] = token = ""
    if token:
        st.query_params[ADDRESS] = token
    else:
        st.query_params.pop(ADDRESS, None)
    st.rerun()


def _forget_sliders() -> None:
    """They begin anew, with what the scenario in hand says."""
    for key in [*SLIDERS, *PRICES]:
        st.session_state.pop(f"margins_{key}", None)
