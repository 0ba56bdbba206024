#!/usr/bin/env -S python3 -B
"""The demo as a newcomer runs it, and interrupts it. demo_test.py BUILD_DIR [CLASS[.test]]"""
import contextlib
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import running
import side_by_side

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PEERAGE = BUILD / "peerage"


class Demo(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = dict(os.environ, TMPDIR=folder.name)

    @contextlib.contextmanager
    def alone_in_choosing(self):
        """A demo looks for free addresses; no other one does until its seed listens on the first of them."""
        with open(PEERAGE, "rb") as program:
            fcntl.flock(program, fcntl.LOCK_EX)
            yield

    def start(self, *arguments):
        with self.alone_in_choosing():
            process = self.begin(*arguments)
            self.read_until(process, "seed     started")
        return process

    def begin(self, *arguments, stdout=subprocess.PIPE):
        process = subprocess.Popen([PEERAGE, "demo", *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True,
                                   stdin=subprocess.DEVNULL, env=self.environment)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def read_until(self, process, text):
        seen = ""
        for line in process.stdout:
            seen += line
            if text in line:
                return seen
        raise AssertionError(f"no {text!r} in:\n{seen}{process.stderr.read()}")

    def read(self, url):
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.read().decode()

    def processes(self):
        """Processes with our directory among their arguments: children of a demo."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.folder) in path.read_bytes().decode(errors="replace"):
                    found.append(path.parent.name)
            except OSError:
                pass  # it has just gone
        return found

    def assertNothingIsLeft(self):
        self.assertEqual(self.processes(), [])
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_every_step_succeeds_and_nothing_is_left(self):
        process = self.start("--plain")
        output, errors = process.communicate(timeout=150)
        self.assertEqual(process.returncode, 0, output + errors)
        self.assertEqual(errors, "")
        verdict = output[output.rindex("\n\n"):]
        self.assertRegex(verdict, r"connected after \d+\.\d s: each of the 5 nodes has the 4 others")
        self.assertRegex(verdict, r"node-3 killed: the others had noticed after \d+\.\d s")
        self.assertRegex(verdict, r"node-3 back after \d+\.\d s, with all its peers and its book of [1-9]")
        self.assertIn("the crawler found 5 of 5 nodes", verdict)
        self.assertNothingIsLeft()

    def test_what_it_says_to_look_at_can_be_looked_at(self):
        process = self.start("--plain", "--nodes", "2", "--keep")
        said = self.read_until(process, "tail -f")
        peers, metrics = re.findall(r"http://\S+", said)
        # The seed serves the nodes that it has met itself, and it may meet the second one only now.
        running.until(lambda: re.fullmatch(r"([0-9a-f]{40}@127(\.\d+){3}:\d+,?){2}\n?", self.read(peers)), 60,
                      lambda: self.read(peers))
        self.assertIn("\ncometbft_p2p_peers{", self.read(metrics))
        for asked, answered in (("status", "peerage-demo"), ("peers", "node-")):
            words = re.search(rf"peerage (ctl {asked} .*)", said).group(1).split()
            shown = subprocess.run([PEERAGE, *words], check=True, capture_output=True, text=True, timeout=60).stdout
            self.assertIn(answered, shown)

    def test_on_a_terminal_there_is_a_table(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        with self.alone_in_choosing():
            process = self.begin("--nodes", "2", stdout=theirs)
            os.close(theirs)
            shown = self.read_terminal(ours, process, lambda shown: re.search(r"seed .* started", shown))
        shown += self.read_terminal(ours, process, lambda _: False)
        self.assertEqual(process.wait(20), 0, shown)
        self.assertIn("\x1b[", shown)
        self.assertRegex(shown, r"NODE +ADDRESS +IN +OUT +NEW +OLD +VERIFIED +LAST EVENT")
        self.assertRegex(shown, r"node-2 +127\.\d+\.3\.1:\d+ +\d")
        self.assertNothingIsLeft()

    def read_terminal(self, ours, process, has_enough):
        shown, end = "", time.monotonic() + 120
        while not has_enough(shown) and time.monotonic() < end and process.poll() is None:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    shown += os.read(ours, 4096).decode()
                except OSError:  # its end
                    break
        return shown

    def assertEndsBy(self, stop, process):
        process.send_signal(stop)
        output, errors = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 1, output + errors)
        self.assertIn("interrupted", output)
        self.assertNothingIsLeft()

    def test_ctrl_c_ends_it_before_its_seed_has_started(self):
        with self.alone_in_choosing():
            process = self.begin("--plain", "--nodes", "2")
            self.read_until(process, "A seed and")
            self.assertEndsBy(signal.SIGINT, process)

    def test_ctrl_c_ends_it_when_its_seed_has_started(self):
        self.assertEndsBy(signal.SIGINT, self.start("--plain", "--nodes", "2"))

    def test_a_termination_ends_it_when_its_nodes_have_started(self):
        process = self.start("--plain", "--nodes", "2")
        self.read_until(process, "node-2   started")
        self.assertEndsBy(signal.SIGTERM, process)

    def test_ctrl_c_ends_it_while_a_node_is_dead(self):
        process = self.start("--plain", "--nodes", "2")
        self.read_until(process, "is killed")
        self.assertEndsBy(signal.SIGINT, process)

    def test_a_hangup_ends_it_while_it_crawls(self):
        process = self.start("--plain", "--nodes", "2")
        self.read_until(process, "A crawler goes")
        self.assertEndsBy(signal.SIGHUP, process)

    def test_killed_it_takes_its_children_with_it(self):
        process = self.start("--plain", "--nodes", "3")
        self.read_until(process, "node-3   started")
        self.assertEqual(len(self.processes()), 4)
        process.kill()
        end = time.monotonic() + 20
        while self.processes() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(self.processes(), [])

    def test_it_stays_up_to_be_looked_at_and_leaves_what_it_made(self):
        process = self.start("--plain", "--nodes", "2", "--keep")
        said = self.read_until(process, "tail -f")
        home = re.search(r"peerage addrbook list --home (\S+)", said).group(1)
        listed = subprocess.run([PEERAGE, "addrbook", "list", "--home", home], capture_output=True, text=True,
                                timeout=60)
        # Its name is there only if it was this node that dialled.
        self.assertRegex(listed.stdout, r"[0-9a-f]{40}@127(\.\d+){3}:\d+", listed.stderr)
        probe = re.search(r"peerage (probe .*)", said).group(1).split()
        subprocess.run([PEERAGE, *probe], check=True, capture_output=True, timeout=60)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0, output + errors)
        self.assertEqual(self.processes(), [])
        kept = pathlib.Path(re.search(r"Homes and logs are in (\S+)", output).group(1))
        self.assertTrue((kept / "node-1" / "log").stat().st_size > 0)
        self.assertTrue((kept / "node-1" / "config" / "config.toml").exists())

    def test_a_node_that_ends_by_itself_is_a_failure_that_says_where_to_look(self):
        process = self.start("--plain", "--nodes", "2", "--dir", str(self.folder / "demo"))
        self.read_until(process, "node-2   started")
        for each in self.processes():
            if b"node-2" in pathlib.Path(f"/proc/{each}/cmdline").read_bytes():
                os.kill(int(each), signal.SIGKILL)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, output + errors)
        self.assertIn("FAILED: node-2 ended by itself", output)
        self.assertIn(f"Homes and logs are in {self.folder / 'demo'}", output)
        self.assertTrue((self.folder / "demo" / "node-2" / "log").exists())

    def test_a_directory_that_is_in_use_is_refused(self):
        (self.folder / "file").write_text("mine")
        result = subprocess.run([PEERAGE, "demo", "--dir", self.folder], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertIn("not empty", result.stderr)
        self.assertEqual((self.folder / "file").read_text(), "mine")


if __name__ == "__main__":
    side_by_side.main(BUILD, at_once=12)
