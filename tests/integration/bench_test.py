#!/usr/bin/env -S python3 -B
"""The ends of a benchmark as processes, and the table that is made of them. bench_test.py BUILD_DIR

Nothing here says how long anything may take, but for the patience of the test itself."""
import contextlib
import importlib.util
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PEERAGE = BUILD / "peerage"
PATIENCE = 120
TRAFFIC = {"lasted_ms", "msgs", "bytes", "MBps", "msgs_per_s", "cpu_ms", "cpu_ms_per_GB"}
TIMES = {"p50_ms", "p90_ms", "p99_ms", "mean_ms", "min_ms", "max_ms"}


class Listening:
    """An end that listens: where, and in the end what it said."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([PEERAGE, "bench", *map(str, arguments)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        line = self.process.stderr.readline()
        match = re.fullmatch(r"listening (([0-9a-f]{40})@(\S+:\d+))\n", line)
        if not match:
            raise AssertionError(f"{arguments}: {line}{self.process.stderr.read()}")
        self.address, self.id, self.endpoint = match.groups()

    def report(self, how=None):
        if how:
            self.process.send_signal(how)
        output, errors = self.process.communicate(timeout=PATIENCE)
        if self.process.returncode != 0 or output.count("\n") != 1:
            raise AssertionError(f"exit {self.process.returncode}: {output}{errors}")
        return json.loads(output)


@contextlib.contextmanager
def listening(*arguments):
    end = Listening(*arguments)
    try:
        yield end
    finally:
        end.process.kill()
        end.process.communicate()


def sink(*arguments):
    return listening("sink", "--laddr", "127.0.0.1:0", *arguments)


def bench(*arguments, expect=0, **popen):
    result = subprocess.run([PEERAGE, "bench", *map(str, arguments)], capture_output=True, text=True,
                            timeout=PATIENCE, stdin=subprocess.DEVNULL, **popen)
    if result.returncode != expect:
        raise AssertionError(f"{arguments}: exit {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


def measured(*arguments, expect=0, **popen):
    output = bench(*arguments, expect=expect, **popen).stdout
    assert output.count("\n") == 1, output
    return json.loads(output)


class Ends(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_what_a_source_sends_a_sink_counts(self):
        for size, count in ((64, 5000), (1024, 1000), (1 << 20, 5), (22_020_096, 1)):
            with self.subTest(size=size), sink("--expect-msgs", count) as end:
                sent = measured("source", "--dial", end.address, "--msg-size", size, "--msg-count", count)
                got = end.report()  # by itself
                self.assertEqual((sent["msgs"], sent["bytes"]), (count, count * size))
                self.assertEqual((got["msgs"], got["bytes"]), (count, count * size))
                self.assertTrue(sent["flushed"])
                self.assertEqual((sent["bench"], got["bench"]), ("source", "sink"))
                self.assertLessEqual(TRAFFIC | {"rss_kb"}, sent.keys())
                if count > 1:
                    self.assertLessEqual(TRAFFIC | {"rss_kb", "peers"}, got.keys())

    def test_a_sink_that_expects_nothing_reports_at_a_signal(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(how=how), sink() as end:
                measured("source", "--dial", end.address, "--msg-size", 100, "--msg-count", 300)
                self.assertEqual(end.report(how)["msgs"], 300)
        with sink("--expect-msgs", 5) as end:  # which do not come
            got = end.report(signal.SIGTERM)
            self.assertEqual(got["msgs"], 0)
            self.assertNotIn("MBps", got)

    def test_several_sources_may_share_a_sink(self):
        with sink("--expect-msgs", 2000, "--shards", 2) as end:
            both = [subprocess.Popen([PEERAGE, "bench", "source", "--dial", end.address, "--msg-size", "64",
                                      "--msg-count", "1000"], stdout=subprocess.DEVNULL) for _ in range(2)]
            self.assertEqual([each.wait(PATIENCE) for each in both], [0, 0])
            self.assertEqual(end.report()["msgs"], 2000)

    def test_an_echo_sends_back_and_the_way_is_timed(self):
        with listening("echo", "--laddr", "tcp://127.0.0.1:0", "--rate", "5120000") as end:
            seen = measured("rtt", "--dial", end.address, "--count", 20, "--interval", "1ms", "--rate", 5120000)
            tiny = measured("rtt", "--dial", end.address, "--count", 5, "--interval", "0s", "--msg-size", 1)
            self.assertEqual((seen["count"], tiny["count"]), (20, 5))
            self.assertLessEqual(TIMES | {"cpu_ms", "rss_kb"}, seen.keys())
            self.assertLessEqual(seen["min_ms"], seen["p50_ms"])
            self.assertLessEqual(seen["p50_ms"], seen["p99_ms"])
            echoed = end.report(signal.SIGINT)
            self.assertEqual((echoed["msgs"], echoed["refused"]), (25, 0))

    def test_handshakes_are_each_of_another_node(self):
        with sink() as end:
            seen = measured("handshakes", "--dial", end.endpoint, "--count", 60, "--concurrency", 4, "--shards", 2)
            self.assertEqual((seen["handshakes"], seen["failed"]), (60, 0))
            self.assertLessEqual(TIMES | {"lasted_ms", "handshakes_per_s", "cpu_ms", "cpu_ms_per_handshake"}, seen.keys())
            got = end.report(signal.SIGINT)
            # And one that asked for the ID; the last may have ended on its side alone when the signal comes.
            self.assertIn(got["handshakes"], (60, 61))
            self.assertIn("cpu_ms_per_handshake", got)

    def test_idle_peers_stay(self):
        with sink() as end:
            seen = measured("hold", "--dial", end.address, "--peers", 100, "--for", "1500ms", "--shards", 2)
            self.assertEqual((seen["peers"], seen["up"], seen["alive"], seen["failed"]), (100, 100, 100, 0))
            got = end.report(signal.SIGINT)
            self.assertEqual(got["peers"], 100)
            self.assertLessEqual({"rss_before_kb", "rss_peers_kb", "rss_kb_per_peer"}, got.keys())

    def test_holding_ends_at_a_signal_and_says_how_many_were_lost(self):
        for lost in (False, True):
            with self.subTest(lost=lost), sink() as end:
                running = subprocess.Popen([PEERAGE, "bench", "hold", "--dial", end.address, "--peers", "10"],
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                self.assertEqual(running.stderr.readline(), "up 10 of 10\n")
                if lost:
                    end.report(signal.SIGINT)
                running.send_signal(signal.SIGINT)
                seen = json.loads(running.communicate(timeout=PATIENCE)[0])
                self.assertEqual(running.returncode, 1 if lost else 0)
                self.assertEqual(seen["up"], 10)
                self.assertEqual(seen["alive"], 0 if lost else 10)
                self.assertEqual(seen.get("lost"), {"closed_by_remote": 10} if lost else None)

    def test_a_home_is_made_and_its_key_kept(self):
        home = self.folder / "deep" / "home"
        ids = []
        for _ in range(2):
            with listening("sink", "--laddr", "127.0.0.1:0", "--home", home) as end:
                ids.append(end.id)
                end.report(signal.SIGINT)
        self.assertEqual(ids[0], ids[1])
        self.assertTrue((home / "config" / "node_key.json").exists())
        shown = subprocess.run([PEERAGE, "show-node-id", "--home", home], check=True, capture_output=True, text=True)
        self.assertEqual(shown.stdout.strip(), ids[0])
        with sink() as end:
            for number, arguments in enumerate((["source", "--msg-size", 1, "--msg-count", 1],
                                                ["handshakes", "--count", 1], ["hold", "--peers", 1, "--for", "1ms"])):
                home = self.folder / str(number)
                measured(*arguments, "--dial", end.address, "--home", home)
                self.assertTrue((home / "config" / "node_key.json").exists(), arguments)

    def test_the_other_end_may_be_any_node_with_the_channel(self):
        with sink("--network", "net-9", "--channel", "0xf1") as end:
            usual = ["--dial", end.address, "--network", "net-9", "--msg-size", 10, "--msg-count", 10]
            measured("source", *usual, "--channel", "241")
            self.assertIn("channel", bench("source", *usual, expect=1).stderr)
            other = ["--dial", end.address, "--network", "net-8", "--channel", "0xf1"]
            for arguments in (["source", "--msg-size", 1, "--msg-count", 1], ["rtt", "--count", 1],
                              ["handshakes", "--count", 1], ["hold", "--peers", 1]):
                result = bench(*arguments, *other, expect=1)
                self.assertIn("network", result.stderr, arguments)
                self.assertEqual(result.stdout, "")

    def test_no_node_or_another_node_is_an_error(self):
        with sink() as end:
            stranger = "ab" * 20 + "@" + end.endpoint
            for arguments in (["source", "--msg-size", 1, "--msg-count", 1], ["rtt", "--count", 1],
                              ["handshakes", "--count", 1], ["hold", "--peers", 1]):
                self.assertIn("another node", bench(*arguments, "--dial", stranger, expect=1).stderr, arguments)
                self.assertIn("nothing listens", bench(*arguments, "--dial", "127.0.0.9:1", expect=1).stderr, arguments)
            taken = bench("sink", "--laddr", end.endpoint, expect=1)
            self.assertIn("in use", taken.stderr)

    def test_a_sender_says_that_the_other_end_went(self):
        with sink("--expect-msgs", 10) as end:
            running = bench("source", "--dial", end.address, "--msg-size", 1000, "--msg-count", 1_000_000,
                            "--rate", 500_000, expect=1)
            sent = json.loads(running.stdout)
            self.assertFalse(sent["flushed"])
            self.assertGreaterEqual(sent["msgs"], 10)
            self.assertIn("peerage: the remote closed", running.stderr)
            self.assertEqual(end.report()["msgs"], 10)

    def test_more_peers_than_descriptors_are_refused_with_the_limit(self):
        def few():
            resource.setrlimit(resource.RLIMIT_NOFILE, (150, 150))
        with sink() as end:
            result = bench("hold", "--dial", end.address, "--peers", 100, expect=1, preexec_fn=few)
            self.assertIn("100 connections need", result.stderr)
            self.assertIn("the hard limit is 150", result.stderr)

    def test_a_wrong_command_line_ends_with_64_and_says_what_is_wrong(self):
        dial = ["--dial", "127.0.0.1:1"]
        source = ["source", *dial, "--msg-count", 1]
        for arguments, text in (
                ([], "subcommand"), (["drain"], "subcommand"), (["sink"], "--laddr"), (["echo"], "--laddr"),
                (["sink", "--laddr", "localhost:1"], "localhost:1"), (["sink", "--laddr", "127.0.0.1"], "port"),
                (["sink", "--laddr", "127.0.0.1:0", "--expect-msgs", 0], "--expect-msgs"),
                (["source", "--msg-size", 1, "--msg-count", 1], "--dial"), (source, "--msg-size"),
                ([*source, "--msg-size", 0], "--msg-size"), ([*source, "--msg-size", 22_020_097], "--msg-size"),
                ([*source, "--msg-size", 1, "--channel", "0x100"], "0x100"),
                (["source", "--dial", "a@b:1", "--msg-size", 1, "--msg-count", 1], "a@b:1"),
                (["rtt", "--dial", "127.0.0.1:0", "--count", 1], "port 0"), (["rtt", *dial], "--count"),
                (["rtt", *dial, "--count", 1, "--interval", "soon"], "soon"),
                (["handshakes", *dial], "--count"),
                (["handshakes", *dial, "--count", 1, "--concurrency", 0], "--concurrency"),
                (["hold", *dial], "--peers"), (["hold", *dial, "--peers", 1, "--for", "-1s"], "-1s")):
            result = bench(*arguments, expect=64)
            self.assertIn(text, result.stderr, arguments)
            self.assertEqual(result.stdout, "", arguments)


def load_table():
    sys.dont_write_bytecode = True  # not beside the sources
    path = pathlib.Path(__file__).resolve().parents[1] / "bench" / "table.py"
    spec = importlib.util.spec_from_file_location("table", path)
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    return table


class Table(unittest.TestCase):
    """What the table makes of figures."""

    table = load_table()
    RUN = {"limit aead CPU s/GB": 1.5, "limit tcp CPU s/GB": 0.5, "limit tcp rtt us": 50.0, "1 KiB CPU s/GB": 3.0,
           "rtt us": 100.0, "peer kB": 7.0}

    def test_a_slow_machine_and_a_disturbed_run_change_no_ratio(self):
        slow = {key: value if key == "peer kB" else value * 2 for key, value in self.RUN.items()}
        disturbed = {**self.RUN, "rtt us": 500.0}
        limit_disturbed = {**self.RUN, "limit tcp rtt us": 500.0, "rtt us": 120.0}
        for runs in ([self.RUN], [slow], [self.RUN, slow], [disturbed, self.RUN], [self.RUN, limit_disturbed]):
            self.assertEqual(self.table.ratios_of(runs), {"1 KiB CPU s/GB": 1.5, "rtt us": 2.0, "peer kB": 7.0})

    def test_worse_is_a_fifth_above_what_was_kept(self):
        kept = self.table.ratios_of([self.RUN])
        for factor, count in ((0.5, 0), (1.19, 0), (1.21, 1)):
            run = {**self.RUN, "1 KiB CPU s/GB": 3.0 * factor}
            found = self.table.worse(self.table.ratios_of([run]), kept)
            self.assertEqual(len(found), count, factor)
        self.assertIn("1 KiB messages", found[0])
        self.assertIn("21 % worse", found[0])
        self.assertEqual(self.table.worse(kept, {}), [])  # nothing was kept

    def test_what_is_kept_is_what_the_table_knows(self):
        known = {row.key for row in self.table.rows() if row.limit}
        self.assertEqual(set(self.table.read_baseline()) - known, set())

    def test_a_goal_is_met_from_its_side(self):
        by_key = {row.key: row for row in self.table.rows()}
        self.assertEqual([by_key["1 KiB CPU s/GB"].met(value) for value in (1.9, 2.0)], ["yes", "no"])
        self.assertEqual([by_key["1 KiB MB/s"].met(value) for value in (1200, 1100)], ["yes", "no"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
