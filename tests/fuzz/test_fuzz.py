"""The short form of `make fuzz`: the same cases every time. Then: what the long form found, and that it finds."""

import time
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import strategies as st

from coach.audio.decode import read_recording
from coach.brain.truth.guard import TruthGuard
from coach.economics.pricebook import PriceBookError, load_price_book, price_book
from coach.errors import AudioError, InputError
from coach.text.decoding import storable
from coach.text.sentences import sentences
from coach.views.materials import RESUME_LIMIT, resume_of_file
from coach.views.postings import posting, posting_of_file
from coach.web.opus import OpusDecoder, OpusError
from tests.fuzz.__main__ import main
from tests.fuzz.commands import opus_packets
from tests.fuzz.engine import Target, hunt, same_every_time
from tests.fuzz.prices import BLOCKS, HEAD
from tests.fuzz.sound import Recording, heard_or_told
from tests.fuzz.targets import TARGETS

CASES = {"answers": 6, "evaluation": 6, "long": 1, "postings": 12, "socket": 8, "recordings": 12, "resumes": 8}


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_same_cases_find_nothing(name):
    found = same_every_time(TARGETS[name], CASES.get(name, 25))
    assert not found.trouble, found.trouble
    assert found.cases >= CASES.get(name, 25)


def _small(text: str) -> None:
    assert len(text) < 3


def _endless(number: int) -> None:
    while number > 100:
        pass


def test_a_hunt_finds_the_smallest_case_keeps_it_and_ends_what_does_not_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = hunt(Target("planted", st.text("a"), _small), first_seed=1, seconds=30)
    assert "len('aaa')" in found.trouble
    again = hunt(Target("planted", st.text("a"), _small), first_seed=2, seconds=30)
    assert "len('aaa')" in again.trouble and again.cases < 20
    slow = same_every_time(Target("endless", st.integers(0, 10_000), _endless, cpu_s=0.05), 50)
    assert "TooSlowError" in slow.trouble


def test_a_hunt_goes_on_until_its_time_is_over():
    clock = iter([0.0, 1.0, 2.0, 3.5])
    made = hunt(
        Target("fine", st.integers(), lambda _: None, round=5), first_seed=1, seconds=3, monotonic=lambda: next(clock)
    )
    assert made.rounds == 3 and made.cases >= 15 and not made.trouble


def test_the_command_runs_a_target_in_its_own_process(capsys):
    assert main(["--minutes", "0.001", "--target", "decoding", "--seed", "1"]) == 0
    told = capsys.readouterr().out
    assert "seed 1" in told and "nothing found" in told


# -- what was found ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("junk", [b"", b"\xff" * 1276, b"\xfc\xff\xfe"])
def test_after_a_broken_packet_the_next_one_is_heard(junk):
    decoder = OpusDecoder()
    with suppress(OpusError):
        decoder.decode(junk)
    assert len(b"".join(map(decoder.decode, opus_packets()))) >= 5000


def test_a_recording_whose_codec_nobody_knows_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(Recording("wav", 1, [("instead", 31, b"\0\0\0\0")]).content)
    with pytest.raises(AudioError):
        read_recording(path)
    heard_or_told(Recording("wav", 1, [("instead", 31, b"\0\0\0\0")]))


@pytest.mark.parametrize("tail", [b"\x80", b"\n  - {retrieved_on: 2026-13-45}", b"\n  - " + b"[" * 5000])
def test_a_price_book_that_cannot_be_read_is_told_in_a_sentence(tmp_path, tail):
    path = tmp_path / "book.yaml"
    path.write_bytes((HEAD + BLOCKS[0]).encode() + tail)
    with pytest.raises(PriceBookError, match="cannot be read"):
        load_price_book(path, today=date(2026, 12, 1))


@pytest.mark.parametrize(("price", "per"), [("1e999999999", "1"), ("1000001", "1"), ("1", "1e-9"), ("1", "0")])
def test_a_price_beyond_exact_sums_is_refused(tmp_path, price, per):
    path = tmp_path / "book.yaml"
    path.write_text(HEAD + BLOCKS[0].replace('"0.0077"', f'"{price}"').replace("per: 60", f'per: "{per}"'))
    with pytest.raises(PriceBookError):
        load_price_book(path, today=date(2026, 12, 1))
    with pytest.raises(PriceBookError):
        price_book().with_overrides({"deepgram/nova-3.live": "1e999999999"}, label="what if")


def test_what_stands_in_a_file_can_be_shown_and_stored():
    cut = posting_of_file("a.json", b'{"title": "Cook \\ud83d\\u0000", "description": "You cook."}')
    assert cut.title == "Cook ?"
    assert posting("a\0b", "", "c\ud83d").description == "c?"
    assert storable("a\0b\ud83dc\U0001f4a5") == "ab?c\U0001f4a5"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_resume_is_read_in_the_encoding_it_was_saved_in(encoding):
    assert resume_of_file("Zo\xeb, chef de caf\xe9".encode(encoding)) == "Zo\xeb, chef de caf\xe9"
    assert len(resume_of_file("x".encode(encoding) * (RESUME_LIMIT + 5))) <= RESUME_LIMIT
    with pytest.raises(InputError, match="no text"):
        resume_of_file(b"%PDF-1.7\n" + bytes(range(256)) * 20)


def test_a_sentence_that_was_said_invents_nothing_however_it_is_read():
    said = "0. It was 0 half twice of ten to 1/0."
    assert TruthGuard([said]).violations(said) == []
    assert TruthGuard([said]).violations("It saved 45%.")


@pytest.mark.parametrize("piece", ["A. ", "e.g. ", "and then we "])
def test_sentences_of_sixty_thousand_characters_are_found_in_linear_time(piece):
    def spent(chars: int) -> float:
        began = time.process_time()
        sentences((piece * chars)[:chars])
        return time.process_time() - began

    assert spent(60_000) < 30 * max(0.004, min(spent(6_000), spent(6_000)))


def test_the_folder_of_findings_is_no_part_of_the_repository():
    assert ".hypothesis/" in Path(".gitignore").read_text()
