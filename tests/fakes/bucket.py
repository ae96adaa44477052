"""A throw-away S3 server (moto) in a process of its own, gone when the tests end."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import httpx

from tests.conversation.app_process import free_port

START_S = 30
NAME = "recordings"


@dataclass(frozen=True)
class Bucket:
    """One bucket: its address for `COACH_AUDIO_URL`, and what the AWS libraries want to know."""

    endpoint: str
    url: str = f"s3://{NAME}/coach"

    @property
    def settings(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "COACH_AUDIO_URL": self.url,
        }

    def client(self):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        return boto3.client("s3", endpoint_url=self.endpoint, **keys)

    def names(self) -> list[str]:
        """The names of all objects."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=NAME)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def read(self, key: str) -> bytes:
        return bytes(self.client().get_object(Bucket=NAME, Key=key)["Body"].read())


@contextlib.contextmanager
def running_bucket(folder: Path) -> Iterator[Bucket]:
    """A started server with one empty bucket."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with (folder / "bucket.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        try:
            bucket = Bucket(f"http://127.0.0.1:{port}")
            _wait(bucket, process)
            bucket.client().create_bucket(Bucket=NAME)
            yield bucket
        finally:
            process.terminate()
            process.wait(10)


def _wait(bucket: Bucket, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{bucket.endpoint}/moto-api/", timeout=2)
            return
        time.sleep(0.1)
    raise AssertionError("the bucket server did not start")
