"""What a test costs is counted with all it started, and what all of them would pay is paid once."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.processor import spent_s

BUSY = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only Linux tells what a running process uses")
def test_a_process_counts_while_it_runs_and_when_it_ended() -> None:
    before = spent_s()
    with subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        running = spent_s() - before
        child.communicate(b"\n")
    assert 0.28 <= running <= spent_s() - before + 0.02


def test_a_client_does_not_read_the_authorities_of_the_world() -> None:
    assert len(httpx.create_ssl_context().get_ca_certs()) == 1
