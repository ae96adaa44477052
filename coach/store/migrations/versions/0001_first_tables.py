"""The first tables."""

import sqlalchemy as sa
from alembic import op

from coach.store.migrations.helpers import foreign_key, index

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
    )
    op.create_table(
        "job_descriptions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("company", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("parsed_skills", sa.JSON(), nullable=True),
        sa.Column("competencies", sa.JSON(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=False),
        sa.Column("is_sample", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_descriptions"),
    )
    op.create_table(
        "role_profiles",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("key_skills", sa.JSON(), nullable=True),
        sa.Column("competencies", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_role_profiles"),
    )
    op.create_table(
        "resumes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("source_resume_id", sa.String(length=64), nullable=True),
        sa.Column("is_base_version", sa.Boolean(), nullable=False),
        sa.Column("job_description_id", sa.String(length=64), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("is_sample", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_resumes"),
    )
    op.create_table(
        "mock_interviews",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("job_description_id", sa.String(length=64), nullable=True),
        sa.Column("role_profile_id", sa.String(length=64), nullable=True),
        sa.Column("resume_id", sa.String(length=64), nullable=True),
        sa.Column("persona_id", sa.Text(), nullable=False),
        sa.Column("q_count", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("overall_score", sa.Double(), nullable=True),
        sa.Column("readiness_score", sa.Double(), nullable=True),
        sa.Column("strengths", sa.JSON(), nullable=True),
        sa.Column("gaps", sa.JSON(), nullable=True),
        sa.Column("plan", sa.JSON(), nullable=True),
        sa.Column("summary", sa.JSON(), nullable=True),
        sa.Column("job", sa.JSON(), nullable=True),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("is_sample", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mock_interviews"),
    )
    op.create_table(
        "mock_interview_exchanges",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("interview_id", sa.String(length=64), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("question_text", sa.Text(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=False),
        sa.Column("question_type", sa.Text(), nullable=False),
        sa.Column("follow_up_of", sa.String(length=64), nullable=True),
        sa.Column("follow_up_question_text", sa.Text(), nullable=False),
        sa.Column("final_attempt_id", sa.String(length=64), nullable=True),
        sa.Column("avatar_clip_key", sa.Text(), nullable=False),
        sa.Column("avatar_dynamic_text_hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mock_interview_exchanges"),
    )
    op.create_table(
        "mock_interview_attempts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("exchange_id", sa.String(length=64), nullable=False),
        sa.Column("interview_id", sa.String(length=64), nullable=False),
        sa.Column("attempt_number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("transcript", sa.Text(), nullable=True),
        sa.Column("words", sa.JSON(), nullable=True),
        sa.Column("transcript_origin", sa.JSON(), nullable=True),
        sa.Column("audio_uri", sa.Text(), nullable=True),
        sa.Column("audio_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("audio_deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("text_deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration_seconds", sa.Double(), nullable=False),
        sa.Column("overall_score", sa.Double(), nullable=True),
        sa.Column("content_score", sa.Double(), nullable=True),
        sa.Column("delivery_score", sa.Double(), nullable=True),
        sa.Column("star_score", sa.Double(), nullable=True),
        sa.Column("relevance_score", sa.Double(), nullable=True),
        sa.Column("clarity_score", sa.Double(), nullable=True),
        sa.Column("impact_score", sa.Double(), nullable=True),
        sa.Column("pace_score", sa.Double(), nullable=True),
        sa.Column("filler_score", sa.Double(), nullable=True),
        sa.Column("pause_score", sa.Double(), nullable=True),
        sa.Column("confidence_score", sa.Double(), nullable=True),
        sa.Column("eye_contact_score", sa.Double(), nullable=True),
        sa.Column("wpm", sa.Double(), nullable=True),
        sa.Column("articulation_wpm", sa.Double(), nullable=True),
        sa.Column("word_count", sa.Integer(), nullable=True),
        sa.Column("filler_count", sa.Integer(), nullable=True),
        sa.Column("long_pause_count", sa.Integer(), nullable=True),
        sa.Column("speech_seconds", sa.Double(), nullable=True),
        sa.Column("verbatim", sa.Boolean(), nullable=True),
        sa.Column("content_scores", sa.JSON(), nullable=True),
        sa.Column("delivery_metrics", sa.JSON(), nullable=True),
        sa.Column("evaluation", sa.JSON(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=True),
        sa.Column("guards", sa.JSON(), nullable=True),
        sa.Column("failed_outputs", sa.JSON(), nullable=True),
        sa.Column("coach_notes", sa.JSON(), nullable=True),
        sa.Column("rewritten_answer", sa.Text(), nullable=True),
        sa.Column("prompt_version", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("brain", sa.Text(), nullable=False),
        sa.Column("transcriber", sa.Text(), nullable=False),
        sa.Column("timeline", sa.JSON(), nullable=True),
        sa.Column("extra", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_mock_interview_attempts"),
    )
    op.create_table(
        "star_stories",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("situation", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("source_type", sa.String(length=20), nullable=False),
        sa.Column("source_attempt_id", sa.String(length=64), nullable=True),
        sa.Column("original_transcript", sa.Text(), nullable=True),
        sa.Column("polished_answer", sa.Text(), nullable=False),
        sa.Column("coach_notes", sa.JSON(), nullable=True),
        sa.Column("job_description_id", sa.String(length=64), nullable=True),
        sa.Column("is_sample", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_star_stories"),
    )
    op.create_table(
        "usage_tracking",
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("attempt_id", sa.String(length=64), nullable=True),
        sa.Column("interview_id", sa.String(length=64), nullable=True),
        sa.Column("user_id", sa.String(length=64), nullable=True),
        sa.Column("vendor", sa.String(length=40), nullable=False),
        sa.Column("meter", sa.String(length=80), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=28, scale=9), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("billable", sa.Boolean(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("cost_usd", sa.Numeric(precision=28, scale=12), nullable=True),
        sa.Column("price_entry", sa.Text(), nullable=True),
        sa.Column("billed_state", sa.String(length=20), nullable=False),
        sa.Column("billed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outbox_tries", sa.Integer(), nullable=False),
        sa.Column("outbox_next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outbox_error", sa.Text(), nullable=True),
        sa.Column("anonymous_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name="pk_usage_tracking"),
    )
    op.create_table(
        "auth_tokens",
        sa.Column("interview_id", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("revoked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("interview_id", name="pk_auth_tokens"),
    )
    op.create_table(
        "evaluation_claims",
        sa.Column("attempt_id", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_evaluation_claims"),
    )
    op.create_table(
        "human_reviews",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("attempt_id", sa.String(length=64), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("overall", sa.Double(), nullable=True),
        sa.Column("content", sa.Double(), nullable=True),
        sa.Column("delivery", sa.Double(), nullable=True),
        sa.Column("star", sa.Double(), nullable=True),
        sa.Column("relevance", sa.Double(), nullable=True),
        sa.Column("star_checklist", sa.JSON(), nullable=True),
        sa.Column("agreement", sa.JSON(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_human_reviews"),
    )
    op.create_table(
        "scoring_noise",
        sa.Column("bundle", sa.String(length=64), nullable=False),
        sa.Column("sd_overall", sa.Double(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bundle", name="pk_scoring_noise"),
    )
    op.create_table(
        "prompt_versions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_prompt_versions"),
    )
    op.create_table(
        "experiments",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("experiment_id", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=True),
        sa.Column("dataset_hash", sa.Text(), nullable=False),
        sa.Column("totals", sa.JSON(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_table(
        "results",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("variant", sa.Text(), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("output", sa.JSON(), nullable=True),
        sa.Column("scores", sa.JSON(), nullable=True),
        sa.Column("overall_score", sa.Double(), nullable=True),
        sa.Column("latency_ms", sa.Double(), nullable=True),
        sa.Column("cost_usd", sa.Numeric(precision=28, scale=12), nullable=True),
        sa.Column("cached", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_results"),
    )
    op.create_table(
        "price_entries",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("vendor", sa.String(length=40), nullable=False),
        sa.Column("meter", sa.String(length=80), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("price", sa.Numeric(precision=28, scale=12), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("retrieved_on", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_price_entries"),
    )

    foreign_key("job_descriptions", "user_id", "users.id")
    foreign_key("role_profiles", "user_id", "users.id")
    foreign_key("resumes", "user_id", "users.id")
    foreign_key("resumes", "source_resume_id", "resumes.id", "SET NULL")
    foreign_key("resumes", "job_description_id", "job_descriptions.id")
    foreign_key("mock_interviews", "user_id", "users.id")
    foreign_key("mock_interviews", "job_description_id", "job_descriptions.id", "SET NULL")
    foreign_key("mock_interviews", "resume_id", "resumes.id", "SET NULL")
    foreign_key("mock_interview_exchanges", "interview_id", "mock_interviews.id")
    foreign_key("mock_interview_attempts", "exchange_id", "mock_interview_exchanges.id")
    foreign_key("mock_interview_attempts", "interview_id", "mock_interviews.id")
    foreign_key("star_stories", "user_id", "users.id")
    foreign_key("star_stories", "source_attempt_id", "mock_interview_attempts.id", "SET NULL")
    foreign_key("star_stories", "job_description_id", "job_descriptions.id", "SET NULL")
    foreign_key("human_reviews", "attempt_id", "mock_interview_attempts.id")
    foreign_key("runs", "experiment_id", "experiments.id")
    foreign_key("results", "run_id", "runs.id")
    index("mock_interviews", "user_id", "created_at")
    index("mock_interviews", "status", "last_activity_at")
    index("mock_interview_exchanges", "interview_id", "order")
    index("mock_interview_attempts", "exchange_id")
    index("mock_interview_attempts", "interview_id")
    index("mock_interview_attempts", "status")
    index("mock_interview_attempts", "audio_expires_at")
    index("star_stories", "user_id")
    index("usage_tracking", "attempt_id")
    index("usage_tracking", "interview_id")
    index("usage_tracking", "billed_state")
    index("usage_tracking", "occurred_at")
    index("auth_tokens", "token_hash")
    index("human_reviews", "attempt_id")
    index("results", "run_id")
    index("mock_interview_attempts", "exchange_id", "attempt_number", unique=True, where="status <> 'discarded'")
