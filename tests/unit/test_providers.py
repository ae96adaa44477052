"""Whether providers answer: asked what costs nothing, only where one is set up, remembered with its mend."""

import http.server
import threading

import pytest

from coach.bootstrap import build_services
from coach.bootstrap.providers import ProviderWatch, set_up
from coach.settings import load_settings

FREE = {"/v1/projects", "/v1/models", "/v1/balance", "/v1/sessions"}


@pytest.fixture
def vendor():
    """A server that answers with the status in `answer` and remembers what was asked."""
    answer, asked = [200], []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(answer[0])
            self.end_headers()

        def log_message(self, *_):
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answer, asked
    server.shutdown()
    server.server_close()


def with_all(home, url):
    return load_settings(
        coach_home=home,
        deepgram_api_key="a", deepgram_base_url=url,
        openai_api_key="b", openai_base_url=f"{url}/v1",
        stripe_api_key="c", stripe_base_url=url,
        coach_transcriber="server", coach_transcribe_base_url=f"{url}/v1",
    )  # fmt: skip


def test_those_that_are_set_up_are_asked_what_is_free(tmp_path, vendor):
    url, answer, asked = vendor
    watch = ProviderWatch(with_all(tmp_path, url))
    assert watch.last.at is None and asked == [], "nothing is asked before somebody wants to know"
    assert watch.look().told() == dict.fromkeys(("deepgram", "openai", "stripe", "transcriber"), "ok")
    assert set(asked) <= FREE and len(asked) == 4
    answer[0] = 401
    refused = watch.look()
    assert refused is watch.last and len(refused.failing) == 4
    assert all("refused" in e.detail or "refuses" in e.detail for e in refused.failing)
    assert all(e.mend for e in refused.failing)
    assert refused.gauges()["provider_openai_up"] == 0.0


def test_a_server_that_is_gone_is_told_and_takes_little_time(tmp_path):
    watch = ProviderWatch(with_all(tmp_path, "http://127.0.0.1:9"))
    assert all("not reachable" in told for told in watch.look().told().values())


def test_without_keys_nobody_is_asked(tmp_path):
    offline = load_settings(coach_home=tmp_path, coach_brain="offline", coach_transcriber="typed")
    assert set_up(offline) == [] and ProviderWatch(offline).look().told() == {}


def test_a_model_server_without_a_key_is_asked_too(tmp_path, vendor):
    url, answer, asked = vendor
    own = load_settings(
        coach_home=tmp_path, coach_brain="openai", openai_base_url=f"{url}/v1", coach_transcriber="typed"
    )
    assert ProviderWatch(own).look().told() == {"openai": "ok"} and asked == ["/v1/models"]
    answer[0] = 503
    assert "503" in ProviderWatch(own).look().told()["openai"]


def test_a_process_tells_its_figures(tmp_path):
    parts = build_services(
        coach_home=tmp_path, transcriber="typed", brain="offline", coach_voice="none",
        openai_api_key="b", openai_base_url="http://127.0.0.1:9/v1",
    )  # fmt: skip
    assert not any(name.startswith("provider") for name in parts.standing())
    parts.providers.look()
    assert parts.standing()["provider_openai_up"] == 0.0
    parts.store.close()
