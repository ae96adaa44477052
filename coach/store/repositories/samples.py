"""What belongs to invented people: their ids begin with `sample-`, so that own figures leave them out everywhere."""

import sqlalchemy as sa

PREFIX = "sample-"


def belongs(column: sa.ColumnElement[str], *, to_samples: bool) -> sa.ColumnElement[bool]:
    """Condition on a column of ids: only those of invented people, or only those of real ones (and of nobody)."""
    theirs = sa.func.coalesce(column, "").startswith(PREFIX, autoescape=True)
    return theirs if to_samples else sa.not_(theirs)
