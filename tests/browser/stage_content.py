"""What the scripted conductor says: one believable answer and its feedback, in the contract's shapes."""

from coach.brain.care.advice import care_for, headline_for
from coach.brain.care.reader import read_care
from coach.contracts.evaluation import (
    ChangeType,
    CoachNote,
    ContentBreakdown,
    ContentFeedback,
    DeliveryBreakdown,
    DeliveryFeedback,
    DeliveryNumbers,
    LibrarySuggestion,
    Rewrite,
    Scoring,
    StarChecklist,
    StarItem,
    StarStatus,
    StarVersion,
)
from coach.contracts.events import (
    AttemptDot,
    EvidenceSpan,
    SummaryLine,
    SummaryQuestion,
    UpdateRewritePayload,
    UpdateScoresPayload,
)
from coach.contracts.interview import AttemptRank

QUESTION = "Tell me about a time you turned around a project that was falling behind."
FOLLOW_UP = "What was the result for the customer, and how did you measure it?"
TRANSCRIPT = (
    "So, um, last spring our checkout rewrite was about six weeks late and the team was, you know, pretty tired. "
    "I was asked to get it out before the summer sale. I cut the scope to three payment methods, set up a daily "
    "fifteen minute call with the two other teams, and, um, I paired with our newest engineer on the riskiest part. "
    "We shipped four days before the sale and it went well."
)
POLISHED = (
    "Last spring our checkout rewrite was about six weeks late and the team was worn out. I was asked to ship it "
    "before the summer sale. I cut the scope to three payment methods, started a daily fifteen-minute call with the "
    "two teams we depended on, and paired with our newest engineer on the riskiest part. We shipped four days before "
    "the sale, and checkout errors fell by [X%]."
)


def span(path: str, quote: str, start_s: float) -> EvidenceSpan:
    start = TRANSCRIPT.index(quote)
    return EvidenceSpan(path=path, start=start, end=start + len(quote), start_s=start_s, end_s=start_s + 2.5)


EVIDENCE = [
    span("content_feedback.star_checklist.situation", "our checkout rewrite was about six weeks late", 1.2),
    span("content_feedback.star_checklist.task", "I was asked to get it out before the summer sale", 7.9),
    span("content_feedback.star_checklist.action", "I cut the scope to three payment methods", 11.0),
    span("content_feedback.top_strengths.0", "I cut the scope to three payment methods", 11.0),
    span("content_feedback.top_improvements.0", "it went well", 27.4),
]

CHECKLIST = StarChecklist(
    situation=StarItem(status=StarStatus.PRESENT, note="Six weeks late, before a sale: clear at once."),
    task=StarItem(status=StarStatus.PRESENT, note="You say what you were asked to do."),
    action=StarItem(status=StarStatus.WEAK, note="Three good steps, told as a list. How did you decide what to cut?"),
    result=StarItem(status=StarStatus.MISSING, note="“It went well” is not a result yet. What changed, by how much?"),
)


FIRST_TRANSCRIPT = (
    "Last spring our checkout rewrite was about six weeks late and the team was tired. I was asked to get it out. "
    "I cut the scope to three payment methods. It went well."
)
FIRST_CHECKLIST = CHECKLIST.model_copy(
    update={"task": StarItem(status=StarStatus.MISSING, note="What was your own part?")}
)
SUMMARY_QUESTIONS = [
    SummaryQuestion(exchange_id="e1", number=1, text=QUESTION, overall=7.1, attempt_id="attempt-3", attempts=3),
    SummaryQuestion(exchange_id="e2", number=2, text="When did you disagree with your manager?"),
]
SUMMARY_LINES = [
    SummaryLine(kind="strength", text="You say what you did yourself.", why="Question 1, 7.1 of 10."),
    SummaryLine(
        kind="gap",
        text="Results without figures.",
        why="Your lowest answer: question 1, 7.1 of 10: result missing.",
        exchange_id="e1",
        attempt_id="attempt-3",
    ),
    SummaryLine(
        kind="story",
        text="The checkout rescue",
        why="Question 1, 7.1 of 10, the best of 3 attempts.",
        exchange_id="e1",
        attempt_id="attempt-3",
    ),
    SummaryLine(
        kind="resume",
        text="Add the checkout rescue to your latest role, with the error rate.",
        why="Question 1, 7.1 of 10.",
        exchange_id="e1",
        attempt_id="attempt-3",
    ),
]


def dots(count: int) -> list[AttemptDot]:
    overall = [4.6, 6.9, 8.1][:count]
    best = overall.index(max(overall))
    return [
        AttemptDot(
            attempt_id=f"attempt-{i + 1}",
            attempt_number=i + 1,
            overall=score,
            rank=AttemptRank.BEST if i == best else AttemptRank.SUPERSEDED,
            status="evaluated",
        )
        for i, score in enumerate(overall)
    ]


def metrics(*, verbatim: bool) -> dict[str, object]:
    return {
        "wpm": 148.0,
        "wpm_range": None if verbatim else [134.0, 162.0],
        "pace_band_wpm": [130.0, 160.0],
        "articulation_wpm": 171.0,
        "word_count": 78,
        "filler_count": 4 if verbatim else None,
        "fillers": {"um": 2, "you know": 1, "so": 1} if verbatim else {},
        "long_pause_count": 1,
        "pauses": [{"start_s": 16.4, "end_s": 19.8, "place": "inside_clause"}],
        "duration_s": 31.6,
        "speech_s": 26.2,
        "speech_segments": [[0.4, 6.1], [6.9, 10.6], [11.0, 16.4], [19.8, 25.9], [26.5, 31.2]],
        "verbatim": verbatim,
        "clarity": 0.91,
        "clarity_note": "Nearly every word was easy to make out.",
        "eye_contact": None,
        "baseline": [{"metric": "wpm", "sentence": "12 % faster than your usual 132 wpm"}] if verbatim else [],
        "pace": [{"at_s": 5.0 * i, "wpm": wpm} for i, wpm in enumerate([128.0, 150.0, 171.0, 149.0, 118.0, 140.0], 1)],
        "loudness": [{"at_s": i + 0.5, "lufs": -24.0 - 6 * ((i * 7) % 5) / 4} for i in range(31) if not 16 <= i < 20],
        "loudness_range_lu": 6.2,
        "gaps": [{"at": TRANSCRIPT.index("I cut"), "start_s": 16.4, "end_s": 19.8}],
        "filler_hits": [
            {
                "start": start,
                "end": end,
                "text": TRANSCRIPT[start:end],
                "start_s": 0.6 * i + 0.4,
                "end_s": 0.6 * i + 0.7,
            }
            for i, (start, end) in enumerate(fillers() if verbatim else [])
        ],
        "sentences": [
            [0, TRANSCRIPT.index("I was asked"), 0.4, 7.6],
            [TRANSCRIPT.index("I was asked"), TRANSCRIPT.index("I cut"), 7.9, 10.6],
            [TRANSCRIPT.index("I cut"), TRANSCRIPT.index("We shipped"), 11.0, 25.9],
            [TRANSCRIPT.index("We shipped"), len(TRANSCRIPT), 26.5, 31.2],
        ],
        "scores": {"pace": 9.6, "fillers": 6.8 if verbatim else None, "pauses": 7.2, "confidence": 7.4},
    }


def with_care(payload: UpdateScoresPayload, said: str, told: str) -> UpdateScoresPayload:
    """The payload as it comes after an answer that contains `said`; `told` is the rewrite that tells it."""
    care = care_for(read_care(said))
    assert care is not None
    headline = headline_for(care.kind) or payload.content_feedback.headline
    feedback = payload.content_feedback.model_copy(update={"headline": headline})
    return payload.model_copy(
        update={"care": care.model_copy(update={"told_rewrite": told}), "content_feedback": feedback}
    )


def scores(
    attempt: int = 2,
    *,
    verbatim: bool = True,
    notices: tuple[str, ...] = (),
    checklist: StarChecklist = CHECKLIST,
) -> UpdateScoresPayload:
    overall = [4.6, 6.9, 8.1][attempt - 1]
    return UpdateScoresPayload(
        attempt_id=f"attempt-{attempt}",
        attempt_number=attempt,
        attempt_status=AttemptRank.BEST,
        overall=overall,
        content=[4.1, 6.4, 8.3][attempt - 1],
        delivery=[5.8, 8.1, 7.7][attempt - 1],
        star_checklist=checklist,
        scoring=Scoring(
            overall=overall,
            content=6.4,
            delivery=8.1,
            content_breakdown=ContentBreakdown(star=6, relevance=8, clarity=7, impact=4),
            delivery_breakdown=DeliveryBreakdown(
                pace=9.6, fillers=6.8, pauses=7.2, confidence=7.4, eye_contact_proxy=0
            ),
        ),
        content_feedback=ContentFeedback(
            headline="You own the rescue. Now say what it changed.",
            top_strengths=["You say what you did yourself, step by step.", "The situation is clear in one breath."],
            top_improvements=[
                "Close with a number: errors, orders, or hours saved.",
                "Say why you cut scope there and not elsewhere.",
                "Name the one risk you took on yourself.",
            ],
            star_checklist=CHECKLIST,
            relevance_note="You answer what was asked: a project that was late, and how you turned it.",
            one_action_tip="Finish with “because of that, …” and one figure.",
        ),
        delivery_feedback=DeliveryFeedback(
            headline="Easy to follow, with one long stop in the middle.",
            metrics=DeliveryNumbers(wpm=148, filler_count=4, long_pause_count=1, clarity_note="Clear"),
            one_action_tip="Breathe before the Action part, so that the pause comes where you want it.",
        ),
        delivery_metrics=metrics(verbatim=verbatim),
        history=dots(attempt),
        comparison="Better than your first attempt by 2.3." if attempt > 1 else "",
        evidence=EVIDENCE,
        label="offline coach",
        notices=list(notices),
    )


def fillers() -> list[tuple[int, int]]:
    found = []
    for word in ("So,", "um,", "you know,"):
        at = TRANSCRIPT.find(word)
        while at >= 0:
            found.append((at, at + len(word) - 1))
            at = TRANSCRIPT.find(word, at + 1) if word == "um," else -1
    return sorted(found)


def rewrite(attempt: int = 2, transcript: str = TRANSCRIPT) -> UpdateRewritePayload:
    return UpdateRewritePayload(
        attempt_id=f"attempt-{attempt}",
        transcript=transcript,
        polished_answer=POLISHED,
        rewrite=Rewrite(
            polished_answer=POLISHED,
            star_version=StarVersion(situation="", task="", action="", result=""),
            keywords_to_include=["scope", "stakeholders", "on time", "risk"],
        ),
        coach_notes=[
            CoachNote(
                change_type=ChangeType.CONCISENESS,
                original_snippet="So, um, last spring",
                revised_snippet="Last spring",
                reason="The story starts at once.",
            ),
            CoachNote(
                change_type=ChangeType.CLARITY,
                original_snippet="a daily fifteen minute call with the two other teams",
                revised_snippet="a daily fifteen-minute call with the two teams we depended on",
                reason="Says why these teams mattered.",
            ),
            CoachNote(
                change_type=ChangeType.METRICS,
                original_snippet="it went well",
                revised_snippet="checkout errors fell by [X%]",
                reason="A result needs a figure. Put in the one you know.",
            ),
        ],
        library_suggestion=LibrarySuggestion(
            should_save=True, suggested_title="The checkout rescue", category="delivery", why_save="A clear turnaround."
        ),
        filler_hits=fillers(),
        evidence=EVIDENCE,
    )
