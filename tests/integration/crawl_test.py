#!/usr/bin/env -S python3 -B
"""A crawl of a small network of real processes on loopback. crawl_test.py BUILD_DIR [CLASS[.test]]"""
import contextlib
import csv
import io
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import side_by_side

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PEERAGE = BUILD / "peerage"
DEAD = "ab" * 20 + "@127.0.0.9:1"
IMPOSTOR_ID = "cd" * 20


@contextlib.contextmanager
def process(*command, address_of):
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        for line in running.stdout:
            if address := address_of(line):
                yield address
                break
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=20)
    finally:
        running.kill()
        running.communicate()


def responder(folder, network, *peers, answer="list"):
    """Answers each request for addresses with `peers`, or not at all."""
    told = [word for peer in peers for word in ("--peer", peer)]
    return process(BUILD / "responder", "--home", folder, "--laddr", "127.0.0.1:0", "--network", network,
                   "--answer", answer, *told,
                   address_of=lambda line: line.split()[1] if line.startswith("listening") else None)


def node(folder, network):
    subprocess.run([PEERAGE, "init", "--home", folder, "--network", network, "--moniker", "a, \"node\""],
                   check=True, capture_output=True)

    def address_of(line):
        record = json.loads(line)
        return record["address"] if record["_msg"] == "node started" else None
    return process(PEERAGE, "start", "--home", folder, "--laddr", "127.0.0.1:0", "--log-format", "json",
                   address_of=address_of)


def crawl(*arguments, expect=0):
    result = subprocess.run([PEERAGE, "crawl", *arguments], capture_output=True, text=True, timeout=60,
                            stdin=subprocess.DEVNULL)
    if result.returncode != expect:
        raise AssertionError(f"{arguments}: exit {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


class Crawl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.folder = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory()))
        cls.node = cls.stack.enter_context(node(cls.folder / "node", "net-1"))
        cls.other = cls.stack.enter_context(responder(cls.folder / "other", "net-2"))
        impostor = IMPOSTOR_ID + "@" + cls.node.split("@")[1]
        cls.seed = cls.stack.enter_context(
            responder(cls.folder / "seed", "net-1", cls.node, cls.other, DEAD, impostor))
        cls.silent = cls.stack.enter_context(responder(cls.folder / "silent", "net-1", answer="none"))
        cls.usual = ("--seeds", cls.seed, "--network", "net-1", "--private", "--idle", "2s")
        cls.endless = ("--seeds", cls.seed + "," + cls.silent, "--network", "net-1", "--private", "--idle", "2s",
                       "--visit-timeout", "10m")

    def test_a_program_gets_all_of_it(self):
        result = crawl(*self.usual, "--json")
        self.assertEqual(result.stderr, "")
        report = json.loads(result.stdout)
        self.assertEqual((report["network"], report["ended"]), ("net-1", "all_visited"))
        self.assertEqual((report["heard"], report["visited"]), (5, 5))
        self.assertEqual(report["outcomes"], {"reachable": 2, "guarded": 0, "other_network": 1, "unreachable": 2,
                                              "not_visited": 0})
        self.assertEqual(report["other_networks"], {"net-2": 1})
        self.assertEqual(sum(report["versions"].values()), 2)
        self.assertEqual({each["reason"] for each in report["failures"]},
                         {"connection_refused", "wrong_id", "wrong_network"})
        self.assertGreater(report["round_trip_ms"]["p50"], 0)
        self.assertEqual((report["failure"], report["answered"], report["addresses"]), (None, 2, 4))
        nodes = {f"{each['id']}@{each['ip']}:{each['port']}": each for each in report["nodes"]}
        self.assertEqual(nodes[self.node]["outcome"], "reachable")
        self.assertEqual(nodes[self.node]["moniker"], 'a, "node"')
        self.assertEqual(nodes[self.node]["told_by"], "127.0.0.1")
        self.assertEqual(nodes[self.seed]["told_by"], "seed")
        self.assertEqual((nodes[self.seed]["answered"], nodes[self.seed]["addresses"]), (True, 4))
        self.assertEqual((nodes[self.other]["answered"], nodes[self.other]["addresses"]), (None, None))
        self.assertEqual(nodes[self.other]["network"], "net-2")
        self.assertEqual(nodes[DEAD]["failure"]["reason"], "connection_refused")

    def test_people_get_a_report_and_spreadsheets_a_table(self):
        table = self.folder / "crawl.csv"
        text = crawl(*self.usual, "--csv", table).stdout
        self.assertRegex(text, r"reachable +2 \(40% of those visited\)")
        self.assertIn("all that was heard of has been visited", text)
        self.assertRegex(text, r"net-2 +1\n")
        self.assertRegex(text, r"connect +1 +.*\(connection_refused\)")
        rows = list(csv.DictReader(io.StringIO(table.read_bytes().decode(), newline=""), strict=True))
        self.assertEqual(len(rows), 5)
        by_id = {row["id"]: row for row in rows}
        self.assertEqual(by_id[self.node.split("@")[0]]["moniker"], 'a, "node"')
        self.assertEqual(by_id[IMPOSTOR_ID]["reason"], "wrong_id")
        self.assertEqual(by_id[DEAD.split("@")[0]]["round_trip_ms"], "")
        self.assertEqual(by_id[self.seed.split("@")[0]]["addresses"], "4")

    def test_a_table_may_be_piped(self):
        piped = crawl(*self.usual, "--csv", "-").stdout
        self.assertEqual(len(list(csv.DictReader(io.StringIO(piped)))), 5)

    def test_a_strict_crawl_takes_no_private_addresses(self):
        report = json.loads(crawl(*[each for each in self.usual if each != "--private"], "--json").stdout)
        self.assertEqual(report["heard"], 1)  # the seed, which was named
        self.assertEqual(report["outcomes"]["reachable"], 1)

    def test_what_is_learnt_is_kept_in_a_book(self):
        home = self.folder / "kept"
        subprocess.run([PEERAGE, "init", "--home", home, "--network", "net-1"], check=True, capture_output=True)
        crawl(*self.usual, "--book", home / "data" / "addrbook.db")
        listed = subprocess.run([PEERAGE, "addrbook", "list", "--json", "--verified-since", "1h", "--home", home],
                                check=True, capture_output=True, text=True).stdout
        self.assertEqual([json.loads(line)["address"] for line in listed.splitlines()], [self.node])

    def test_a_book_of_its_own_is_read_by_name(self):
        book = self.folder / "alone.db"
        crawl(*self.usual, "--book", book)

        def looked(*arguments):
            return subprocess.run([PEERAGE, "addrbook", *arguments, "--book", book], check=True, capture_output=True,
                                  text=True, env=dict(os.environ, PEERAGE_HOME="/nonexistent")).stdout
        self.assertIn(self.node, looked("list", "--verified-since", "1h"))
        # As JSON: the table says how long ago something was, and time goes on between two commands.
        before = subprocess.run([PEERAGE, "addrbook", "--book", book, "list", "--json"], check=True, capture_output=True,
                                text=True)
        self.assertEqual(before.stdout, looked("list", "--json"))
        self.assertEqual(json.loads(looked("stats", "--json"))["networks"]["net-1"]["addresses"], 4)
        self.assertIn("the book is sound", looked("check"))
        self.assertIn(self.node.split("@")[0], looked("export", "-"))
        wrong = subprocess.run([PEERAGE, "addrbook", "list", "--book", book, "--home", self.folder], capture_output=True)
        self.assertEqual(wrong.returncode, 64)

    def test_its_time_is_bounded(self):
        report = json.loads(crawl(*self.endless, "--json", "--for", "5").stdout)
        self.assertEqual(report["ended"], "time_over")
        self.assertEqual(report["heard"], 6)

    def test_ctrl_c_reports_all_the_same(self):
        ours, theirs = pty.openpty()
        running = subprocess.Popen([PEERAGE, "crawl", *self.endless, "--json"], stdout=subprocess.PIPE,
                                   stderr=theirs, text=True)
        os.close(theirs)
        shown = ""
        while "visited 6, reachable 3, answered 2" not in shown:  # the progress, on a terminal
            shown += os.read(ours, 4096).decode()
        running.send_signal(signal.SIGINT)
        output = running.communicate(timeout=20)[0]
        os.close(ours)
        self.assertEqual(running.returncode, 0)
        self.assertEqual(json.loads(output)["ended"], "interrupted")
        self.assertEqual(json.loads(output)["outcomes"]["reachable"], 3)

    def test_it_ends_as_soon_as_nothing_more_can_come(self):
        began = time.monotonic()
        report = json.loads(crawl(*self.usual[:-2], "--json").stdout)
        self.assertEqual((report["ended"], report["visited"]), ("all_visited", 5))
        self.assertLess(time.monotonic() - began, 12)  # two IDs at one address are 5 s apart
        began = time.monotonic()
        crawl("--seeds", DEAD, "--network", "net-1", expect=1)
        self.assertLess(time.monotonic() - began, 5)

    def test_when_nobody_answers_it_has_failed_and_says_so_first(self):
        silent = ("--network", "net-1", "--private", "--visit-timeout", "1s", "--seeds", self.silent)
        table = self.folder / "silent.csv"
        text = crawl(*silent, "--csv", table, expect=1).stdout
        self.assertRegex(text.splitlines()[0], "^NOBODY ANSWERED: 1 node was reached, and none answered")
        self.assertIn("answer_timed_out", text.splitlines()[1])
        [row] = csv.DictReader(io.StringIO(table.read_bytes().decode(), newline=""), strict=True)
        self.assertEqual((row["outcome"], row["reason"], row["answered"]), ("reachable", "answer_timed_out", "false"))
        report = json.loads(crawl(*silent, "--json", expect=1).stdout)
        self.assertEqual(report["failure"]["reason"], "answer_timed_out")
        self.assertEqual(report["nodes"][0]["failure"]["reason"], "answer_timed_out")
        self.assertIn("answer_timed_out", json.dumps(report["not_answered"]))
        piped = crawl(*silent, "--csv", "-", expect=1)
        self.assertEqual(len(piped.stdout.splitlines()), 2)
        self.assertIn("none answered", piped.stderr)

    def test_dead_seeds_are_a_failure_and_a_seed_without_addresses_is_none(self):
        report = json.loads(crawl("--seeds", DEAD, "--network", "net-1", "--json", expect=1).stdout)
        self.assertEqual(report["failure"]["reason"], "connection_refused")
        with responder(self.folder / "empty", "net-1") as empty:
            text = crawl("--seeds", empty, "--network", "net-1").stdout
        self.assertRegex(text, r"answered +1 of 1 that were asked for addresses, with 0\n")
        with responder(self.folder / "closing", "net-1", answer="close") as closing:
            report = json.loads(crawl("--seeds", closing, "--network", "net-1", "--json", expect=1).stdout)
        self.assertEqual(report["failure"]["reason"], "closed_by_remote")

    def test_one_that_ends_before_anybody_answered_is_a_failure(self):
        with subprocess.Popen([PEERAGE, "crawl", "--seeds", self.silent, "--network", "net-1", "--for", "1s",
                               "--visit-timeout", "10m"], stdout=subprocess.PIPE, text=True) as running:
            output = running.communicate(timeout=20)[0]
        self.assertEqual(running.returncode, 1)
        self.assertRegex(output, "^NOBODY ANSWERED: it ended before")

    def test_mistakes_are_reported_before_anything_is_dialled(self):
        for arguments, code, text in (
                (["--network", "a"], 64, "--seeds"), (["--seeds", self.seed], 64, "--network"),
                (["--seeds", "h:1", "--network", "a"], 64, "h:1"), (["--seeds", ",", "--network", "a"], 64, "at least one"),
                (["--seeds", self.seed, "--network", "a,b"], 64, "one network"),
                ([*self.usual, "--for", "soon"], 64, "soon"), ([*self.usual, "--parallel", "0"], 64, "parallel"),
                ([*self.usual, "--json", "--csv", "-"], 64, "both"),
                ([*self.usual, "--csv", "/dev/null/x"], 1, "/dev/null/x: Not a directory"),
                ([*self.usual, "--book", "/dev/null/x"], 1, "/dev/null/x"),
                ([*self.usual, "--node-key", "/nonexistent"], 1, "/nonexistent")):
            result = crawl(*arguments, expect=code)
            self.assertIn(text, result.stderr, arguments)
            self.assertEqual(result.stdout, "", arguments)


if __name__ == "__main__":
    side_by_side.main(BUILD)
