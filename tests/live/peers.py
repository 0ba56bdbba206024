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
    """A script of tests/live, given a secret, an address and those that it begins with. It prints JSON lines, the first
    with its ID, and ends with its input."""

    def __init__(self, folder, script, name, ip, port):
        self.command = ["node", folder / script, secret(name), ip, str(port)]
        self.name, self.ip, self.port = name, ip, port
        self.process = None
        self.lines = []  # of all its lives
        self.begun = 0   # where those of this one begin

    def start(self, boot):
        self.begun = len(self.lines)
        self.process = subprocess.Popen([*self.command, *boot], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout, self.lines), daemon=True)
        self.reader.start()
        self.id = running.until(lambda: self.said("id"), 20, f"{self.name} listens")[0]["id"]
        return self

    @staticmethod
    def _read(stream, lines):
        with stream:
            for line in stream:
                if line.endswith("\n"):  # else it was killed while it wrote
                    lines.append(json.loads(line))

    def said(self, what, since=0):
        """The lines that have it, of this life and not of the first so many."""
        return [line for line in self.lines[max(since, self.begun):] if what in line]

    def endpoint(self):
        return f"{self.ip}:{self.port}"

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait(20)
            self.process.stdin.close()
            self.reader.join(10)
            self.process = None
