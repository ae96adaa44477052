"""From token stream to sections: ours beside other incremental ways, on one 4.5 kB evaluation in 4-character chunks.

CPU is process time for the whole output, median of repeated runs. "late" is how many chunks after its closing brace the
follow-up section is known; "emit" the longest time from the chunk with a closing brace to its section in hand.
Limits to keep: 15 ms of CPU in all, 1 ms to emit. Below, what our guards add to each section.
"""

import json
import re
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import ijson
import jiter
from ijson.utils import sendable_list

from coach.brain.evaluation.section_reader import SectionReader
from coach.brain.guards.context import GuardContext
from coach.brain.guards.measured import guard_section
from coach.brain.prompts.policy import Policy
from coach.contracts.evaluation import SECTION_ORDER
from tests.fakes import brain_samples as samples
from tests.fakes.brain_samples import evaluation

CHUNK, RUNS, TARGET_CHARS = 4, 15, 4500
Feed = Callable[[str], list[str]]


def sample() -> str:
    """An evaluation of about 4.5 kB."""
    body = evaluation()
    note = body["coach_notes"][0]
    while len(json.dumps(body)) < TARGET_CHARS - 180:
        body["coach_notes"].append({**note, "reason": f"Reason number {len(body['coach_notes'])}, in one sentence."})
    return json.dumps(body)


def ours() -> Feed:
    reader = SectionReader()
    return lambda chunk: [section.name for section in reader.feed(chunk)]


def tracker() -> Feed:
    """Depth and string state by regex skips, then `json.loads` per section: quick, but takes what JSON does not."""
    state: dict[str, Any] = {"buffer": "", "depth": 0, "string": False, "start": 0, "at": 0, "key": ""}
    stop = re.compile(r'["{}\[\]\\]')

    def feed(chunk: str) -> list[str]:
        state["buffer"] += chunk
        done: list[str] = []
        for match in stop.finditer(state["buffer"], state["at"]):
            if match.start() < state["at"]:
                continue
            char, state["at"] = match.group(), match.end()
            if char == "\\":
                state["at"] += 1
            elif char == '"':
                state["string"] = not state["string"]
            elif not state["string"]:
                _depth(state, char, match, done)
        state["at"] = max(state["at"], len(state["buffer"]) if state["buffer"][-1] != "\\" else state["at"])
        return done

    return feed


def _depth(state: dict[str, Any], char: str, match: re.Match[str], done: list[str]) -> None:
    if char in "{[":
        state["depth"] += 1
        if state["depth"] == 2:
            state["key"] = re.findall(r'"(\w+)"\s*:\s*$', state["buffer"][max(0, match.start() - 40) : match.start()])[
                0
            ]
            state["start"] = match.start()
    else:
        state["depth"] -= 1
        if state["depth"] == 1:
            json.loads(state["buffer"][state["start"] : match.end()])
            done.append(state["key"])


def ijson_items() -> Feed:
    found = sendable_list()
    parser = ijson.kvitems_coro(found, "", use_float=True)

    def feed(chunk: str) -> list[str]:
        parser.send(chunk.encode())
        names = [key for key, _ in found]
        del found[:]
        return names

    return feed


def jiter_partial() -> Feed:
    buffer = bytearray()
    seen: list[str] = []

    def feed(chunk: str) -> list[str]:
        buffer.extend(chunk.encode())
        keys = list(jiter.from_json(bytes(buffer), partial_mode="on"))
        known = keys[:-1] if len(keys) < len(SECTION_ORDER) else keys
        new = [key for key in known if key not in seen]
        seen.extend(new)
        return new

    return feed


def json_whole() -> Feed:
    buffer: list[str] = []

    def feed(chunk: str) -> list[str]:
        buffer.append(chunk)
        try:
            return list(json.loads("".join(buffer)))
        except ValueError:
            return []

    return feed


METHODS: dict[str, Callable[[], Feed]] = {
    "ours (ijson events, strict)": ours,
    "string/depth tracker": tracker,
    "ijson kvitems": ijson_items,
    "jiter, partial buffer each chunk": jiter_partial,
    "json.loads when it parses": json_whole,
}


def chunks(text: str) -> Iterator[str]:
    return (text[i : i + CHUNK] for i in range(0, len(text), CHUNK))


def measure(make: Callable[[], Feed], text: str, brace: int) -> tuple[float, int, float]:
    """CPU ms of the whole output, chunks late, longest ms from a section's last chunk to the section."""
    cpu, emits, late = [], [], 0
    for _ in range(RUNS):
        feed, worst = make(), 0.0
        started = time.process_time()
        for number, chunk in enumerate(chunks(text)):
            before = time.perf_counter()
            names = feed(chunk)
            if names:
                worst = max(worst, time.perf_counter() - before)
            if "follow_up" in names:
                late = number - brace // CHUNK
        cpu.append((time.process_time() - started) * 1000)
        emits.append(worst * 1000)
    return statistics.median(cpu), late, statistics.median(emits)


def main() -> None:
    text = sample()
    brace = text.index("}")
    print(f"sections: {len(text)} characters in {CHUNK}-character chunks, {RUNS} runs")
    print(f"{'method':<36}{'CPU ms':>8}{'late':>6}{'emit ms':>9}")
    for name, make in METHODS.items():
        cpu, late, emit = measure(make, text, brace)
        print(f"{name:<36}{cpu:>8.2f}{late:>6}{emit:>9.3f}")
    print("guards, CPU ms: " + ", ".join(f"{name} {ms:.2f}" for name, ms in guard_costs().items()))


def guard_costs() -> dict[str, float]:
    """CPU ms of limits, validation, evidence and truth guard per section, the answer read beforehand."""
    call = samples.call()
    context = GuardContext(call.input, samples.transcript(), samples.delivery(), Policy(), "model")
    context.warm()
    costs = {}
    for name, raw in evaluation().items():
        started = time.process_time()
        for _ in range(50):
            guard_section(name, raw, context)
        costs[name] = (time.process_time() - started) * 1000 / 50
    return costs


if __name__ == "__main__":
    main()
