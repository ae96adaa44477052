"""The tables of both engines; whoever imports one of them has all of them in `metadata`."""

from coach.store.tables import billing, core, people, review, use_by_day

__all__ = ["billing", "core", "people", "review", "use_by_day"]
