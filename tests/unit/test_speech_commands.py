"""`transcribe` and `eval fillers` as a script calls them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from coach.audio.flac import write_flac
from coach.cli.eval.fillers import fillers
from coach.cli.transcribe import describe, transcribe
from coach.contracts.transcript import Transcript, TranscriptSource, Word
from coach.delivery.measure import measure
from coach.errors import AudioError, InputError
from tests import forks
from tests.fakes.spoken import SENTENCES, answer, write

ROOT = Path(__file__).parents[2]
DELIVERY = {
    "wpm",
    "articulation_wpm",
    "filler_count",
    "fillers",
    "long_pause_count",
    "pauses",
    "duration_s",
    "speech_s",
    "verbatim",
    "eye_contact",
}


def test_transcribe_prints_the_agreed_object(tmp_path):
    made = answer(0.5, SENTENCES[0], 3.4, SENTENCES[1], 0.5)
    file = write(made.pcm, tmp_path / "a.mp3", rate_hz=44100, channels=2)
    done = CliRunner().invoke(
        transcribe, ["--audio", str(file), "--transcriber", "whisper", "--json"], catch_exceptions=False
    )
    assert done.exit_code == 0
    result = json.loads(done.stdout)
    assert isinstance(result["transcript"], str)
    assert set(result["words"][0]) == {"word", "start_s", "end_s", "confidence", "is_filler"}
    delivery = result["delivery"]
    assert set(delivery) >= DELIVERY
    assert delivery["long_pause_count"] == 1
    (long,) = [p for p in delivery["pauses"] if p["end_s"] - p["start_s"] >= 3]
    assert long["start_s"] == pytest.approx(made.inner_silences[0][0], abs=0.15)
    assert delivery["duration_s"] == pytest.approx(made.pcm.duration_s, abs=0.05)
    assert (delivery["verbatim"], delivery["fillers_about"], delivery["filler_count"]) == (True, True, 0)


def test_transcribe_for_people_says_that_um_and_uh_are_counted_about(tmp_path):
    write_flac(answer(0.3, SENTENCES[0], 0.3).pcm, tmp_path / "a.flac")
    args = ["--audio", str(tmp_path / "a.flac"), "--transcriber", "whisper"]
    done = CliRunner().invoke(transcribe, args, catch_exceptions=False)
    assert "fillers      about 0" in done.stdout
    assert "counted approximately" in done.stdout


def test_words_of_a_verbatim_transcript_are_marked_in_context():
    words = [Word(word=w, start_s=i, end_s=i + 1) for i, w in enumerate(["I", "like", "it", "um", "really"])]
    said = Transcript(
        text="I like it um really", words=words, transcriber="t", source=TranscriptSource.BATCH, verbatim=True
    )
    marked = describe(said, measure(said, None))["words"]
    assert [w["word"] for w in marked if w["is_filler"]] == ["um"]


@pytest.mark.parametrize(("content", "says"), [(b"", "is empty"), (b"a letter", "not audio")])
def test_a_bad_file_is_one_line_and_exit_1(tmp_path, content, says):
    (tmp_path / "a.wav").write_bytes(content)
    done = forks.run(["-m", "coach", "transcribe", "--audio", str(tmp_path / "a.wav")], cwd=ROOT)
    assert done.returncode == 1
    assert done.stdout == ""
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_silence_is_refused(tmp_path):
    write_flac(answer(2.0).pcm, tmp_path / "a.flac")
    with pytest.raises(AudioError, match="holds no speech"):
        CliRunner().invoke(transcribe, ["--audio", str(tmp_path / "a.flac")], catch_exceptions=False)


def test_eval_fillers_scores_and_writes_outputs(tmp_path):
    rows = [
        {"id": "1", "text": "um we left", "fillers": [{"start": 0, "end": 2, "text": "um"}]},
        {"id": "2", "text": "it went well", "fillers": [{"start": 8, "end": 12, "text": "well"}]},
        {"id": "3", "text": "é uh yes", "fillers": [{"start": 2, "end": 4, "text": "uh"}]},
    ]
    file, out = tmp_path / "f.jsonl", tmp_path / "out.jsonl"
    file.write_text("\n".join(json.dumps(r) for r in rows) + "\n\n")
    done = CliRunner().invoke(fillers, [str(file), "--outputs", str(out), "--json"], catch_exceptions=False)
    result = json.loads(done.stdout)
    assert (result["items"], result["precision"], result["recall"]) == (3, 1.0, pytest.approx(2 / 3))
    assert result["wrong_items"] == ["2"]
    assert [json.loads(line) for line in out.read_text().splitlines()] == [
        {"id": "1", "fillers": rows[0]["fillers"]},
        {"id": "2", "fillers": []},
        {"id": "3", "fillers": rows[2]["fillers"]},
    ]


def test_eval_fillers_says_which_line_is_wrong(tmp_path):
    (tmp_path / "f.jsonl").write_text('{"id": 1, "text": "a"}\nnonsense\n')
    with pytest.raises(InputError, match="line 2"):
        CliRunner().invoke(fillers, [str(tmp_path / "f.jsonl")], catch_exceptions=False)
    with pytest.raises(InputError, match="cannot be read"):
        CliRunner().invoke(fillers, [str(tmp_path / "gone.jsonl")], catch_exceptions=False)
