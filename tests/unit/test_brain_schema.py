"""The published schema says what the contract says: every key, its order, type and limit."""

from typing import Any

import jsonschema
import pytest

from coach.brain.openai.schema import evaluation_schema
from coach.contracts.evaluation import SECTION_ORDER, json_schema
from tests.fakes.brain_samples import evaluation

SCORE = {"minimum": 0, "maximum": 10, "type": "number"}


def text(limit: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": limit}


def texts(items: int, limit: int) -> dict[str, Any]:
    return {"type": "array", "maxItems": items, "items": text(limit)}


STAR_ITEM = {"status": {"enum": ["present", "weak", "missing"]}, "note": text(140)}
CONTRACT: dict[str, Any] = {
    "follow_up": {"should_ask": {"type": "boolean"}, "question_text": text(260), "reason": text(220)},
    "scoring": {
        "overall": SCORE,
        "content": SCORE,
        "delivery": SCORE,
        "content_breakdown": dict.fromkeys(("star", "relevance", "clarity", "impact"), SCORE),
        "delivery_breakdown": dict.fromkeys(("pace", "fillers", "pauses", "confidence", "eye_contact_proxy"), SCORE),
    },
    "content_feedback": {
        "headline": text(90),
        "top_strengths": texts(3, 140),
        "top_improvements": texts(3, 140),
        "star_checklist": dict.fromkeys(("situation", "task", "action", "result"), STAR_ITEM),
        "relevance_note": text(220),
        "one_action_tip": text(160),
    },
    "delivery_feedback": {
        "headline": text(90),
        "metrics": {
            "wpm": {"type": "integer", "minimum": 0, "maximum": 400},
            "filler_count": {"type": "integer", "minimum": 0, "maximum": 999},
            "long_pause_count": {"type": "integer", "minimum": 0, "maximum": 999},
            "clarity_note": text(160),
        },
        "one_action_tip": text(160),
    },
    "rewrite": {
        "polished_answer": text(2200),
        "star_version": {"situation": text(500), "task": text(500), "action": text(800), "result": text(500)},
        "keywords_to_include": texts(12, 40),
    },
    "coach_notes": {
        "maxItems": 12,
        "items": {
            "change_type": {
                "enum": ["clarity", "ownership", "metrics", "structure", "relevance", "conciseness", "impact_language"]
            },
            "original_snippet": text(120),
            "revised_snippet": text(120),
            "reason": text(170),
        },
    },
    "library_suggestion": {
        "should_save": {"type": "boolean"},
        "suggested_title": text(80),
        "category": text(40),
        "why_save": text(160),
    },
    "metadata": {
        "model_version": text(40),
        "policy_version": text(20),
        "eye_contact_available": {"type": "boolean"},
        "follow_up_type": {"enum": ["none", "missing_star", "low_relevance"]},
    },
}
LEAF_KEYS = {"type", "maxLength", "minimum", "maximum", "enum", "maxItems"}


def resolved(node: Any, root: dict[str, Any]) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        node = root["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def check(expected: dict[str, Any], node: Any, root: dict[str, Any], path: str) -> None:
    node = resolved(node, root)
    if node.get("type") == "object":
        assert list(node["properties"]) == list(expected) == node["required"], path
        assert node["additionalProperties"] is False, path
        for key, child in expected.items():
            check(child, node["properties"][key], root, f"{path}.{key}")
        return
    for key, value in expected.items():
        if key == "items":
            check(value, node["items"], root, f"{path}[]")
        else:
            assert node[key] == value, f"{path}: {key}"


def test_every_key_limit_and_the_order_are_in_the_schema() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "https://jobfoxy.com/schemas/mock_interview_attempt_response.json"
    assert tuple(CONTRACT) == SECTION_ORDER
    check(CONTRACT, schema, schema, "evaluation")
    jsonschema.Draft202012Validator.check_schema(schema)


def test_a_good_output_validates_against_the_published_schema() -> None:
    jsonschema.Draft202012Validator(json_schema()).validate(evaluation())


@pytest.mark.parametrize("descriptions", [True, False])
def test_the_vendor_schema_keeps_order_and_ranges_and_leaves_out_what_strict_mode_refuses(descriptions: bool) -> None:
    schema = evaluation_schema(descriptions=descriptions)
    assert list(schema["properties"]) == list(SECTION_ORDER) == schema["required"]
    said = str(schema)
    assert "maxLength" not in said and "$id" not in said and ("description" in said) is descriptions
    assert "'maximum': 10" in said and "'maxItems': 12" in said
    jsonschema.Draft202012Validator(schema).validate(evaluation())
