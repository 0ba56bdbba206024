"""Peers of other implementations as processes, each at an IP address of loopback of its own."""
import hashlib
import json
import pathlib
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import running  # noqa: E402

SKIPPED = 77  # what ctest takes for it


def leave_without(folder):
    """Ends the script where `./dev live` could not fetch the others."""
    if not (folder / "fetched.json").exists():
        print(f"skipped: there is nothing in {folder}, which ./dev live fills")
        sys.exit(SKIPPED)


def secret(name):
    """A private key, the same in each run: 64 hex digits."""
    return hashlib.sha256(name.encode()).hexdigest()


class Peer:
    """A script of tests/live that prints JSON lines and ends with its input. Its life is start, kill, start, ..."""

    def __init__(self, folder, script, name, ip, port, boot=()):
        self.command = ["node", folder / script, secret(name), ip, str(port), *boot]
        self.name, self.ip, self.port = name, ip, port
        self.process = None
        self.lines = []

    def start(self):
        self.lines = []
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout, self.lines), daemon=True)
        self.reader.start()
        self.id = running.until(lambda: self.said("id"), 20, f"{self.name} listens")[0]
        return self

    @staticmethod
    def _read(stream, lines):
        with stream:
            for line in stream:
                if line.endswith("\n"):  # else it was killed while it wrote
                    lines.append(json.loads(line))

    def said(self, what):
        return [line[what] for line in list(self.lines) if what in line]

    def known(self):
        """The IDs in its table."""
        return set(self.said("known")[-1]) if self.said("known") else set()

    def endpoint(self):
        return f"{self.ip}:{self.port}"

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait(20)
            self.process.stdin.close()
            self.reader.join(10)
            self.process = None
