"""The evaluation of one attempt: the one JSON object a brain returns, key order included.

The order of the fields is binding: each section is acted on while the next one still streams.
Limits are characters and items. `json_schema()` is the published schema.
"""

from enum import StrEnum
from typing import Annotated, Literal, get_args

from pydantic import Field
from pydantic.json_schema import GenerateJsonSchema

from coach.contracts.base import Strict

SCHEMA_ID = "https://jobfoxy.com/schemas/mock_interview_attempt_response.json"
SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Score = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
Text40 = Annotated[str, Field(max_length=40)]
Text140 = Annotated[str, Field(max_length=140)]

SectionName = Literal[
    "follow_up",
    "scoring",
    "content_feedback",
    "delivery_feedback",
    "rewrite",
    "coach_notes",
    "library_suggestion",
    "metadata",
]
SECTION_ORDER: tuple[SectionName, ...] = get_args(SectionName)
STAR_ITEMS: tuple[str, ...] = ("situation", "task", "action", "result")


class StarStatus(StrEnum):
    """How well one STAR item is covered by the answer."""

    PRESENT = "present"
    WEAK = "weak"
    MISSING = "missing"


class FollowUpType(StrEnum):
    """Why a follow-up is asked."""

    NONE = "none"
    MISSING_STAR = "missing_star"
    LOW_RELEVANCE = "low_relevance"


class ChangeType(StrEnum):
    """What a coach note changes."""

    CLARITY = "clarity"
    OWNERSHIP = "ownership"
    METRICS = "metrics"
    STRUCTURE = "structure"
    RELEVANCE = "relevance"
    CONCISENESS = "conciseness"
    IMPACT_LANGUAGE = "impact_language"


class FollowUp(Strict):
    """The decision whether to probe once more; known first, so that the avatar can start."""

    should_ask: bool
    question_text: str = Field(max_length=260)
    reason: str = Field(max_length=220)


class ContentBreakdown(Strict):
    """What was said, 0-10 each."""

    star: Score
    relevance: Score
    clarity: Score
    impact: Score


class DeliveryBreakdown(Strict):
    """How it was said, 0-10 each; `eye_contact_proxy` is 0 when no camera was allowed."""

    pace: Score
    fillers: Score
    pauses: Score
    confidence: Score
    eye_contact_proxy: Score


class Scoring(Strict):
    """Scores 0-10; `overall` is always recomputed on the server."""

    overall: Score
    content: Score
    delivery: Score
    content_breakdown: ContentBreakdown
    delivery_breakdown: DeliveryBreakdown


UNNEEDED = "Not needed for this question"
"""How the note of a STAR item begins that the question does not ask for; its status is `missing` all the same."""


class StarItem(Strict):
    """Status of one STAR item with a short note."""

    status: StarStatus
    note: Text140

    @property
    def unneeded(self) -> bool:
        """Whether the question does not ask for it: then it is missed by nobody."""
        return self.status == StarStatus.MISSING and self.note.startswith(UNNEEDED)


class StarChecklist(Strict):
    """The four STAR items."""

    situation: StarItem
    task: StarItem
    action: StarItem
    result: StarItem


class ContentFeedback(Strict):
    """Feedback on what was said."""

    headline: str = Field(max_length=90)
    top_strengths: list[Text140] = Field(max_length=3)
    top_improvements: list[Text140] = Field(max_length=3)
    star_checklist: StarChecklist
    relevance_note: str = Field(max_length=220)
    one_action_tip: str = Field(max_length=160)


class DeliveryNumbers(Strict):
    """The measured delivery figures repeated in the feedback."""

    wpm: int = Field(ge=0, le=400)
    filler_count: int = Field(ge=0, le=999)
    long_pause_count: int = Field(ge=0, le=999)
    clarity_note: str = Field(max_length=160)


class DeliveryFeedback(Strict):
    """Feedback on how it was said."""

    headline: str = Field(max_length=90)
    metrics: DeliveryNumbers
    one_action_tip: str = Field(max_length=160)


class StarVersion(Strict):
    """The rewrite split into its STAR parts."""

    situation: str = Field(max_length=500)
    task: str = Field(max_length=500)
    action: str = Field(max_length=800)
    result: str = Field(max_length=500)


class Rewrite(Strict):
    """A better version of the speaker's own answer: same story, same facts."""

    polished_answer: str = Field(max_length=2200)
    star_version: StarVersion
    keywords_to_include: list[Text40] = Field(max_length=12)


class CoachNote(Strict):
    """One change between transcript and rewrite, and why."""

    change_type: ChangeType
    original_snippet: str = Field(max_length=120)
    revised_snippet: str = Field(max_length=120)
    reason: str = Field(max_length=170)


class LibrarySuggestion(Strict):
    """Whether the story is worth keeping."""

    should_save: bool
    suggested_title: str = Field(max_length=80)
    category: Text40
    why_save: str = Field(max_length=160)


class Metadata(Strict):
    """Which model and policy made the evaluation."""

    model_version: Text40
    policy_version: str = Field(max_length=20)
    eye_contact_available: bool
    follow_up_type: FollowUpType


class Evaluation(Strict):
    """The whole evaluation of one attempt, sections in their binding order."""

    follow_up: FollowUp
    scoring: Scoring
    content_feedback: ContentFeedback
    delivery_feedback: DeliveryFeedback
    rewrite: Rewrite
    coach_notes: list[CoachNote] = Field(max_length=12)
    library_suggestion: LibrarySuggestion
    metadata: Metadata


class _Untitled(GenerateJsonSchema):
    """Leaves out the generated titles, which only repeat field names."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def json_schema() -> dict[str, object]:
    """Returns the published JSON Schema (draft 2020-12) of `Evaluation`."""
    body = Evaluation.model_json_schema(schema_generator=_Untitled)
    return {"$schema": SCHEMA_DIALECT, "$id": SCHEMA_ID, **body}
