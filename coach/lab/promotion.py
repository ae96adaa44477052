"""Which bundle is in force: promotions with their reasons, rolling back, and live traffic split between bundles.

Apart from the rest of the lab because every interview asks it; it imports no statistics.
"""

from datetime import UTC, datetime
from typing import Any

from coach.brain.prompts.bundle import DEFAULT_BUNDLE, PromptBundle
from coach.contracts.base import Record
from coach.errors import ConflictError, InputError, NotFoundError
from coach.lab.split import Split
from coach.lab.way_back import AGAIN, BACK, WayBack, way_back
from coach.store.repositories import lab as rows
from coach.store.repositories import live_split as rows_live_split
from coach.store.sqlstore import SqlStore


class PromotionEvidence(Record):
    """What a promotion rests on: a comparison's verdict about this very bundle. `override` says it was put in force
    against the verdict, or without one.
    """

    run: str = ""
    a: str = ""
    b: str = ""
    bundle: str = ""
    """Label of the bundle that was judged, `name@version#hash`."""
    decision: str = ""
    sentence: str = ""
    override: bool = False

    @property
    def ships(self) -> bool:
        """Whether the verdict itself says so."""
        return self.decision == "ship"


class Promotions:
    """The record of what was put in force, when and why."""

    def __init__(self, store: SqlStore) -> None:
        """Keeps it in `store`."""
        self._store = store

    def promote(
        self, bundle: str, reason: str, *, evidence: PromotionEvidence | None = None, override: bool = False
    ) -> dict[str, object]:
        """Makes a bundle the one that live interviews use, with reason and evidence on record.

        Raises:
            InputError: unknown bundle, no reason, or no verdict that says *ship* of these very words; `override` puts
                it in force all the same, on record.
        """
        found = PromptBundle.load(bundle)
        if not reason.strip():
            raise InputError("A promotion needs a reason.", mend="Say in a sentence why this bundle is better.")
        fits = evidence if evidence is not None and evidence.bundle == found.label else None
        if not override and not (fits and fits.ships):
            said = fits.sentence if fits else f"No comparison says that {found.label} is better."
            raise InputError(said, mend="Compare it with the bundle in force first, or override the verdict on record.")
        kept = (fits or PromotionEvidence()).model_copy(update={"override": not (fits and fits.ships)})
        return self._put_in_force(found, reason.strip(), kept)

    def way_back(self) -> WayBack:
        """What a step back would put in force, and what the last one took away."""
        return way_back(self.history()[::-1])

    def roll_back(self, reason: str, *, seen: str = "") -> dict[str, object]:
        """Puts the bundle before the present one back in force, with its very text; once more, the one before that.

        Args:
            reason: why.
            seen: hash of what was in force when somebody decided so; empty where nobody looked.

        Raises:
            NotFoundError: there was none.
            ConflictError: another one is in force meanwhile; nothing was changed.
        """
        self._require_seen(seen)
        earlier = self.way_back().earlier
        if earlier is None:
            raise NotFoundError("There is no earlier bundle to roll back to.")
        return self._step(earlier["id"], f"{BACK}{reason.strip() or 'no reason given'}")

    def put_back(self, reason: str, *, seen: str = "") -> dict[str, object]:
        """Undoes the last step back: what it took away is in force again, with its very text and its evidence.

        Raises:
            NotFoundError: no step back stands.
            ConflictError: another one is in force meanwhile; nothing was changed.
        """
        self._require_seen(seen)
        later = self.way_back().later
        if later is None:
            raise NotFoundError("Nothing was rolled back that could be put back.")
        basis = PromotionEvidence.model_validate(later["evidence"]) if later["evidence"] else None
        return self._step(later["id"], f"{AGAIN}{reason.strip() or 'no reason given'}", basis)

    def _require_seen(self, seen: str) -> None:
        if seen and self.active().hash != seen:
            raise ConflictError("Another bundle was put in force meanwhile.", mend="Look at what is in force now.")

    def _step(self, promotion_id: str, reason: str, evidence: PromotionEvidence | None = None) -> dict[str, object]:
        found = self._store.run(rows.promoted, promotion_id)
        return self._put_in_force(PromptBundle.from_files(found["name"], found["content"]), reason, evidence)

    def active(self) -> PromptBundle:
        """The bundle in force: the promoted one as it was then, else the shipped default."""
        row = self._store.run(rows.active_bundle)
        return PromptBundle.from_files(row["name"], row["content"]) if row else PromptBundle.load()

    def served_folders(self) -> frozenset[str]:
        """Bundles whose folder judges people now: arms of a split, and the default before any promotion."""
        running, promoted = self.split(), self._store.run(rows.active_bundle)
        return frozenset(running.shares if running else ()) | (frozenset() if promoted else {DEFAULT_BUNDLE})

    def start_split(self, split: Split, *, alone: bool = False) -> None:
        """Divides live interviews between bundles from now on, ending the split before; `alone` ends none.

        Raises:
            InputError: an unknown bundle.
            ConflictError: `alone`, and one is running.
        """
        for bundle in split.shares:
            PromptBundle.load(bundle)
        if alone and (running := self.split()):
            raise ConflictError(f"The split '{running.name}' is running.", mend="End it first.")
        self._store.run(rows_live_split.set_live_split, split.model_dump(), datetime.now(UTC))

    def end_split(self, salt: str = "") -> None:
        """Ends the live experiment; the active bundle serves everyone.

        Raises:
            ConflictError: `salt` is that of another split than the one that runs; nothing was changed.
        """
        running = self.split()
        if salt and (running is None or running.salt != salt):
            raise ConflictError("That split was ended meanwhile.", mend="Look at what is running now.")
        self._store.run(rows_live_split.set_live_split, None, datetime.now(UTC))

    def split(self) -> Split | None:
        """The running live experiment; None when the active bundle serves everyone."""
        running = self._store.run(rows_live_split.live_split)
        return (
            Split.model_validate({key: running[key] for key in Split.model_fields if key in running})
            if running
            else None
        )

    def bundle_for(self, interview_id: str) -> PromptBundle:
        """The bundle an interview is judged with: its arm of the live experiment, else the active one."""
        running = self.split()
        return PromptBundle.load(running.assign(interview_id)) if running else self.active()

    def _put_in_force(
        self, bundle: PromptBundle, reason: str, evidence: PromotionEvidence | None = None
    ) -> dict[str, object]:
        at, present = datetime.now(UTC), self.active()
        made = self._store.run(
            rows.promote,
            name=bundle.name,
            version=bundle.version,
            content_hash=bundle.hash,
            files=bundle.files,
            reason=reason,
            at=at,
            evidence=evidence.model_dump() if evidence else None,
            before=_never_promoted(present) if present.hash != bundle.hash else None,
        )
        return {
            "id": made,
            "bundle": bundle.name,
            "version": bundle.version,
            "hash": bundle.hash,
            "reason": reason,
            "override": bool(evidence and evidence.override),
            "promoted_at": at,
        }

    def history(self) -> list[dict[str, Any]]:
        """Every promotion, newest first."""
        return self._store.run(rows.promotions)


def _never_promoted(bundle: PromptBundle) -> dict[str, object]:
    return {
        "name": bundle.name,
        "version": bundle.version,
        "content_hash": bundle.hash,
        "content": bundle.files,
        "reason": "as shipped, before the first promotion",
    }
