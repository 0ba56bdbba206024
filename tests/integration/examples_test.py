#!/usr/bin/env -S python3 -B
"""The examples as a newcomer runs them: real processes, real sockets on loopback.
examples_test.py BUILD_DIR [CLASS[.test]]"""
import contextlib
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import side_by_side

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
SOME_ID = "ab" * 20


def run(name, *arguments):
    return subprocess.run([BUILD / name, *arguments], capture_output=True, text=True, timeout=100,
                          stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def running(name, *arguments, stop=signal.SIGINT, exit_code=0):
    """A program that is stopped by a signal, and is to end with this exit code."""
    process = subprocess.Popen([BUILD / name, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               stdin=subprocess.DEVNULL)
    try:
        yield process
        process.send_signal(stop)
        errors = process.communicate(timeout=30)[1]
        if process.returncode != exit_code:
            raise AssertionError(f"{name}: exit {process.returncode} after {stop.name}\n{errors}")
    finally:
        process.kill()
        process.communicate()


class Echo(unittest.TestCase):
    def test_a_message_comes_back_to_the_dialler(self):
        with running("echo") as server:
            address = server.stdout.readline().split()[1]
            node = address.split("@")[0]
            with running("echo", "127.0.0.1:0", address) as client:
                # The answer may come before it says that it listens; an ID sorts before "listening".
                echoes, listening = sorted(client.stdout.readline() for _ in range(2))
                client_id = listening.split()[1].split("@")[0]
                self.assertEqual(echoes, f"{node} echoes hello\n")
                self.assertEqual(server.stdout.readline(), f"{client_id} says hello\n")
            # A second one from the same address, just after the first has gone.
            with running("echo", "127.0.0.1:0", address, stop=signal.SIGTERM) as client:
                self.assertIn(f"{node} echoes hello\n", [client.stdout.readline() for _ in range(2)])

    def test_an_address_that_is_taken_is_an_error(self):
        with running("echo") as server:
            endpoint = server.stdout.readline().split("@")[1].strip()
            result = run("echo", endpoint)
            self.assertEqual(result.returncode, 1)
            self.assertIn("echo: ", result.stderr)


    def test_an_address_that_is_none_is_an_error(self):
        result = run("echo", "nonsense")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, "^echo: .*nonsense")


class Engine(unittest.TestCase):
    def test_it_serves_what_it_measures_and_keeps_its_identity(self):
        ids = []
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(2):
                with socket.socket() as free:
                    free.bind(("127.0.0.1", 0))
                    port = free.getsockname()[1]
                with running("engine", f"{folder}/home", "127.0.0.1:0", str(port)) as engine:
                    ids.append(engine.stdout.readline().split()[1].split("@")[0])
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
                        self.assertRegex(answer.read().decode(), r"(?m)^cometbft_p2p_peers\{.*\} 0$")
        self.assertEqual(ids[0], ids[1])


class Seed(unittest.TestCase):
    def test_it_serves_the_nodes_that_it_has_met(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            def responder(name, *peers):
                told = [word for peer in peers for word in ("--peer", peer)]
                process = stack.enter_context(running("responder", "--home", f"{folder}/{name}", "--laddr",
                                                      "127.0.0.1:0", "--network", "net", *told))
                return process.stdout.readline().split()[1]
            live = responder("live")
            teller = responder("teller", live, f"{SOME_ID}@127.0.0.9:1")
            seed = stack.enter_context(running("seed", "net", "127.0.0.1:0", f"{folder}/book.db", teller))
            address = seed.stdout.readline().split()[1]
            for _ in range(20):
                time.sleep(1)
                report = json.loads(run("peerage", "probe", address, "--network", "net", "--json").stdout)
                if report.get("addresses"):
                    break
            self.assertEqual(report["addresses"], [live])

    def test_an_address_or_a_book_that_cannot_be_had_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            with running("seed", "net", "127.0.0.1:0", f"{folder}/book.db") as seed:
                endpoint = seed.stdout.readline().split("@")[1].strip()
                # Each leaves the book in order, for the next: it ends while a new one is being written.
                for _ in range(3):
                    result = run("seed", "net", endpoint, f"{folder}/other.db")
                    self.assertEqual(result.returncode, 1, result.stderr)
                    self.assertRegex(result.stderr, r"^seed: .*another program listens on that address")
                    self.assertEqual(result.stdout, "")
                result = run("seed", "net", "127.0.0.1:0", f"{folder}/book.db")
                self.assertEqual(result.returncode, 1)
                self.assertIn("in use", result.stderr)


class Responder(unittest.TestCase):
    def test_an_address_that_is_taken_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            with running("responder", "--home", f"{folder}/first", "--laddr", "127.0.0.1:0") as responder:
                endpoint = responder.stdout.readline().split("@")[1].strip()
                result = run("responder", "--home", f"{folder}/second", "--laddr", endpoint)
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, r"^responder: .*another program listens on that address")
                self.assertEqual(result.stdout, "")


class ThoseThatEndByThemselves(unittest.TestCase):
    def assertWorks(self, name, *arguments):
        result = run(name, *arguments)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(result.stderr, "")
        return result.stdout

    def test_the_toy_consensus_agrees_and_bans_the_liar(self):
        output = self.assertWorks("toy_consensus", "--heights", "8")
        heights = [int(height) for height in re.findall(r"^height (\d+) is committed", output, re.MULTILINE)]
        self.assertEqual(heights, list(range(1, 9)))
        partings = re.findall(r"^validator (\d) parts with validator (\d): .*wrong block at height 5", output,
                              re.MULTILINE)
        self.assertEqual(sorted(partings), [(str(honest), "5") for honest in range(1, 5)])
        self.assertRegex(output, r"validator \d refuses [0-9a-f]{40}: .*banned")
        self.assertRegex(output, r"all honest validators agree; meanwhile they got [1-9]\d* MiB")

    def test_the_private_mesh_heals(self):
        output = self.assertWorks("private_mesh", "--nodes", "3")
        self.assertEqual(len(set(re.findall(r"@127\.0\.\d\.1:\d+", output))), 3)
        for line in ("every node is connected", "the last node is killed", "the others have noticed",
                     "the mesh has healed"):
            self.assertIn(line, output)

    def test_the_reactor_test_passes(self):
        lines = self.assertWorks("reactor_test").splitlines()
        self.assertEqual({line.split()[0] for line in lines}, {"ok"})
        self.assertGreaterEqual(len(lines), 5)


class All(unittest.TestCase):
    def test_wrong_arguments_are_answered_with_the_usage(self):
        for name, arguments in (("echo", ["127.0.0.1:0", "127.0.0.1:1"]), ("echo", ["127.0.0.1:0", "", "x"]),
                                ("engine", []), ("engine", ["home", "127.0.0.1:0", "65536"]),
                                ("engine", ["home", "127.0.0.1:0", "1", "x"]), ("toy_consensus", ["--heights", "4"]),
                                ("toy_consensus", ["--heights", "5x"]), ("toy_consensus", ["--heights"]),
                                ("private_mesh", ["--nodes", "1"]), ("private_mesh", ["--nodes", "-3"]),
                                ("private_mesh", ["--nodes", ""]), ("private_mesh", ["4"]), ("reactor_test", ["x"]), ("seed", []),
                                ("seed", ["net", "nowhere", "book"]), ("seed", ["net", "127.0.0.1:0", "book", "x"])):
            result = run(name, *arguments)
            self.assertEqual(result.returncode, 2, (name, arguments))
            self.assertTrue(result.stderr.startswith(f"usage: {name}"), result.stderr)
            self.assertEqual(result.stdout, "")

    def test_a_signal_ends_them_cleanly(self):
        for stop in STOP_SIGNALS:
            with running("echo", "127.0.0.1:0", f"{SOME_ID}@127.0.0.1:1", stop=stop) as process:
                process.stdout.readline()
            # These have not shown yet what they are to show.
            for name, arguments in (("toy_consensus", ["--heights", "10000"]), ("private_mesh", [])):
                with running(name, *arguments, stop=stop, exit_code=1) as process:
                    process.stdout.readline()


if __name__ == "__main__":
    side_by_side.main(BUILD)
