#!/usr/bin/env -S python3 -B
"""What a node logs of its home, and what it does when its log is not read. log_test.py BUILD_DIR"""
import array
import contextlib
import fcntl
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

import running

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = running.Program(BUILD)
IP = f"{running.LOOPBACK}.7.1"
PIPE = 4096  # bytes: the smallest that there is


def waiting(descriptor):
    """Bytes in a pipe that are not read yet."""
    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


class StalledLog(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name) / "home"

    def start(self, role, log):
        """A node, its process started, which writes its log to the descriptor."""
        node = running.Node(PROGRAM, self.home, IP, role=role, PEERAGE_LOG_LEVEL="debug",
                            PEERAGE_SUMMARY_INTERVAL="5ms")
        process = subprocess.Popen(
            [PROGRAM.path, *node.command()], stdout=log, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
            env=running.environment(**node.settings))

        def end():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait(30)

        self.addCleanup(end)
        return process

    @staticmethod
    def address_in(text):
        for line in text.split("\n")[:-1]:
            said = json.loads(line)
            if said["_msg"] in ("node started", "seed started"):
                return said["address"]
        return None

    def served_until(self, address, full):
        """Probes that are all answered, until the log has been full for some."""
        answered_while_full = 0
        deadline = time.monotonic() + 60 * running.SLOWER
        while answered_while_full < 5:
            self.assertLess(time.monotonic(), deadline, "the log is not full")
            was_full = full()
            PROGRAM.run("probe", address, "--network", "net-1", "--json", "--timeout", "10s")
            answered_while_full += was_full

    def assertEnds(self, process):
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30 * running.SLOWER), 0)
        self.assertLess(time.monotonic() - began, 8 * running.SLOWER)

    def test_a_pipe_that_is_not_read_stops_neither_the_node_nor_its_end(self):
        for role in ("start", "seed"):
            with self.subTest(role):
                reading, writing = os.pipe()
                self.addCleanup(os.close, reading)
                fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE)
                process = self.start(role, writing)
                os.close(writing)
                text = ""
                while not self.address_in(text):
                    self.assertTrue(select.select([reading], [], [], 30)[0])
                    text += os.read(reading, 1 << 16).decode()
                self.served_until(self.address_in(text), lambda: waiting(reading) > PIPE - 1024)
                self.assertEnds(process)
                self.assertGreater(waiting(reading), PIPE - 1024)


class KeyFile(unittest.TestCase):
    WARNING = "others on this machine can read or change the node key"

    def test_a_key_that_others_may_use_is_warned_of_at_each_start(self):
        with tempfile.TemporaryDirectory() as folder:
            node = running.Node(PROGRAM, pathlib.Path(folder) / "home", IP)
            key = node.home / "config" / "node_key.json"
            for mode in (None, 0o640, 0o604, 0o600):
                if mode:
                    key.chmod(mode)
                node.start()
                self.addCleanup(node.kill)
                node.stop()
                said = [(line["level"], line["file"], line["mode"], line["run"]) for line in node.said(self.WARNING)]
                open_to_others = mode in (0o640, 0o604)
                self.assertEqual(said, [("warn", str(key), f"{mode:o}", f"chmod 600 {key}")] if open_to_others else [])


if __name__ == "__main__":
    running.SLOWER = 4 if running.is_sanitized(BUILD) else 1
    unittest.main(verbosity=1)
