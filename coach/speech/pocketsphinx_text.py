"""From recognised utterances to a transcript."""

from coach.contracts.transcript import Transcript, TranscriptSource, Word
from coach.speech.pocketsphinx_process import RecogniserProcess
from coach.speech.pocketsphinx_utterances import Utterance

NAME = "pocketsphinx"
REVIEW_NOTE = "The offline recogniser mishears much of free speech: please correct the text before it is scored."
FILLER_NOTE = "Fillers are not measurable with this transcriber."
SILENCE_NOTE = "No speech was heard in the recording."


def recognise(process: RecogniserProcess, utterance: Utterance) -> list[Word]:
    """Words of one utterance on the attempt's clock. Blocks for about a third of its length."""
    at = utterance.start_s
    return [
        Word(word=_spelling(word), start_s=round(at + start, 3), end_s=round(at + end, 3), confidence=confidence)
        for word, start, end, confidence in process.recognise(utterance.pcm16)
    ]


def transcript_of(words: list[Word], duration_s: float, source: TranscriptSource) -> Transcript:
    """The transcript: unpunctuated, not verbatim, to be corrected."""
    return Transcript(
        text=" ".join(w.word for w in words),
        words=words,
        duration_s=duration_s,
        transcriber=NAME,
        source=source,
        verbatim=False,
        notes=[REVIEW_NOTE, FILLER_NOTE] if words else [SILENCE_NOTE],
    )


def _spelling(word: str) -> str:
    return "I" + word[1:] if word == "i" or word.startswith("i'") else word
