"""From recognised pieces to a transcript."""

from collections.abc import Sequence

from coach.contracts.transcript import Transcript, TranscriptSource, Word
from coach.speech.pieces.again import with_repetitions
from coach.speech.pieces.hesitations import with_hesitations
from coach.speech.pieces.piece import PieceWords

ABOUT_NOTE = (
    "“Um” and “uh” were heard in a second pass and are counted approximately: about one in six counted was not said."
)
PLAIN_NOTE = "Fillers are not measurable with this transcriber."
SILENCE_NOTE = "No speech was heard in the recording."


def transcript_of(
    heard: Sequence[PieceWords], duration_s: float, source: TranscriptSource, *, transcriber: str, language: str = "en"
) -> Transcript:
    """One transcript of all pieces, in the order they were spoken.

    It is verbatim, about, where every piece had its second pass.
    """
    words: list[Word] = []
    for piece in heard:
        words += _verbatim(piece.words, piece.hesitating) if piece.hesitating is not None else piece.words
    about = all(piece.hesitating is not None for piece in heard)
    note = (ABOUT_NOTE if about else PLAIN_NOTE) if words else SILENCE_NOTE
    return Transcript(
        text=" ".join(w.word for w in words),
        words=words,
        duration_s=duration_s,
        transcriber=transcriber,
        source=source,
        verbatim=about,
        fillers_about=about,
        language=language,
        notes=[note],
    )


def _verbatim(plain: Sequence[Word], second: Sequence[Word]) -> list[Word]:
    """The plain words with what only the second pass keeps: what was said twice, um and uh."""
    return with_hesitations(with_repetitions(plain, second), second)
