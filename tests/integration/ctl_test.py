#!/usr/bin/env -S python3 -B
"""`peerage ctl` and a seed as processes: what an operator does, and what is left after a kill. ctl_test.py BUILD_DIR"""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

import running

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = running.Program(BUILD)
NOBODY = 65534


class Ctl(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name) / "home"
        self.socket = self.home / "data" / "control.sock"
        self.node = running.Node(PROGRAM, self.home, f"{running.LOOPBACK}.9.1", role="seed")
        self.addCleanup(self.node.kill)

    def ctl(self, *arguments, expect=0):
        return PROGRAM.run("ctl", *arguments, "--home", self.home, expect=expect)

    def answer(self, *arguments, expect=0):
        return json.loads(self.ctl(*arguments, "--json", expect=expect).stdout)

    def test_each_exit_code(self):
        self.assertIn("no node is at", self.ctl("status", expect=3).stderr)
        self.node.start()
        self.assertEqual(self.socket.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.answer("status")["id"], self.node.id())
        self.assertIn("hint", self.ctl("peer", "a" * 40, expect=1).stderr)
        self.ctl("ban", expect=2)
        self.ctl("status", "--timeout", "never", expect=2)
        self.node.process.send_signal(signal.SIGSTOP)
        self.ctl("status", "--timeout", "200ms", expect=4)
        self.node.process.send_signal(signal.SIGCONT)
        self.assertEqual(self.node.stop()[0], 0)
        self.assertFalse(self.socket.exists())
        self.ctl("status", expect=3)

    def test_a_dial_that_fails_says_why(self):
        self.node.start()
        failed = self.answer("dial", f"{'e' * 40}@{running.LOOPBACK}.9.2:1", expect=1)
        self.assertEqual((failed["result"], failed["reason"]), ("failed", "connection_refused"))

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_another_user_is_not_permitted(self):
        self.node.start()
        for folder in (self.home.parent, self.home, self.home / "data"):
            folder.chmod(0o755)

        def asked():
            # The program is opened before the user changes: it may lie where only root looks.
            with open(PROGRAM.path, "rb") as program:
                return subprocess.run(
                    [f"/proc/self/fd/{program.fileno()}", "ctl", "status", "--socket", self.socket],
                    user=NOBODY, group=NOBODY, extra_groups=[], pass_fds=[program.fileno()],
                    capture_output=True, text=True, timeout=60, env=running.environment())

        self.assertEqual(asked().returncode, 5, "the file's mode")
        self.socket.chmod(0o777)
        refused = asked()
        self.assertEqual(refused.returncode, 5, "and who it is")
        self.assertIn("may not control the node", refused.stderr)

    def test_what_was_done_survives_a_kill(self):
        self.node.start()
        peer = f"{'a' * 40}@203.0.113.7:26656"
        self.assertTrue(self.answer("ban", "203.0.113.0/24", "--for", "7d", "--reason", "loud")["changed"])
        self.assertTrue(self.answer("add", peer, "--persistent", "--save")["changed"])
        self.answer("save")
        self.node.kill()
        self.assertTrue(self.socket.exists())
        self.ctl("status", expect=3)
        self.node.start()  # takes the socket's place
        ban, = self.answer("bans")["bans"]
        self.assertEqual((ban["target"], ban["reason"], ban["active"]), ("203.0.113.0/24", "loud", True))
        self.assertFalse(self.answer("add", peer, "--persistent", "--save")["changed"])
        self.assertTrue(self.answer("unban", "203.0.113.0/24")["changed"])
        self.assertTrue(self.answer("remove", "aaaa", "--save")["changed"])
        self.assertFalse(self.answer("remove", "a" * 40, "--save")["changed"])

    def test_a_node_that_is_killed_in_between_is_exit_code_three(self):
        self.node.start()
        ended = subprocess.Popen([PROGRAM.path, "ctl", "events", "--home", self.home], env=running.environment(),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(ended.wait)
        with ended.stdout, ended.stderr:
            def sockets():
                return [each for each in pathlib.Path(f"/proc/{ended.pid}/fd").iterdir()
                        if each.is_symlink() and os.readlink(each).startswith("socket:")]
            running.until(sockets, 10, "a connection")
            self.node.kill()
            self.assertEqual(ended.wait(20), 3)

    def test_a_reload_with_a_broken_file_changes_nothing(self):
        self.node.start()
        config = self.home / "config" / "config.toml"
        good = config.read_text() if config.exists() else ""
        before = self.answer("config")["settings"]
        config.parent.mkdir(exist_ok=True)
        config.write_text(good + "\n[p2p]\nseeds = [[[\n")
        failed = self.ctl("reload", expect=1).stderr
        self.assertIn("config.toml", failed)
        after = self.answer("config")["settings"]
        self.assertEqual([(each["key"], each["value"]) for each in after],
                         [(each["key"], each["value"]) for each in before])
        config.write_text(good)
        self.ctl("reload")

    def test_a_drained_node_is_not_ready_and_stops_when_it_is_told(self):
        self.node.start()
        self.assertTrue(self.answer("drain")["changed"])
        self.assertFalse(self.answer("drain")["changed"])
        ready = self.answer("status", "--ready", expect=1)
        self.assertIn("it drains", ready["why"])
        self.assertTrue(self.answer("stop")["changed"])
        self.assertEqual(self.node.ended()[0], 0)

    def test_sixteen_that_say_nothing_keep_nobody_else_waiting(self):
        self.node.start()
        silent = []
        for _ in range(16):
            each = socket.socket(socket.AF_UNIX)
            self.addCleanup(each.close)
            each.connect(str(self.socket))
            silent.append(each)
        refused = self.ctl("status", expect=1)
        self.assertIn("16 connections", refused.stderr)
        silent.pop().close()
        running.until(lambda: PROGRAM.path and self.try_status(), 10, "a free place")

    def try_status(self):
        return subprocess.run([PROGRAM.path, "ctl", "status", "--home", self.home], capture_output=True,
                              env=running.environment(), timeout=60).returncode == 0

    def test_one_that_subscribes_and_never_reads_holds_up_nobody(self):
        self.node.start()
        with socket.socket(socket.AF_UNIX) as deaf:
            deaf.connect(str(self.socket))
            deaf.sendall(b'{"id":1,"method":"events"}\n')
            for i in range(40):
                self.answer("ban", f"198.51.100.{i}")
            self.assertEqual(len(self.answer("bans")["bans"]), 40)


if __name__ == "__main__":
    running.SLOWER = 5 if running.is_sanitized(BUILD) else 1
    unittest.main(verbosity=2)
