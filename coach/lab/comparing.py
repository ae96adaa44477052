"""Which two variants are compared, by which scorers and with what in mind: from references to a report."""

from collections.abc import Sequence

from coach.errors import CoachError, InputError
from coach.lab.promotion import PromotionEvidence
from coach.lab.report import ComparisonReport, Wish, compare_variants
from coach.lab.runs.judged_scores import ScoreBook
from coach.lab.runs.looks import Look, judged_by_both
from coach.lab.runs.outcome import Outcome
from coach.lab.runs.own_scorers import own_scorers
from coach.lab.runs.scorers import SCORERS
from coach.lab.runs.variant import Variant
from coach.lab.runs.workspace import Experiment, RunInfo, Workspace


def compare_runs(workspace: Workspace, run_a: str, run_b: str, *, take_look: bool = True) -> ComparisonReport:
    """Compares two variants, each named `RUN` or `RUN:VARIANT`; one run of two variants compares with itself.

    A run that is not complete is looked at: the look is written down and its boundary binds the verdict. Without
    `take_look` nothing is written, and nothing is decided by a look that nobody took.

    Raises:
        InputError: unknown run or variant, or the runs did not see the same answers.
    """
    (info_a, data, all_a), (info_b, data_b, all_b) = (workspace.load(_run_of(run)) for run in (run_a, run_b))
    if data.content_hash != data_b.content_hash:
        raise InputError("The two runs saw different answers.", mend="Run both variants on the same dataset.")
    name_a, name_b = variant_of(run_a, info_a, first=True), variant_of(run_b, info_b, first=run_a != run_b)
    one = info_a.id == info_b.id
    a, b = (name_a, name_b) if one else (f"{info_a.id}:{name_a}", f"{info_b.id}:{name_b}")
    outcomes = all_a if one else [*_renamed(all_a, name_a, a), *_renamed(all_b, name_b, b)]
    sides = _named(info_a, name_a), _named(info_b, name_b)
    look = look_at(workspace, run_a, run_b, take=take_look)
    if look.unseen and not look.closed:
        look = look.model_copy(update={"closed": f"Nobody looked at {look.judged} of {look.planned} answers yet."})
    own = own_scorers(side.bundle for side in sides)
    books = {name: ScoreBook(workspace.score_file(info.id)) for name, info in ((a, info_a), (b, info_b))}
    report = compare_variants(
        outcomes,
        data,
        a=a,
        b=b,
        wish=wish_of(info_b.experiment),
        scorers=[*SCORERS, *own.scorers(lambda key, outcome: books[outcome.variant].of(key, outcome))],
        same_coach=same_coach(*sides),
        look=look,
    )
    recorded = info_a.recorded or info_b.recorded
    return report.model_copy(update={"recorded": recorded, "notes": [*report.notes, *own.notes()]})


def look_at(workspace: Workspace, run_a: str, run_b: str, *, take: bool) -> Look:
    """The look that comparing two variants is; `take` writes it down.

    Raises:
        InputError: unknown run or variant.
    """
    (info_a, data, all_a), (info_b, _, all_b) = (workspace.load(_run_of(run)) for run in (run_a, run_b))
    a, b = variant_of(run_a, info_a, first=True), variant_of(run_b, info_b, first=run_a != run_b)
    pair = f"{info_a.id}:{a}|{info_b.id}:{b}"
    sides = ((all_a, a, info_a), (all_b, b, info_b))
    judged = min(judged_by_both(found, data, name, name, info.experiment.repeats) for found, name, info in sides)
    if info_a.id == info_b.id:
        judged = judged_by_both(all_a, data, a, b, info_a.experiment.repeats)
    book = workspace.looks(info_b.id)
    if take:
        return book.take(pair, judged, len(data.items))
    look = book.standing(pair, judged, len(data.items))
    return look.model_copy(update={"unseen": judged < len(data.items) and look not in book.taken(pair)})


def evidence_for(
    workspace: Workspace, candidate: str, in_force: str, *, run: str = "", most: int = 5
) -> PromotionEvidence | None:
    """What the runs made here say of a bundle against the one in force, both by label; None when nothing was compared.

    The newest `most` runs that have both are asked; a verdict that says *ship* is taken first, else the newest. Runs
    recorded elsewhere are no evidence: they were not made on these answers. `run` asks one run alone.
    """
    found: list[PromotionEvidence] = []
    for info in workspace.runs():
        if info.recorded or len(info.experiment.variants) < 2 or (run and info.id != run) or len(found) >= most:
            continue
        labels = {o.variant: o.result.bundle for o in workspace.load(info.id)[2] if o.result is not None}
        a = next((name for name, label in labels.items() if label == in_force), "")
        b = next((name for name, label in labels.items() if label == candidate and name != a), "")
        if a and b:
            verdict = compare_runs(workspace, f"{info.id}:{a}", f"{info.id}:{b}", take_look=False).verdict
            found.append(
                PromotionEvidence(
                    run=info.id, a=a, b=b, bundle=candidate, decision=verdict.decision, sentence=verdict.sentence
                )
            )
    return next((e for e in found if e.ships), found[0] if found else None)


def wish_of(experiment: Experiment) -> Wish:
    """What an experiment asks."""
    return Wish(goal=experiment.goal, smallest_useful=experiment.smallest_useful, same_within=experiment.same_within)


def same_coach(a: Variant, b: Variant) -> str:
    """Why two variants cannot differ; empty where they can."""
    if not a.brain == b.brain == "offline":
        return ""
    try:
        policies = a.resolve().policy, b.resolve().policy
    except CoachError:  # a bundle that is gone
        return ""
    if policies[0] != policies[1]:
        return ""
    return "the offline coach reads no prompt, and with the same policy both sides are one coach. Use a model."


def variant_of(reference: str, info: RunInfo, *, first: bool) -> str:
    """The variant a reference names, else the run's first or second.

    Raises:
        InputError: the run has no such variant.
    """
    names = [v.name for v in info.experiment.variants]
    if ":" in reference:
        wanted = reference.split(":", 1)[1]
        if wanted not in names:
            raise InputError(f"Run '{info.id}' has no variant '{wanted}'.", mend=f"It has: {', '.join(names)}.")
        return wanted
    return names[0] if first or len(names) < 2 else names[1]


def _run_of(reference: str) -> str:
    return reference.split(":", 1)[0]


def _named(info: RunInfo, name: str) -> Variant:
    return next(v for v in info.experiment.variants if v.name == name)


def _renamed(outcomes: Sequence[Outcome], name: str, label: str) -> list[Outcome]:
    return [o.model_copy(update={"variant": label}) for o in outcomes if o.variant == name]
