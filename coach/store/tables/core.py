"""The tables (SQLAlchemy Core), one definition for DuckDB and PostgreSQL.

Reference columns carry real foreign keys and indexes on PostgreSQL only: DuckDB can neither delete a parent with its
children in one transaction nor update an indexed column of a referenced row, so there the repositories keep integrity.
What charts read (scores, words per minute, fillers) has typed columns; the whole records lie beside them as JSON.
"""

import sqlalchemy as sa

from coach.store.tables.columns import MONEY, QUANTITY, flag, identity, instant, json, metadata, number, reference, text
from coach.store.tables.private import private, private_json

users = sa.Table("users", metadata, identity(), text("name"), instant("created_at", required=True))

job_descriptions = sa.Table(
    "job_descriptions",
    metadata,
    identity(),
    reference("user_id", "users.id", required=True),
    private("title"),
    private("company"),
    private("description"),
    private_json("parsed_skills"),
    private_json("competencies"),
    private("summary"),
    private("source_url"),
    flag("is_sample"),
    instant("created_at", required=True),
)

role_profiles = sa.Table(
    "role_profiles",
    metadata,
    identity(),
    reference("user_id", "users.id"),
    private("title"),
    private("summary"),
    private_json("key_skills"),
    private_json("competencies"),
    instant("created_at", required=True),
)

resumes = sa.Table(
    "resumes",
    metadata,
    identity(),
    reference("user_id", "users.id", required=True),
    reference("source_resume_id", "resumes.id", ondelete="SET NULL"),
    flag("is_base_version"),
    reference("job_description_id", "job_descriptions.id"),
    private("title"),
    private("content"),
    flag("is_sample"),
    instant("created_at", required=True),
    instant("updated_at", required=True),
)

mock_interviews = sa.Table(
    "mock_interviews",
    metadata,
    identity(),
    reference("user_id", "users.id", required=True),
    reference("job_description_id", "job_descriptions.id", ondelete="SET NULL"),
    reference("role_profile_id"),
    reference("resume_id", "resumes.id", ondelete="SET NULL"),
    text("persona_id"),
    sa.Column("q_count", sa.Integer(), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    number("overall_score"),
    number("readiness_score"),
    private_json("strengths"),
    private_json("gaps"),
    private_json("plan"),
    private_json("summary"),
    private_json("job"),
    text("bundle"),
    flag("is_sample"),
    instant("created_at", required=True),
    instant("started_at"),
    instant("ended_at"),
    instant("last_activity_at", required=True),
)

mock_interview_exchanges = sa.Table(
    "mock_interview_exchanges",
    metadata,
    identity(),
    reference("interview_id", "mock_interviews.id", required=True),
    sa.Column("order", sa.Integer(), nullable=False),
    private("question_text"),
    text("competency"),
    text("question_type"),
    reference("follow_up_of"),
    private("follow_up_question_text"),
    reference("final_attempt_id"),
    text("avatar_clip_key"),
    text("avatar_dynamic_text_hash"),
)

SCORE_COLUMNS: tuple[str, ...] = (
    "content_score", "delivery_score", "star_score", "relevance_score", "clarity_score", "impact_score",
    "pace_score", "filler_score", "pause_score", "confidence_score", "eye_contact_score",
)  # fmt: skip

mock_interview_attempts = sa.Table(
    "mock_interview_attempts",
    metadata,
    identity(),
    reference("exchange_id", "mock_interview_exchanges.id", required=True),
    reference("interview_id", "mock_interviews.id", required=True),
    sa.Column("attempt_number", sa.Integer(), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    private("transcript", None),
    private_json("words"),
    private_json("transcript_origin"),
    text("audio_uri", None),
    instant("audio_expires_at"),
    instant("audio_deleted_at"),
    instant("text_deleted_at"),
    sa.Column("duration_seconds", sa.Double(), nullable=False),
    number("overall_score"),
    *(number(name) for name in SCORE_COLUMNS),
    number("wpm"),
    number("articulation_wpm"),
    sa.Column("word_count", sa.Integer()),
    sa.Column("filler_count", sa.Integer()),
    sa.Column("long_pause_count", sa.Integer()),
    number("speech_seconds"),
    sa.Column("verbatim", sa.Boolean()),
    number("recognition_confidence"),
    json("content_scores"),
    private_json("delivery_metrics"),
    private_json("evaluation"),
    private_json("evidence"),
    private_json("guards"),
    private_json("failed_outputs"),
    private_json("coach_notes"),
    private("rewritten_answer", None),
    text("prompt_version"),
    text("policy_version"),
    text("model"),
    text("brain"),
    text("transcriber"),
    json("timeline"),
    private_json("extra"),
    text("evaluation_status", None),
    sa.Column("guard_count", sa.Integer()),
    instant("created_at", required=True),
    instant("finished_at"),
)

star_stories = sa.Table(
    "star_stories",
    metadata,
    identity(),
    reference("user_id", "users.id", required=True),
    private("title"),
    text("category"),
    private("situation"),
    private("task"),
    private("action"),
    private("result"),
    sa.Column("source_type", sa.String(20), nullable=False),
    reference("source_attempt_id", "mock_interview_attempts.id", ondelete="SET NULL"),
    private("original_transcript", None),
    private("polished_answer"),
    private_json("coach_notes"),
    reference("job_description_id", "job_descriptions.id", ondelete="SET NULL"),
    flag("is_sample"),
    instant("created_at", required=True),
    instant("updated_at", required=True),
)

usage_tracking = sa.Table(
    "usage_tracking",
    metadata,
    identity("event_id"),
    reference("attempt_id"),
    reference("interview_id"),
    reference("user_id"),
    sa.Column("vendor", sa.String(40), nullable=False),
    sa.Column("meter", sa.String(80), nullable=False),
    sa.Column("quantity", QUANTITY, nullable=False),
    sa.Column("unit", sa.String(20), nullable=False),
    instant("occurred_at", required=True),
    text("bundle", None),
    text("call_id"),
    sa.Column("billable", sa.Boolean(), nullable=False),
    sa.Column("estimated", sa.Boolean(), nullable=False),
    sa.Column("cost_usd", MONEY),
    text("price_entry", None),
    sa.Column("billed_state", sa.String(20), nullable=False, default="pending"),
    instant("billed_at"),
    sa.Column("outbox_tries", sa.Integer(), nullable=False, default=0),
    instant("outbox_next_try_at"),
    text("outbox_error", None),
    text("anonymous_id", None),
)

auth_tokens = sa.Table(
    "auth_tokens",
    metadata,
    identity("interview_id"),
    sa.Column("token_hash", sa.String(128), nullable=False),
    sa.Column("expires_at", sa.Double(), nullable=False),
    flag("revoked"),
)

evaluation_claims = sa.Table(
    "evaluation_claims",
    metadata,
    identity("attempt_id"),
    text("owner"),
    text("host"),
    sa.Column("pid", sa.BigInteger(), nullable=False),
    instant("claimed_at", required=True),
)

human_reviews = sa.Table(
    "human_reviews",
    metadata,
    identity(),
    reference("attempt_id", "mock_interview_attempts.id", required=True),
    text("reviewer"),
    reference("reviewer_id"),
    number("overall"),
    number("content"),
    number("delivery"),
    number("star"),
    number("relevance"),
    private_json("star_checklist"),
    private_json("agreement"),
    private("comment"),
    reference("rubric_id", "review_rubrics.id", ondelete="SET NULL"),
    private_json("criteria"),
    sa.Column("unsure", sa.Boolean()),
    instant("created_at", required=True),
)

scoring_noise = sa.Table(
    "scoring_noise",
    metadata,
    identity("bundle"),
    sa.Column("sd_overall", sa.Double(), nullable=False),
    sa.Column("repeats", sa.Integer(), nullable=False),
    instant("measured_at", required=True),
)

lab_consents = sa.Table("lab_consents", metadata, identity("user_id"), instant("given_at", required=True))

prompt_versions = sa.Table(
    "prompt_versions",
    metadata,
    identity(),
    text("name"),
    text("version"),
    text("content_hash"),
    json("content"),
    flag("is_active"),
    text("reason"),
    json("evidence"),
    instant("created_at", required=True),
)

experiments = sa.Table(
    "experiments",
    metadata,
    identity(),
    text("name"),
    text("kind"),
    sa.Column("status", sa.String(20), nullable=False),
    json("definition"),
    instant("created_at", required=True),
)

runs = sa.Table(
    "runs",
    metadata,
    identity(),
    reference("experiment_id", "experiments.id"),
    sa.Column("status", sa.String(20), nullable=False),
    json("definition"),
    text("dataset_hash"),
    json("totals"),
    instant("started_at", required=True),
    instant("ended_at"),
)

results = sa.Table(
    "results",
    metadata,
    identity(),
    reference("run_id", "runs.id", required=True),
    text("item_id"),
    text("variant"),
    sa.Column("repeat", sa.Integer(), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    private_json("output"),
    json("scores"),
    number("overall_score"),
    number("latency_ms"),
    sa.Column("cost_usd", MONEY),
    sa.Column("cached", sa.Boolean(), nullable=False),
    instant("created_at", required=True),
)

price_entries = sa.Table(
    "price_entries",
    metadata,
    identity(),
    sa.Column("vendor", sa.String(40), nullable=False),
    sa.Column("meter", sa.String(80), nullable=False),
    sa.Column("unit", sa.String(20), nullable=False),
    sa.Column("price", MONEY, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    instant("valid_from", required=True),
    instant("valid_to"),
    text("source"),
    text("retrieved_on"),
    text("note"),
)

INDEXED: dict[str, tuple[tuple[str, ...], ...]] = {
    "mock_interviews": (("user_id", "created_at"), ("status", "last_activity_at"), ("created_at",)),
    "mock_interview_exchanges": (("interview_id", "order"),),
    "mock_interview_attempts": (
        ("exchange_id",),
        ("interview_id",),
        ("status",),
        ("audio_expires_at",),
        ("created_at",),
    ),
    "star_stories": (("user_id",),),
    "usage_tracking": (("attempt_id",), ("interview_id",), ("billed_state",), ("occurred_at",)),
    "auth_tokens": (("token_hash",),),
    "human_reviews": (("attempt_id",),),
    "results": (("run_id",),),
}

deletions = sa.Table(
    "deletions",
    metadata,
    identity(),
    instant("occurred_at", required=True),
    sa.Column("cause", sa.String(20), nullable=False),
    *(sa.Column(name, sa.Integer(), nullable=False) for name in ("recordings", "texts", "sessions", "files")),
)
