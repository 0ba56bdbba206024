#!/usr/bin/env -S python3 -B
"""What a start does to a home, on file systems of every kind, and how it ends: its exit code, its leftovers, its signs
of life. files_test.py BUILD_DIR

Faults are those of a library that is loaded into the program (file_faults.cpp)."""
import errno
import fcntl
import hashlib
import json
import os
import pathlib
import random
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

import running
from running import LOOPBACK, Node, Program, until

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = Program(BUILD)
SANITIZED = running.is_sanitized(BUILD)
if SANITIZED:
    running.SLOWER = 5
FAULTS = BUILD / "tests" / "integration" / "libpeerage_file_faults.so"
DONE, FAILED, USAGE, UNMENDABLE = 0, 1, 64, 78
ALONE = {"PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS": 0, "PEERAGE_SUMMARY_INTERVAL": "0s"}
OTHER_ID = "ab" * 20
STEP = int(os.environ.get("PEERAGE_KILL_STEP", 7))  # a start is killed at each of so many calls; 1: at each


def faults(*each, **more):
    return {"LD_PRELOAD": str(FAULTS), "FILE_FAULTS": ";".join(each), **more}


def tree(folder):
    """All names with what is behind them."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(status.st_mode) else None
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, content)
    return found


def comet_book(count=3):
    stamp = "2026-03-01T10:00:00Z"
    entries = [{"addr": {"id": f"{i + 1:040x}", "ip": f"20.{i}.2.3", "port": 26656},
                "src": {"id": OTHER_ID, "ip": "8.8.8.8", "port": 26656}, "buckets": [i], "attempts": 1,
                "bucket_type": 1, "last_attempt": stamp, "last_success": "0001-01-01T00:00:00Z",
                "last_ban_time": "0001-01-01T00:00:00Z"} for i in range(count)]
    return json.dumps({"key": "ab" * 12, "addrs": entries})


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.home = pathlib.Path(temporary.name) / "home"
        self.config = self.home / "config"
        self.file = self.home / "data" / "addrbook.db"

    def make_home(self, config='[p2p]\naddr_book_file = "config/addrbook.json"\n', book=None):
        if not self.home.exists():
            PROGRAM.run("init", "--home", self.home)
        (self.config / "config.toml").write_text(config)
        if book:
            (self.config / "addrbook.json").write_text(book)

    def node(self, role="seed", **settings):
        node = Node(PROGRAM, self.home, f"{LOOPBACK}.0.1", role=role, **{**ALONE, **settings})
        self.addCleanup(node.kill)
        return node

    def refused(self, expect, *texts, **settings):
        """A start that is to end with this code, saying all of these; what it said."""
        code, said = self.node(**settings).begin().ended()
        self.assertEqual(code, expect, said)
        for text in texts:
            self.assertIn(text, said)
        return said

    def assert_stops(self, node):
        code, _ = node.stop()
        self.assertEqual((code, node.error_text()), (0, ""))

    @staticmethod
    def told(node, level):
        return [line for line in list(node.lines) if line["level"] == level]


class ExitCodes(Case):
    def ends(self, expect, *arguments, role="seed", **settings):
        result = PROGRAM.run(role, "--home", self.home, *arguments, expect=expect, **settings)
        return result.stdout + result.stderr

    def test_a_wrong_command_line_is_64_for_every_command(self):
        for arguments in (["seed", "--nonsense"], ["start", "more"], ["probe"], ["nonsense"], [], ["crawl"],
                          ["addrbook", "list", "--kind", "odd"], ["addrbook", "list", "--verified-since", "soon"],
                          ["addrbook", "ban", "example.org"], ["addrbook", "forget", "x"], ["help", "nonsense"],
                          ["probe", "foo"], ["check-config", "--nonsense"], ["init", "--nonsense"], ["demo", "--nodes", "x"]):
            with self.subTest(arguments):
                PROGRAM.run(*arguments, expect=USAGE, PEERAGE_HOME=self.home)
        for arguments in (["--laddr", "nowhere"], ["--seeds", "x"], ["--log-level", "odd:odd"]):
            with self.subTest(arguments):
                self.assertIn(arguments[0], self.ends(USAGE, "--network", "n", *arguments))
        self.assertFalse(self.home.exists())

    def test_what_a_restart_cannot_mend_is_78(self):
        self.ends(UNMENDABLE)  # no network
        self.assertFalse(self.home.exists())
        self.make_home('[p2p]\npex = "seven"\n')
        self.assertIn("config.toml", self.ends(UNMENDABLE, "--network", "n"))
        self.make_home("moniker = \n")
        self.ends(UNMENDABLE, "--network", "n", role="start")
        self.ends(UNMENDABLE, "--network", "n", "--config", "other.toml")
        self.ends(UNMENDABLE, PEERAGE_NETWORK="n", PEERAGE_P2P_LADDR="nowhere")
        self.make_home("[p2p]\npex = false\n")
        self.ends(UNMENDABLE, "--network", "n", role="start")
        self.make_home("")
        self.ends(UNMENDABLE, "--network", "*")
        for text in ("{", '{"priv_key":{"type":"tendermint/PrivKeySecp256k1","value":""}}'):
            (self.config / "node_key.json").write_text(text)
            self.ends(UNMENDABLE, "--network", "n", "--laddr", "127.0.0.1:0")
        (self.config / "node_key.json").unlink()
        self.file.write_text("not a database " * 100)
        self.ends(UNMENDABLE, "--network", "*", "--laddr", "127.0.0.1:0")
        self.file.unlink()
        self.file.mkdir()
        said = self.ends(UNMENDABLE, "--network", "n", "--laddr", "127.0.0.1:0")
        self.assertIn("Is a directory", said)

    def test_what_a_restart_may_mend_is_1(self):
        self.make_home()
        first = self.node(role="start").start()
        # Another start of the same home, at another port: the book is in use.
        self.refused(FAILED, "in use by another program", role="start")
        again = self.node(role="start")
        again.port = first.port
        code, said = again.begin().ended()
        self.assertEqual(code, FAILED)
        self.assertIn(str(self.file), said, "by the node of this home, which says more than the port")
        other = self.node(role="start")
        other.home, other.port = self.home / "other", first.port
        code, said = other.begin().ended()
        self.assertEqual(code, FAILED)
        self.assertIn("another program listens on that address", said)
        self.assert_stops(first)

    def test_check_config_keeps_0_and_1(self):
        self.make_home("")
        PROGRAM.run("check-config", "--home", self.home, "--network", "n", "--laddr", "127.0.0.1:0")
        PROGRAM.run("check-config", "--home", self.home, "--network", "n", "--laddr", "nowhere", expect=1)

    def test_help_lists_them(self):
        for role in ("start", "seed"):
            text = " ".join(PROGRAM.run(role, "--help").stdout.split())
            self.assertRegex(text, r"Exit code: 0 .* 1 .* 64 .* 78 ")


class FirstThePort(Case):
    def setUp(self):
        super().setUp()
        self.taken = socket.create_server((f"{LOOPBACK}.0.1", 0))
        self.addCleanup(self.taken.close)

    def begin(self, role):
        node = self.node(role)
        node.port = self.taken.getsockname()[1]
        return node.begin().ended()

    def test_a_start_whose_port_is_in_use_changes_nothing(self):
        for role in ("seed", "start"):
            code, said = self.begin(role)
            self.assertEqual(code, FAILED)
            self.assertIn("another program listens", said)
            self.assertFalse(self.home.exists(), "no home, no key, no book")
        self.make_home(book=comet_book())
        (self.config / "node_key.json").unlink()
        (self.config / ".node_key.json.0123456789abcdef").write_text("left")
        before = tree(self.home)
        for role in ("seed", "start"):
            self.assertEqual(self.begin(role)[0], FAILED)
            self.assertEqual(tree(self.home), before)

    def test_when_the_port_is_free_it_starts(self):
        self.make_home(book=comet_book())
        node = self.node()
        node.port = self.taken.getsockname()[1]
        self.taken.close()
        node.start()
        self.assertTrue(node.said("addresses taken over"))
        with socket.create_connection((node.ip, node.port), 5):
            pass
        self.assert_stops(node)


class NewHomes(Case):
    def test_a_new_key_and_a_new_book_are_told_at_warn_and_once(self):
        node = self.node().start()
        key = node.said("a new node key was made: the node has a new ID")
        book = node.said("a new address book was made")
        self.assertEqual([line["level"] for line in key + book], ["warn", "warn"])
        self.assertEqual(key[0]["id"], node.id())
        self.assertEqual((key[0]["file"], book[0]["file"]), (str(self.config / "node_key.json"), str(self.file)))
        self.assert_stops(node)
        node.start()
        self.assertFalse([line for line in self.told(node, "warn") if "new" in line["_msg"]])
        self.assert_stops(node)

    def test_a_book_that_is_made_of_an_addrbook_json_is_new_too(self):
        self.make_home(book=comet_book())
        node = self.node().start()
        self.assertTrue(node.said("a new address book was made"))
        self.assert_stops(node)

    def test_what_must_exist_is_not_made(self):
        def with_option(role, expect):
            result = PROGRAM.run(role, "--must-exist", "--home", self.home, "--network", "net-1",
                                 "--laddr", f"{LOOPBACK}.0.1:0", expect=expect)
            return result.stdout + result.stderr

        for role in ("seed", "start"):
            self.assertIn(str(self.home), with_option(role, UNMENDABLE))
            self.assertFalse(self.home.exists())
        self.make_home(book=comet_book())
        self.assertIn(str(self.file), with_option("seed", UNMENDABLE))
        node = self.node().start()
        self.assert_stops(node)
        plain = node.command
        node.command = lambda: [*plain(), "--must-exist"]
        node.start()
        self.assert_stops(node)
        for path in (self.config / "config.toml", self.config / "node_key.json", self.file):
            aside = path.with_name("aside")
            path.rename(aside)
            before = tree(self.home)
            self.assertIn(str(path), with_option("seed", UNMENDABLE))
            self.assertEqual(tree(self.home), before)
            aside.rename(path)


class Signals(Case):
    def test_none_of_these_ends_a_node_however_early(self):
        self.make_home()
        for role in ("seed", "start"):
            node = self.node(role).begin()
            status = pathlib.Path(f"/proc/{node.process.pid}/status")

            # The kernel says what the program has told it, which is this last; before that no program can be asked.
            def settled():
                ignored = re.search(r"^SigIgn:\s+(\w+)$", status.read_text(), re.MULTILINE).group(1)
                return int(ignored, 16) >> (signal.SIGUSR2 - 1) & 1
            until(settled, 10, "it ignores signals")
            for each in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGPIPE):
                node.process.send_signal(each)
            node.wait_for(lambda: node.said("node started", "seed started"), 10, "started")
            node.wait_for(lambda: node.said("lists read again"), 10, "the SIGHUP that came early is obeyed")
            for each in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
                node.process.send_signal(each)
            node.process.send_signal(signal.SIGHUP)
            node.wait_for(lambda: len(node.said("lists read again")) == 2, 10, "it goes on")
            self.assert_stops(node)


class SignsOfLife(Case):
    def test_the_control_shard_gives_a_sign_in_each_half_of_the_time(self):
        self.make_home()
        at = f"{self.home}/notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(at)
            manager.settimeout(20 * running.SLOWER)
            node = self.node(NOTIFY_SOCKET=at, WATCHDOG_USEC=400_000).begin()
            heard = []
            while heard.count("WATCHDOG=1") < 6:
                heard.append(manager.recv(4096).decode())
                if heard[-1] == "WATCHDOG=1" and heard.count("WATCHDOG=1") == 1:
                    began = time.monotonic()
            self.assertGreater(time.monotonic() - began, 4 * 0.2)
            self.assertIn("READY=1", heard)
            self.assert_stops(node)

    def test_another_processs_watchdog_is_not_ours(self):
        self.make_home()
        at = f"{self.home}/notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(at)
            node = self.node(NOTIFY_SOCKET=at, WATCHDOG_USEC=1000, WATCHDOG_PID=1).start()
            self.assert_stops(node)
            manager.setblocking(False)
            heard = []
            while True:
                try:
                    heard.append(manager.recv(4096).decode())
                except BlockingIOError:
                    break
            self.assertIn("READY=1", heard)
            self.assertNotIn("WATCHDOG=1", heard)


@unittest.skipIf(SANITIZED, "a sanitizer is to be loaded first")
class PoorFileSystems(Case):
    def test_without_shared_memory_it_starts_says_so_once_and_readers_work(self):
        self.make_home(book=comet_book())
        poor = faults(f"mmap:addrbook.db-shm:{errno.ENODEV}")
        for start in range(2):
            node = self.node(**poor).start()
            warned = [line for line in self.told(node, "warn") if "no shared memory" in line["_msg"]]
            self.assertEqual(len(warned), 1, node.lines)
            self.assertEqual(self.told(node, "error"), [])
            rows = PROGRAM.rows("addrbook", "list", "--home", self.home, **poor)
            self.assertEqual(len(rows), 3)
            PROGRAM.run("addrbook", "check", "--home", self.home, **poor)
            PROGRAM.run("addrbook", "stats", "--home", self.home, **poor)
            self.assert_stops(node)
        self.assertEqual({path.name for path in self.file.parent.iterdir()}, {"addrbook.db", "addrbook.db.lock"})
        # It was written with a log, on another file system, by a node that was killed.
        node = self.node().start()
        self.assertFalse([line for line in self.told(node, "warn") if "shared memory" in line["_msg"]])
        node.process.kill()
        node.process.wait()
        node = self.node(**poor).start()
        self.assertEqual(len(PROGRAM.rows("addrbook", "list", "--home", self.home, **poor)), 3)
        self.assert_stops(node)

    def test_without_locks_it_says_so_and_where(self):
        self.make_home()
        for poor in (f"flock:addrbook.db.lock:{errno.ENOLCK}", f"flock:addrbook.db.lock:{errno.EOPNOTSUPP}",
                     f"fcntl:addrbook.db:{errno.ENOLCK}", f"fcntl:addrbook.db:{errno.ENOSYS}"):
            with self.subTest(poor):
                said = self.refused(UNMENDABLE, f"the file system of {self.file.parent} gives no locks",
                                    "put `book_file` on a local disk", **faults(poor))
                self.assertNotIn("free space", said)
                self.assertNotIn("in use", said)

    def test_without_hard_links_a_home_is_made_and_taken_over(self):
        for renames in ([], [f"renameat2::{errno.EINVAL}"]):
            for error in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
                with self.subTest(error=error, renames=renames):
                    poor = faults(f"link::{error}", *renames)
                    PROGRAM.run("init", "--home", self.home, **poor)
                    (self.config / "config.toml").write_text('[p2p]\naddr_book_file = "config/addrbook.json"\n')
                    (self.config / "addrbook.json").write_text(comet_book())
                    node = self.node(**poor).start()
                    self.assertTrue(node.said("addresses taken over"))
                    self.assert_stops(node)
                    self.assertEqual((self.config / "addrbook.json.before-peerage").read_text(), comet_book())
                    self.assertEqual(stat.S_IMODE((self.config / "node_key.json").stat().st_mode), 0o600)
                    self.assertEqual([path.name for path in self.config.iterdir() if path.name.startswith(".")], [])
                    subprocess.run(["rm", "-r", self.home], check=True)

    READ_ONLY = [f"{call}:/config/:{errno.EROFS}" for call in ("open", "link", "rename", "renameat2", "unlink", "mkdir")]

    def test_a_config_directory_that_is_read_only_costs_one_warning(self):
        self.make_home()
        PROGRAM.run("init", "--home", self.home, **faults(*self.READ_ONLY))  # there is nothing to make
        node = self.node(**faults(*self.READ_ONLY)).start()
        node.wait_for(lambda: self.told(node, "warn")[1:], 10, "it warns")
        node.process.send_signal(signal.SIGHUP)
        node.wait_for(lambda: node.said("lists read again"), 10, "it goes on")
        self.assert_stops(node)
        warned = [line["_msg"] for line in self.told(node, "warn") if "addrbook.json" in line["_msg"]]
        self.assertEqual(len(warned), 1, node.lines)
        self.assertIn("not kept up to date", warned[0])
        self.assertEqual(self.told(node, "error"), [])
        self.assertFalse((self.config / "addrbook.json").exists())

    def test_with_an_addrbook_json_in_it_too(self):
        self.make_home(book=comet_book())
        node = self.node(**faults(*self.READ_ONLY)).start()
        self.assert_stops(node)
        warned = [line["_msg"] for line in self.told(node, "warn") if "kept" in line["_msg"]]
        self.assertEqual(len(warned), 1, node.lines)
        self.assertEqual(self.told(node, "error"), [])
        self.assertEqual((self.config / "addrbook.json").read_text(), comet_book())
        # And one of ours, from before the directory became so.
        node = self.node().start()
        self.assert_stops(node)
        ours = (self.config / "addrbook.json").read_text()
        node = self.node(**faults(*self.READ_ONLY)).start()
        node.wait_for(lambda: [line for line in self.told(node, "warn") if "up to date" in line["_msg"]], 10, "it warns")
        self.assert_stops(node)
        self.assertEqual((self.config / "addrbook.json").read_text(), ours)

    def test_an_addrbook_json_that_is_mounted_by_itself_costs_one_warning(self):
        self.make_home(book=comet_book())
        node = self.node(**faults(f"rename:/config/addrbook.json:{errno.EBUSY}")).start()
        node.wait_for(lambda: [line for line in self.told(node, "warn") if "up to date" in line["_msg"]], 10, "it warns")
        self.assert_stops(node)
        self.assertEqual(self.told(node, "error"), [])
        self.assertEqual((self.config / "addrbook.json").read_text(), comet_book())

    def test_a_key_or_a_book_that_cannot_be_made_says_why(self):
        self.make_home()
        (self.config / "node_key.json").unlink()
        said = self.refused(UNMENDABLE, "the file system is read-only", str(self.config / "node_key.json"),
                            **faults(*self.READ_ONLY))
        self.assertNotIn("free space", said)
        self.assertFalse(self.file.exists())
        said = self.refused(UNMENDABLE, "node_key.json", **faults(f"open:/config/:{errno.EACCES}"))
        self.assertNotIn("free space", said)
        self.refused(FAILED, "the disk is full", "free space", **faults(f"write:node_key.json:{errno.ENOSPC}"))
        self.refused(FAILED, "the disk is full", "free space", **faults(f"open:node_key.json:{errno.EDQUOT}"))
        self.assertFalse((self.config / "node_key.json").exists())
        for error, text, code in ((errno.EROFS, "read-only", UNMENDABLE), (errno.EACCES, "owner and mode", UNMENDABLE),
                                  (errno.ENOSPC, "free space", FAILED), (errno.EIO, "check the disk", FAILED)):
            with self.subTest(error=error):
                said = self.refused(code, text, **faults(f"open:/data/:{error}"))
                self.assertEqual("free space" in said, error == errno.ENOSPC)

    def test_a_book_that_cannot_be_written_says_why(self):
        self.make_home()
        for error, code in ((errno.ENOSPC, FAILED), (errno.EDQUOT, FAILED), (errno.EIO, FAILED), (errno.EROFS, UNMENDABLE)):
            with self.subTest(error=error):
                said = self.refused(code, **faults(f"write:/data/:{error}"))
                self.assertEqual("free space" in said, error in (errno.ENOSPC, errno.EDQUOT), said)


@unittest.skipIf(SANITIZED, "a sanitizer is to be loaded first")
class Kills(Case):
    HOME_FILES = {"config": {"config.toml", "node_key.json", "addrbook.json", "addrbook.json.before-peerage"},
                  "data": {"addrbook.db", "addrbook.db.lock"}}

    def names(self, folder):
        return {path.name for path in (self.home / folder).iterdir()}

    def test_a_start_that_was_killed_anywhere_leaves_nothing_behind_that_the_next_does_not_clear(self):
        seen = self.home.parent / "seen"
        kills, number = 0, random.randrange(STEP) + 1
        while True:
            subprocess.run(["rm", "-rf", self.home], check=True)
            self.config.mkdir(parents=True)
            (self.config / "config.toml").write_text('[p2p]\naddr_book_file = "config/addrbook.json"\n')
            (self.config / "addrbook.json").write_text(comet_book())
            seen.unlink(missing_ok=True)
            # Every other time without shared memory and hard links, which have ways of their own.
            poor = "" if kills % 2 == 0 else f"mmap:addrbook.db-shm:{errno.ENODEV};link::{errno.EPERM}"
            node = self.node(LD_PRELOAD=FAULTS, FILE_FAULTS=poor, FILE_KILL=f"{self.home}:{number}", FILE_KILL_SEEN=seen).begin()
            until(lambda: node.process.poll() is not None or node.said("seed started"), 20, "killed or started")
            if node.process.poll() is None:
                node.stop()
            if not seen.exists():
                break  # it made fewer calls
            kills += 1
            self.assertEqual(node.process.wait(10), -signal.SIGKILL)
            node.kill()
            # The next start finds everything, whole.
            node = self.node(**faults(poor)).start()
            self.assert_stops(node)
            self.assertEqual(self.names("config"), self.HOME_FILES["config"], number)
            self.assertEqual(self.names("data"), self.HOME_FILES["data"], number)
            self.assertEqual((self.config / "addrbook.json.before-peerage").read_text(), comet_book())
            self.assertEqual(len(PROGRAM.rows("addrbook", "list", "--home", self.home)), 3, number)
            number += STEP
        self.assertGreater(number, 40)
        print(f"{kills} kills, up to call {number}", flush=True)

    def test_only_what_no_process_has_open_goes(self):
        self.make_home()
        left = self.config / ".node_key.json.0123456789abcdef"
        alive = self.config / ".addrbook.json.0123456789abcdef"
        mine = [self.config / name for name in (".node_key.json.backup", ".node_key.json.0123456789ABCDEF",
                                                "node_key.json.0123456789abcdef", ".node_key.json.0123456789abcdef0")]
        for path in (left, alive, *mine):
            path.write_text("text")
        with open(alive, "r+b") as writer:
            fcntl.flock(writer, fcntl.LOCK_EX)
            node = self.node().start()
            self.assert_stops(node)
            self.assertFalse(left.exists())
            for path in (alive, *mine):
                self.assertTrue(path.exists(), path)
        node.start()
        self.assert_stops(node)
        self.assertFalse(alive.exists(), "its process has ended")


if __name__ == "__main__":
    unittest.main(verbosity=1)
