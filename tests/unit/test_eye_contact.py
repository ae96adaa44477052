"""Samples and speech to the eye-contact proxy."""

import pytest

from coach.delivery.eye_contact import EyeSample, eye_contact

SPEECH = [(1.0, 3.0), (5.0, 7.0)]


def looks(*pattern: bool | None, start_s: float = 1.0, every_s: float = 0.25) -> list[EyeSample]:
    return [EyeSample(start_s + i * every_s, True, towards) for i, towards in enumerate(pattern)]


def test_the_share_while_speaking() -> None:
    assert eye_contact(looks(True, True, True, False, True, False, True, True), SPEECH) == 7.5


def test_looks_in_silence_do_not_count() -> None:
    silent = looks(*[False] * 8, start_s=3.05)
    assert eye_contact([*silent, *looks(*[True] * 8)], SPEECH) == 10.0


def test_no_face_is_no_eye_contact_but_an_unclear_face_is_no_answer() -> None:
    away = [EyeSample(5.0 + i * 0.2, False) for i in range(5)]
    assert eye_contact([*looks(*[True] * 5), *away], SPEECH) == 5.0
    assert eye_contact([*looks(*[True] * 5), *looks(None, None, start_s=5.0)], SPEECH) == 10.0


@pytest.mark.parametrize(
    "samples",
    [
        [],
        looks(True, True, True, True),
        looks(*[None] * 8),
        looks(*[True] * 5, *[None] * 3) + looks(*[None] * 8, start_s=5),
    ],
)
def test_too_little_to_tell_is_not_available(samples: list[EyeSample]) -> None:
    assert eye_contact(samples, SPEECH) is None


def test_without_speech_there_is_nothing_to_share() -> None:
    assert eye_contact(looks(*[True] * 8), []) is None
