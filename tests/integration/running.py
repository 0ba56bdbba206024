"""Nodes as processes, for the tests of the program: their homes, what they log and show, how they end."""
import http.client
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import time

SLOWER = 1  # a test sets it for a tree that was built under sanitizers
# Two tests at once do not meet: each has a /16 of loopback.
LOOPBACK = f"127.{random.SystemRandom().randrange(10, 250)}"


def is_sanitized(build):
    return "PEERAGE_SANITIZE:STRING=\n" not in (build / "CMakeCache.txt").read_text()


def environment(**settings):
    """Our environment, with `settings` and without what an operator may have set."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("PEERAGE", "CMT", "TM", "TENDERSEED", "NOTIFY", "WATCHDOG"))}
    return {**clean, **{name: str(value) for name, value in settings.items()}}


def until(condition, within, what):
    """The first true value; polled, because it depends on another process."""
    deadline = time.monotonic() + within * SLOWER
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what() if callable(what) else what}")
        time.sleep(0.02)


def ask(ip, port, path, method="GET", body=None, **headers):
    """A request over HTTP: the status, the headers and the text."""
    connection = http.client.HTTPConnection(ip, port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


class Program:
    def __init__(self, build):
        self.path = build / "peerage"

    def run(self, *arguments, expect=0, **settings):
        result = subprocess.run([self.path, *arguments], capture_output=True, text=True, timeout=60,
                                stdin=subprocess.DEVNULL, env=environment(**settings))
        if result.returncode != expect:
            raise AssertionError(f"{arguments}: exit {result.returncode}\n{result.stdout}\n{result.stderr}")
        return result

    def rows(self, *arguments, **settings):
        return [json.loads(line) for line in self.run(*arguments, "--json", **settings).stdout.splitlines()]


class Node:
    """A home and, from time to time, a process. It listens at one IP address of loopback, on a port
    that it finds at its first start and keeps."""

    def __init__(self, program, home, ip, network="net-1", role="start", **settings):
        self.program, self.home, self.ip, self.network, self.role = program, pathlib.Path(home), ip, network, role
        self.settings = {"PEERAGE_LOG_FORMAT": "json", "PEERAGE_SUMMARY_INTERVAL": "200ms",
                         "PEERAGE_P2P_ADDR_BOOK_STRICT": "false", **settings}
        self.port = 0
        self.process = None
        self.errors = None
        self.lines = []

    # --- its life ---

    def begin(self, **popen):
        """Starts the process and waits for nothing."""
        self.lines = []
        if self.errors:
            self.errors.close()
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [self.program.path, *self.command()], stdout=subprocess.PIPE, stderr=self.errors,
            stdin=subprocess.DEVNULL, text=True, env=environment(**self.settings), **popen)
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout, self.lines), daemon=True)
        self.reader.start()
        return self

    def command(self):
        named = ["--network", self.network] if self.network else []
        return [self.role, "--home", self.home, "--laddr", f"tcp://{self.ip}:{self.port}", *named]

    @staticmethod
    def _read(stream, lines):
        with stream:
            for line in stream:
                if line.endswith("\n"):  # else it was killed while it wrote
                    lines.append(json.loads(line))

    def start(self, within=10, **popen):
        self.begin(**popen)
        said = self.wait_for(lambda: self.said("node started", "seed started"), within, "started")
        self.port = int(said[0]["address"].rsplit(":", 1)[1])
        return self

    def wait_for(self, condition, within, what):
        def check():
            value = condition()
            if not value and self.process.poll() is not None:
                self.reader.join(10)
                if not (value := condition()):
                    raise AssertionError(f"{what}: ended with {self.process.returncode}: {self.error_text()}")
            return value
        return until(check, within, lambda: f"{self.ip}: {what}; it said {self.lines[-2:]}")

    def stop(self, how=signal.SIGTERM, within=30):
        """Exit code, and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(how)
        code = self.process.wait(within * SLOWER)
        took = time.monotonic() - began
        self.reader.join(10)
        return code, took

    def ended(self, within=20):
        """Waits for a process that ends by itself: its exit code and what it said to that."""
        code = self.process.wait(within * SLOWER)
        self.reader.join(10)
        return code, self.error_text()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait(30)
            self.reader.join(10)
            self.errors.close()

    # --- what it shows ---

    def error_text(self):
        self.errors.seek(0)
        return self.errors.read()

    def said(self, *messages):
        return [line for line in list(self.lines) if line["_msg"] in messages]

    def summaries(self):
        """Numbers, the oldest first."""
        return [{key: value for key, value in line.items() if isinstance(value, int)}
                for line in self.said("summary")]

    def summary(self):
        every = self.summaries()
        return every[-1] if every else None

    def next_summary(self, within=10):
        """A summary that was written after this call."""
        before = len(self.summaries())
        return self.wait_for(lambda: self.summaries()[before:], within, "a summary")[0]

    def wait_summary(self, condition, within, what):
        return self.wait_for(lambda: (now := self.summary()) and condition(now) and now, within, what)

    def ctl(self, *arguments, expect=0):
        """What `peerage ctl` answers; of a failure, what it says."""
        said = self.program.run("ctl", *arguments, "--json", "--home", self.home, expect=expect)
        return said.stderr if expect else json.loads(said.stdout)

    def id(self):
        return self.program.run("show-node-id", "--home", self.home).stdout.strip()

    def address(self):
        return f"{self.id()}@{self.ip}:{self.port}"

    def book(self):
        """What `addrbook list` shows, by ID."""
        return {row["id"]: row for row in self.program.rows("addrbook", "list", "--home", self.home)}


def write_addrbook(home, nodes):
    """What a comet node that knew these has in its home."""
    (home / "config").mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    entries = []
    for node in nodes:
        address = {"id": node.id(), "ip": node.ip, "port": node.port}
        entries.append({"addr": address, "src": address, "buckets": [1], "attempts": 0, "bucket_type": 1,
                        "last_attempt": stamp, "last_success": stamp, "last_ban_time": "0001-01-01T00:00:00Z"})
    (home / "config" / "addrbook.json").write_text(json.dumps({"key": "ab" * 12, "addrs": entries}))
