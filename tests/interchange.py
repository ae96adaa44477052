"""Whether the tools themselves read what `lab export` writes: `make interchange`.

`INSPECT_PYTHON` is a Python with `inspect_ai`, `PROMPTFOO` the command of promptfoo (Node 22 or newer). Both are
large and change often, so neither is required of the product; the tests of every day try the way without them.
"""

import asyncio
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from coach.lab.interchange.desk import send
from coach.lab.runs.dataset import from_jsonl
from coach.settings import DATA
from tests.unit.test_lab_interchange import a_run, nasty

READ = """
import sys, json
from inspect_ai.dataset import json_dataset
from inspect_ai.log import read_eval_log
logs, sets = [p for p in sys.argv[1:] if p.endswith('.json')], [p for p in sys.argv[1:] if p.endswith('.jsonl')]
print(json.dumps({'samples': [len(json_dataset(p)) for p in sets],
    'logs': [[log.status, len(log.samples), log.eval.task, sorted(s.name for s in log.results.scores)[:2]]
             for log in map(read_eval_log, logs)],
    'first': json_dataset(sets[0])[0].metadata['jobfoxy']['id']}))
"""


def check_inspect(python: str, files: list[Path]) -> None:
    """Has inspect_ai read samples and logs."""
    done = subprocess.run([python, "-c", READ, *map(str, files)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print("inspect_ai reads:", json.dumps(json.loads(done.stdout.splitlines()[-1])))


def check_promptfoo(command: str, config: Path, results: Path, home: Path) -> None:
    """Has promptfoo validate the configuration and import the results."""
    quiet = {"PROMPTFOO_CONFIG_DIR": str(home), "PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1"}
    for arguments in (["validate", "-c", str(config)], ["import", str(results)]):
        line = [*shlex.split(command), *arguments]
        done = subprocess.run(line, capture_output=True, text=True, check=False, env=os.environ | quiet)
        said = f"{done.stdout}{done.stderr}".strip()
        assert done.returncode == 0 and "invalid" not in said.lower(), said
        print(f"promptfoo {arguments[0]}:", done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Writes a dataset and runs, whole and with failed calls, and hands them to the tools that are named."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for fails in ("", "B"):
            workspace, run = asyncio.run(a_run(folder / f"lab{fails}", fails=fails))
            for data in (nasty(), from_jsonl(DATA / "sample" / "lab_answers.jsonl")):
                data.freeze(workspace.datasets)
            sample = data.content_hash
            out = folder / f"out{fails}"
            if python := os.environ.get("INSPECT_PYTHON"):
                sets = [send(workspace, d, "inspect", out, default_model="")[0] for d in (nasty().content_hash, sample)]
                check_inspect(python, [*send(workspace, run, "inspect", out, default_model=""), *sets])
            if command := os.environ.get("PROMPTFOO"):
                results, config = send(workspace, run, "promptfoo", out, default_model="gpt-6-luna")
                check_promptfoo(command, config, results, folder / f"promptfoo{fails}")
                (config,) = send(workspace, sample, "promptfoo", out, default_model="gpt-6-luna")
                check_promptfoo(command, config, results, folder / f"again{fails}")
    if not {"INSPECT_PYTHON", "PROMPTFOO"} & os.environ.keys():
        sys.exit("Set INSPECT_PYTHON or PROMPTFOO.")


if __name__ == "__main__":
    main()
