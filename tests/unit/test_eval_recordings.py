"""`eval recordings`: what is counted as an error, what as a found um, and bad manifests."""

import json

import pytest
from click.testing import CliRunner

from coach.audio.flac import write_flac
from coach.cli.eval.recordings import compared, read_manifest, recordings, totals
from coach.contracts.transcript import Transcript, TranscriptSource, Word
from coach.errors import InputError
from tests.fakes.spoken import SENTENCES, answer


def heard(text: str) -> Transcript:
    words = [Word(word=w, start_s=i, end_s=i + 1) for i, w in enumerate(text.split())]
    return Transcript(text=text, words=words, duration_s=60, transcriber="whisper", source=TranscriptSource.BATCH)


def test_spelling_is_no_error_and_a_wrong_word_is():
    right = compared(heard("It's twenty percent."), "it is 20 percent", None)
    assert (right["errors"], right["wer"]) == (0, 0.0)
    assert compared(heard("1001"), "one zero zero one", None)["errors"] == 0
    assert compared(heard("We one the deal"), "We won the deal", None)["wer"] == 0.25


def test_um_and_uh_count_where_they_were_said():
    reference = "I led, um, the team and, uh, we won"
    assert compared(heard("I led, um, the team and we won, uh,"), reference, None)["hesitations"] == {
        "said": 2,
        "found": 2,
        "right": 1,
    }
    assert compared(heard("I led the team and we won"), reference, None)["wer"] == 0


def test_all_recordings_are_pooled():
    items = [
        {**compared(heard("a b c d"), "a b c d", None), "seconds": 60.0, "took_s": 3.0},
        {**compared(heard("um, a b"), "a x", None), "seconds": 60.0, "took_s": 3.0},
    ]
    all_of_them = totals(items)
    assert all_of_them["wer"] == pytest.approx(1 / 6, abs=0.001)
    assert (all_of_them["false_hesitations_per_2_min"], all_of_them["times_real_time"]) == (1.0, 0.05)


def test_a_spoken_recording_is_scored_from_the_command_line(tmp_path):
    write_flac(answer(0.4, SENTENCES[1], 0.4).pcm, tmp_path / "a.flac")
    (tmp_path / "a.txt").write_text(SENTENCES[1])
    (tmp_path / "m.tsv").write_text("file\treference\tother\na.flac\ta.txt\tx\nb.flac\t\ty\n")
    done = CliRunner().invoke(recordings, [str(tmp_path / "m.tsv"), "--transcriber", "whisper", "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["transcriber"] == "whisper" and len(result["items"]) == 1
    assert result["wer"] <= 0.2


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "no rows"), ("name\nx\n", "names no file"), ("file\treference\na.flac\ta.txt\n", "is missing")],
)
def test_a_bad_manifest_says_which_line(tmp_path, content, says):
    (tmp_path / "m.tsv").write_text(content)
    with pytest.raises(InputError, match=says):
        read_manifest(tmp_path / "m.tsv")
