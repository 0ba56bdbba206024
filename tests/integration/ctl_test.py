#!/usr/bin/env -S python3 -B
"""A running node as its operator steers it: `peerage ctl`, `addrbook`, signals. ctl_test.py BUILD_DIR [CLASS[.test]]"""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import running
import side_by_side
from running import LOOPBACK, Node, Program, ask, environment, until, write_addrbook

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = Program(BUILD)
if running.is_sanitized(BUILD):
    running.SLOWER = 5
DONE, FAILED, USAGE, NO_NODE, NO_ANSWER, NOT_PERMITTED = range(6)
OTHER_ID = "ab" * 20
HTTP = random.SystemRandom().randrange(10_000, 30_000)
PASSIVE = {"PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS": 0}


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def node(self, number, **settings):
        node = Node(PROGRAM, self.folder / f"node-{number}", f"{LOOPBACK}.{number}.1", **settings)
        self.addCleanup(node.kill)
        return node

    def steered(self, config="", **settings):
        """The node that is steered: it dials nobody that it is not told to."""
        node = self.node(0, **{**PASSIVE, "PEERAGE_HTTP_LADDR": f"{LOOPBACK}.0.1:{HTTP}", **settings})
        (node.home / "config").mkdir(parents=True)
        (node.home / "config" / "config.toml").write_text(config)
        return node

    def friend_of(self, number, *others):
        """One that stays connected to these."""
        return self.node(number, **PASSIVE, PEERAGE_P2P_PERSISTENT_PEERS=",".join(other.address() for other in others))

    def connected(self, node):
        return {each["id"] for each in node.ctl("peers")["peers"]}

    def wait_connected(self, node, *others):
        ids = {other.id() for other in others}
        until(lambda: self.connected(node) == ids, 20, lambda: f"{ids} connected, not {self.connected(node)}")

    def assert_stops(self, node):
        code, _ = node.stop()
        self.assertEqual((code, node.error_text()), (0, ""))

    @staticmethod
    def killed_and_started(node):
        node.kill()
        return node.start()


class Bans(Case):
    def test_a_ban_disconnects_keeps_out_and_survives_a_kill(self):
        node = self.steered().start()
        friend = self.friend_of(1, node).start()
        self.wait_connected(node, friend)
        for target in (friend.id(), friend.ip, f"{LOOPBACK}.1.0/24"):
            with self.subTest(target):
                said = node.ctl("ban", target, "--for", "7d", "--reason", "sends rubbish")
                self.assertEqual((said["target"], said["disconnected"], said["changed"]), (target, 1, True))
                self.assertEqual(self.connected(node), set())
                self.assertIs(node.ctl("ban", target, "--for", "7d", "--reason", "sends rubbish")["changed"], False)
                self.killed_and_started(node)
                [ban] = node.ctl("bans")["bans"]
                self.assertEqual((ban["target"], ban["reason"], ban["origin"], ban["active"]),
                                 (target, "sends rubbish", "operator", True))
                self.assertEqual(PROGRAM.rows("addrbook", "bans", "--home", node.home)[0]["target"], target)
                # It dials, and is not let in. One that is new does so at once.
                self.killed_and_started(friend)
                node.wait_for(lambda: [each for each in node.said("summary") if each.get("mostly") == "banned"], 20,
                              "it came again, and was refused")
                self.assertEqual(self.connected(node), set())
                said = node.ctl("unban", target)
                self.assertEqual((said["changed"], said["still_banned_by"]), (True, []))
                self.assertIs(node.ctl("unban", target)["changed"], False)
                self.killed_and_started(node)
                self.assertEqual(node.ctl("bans", "--active")["bans"], [])
                self.killed_and_started(friend)
                self.wait_connected(node, friend)
        self.assert_stops(node)

    def test_a_persistent_peer_that_is_banned_comes_back_when_it_is_lifted(self):
        friend = self.node(1, **PASSIVE).start()
        node = self.steered(f'[p2p]\npersistent_peers = "{friend.address()}"\n').start()
        self.wait_connected(node, friend)
        self.assertEqual(node.ctl("ban", friend.ip, "--forever")["disconnected"], 1)
        node.next_summary()
        node.next_summary()
        self.assertEqual(node.ctl("status")["peers"]["persistent"], 0)
        node.ctl("unban", friend.ip)
        self.wait_connected(node, friend)
        self.assert_stops(node)

    def test_the_commands_of_the_book_reach_the_running_node(self):
        node = self.steered('[peerage]\nnetwork = "net-1"\n').start()
        friend = self.friend_of(1, node).start()
        self.wait_connected(node, friend)

        def book(*arguments, expect=0):
            return PROGRAM.run("addrbook", *arguments, "--home", node.home, expect=expect).stdout

        book("ban", friend.id(), "--for", "1h", "--reason", "rude")
        self.assertEqual(self.connected(node), set())
        self.assertEqual([each["reason"] for each in node.ctl("bans")["bans"]], ["rude"])
        book("unban", friend.id())
        self.wait_connected(node, friend)
        # A book that a comet node had.
        write_addrbook(self.folder, [friend])
        file = self.folder / "config" / "addrbook.json"
        book("import", file)
        self.assertEqual(node.ctl("book", "show", friend.id())["addresses"][0]["address"], friend.address())
        again = json.loads(PROGRAM.run("addrbook", "import", file, "--json", "--home", node.home).stdout)
        self.assertEqual(again["outcomes"].get("added", 0), 0)
        node.ctl("save")
        self.assertIn(friend.id(), node.book())
        book("forget", friend.id())
        self.assertIn("no ID that begins with", node.ctl("book", "show", friend.id(), expect=FAILED))
        # As the verbs of ctl do.
        self.assertIs(node.ctl("book", "import", str(file))["changed"], True)
        self.assertIs(node.ctl("book", "import", str(file))["changed"], False)
        exported = self.folder / "exported.json"
        node.ctl("book", "export", str(exported))
        self.assertEqual([each["addr"]["id"] for each in json.loads(exported.read_text())["addrs"]], [friend.id()])
        self.assertIs(node.ctl("book", "forget", friend.id())["changed"], True)
        self.assertIs(node.ctl("book", "forget", friend.id())["changed"], False)
        self.assert_stops(node)
        self.assertEqual(node.book(), {})


class Lists(Case):
    def test_what_is_saved_survives_a_kill_and_what_is_not_does_not(self):
        saved, passing = (self.node(i, **PASSIVE).start() for i in (1, 2))
        node = self.steered("# ours\n").start()
        for changes in (True, False):
            said = node.ctl("add", saved.address(), "--persistent", "--unconditional", "--save")
            self.assertIs(said["changed"], changes)
        self.assertEqual(node.ctl("add", passing.address(), "--persistent")["changed"], True)
        self.wait_connected(node, saved, passing)
        peers = {each["id"]: each for each in node.ctl("peers", "--kind", "persistent")["peers"]}
        self.assertEqual(set(peers), {saved.id(), passing.id()})
        self.assertEqual((node.home / "data" / "control.toml").stat().st_mode & 0o777, 0o600)
        self.killed_and_started(node)
        self.wait_connected(node, saved)
        self.assertEqual(node.ctl("status")["peers"]["persistent_named"], 1)
        self.assertEqual(node.ctl("remove", saved.id()[:8], "--disconnect", "--save"),
                         {"id": saved.id(), "changed": True, "connected": False})
        self.assertIs(node.ctl("remove", saved.id(), "--save")["changed"], False)
        self.killed_and_started(node)
        self.assertEqual(node.ctl("status")["peers"]["persistent_named"], 0)
        self.assertEqual((node.home / "config" / "config.toml").read_text(), "# ours\n")
        self.assert_stops(node)

    def test_a_dial_and_a_disconnect_say_how_it_went(self):
        other = self.node(1, **PASSIVE).start()
        node = self.steered(PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS=10).start()
        said = node.ctl("dial", other.address(), "--wait", "10s")
        self.assertEqual(said["result"], "connected")
        said = PROGRAM.run("ctl", "dial", f"{OTHER_ID}@{LOOPBACK}.9.9:1", "--json", "--home", node.home, expect=FAILED)
        said = json.loads(said.stdout)
        self.assertEqual((said["result"], said["reason"]), ("failed", "connection_refused"))
        self.assertEqual(node.ctl("peer", other.id()[:6])["id"], other.id())
        self.assertEqual(node.ctl("disconnect", other.id(), "--for", "10m")["disconnected"], 1)
        self.assertEqual(self.connected(node), set())
        # It is neither dialled nor let in meanwhile.
        said = PROGRAM.run("ctl", "dial", other.address(), "--json", "--home", node.home, expect=FAILED)
        self.assertEqual(json.loads(said.stdout)["result"], "failed")
        self.assertIs(node.ctl("unban", other.id())["changed"], True)
        again = ("ctl", "dial", other.address(), "--home", node.home)
        until(lambda: subprocess.run([PROGRAM.path, *again], capture_output=True, env=environment()).returncode == DONE,
              10, "connected, after a rest of a second")
        self.assertEqual(self.connected(node), {other.id()})
        self.assert_stops(node)

    def test_a_hangup_says_what_changed_and_what_needs_a_restart(self):
        friend = self.node(1, **PASSIVE).start()
        node = self.steered('moniker = "one"\n').start()
        file = node.home / "config" / "config.toml"
        file.write_text(f'moniker = "two"\n[p2p]\npersistent_peers = "{friend.address()}"\n')
        node.process.send_signal(signal.SIGHUP)
        [said] = node.wait_for(lambda: node.said("lists read again"), 10, "read again")
        self.assertEqual((said["changed"], said["ignored"]), ("p2p.persistent_peers", "moniker"))
        [needs] = node.said("a setting has changed that needs a restart")
        self.assertEqual((needs["key"], needs["running"], needs["read"]), ("moniker", "one", "two"))
        self.wait_connected(node, friend)
        again = node.ctl("reload")
        self.assertEqual((again["changed"], again["ignored"], again["errors"]), ([], ["moniker"], []))
        moniker = {each["key"]: each for each in node.ctl("config")["settings"]}["moniker"]
        self.assertEqual((moniker["value"], moniker["after_restart"]), ("one", "two"))
        # A file with a mistake changes nothing.
        file.write_text('moniker = "two"\n[p2p]\npersistent_peers = ""\nseeds = "nowhere"\n')
        said = node.ctl("reload", expect=FAILED)
        self.assertIn("config.toml:4", said.replace(": line ", ":"))
        self.assertIn("nothing has changed", said)
        node.process.send_signal(signal.SIGHUP)
        node.wait_for(lambda: len(node.said("the settings stay as they are")) >= 2, 10, "said to a hangup as well")
        self.assertEqual(self.connected(node), {friend.id()})
        self.assertEqual(node.ctl("status")["peers"]["persistent_named"], 1)
        self.assert_stops(node)


class Ending(Case):
    def ready(self, node):
        return ask(node.ip, HTTP, "/readyz")[0] == 200

    def test_a_drain_keeps_peers_and_lets_nobody_in_until_it_is_undone(self):
        node = self.steered().start()
        friend = self.friend_of(1, node).start()
        self.wait_connected(node, friend)
        until(lambda: self.ready(node), 10, "ready")
        PROGRAM.run("ctl", "status", "--ready", "--home", node.home)
        said = node.ctl("drain")
        self.assertEqual((said["draining"], said["peers_left"], said["changed"]), (True, 1, True))
        self.assertIs(node.ctl("drain")["changed"], False)
        until(lambda: not self.ready(node), 10, "not ready")
        self.assertEqual(ask(node.ip, HTTP, "/livez")[0], 200)
        said = json.loads(PROGRAM.run("ctl", "status", "--ready", "--json", "--home", node.home, expect=FAILED).stdout)
        self.assertEqual((said["ready"], said["why"]), (False, ["it drains"]))
        PROGRAM.run("probe", node.address(), "--network", "net-1", "--timeout", "2s", expect=1)
        self.assertEqual(self.connected(node), {friend.id()})
        self.assertEqual(node.ctl("drain", "--undo")["draining"], False)
        until(lambda: self.ready(node), 10, "ready again")
        PROGRAM.run("probe", node.address(), "--network", "net-1")
        # With a time, it is undone by itself.
        node.ctl("drain", "--for", "1s")
        self.assertIs(node.ctl("status")["draining"], True)
        until(lambda: not node.ctl("status")["draining"], 10, "over")
        self.assert_stops(node)

    def test_sigterm_drains_first_and_a_second_one_hurries(self):
        for signals in (1, 2):
            with self.subTest(signals=signals), tempfile.TemporaryDirectory() as folder:
                self.folder = pathlib.Path(folder)
                node = self.steered(PEERAGE_DRAIN_DELAY="2s" if signals == 1 else "1h").start()
                friend = self.friend_of(1, node).start()
                self.wait_connected(node, friend)
                until(lambda: self.ready(node), 10, "ready")
                began = time.monotonic()
                node.process.send_signal(signal.SIGTERM)
                node.wait_for(lambda: node.said("draining"), 10, "draining")
                self.assertFalse(self.ready(node), "not ready at once")
                self.assertEqual(self.connected(node), {friend.id()})
                if signals == 2:
                    node.process.send_signal(signal.SIGTERM)
                code, said = node.ended()
                self.assertEqual((code, said), (0, ""))
                took = time.monotonic() - began
                self.assertGreater(took, 2 if signals == 1 else 0)
                self.assertLess(took, 12 * running.SLOWER)
                self.assertFalse((node.home / "data" / "control.sock").exists())
                friend.kill()

    def test_ctrl_c_does_not_drain(self):
        node = self.steered(PEERAGE_DRAIN_DELAY="1h").start()
        self.assertEqual(node.stop(signal.SIGINT)[0], 0)
        self.assertEqual(node.said("draining"), [])

    def test_a_stop_is_answered_and_then_it_has_ended(self):
        node = self.steered().start()
        self.assertEqual(node.ctl("stop"), {"stopping": True, "changed": True})
        code, said = node.ended()
        self.assertEqual((code, said), (0, ""))
        said = node.ctl("status", expect=NO_NODE)
        self.assertIn("no node is at", said)


class Socket(Case):
    def path(self, node):
        return node.home / "data" / "control.sock"

    def connect(self, node):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(str(self.path(node)))
        return connection

    def test_exit_codes_tell_a_script_what_happened(self):
        node = self.steered().start()
        self.assertEqual(self.path(node).stat().st_mode & 0o777, 0o600)
        node.ctl("status", expect=DONE)
        node.ctl("peer", OTHER_ID, expect=FAILED)
        for wrong in (["nonsense"], ["ban"], ["ban", "nonsense"], ["ban", "1.2.3.4", "--for", "soon"],
                      ["ban", "1.2.3.4", "--for", "1h", "--forever"], ["peers", "--sort", "x"],
                      ["status", "--timeout", "x"], ["drain", "more"]):
            with self.subTest(wrong):
                PROGRAM.run("ctl", *wrong, "--home", node.home, expect=USAGE)
        node.process.send_signal(signal.SIGSTOP)
        node.ctl("status", "--timeout", "300ms", expect=NO_ANSWER)
        node.process.send_signal(signal.SIGCONT)
        node.kill()
        self.assertTrue(self.path(node).exists())
        node.ctl("status", expect=NO_NODE)
        PROGRAM.run("ctl", "status", "--socket", self.folder / "nowhere", expect=NO_NODE)
        node.start()  # which replaces what a process that was killed has left
        node.ctl("status")
        self.assert_stops(node)

    @unittest.skipUnless(os.geteuid() == 0, "another user's process is started by root alone")
    def test_another_user_may_not(self):
        node = self.steered().start()
        program = self.folder / "peerage"
        shutil.copy(PROGRAM.path, program)
        program.chmod(0o755)

        def as_nobody():
            return subprocess.run([program, "ctl", "status", "--socket", self.path(node)], capture_output=True,
                                  text=True, user=65534, group=65534, extra_groups=[], cwd="/", env=environment(),
                                  timeout=60)

        for folder in (self.folder, node.home, node.home / "data"):
            folder.chmod(0o755)
        refused = as_nobody()
        self.assertEqual(refused.returncode, NOT_PERMITTED, refused.stderr)
        # The file's mode is one lock, who asks another.
        self.path(node).chmod(0o666)
        refused = as_nobody()
        self.assertEqual(refused.returncode, NOT_PERMITTED, refused.stderr)
        self.assertIn("may not control the node", refused.stderr)
        node.ctl("status")
        self.assert_stops(node)

    def test_a_socket_that_cannot_be_is_told_and_none_is_possible(self):
        long = self.steered(f'[peerage]\ncontrol_socket = "{"x" * 120}"\n')
        code, said = long.begin().ended()
        self.assertEqual(code, 78, said)
        self.assertIn("at most 107 bytes", said)
        self.assertFalse((long.home / "data").exists(), "a start that fails has changed nothing")
        shutil.rmtree(long.home)
        none = self.steered('[peerage]\ncontrol_socket = ""\n').start()
        self.assertFalse(self.path(none).exists())
        self.assertIn("no control socket", none.ctl("status", expect=NO_NODE))
        self.assert_stops(none)

    def test_clients_of_every_kind_do_not_harm_it(self):
        node = self.steered().start()
        with contextlib.ExitStack() as stack:
            # Two that never read, one with half a line, one with ten megabytes of it.
            deaf, subscribed, half, endless = (stack.enter_context(self.connect(node)) for _ in range(4))
            subscribed.sendall(b'{"id":1,"method":"events"}\n')
            deaf.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    deaf.send(b'{"id":1,"method":"config"}\n' * 100)
            half.sendall(b'{"id":1,"meth')
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                endless.sendall(b"x" * 10_000_000 + b"\n" + b'{"id":2,"method":"status"}\n')
                said = endless.makefile().readline()
                self.assertEqual(json.loads(said)["error"]["reason"], "too_long")
            # Others, at the same time.
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda _: node.ctl("status")["id"], range(24)))
            self.assertEqual(set(answers), {node.id()})
            for i in range(20):
                self.assertIs(node.ctl("ban", f"198.51.100.{i}")["changed"], True)
            half.sendall(b'od":"networks"}\n')
            self.assertEqual(json.loads(half.makefile().readline())["result"]["networks"][0]["network"], "net-1")
            # All places taken: the next is told so.
            held = [stack.enter_context(self.connect(node)) for _ in range(16)]
            self.assertIn("too_many_connections", held[-1].makefile().readline())
            self.assertIn("connections to the control socket", node.ctl("status", expect=FAILED))
        node.ctl("status")
        self.assert_stops(node)

    def test_events_come_as_they_happen_until_the_node_ends(self):
        node = self.steered().start()
        follower = subprocess.Popen(
            [PROGRAM.path, "ctl", "events", "--json", "--types", "connected,gone,banned", "--home", node.home],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
        self.addCleanup(follower.kill)
        events = []
        reader = threading.Thread(target=lambda: [events.append(json.loads(line)) for line in follower.stdout],
                                  daemon=True)
        reader.start()
        friend = self.friend_of(1, node)
        # It may not have subscribed yet when the first comes.
        friend.start()
        self.wait_connected(node, friend)

        def seen(kind):
            return [each for each in events if each["event"] == kind]

        def until_seen_gone():
            node.ctl("disconnect", friend.id())
            return seen("gone")
        until(until_seen_gone, 20, "gone")
        until(lambda: seen("connected"), 20, "connected again")
        self.assertEqual(seen("connected")[0]["peer"]["id"], friend.id())
        node.ctl("ban", friend.id(), "--reason", "rude")
        until(lambda: seen("banned"), 20, "banned")
        self.assertEqual((seen("banned")[0]["target"], seen("banned")[0]["reason"]), (friend.id(), "rude"))
        self.assert_stops(node)
        self.assertEqual(follower.wait(20), NO_NODE)
        reader.join(20)
        follower.stdout.close()
        self.assertIn("ended", follower.stderr.read())
        follower.stderr.close()

    def test_one_that_listens_when_the_node_is_killed_is_told_that_it_is_gone(self):
        node = self.steered().start()
        with subprocess.Popen([PROGRAM.path, "ctl", "events", "--home", node.home], env=environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listening:
            def sockets():
                return [each for each in pathlib.Path(f"/proc/{listening.pid}/fd").iterdir()
                        if each.is_symlink() and os.readlink(each).startswith("socket:")]
            until(sockets, 10, "a connection")
            node.kill()
            self.assertEqual(listening.wait(20), NO_NODE)

    def test_a_node_that_is_killed_before_its_answer_is_no_node(self):
        node = self.steered(PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS=10).start()
        with socket.create_server((f"{LOOPBACK}.9.9", 0)) as silent:
            target = "%s@%s:%d" % (OTHER_ID, *silent.getsockname())
            asking = subprocess.Popen([PROGRAM.path, "ctl", "dial", target, "--home", node.home], env=environment(),
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.addCleanup(asking.kill)
            silent.settimeout(20 * running.SLOWER)
            with silent.accept()[0]:  # which says nothing, so that the dial is under way
                node.kill()
                self.assertEqual(asking.wait(20), NO_NODE)
            self.assertIn("ended before it answered", asking.stderr.read())
            asking.stderr.close()

    def test_two_nodes_do_not_share_a_home_nor_a_socket(self):
        node = self.steered().start()
        second = self.node(0, **PASSIVE, PEERAGE_CONTROL_SOCKET="data/other.sock")
        second.ip = f"{LOOPBACK}.0.2"
        code, said = second.begin().ended()
        self.assertEqual(code, 1, said)
        self.assertIn("addrbook.db", said)
        third = self.node(1, **PASSIVE, PEERAGE_CONTROL_SOCKET=self.path(node))
        code, said = third.begin().ended()
        self.assertEqual(code, 1, said)
        self.assertIn("control.sock", said)
        node.ctl("status")
        self.assertFalse((node.home / "data" / "other.sock").exists())
        self.assert_stops(node)


if __name__ == "__main__":
    side_by_side.main(BUILD)
