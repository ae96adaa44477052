"""What the library keeps, as records."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from coach.contracts.asking import own_id
from coach.contracts.base import Record
from coach.contracts.evaluation import CoachNote
from coach.contracts.interview import new_id


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


class StarStory(Record):
    """One story of the library: content only, no audio and no scores."""

    id: str = Field(default_factory=new_id)
    user_id: str = Field(default_factory=own_id)
    title: str
    category: str = ""
    situation: str = ""
    task: str = ""
    action: str = ""
    result: str = ""
    source_type: Literal["mock_interview", "practice", "manual"] = "manual"
    source_attempt_id: str | None = None
    original_transcript: str | None = None
    polished_answer: str = ""
    coach_notes: list[CoachNote] = []
    job_description_id: str | None = None
    is_sample: bool = False
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)


class JobDescription(Record):
    """A job posting and what was read from it."""

    id: str = Field(default_factory=new_id)
    user_id: str = Field(default_factory=own_id)
    title: str
    company: str = ""
    description: str = ""
    parsed_skills: list[str] = []
    competencies: list[str] = []
    summary: str = ""
    source_url: str = ""
    is_sample: bool = False
    created_at: datetime = Field(default_factory=now)


class RoleProfile(Record):
    """What a role usually asks for, when there is no posting."""

    id: str = Field(default_factory=new_id)
    user_id: str | None = None
    title: str
    summary: str = ""
    key_skills: list[str] = []
    competencies: list[str] = []
    created_at: datetime = Field(default_factory=now)


class Resume(Record):
    """The master resume (`is_base_version`) or a copy of it tailored to one job."""

    id: str = Field(default_factory=new_id)
    user_id: str = Field(default_factory=own_id)
    source_resume_id: str | None = None
    is_base_version: bool = False
    job_description_id: str | None = None
    title: str
    content: str = ""
    is_sample: bool = False
    created_at: datetime = Field(default_factory=now)
    updated_at: datetime = Field(default_factory=now)
