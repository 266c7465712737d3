"""A Ray cluster of several nodes on this machine, any of which can be killed."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RAY = str(Path(sys.executable).with_name("ray"))
PATIENCE = 240
# Nobody else on this machine can join. Ray reads them when it is imported, and never again.
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
# A node ends with the tests even if those are killed: its processes are a group of their own.
GUARD = '"$@" & while kill -0 $0 && kill -0 $!; do sleep 1; done 2>/dev/null; kill -KILL 0'
LITTLE = str(100 * 2**20)


class Cluster:
    """Nodes of one CPU each, in sessions of their own: killing one ends all its processes and no others."""

    def __init__(self) -> None:
        # Names of sockets are short: pytest's own folders are too deep for them.
        self._folder = tempfile.TemporaryDirectory(prefix="ray", dir="/tmp", ignore_cleanup_errors=True)
        self.address = f"127.0.0.1:{_free_port()}"
        # What a program must have in its environment to join, beside the token.
        self.environment = {
            "RAY_ADDRESS": self.address,
            "OMP_NUM_THREADS": "1",
            # Workers find the tasks of tests here.
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        self.nodes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Cluster":
        port = self.address.rpartition(":")[2]
        self._start(
            "--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={self._folder.name}"
        )
        return self

    def __exit__(self, *args: object) -> None:
        for i in reversed(range(len(self.nodes))):
            self.kill(i)
        self._folder.cleanup()

    @property
    def size(self) -> int:
        """How many nodes there are."""
        return len(self.nodes)

    def add(self) -> None:
        """Add a node."""
        self._start(f"--address={self.address}")

    def kill(self, node: int) -> None:
        """Kill all processes of a node at once, as if its machine were gone; 0 is the head."""
        process = self.nodes.pop(node)
        for pid in _session(process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()

    def _start(self, *arguments: str) -> None:
        log = Path(self._folder.name, f"node-{len(self.nodes)}.txt")
        with log.open("wb") as stream:
            node = subprocess.Popen(
                ["sh", "-c", GUARD, str(os.getpid()), RAY, "start", *arguments, "--block",
                 "--num-cpus=1", "--num-gpus=0", "--disable-usage-stats",
                 "--node-ip-address=127.0.0.1", f"--object-store-memory={LITTLE}"],
                stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, **self.environment},
            )  # fmt: skip
        self.nodes.append(node)
        deadline = time.monotonic() + PATIENCE
        while b"Ray runtime started" not in log.read_bytes():
            if node.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text())
            time.sleep(0.05)


def _session(leader: int) -> list[int]:
    """The processes of a session."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(place.read_text().rpartition(")")[2].split()[3]) == leader:
                found.append(int(place.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _free_port() -> int:
    """A port that Ray does not use by itself: its workers are below 20,000, its agents above 32,767."""
    while True:
        with socket.socket() as probe:
            port = 20_000 + secrets.randbelow(12_000)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
