"""Pauses, pace and fillers against known truth, beside the plain energy detector that voice activity replaces.

Constructed answers (espeak-ng, exact silences, three backgrounds) always; with `DELIVERY_EVALS=FOLDER` also a folder of
labelled data laid out as `vad/truth.json`, `fillers.jsonl`, `audio/`.
"""

import itertools
import json
import os
import time
from pathlib import Path

import numpy as np

from coach.audio.decode import decode
from coach.audio.edges import levels_dbfs
from coach.audio.pcm import Pcm
from coach.audio.vad import speech_segments
from coach.cli.eval.fillers import read_rows, score
from coach.text.fillers import find_fillers
from tests.fakes.spoken import SENTENCES, answer

Spans = list[tuple[float, float]]
PARTS = (1.5, SENTENCES[0], 3.5, SENTENCES[1], 1.0, SENTENCES[2], 5.0, SENTENCES[3], 2.4, SENTENCES[0], 3.2)


def energy_segments(pcm: Pcm) -> Spans:
    """The reference: 10 ms levels over the quiet tenth plus 10 dB, gaps under 0.3 s bridged."""
    loud = levels_dbfs(pcm.samples)
    loud = loud > max(np.percentile(loud, 10) + 10, loud.max() - 40)
    spans: Spans = []
    for at in np.flatnonzero(loud) / 100:
        if spans and at - spans[-1][1] < 0.3:
            spans[-1] = (spans[-1][0], at + 0.01)
        else:
            spans.append((at, at + 0.01))
    return [(a, b) for a, b in spans if b - a >= 0.2]


def compare(name: str, items: list[tuple[Pcm, Spans]], detector) -> None:
    """Prints long pauses found and invented, edge errors of all inner pauses, and the cost."""
    found = invented = wanted = 0
    errors: list[float] = []
    started, seconds = time.perf_counter(), 0.0
    for pcm, silences in items:
        seconds += pcm.duration_s
        spans = detector(pcm)
        gaps = [(a[1], b[0]) for a, b in itertools.pairwise(spans)]
        inner = [(a, b) for a, b in silences if a > 0 and b < pcm.duration_s - 0.01]
        long_gaps = [g for g in gaps if g[1] - g[0] >= 2.995]
        for start, end in inner:
            if end - start >= 3:
                wanted += 1
                found += any(abs(a - start) < 0.5 and abs(b - end) < 0.5 for a, b in long_gaps)
            near = [(a, b) for a, b in gaps if min(b, end) > max(a, start)]
            if near:
                best = max(near, key=lambda g: min(g[1], end) - max(g[0], start))
                errors += [abs(best[0] - start), abs(best[1] - end)]
        true_long = [(a, b) for a, b in inner if b - a >= 3]
        invented += sum(not any(abs(a - s) < 0.5 and abs(b - e) < 0.5 for s, e in true_long) for a, b in long_gaps)
    cost = 1000 * (time.perf_counter() - started) / seconds
    within = 100 * np.mean(np.array(errors) <= 0.15)
    print(
        f"{name:<34} long pauses {found}/{wanted}, invented {invented}; edges mean {1000 * np.mean(errors):.0f} ms, "
        f"{within:.0f} % within 150 ms; {cost:.1f} ms per second"
    )


def ours(pcm: Pcm) -> Spans:
    """Voice activity forwards and backwards, edges refined by level."""
    return speech_segments(pcm.samples)


def main() -> None:
    """Prints the tables."""
    made = [answer(*PARTS, background=b) for b in ("digital", "hiss", "typing")]
    sets = {"constructed": [(a.pcm, a.silences) for a in made]}
    folder = Path(os.environ.get("DELIVERY_EVALS", ""))
    if folder.name and (folder / "vad" / "truth.json").exists():
        rows = json.loads((folder / "vad" / "truth.json").read_text())
        sets["labelled"] = [(decode(folder / r["file"]), [(a, b) for a, b in r["silences"]]) for r in rows]
    for name, items in sets.items():
        compare(f"{name}, ours", items, ours)
        compare(f"{name}, energy (reference)", items, energy_segments)
    for file in [folder / "fillers.jsonl"] if folder.name else []:
        rows = read_rows(file)
        result = score(rows, [{(f.start, f.end) for f in find_fillers(r["text"])} for r in rows])
        figures = f"precision {result['precision']:.3f}, recall {result['recall']:.3f}"
        print(f"fillers: {figures} on {result['items']} sentences")


if __name__ == "__main__":
    main()
