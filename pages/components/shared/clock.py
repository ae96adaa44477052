"""Moments as the person's own clock shows them; what is stored is UTC."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def zone() -> tzinfo:
    """The time zone of the person's browser; UTC where it tells none."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def here(at: datetime) -> datetime:
    """The moment `at` (aware) on the person's clock."""
    return at.astimezone(zone())
