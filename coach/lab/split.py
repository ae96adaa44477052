"""How a live experiment divides interviews between bundles."""

import hashlib

from pydantic import Field, model_validator

from coach.contracts.base import Record


class Split(Record):
    """Shares of live traffic by bundle, and the salt that makes this experiment's assignment its own.

    `planned`: interviews after which it is decided; 0 where nobody said.
    """

    name: str = Field(min_length=1, max_length=80)
    shares: dict[str, float]
    salt: str
    planned: int = Field(default=0, ge=0, le=10_000_000)

    @model_validator(mode="after")
    def _whole(self) -> "Split":
        if (
            len(self.shares) < 2
            or any(s <= 0 for s in self.shares.values())
            or abs(sum(self.shares.values()) - 1) > 1e-6
        ):
            raise ValueError("a split needs two bundles or more, with shares above 0 that sum to 1")
        return self

    def assign(self, interview_id: str) -> str:
        """The bundle of an interview: stable, independent of every other experiment."""
        digest = hashlib.sha256(f"{self.salt}\x1f{interview_id}".encode()).digest()
        point, edge = int.from_bytes(digest[:8]) / 2**64, 0.0
        for bundle, share in sorted(self.shares.items()):
            edge += share
            if point < edge:
                return bundle
        return sorted(self.shares)[-1]
