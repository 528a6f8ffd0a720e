"""Moto's S3 server, in a process of its own."""

import socket
import time

import httpx

from tests.support.processes import START_SECONDS, Process

POLL_SECONDS = 0.1


class S3Server:
    """An S3 server whose buckets end with the process."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._process = Process(["-m", "moto.server", "-p", str(port)], {})
        self._wait()

    def create_bucket(self, name: str) -> dict[str, str]:
        """Create a bucket; return the variables for a process that uses it."""
        httpx.put(f"{self.url}/{name}").raise_for_status()
        return {
            "BACKUP_BUCKET": name,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def stop(self) -> None:
        """End the process and its buckets."""
        self._process.stop()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self._process.ended:
            try:
                httpx.get(self.url)
            except httpx.TransportError:
                time.sleep(POLL_SECONDS)
            else:
                return
        raise RuntimeError(f"moto did not start:\n{self._process.output()}")
