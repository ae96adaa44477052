"""Base models shared by all contracts, so that strictness and immutability are decided once."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """An immutable value that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class Record(BaseModel):
    """A stored fact. Changed by `model_copy(update=...)`, never in place."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Lenient(BaseModel):
    """An immutable value from outside that ignores keys it does not know."""

    model_config = ConfigDict(extra="ignore", frozen=True)
