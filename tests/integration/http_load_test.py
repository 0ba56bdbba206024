#!/usr/bin/env -S python3 -B
"""Clients of a seed's HTTP do not delay its peers: http_load_test.py BUILD_DIR

Clients ask a seed for addresses, without and with a load of its HTTP server, in turns. PEERAGE_LOAD_HTTP says how many
requests a second come to it, PEERAGE_LOAD_SLOW how many clients that never finish their header, PEERAGE_LOAD_SECONDS
how long a turn is and PEERAGE_LOAD_TURNS how many there are. What is answered and what it costs in memory is exact
here; times are printed."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import unittest

import running
from running import Node, Program

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = Program(BUILD)
SANITIZED = running.is_sanitized(BUILD)
if SANITIZED:
    running.SLOWER = 5
HTTP = int(os.environ.get("PEERAGE_LOAD_HTTP", 200 if SANITIZED else 2000))
SLOW = int(os.environ.get("PEERAGE_LOAD_SLOW", 500))
SECONDS = int(os.environ.get("PEERAGE_LOAD_SECONDS", 3))
TURNS = int(os.environ.get("PEERAGE_LOAD_TURNS", 1))
RATE = 20 if SANITIZED else 100  # clients of the seed
ROWS = 2000
MEMORY_KB = 16 * 1024


def peak_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise KeyError("VmHWM")


class HttpLoad(unittest.TestCase):
    turn = 0

    def test_peers_are_answered_as_without_it(self):
        with tempfile.TemporaryDirectory() as folder:
            seed = Node(PROGRAM, pathlib.Path(folder) / "seed", "127.0.0.1", role="seed",
                        PEERAGE_P2P_MAX_NUM_INBOUND_PEERS="500", PEERAGE_P2P_ADDR_BOOK_STRICT="true",
                        PEERAGE_INSTRUMENTATION_PROMETHEUS="true",
                        PEERAGE_INSTRUMENTATION_PROMETHEUS_LISTEN_ADDR="127.0.0.1:0")
            self.addCleanup(seed.kill)
            PROGRAM.run("init", "--home", seed.home, "--network", "net-1")
            (seed.home / "data").mkdir(exist_ok=True)
            subprocess.run([BUILD / "seed_load", "fill", "--book", seed.home / "data" / "addrbook.db",
                            "--network", "net-1", "--rows", str(ROWS)], check=True, timeout=60)
            seed.start()
            [served] = seed.said("serving HTTP")
            self.measure(seed, served["address"])
            self.assertEqual(seed.stop()[0], 0)

    def measure(self, seed, http):
        quiet, loaded, answers = [], [], []
        quiet.append(self.clients(seed))
        before = peak_kb(seed.process.pid)
        for turn in range(TURNS):
            with subprocess.Popen(
                    [sys.executable, "-B", pathlib.Path(__file__).with_name("http_load.py"), http, "/livez", str(HTTP),
                     str(SLOW), "600"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
                loaded.append(self.clients(seed))
                answers.append(json.loads(load.communicate("stop\n", timeout=60)[0]))
            if turn + 1 < TURNS:
                quiet.append(self.clients(seed))
        after = peak_kb(seed.process.pid)
        p99 = {name: [each["answer_ms"]["p99"] for each in which]
               for name, which in (("quiet", quiet), ("loaded", loaded))}
        print(json.dumps({"answer_p99_ms": {name: [statistics.median(all), sorted(all)] for name, all in p99.items()},
                          "answer_p50_ms": {name: statistics.median(each["answer_ms"]["p50"] for each in which)
                                            for name, which in (("quiet", quiet), ("loaded", loaded))},
                          "http": answers, "memory_kb": after - before}), flush=True)
        for said in quiet + loaded:
            self.assertEqual(said["failures"], {})
            self.assertEqual(said["answered"], RATE * SECONDS)
        for said in answers:
            self.assertGreater(said["answered"], 0)
            self.assertEqual(said["refused"], 0)
            # All but a second's: what was asked last may still be on its way.
            self.assertGreaterEqual(said["answered"], said["asked"] - HTTP)
            self.assertGreater(said["slow_closed"], SLOW - 256, "over the limit of connections")
        if not SANITIZED:
            self.assertLessEqual(after - before, MEMORY_KB)

    def clients(self, seed):
        self.turn += 1
        load = subprocess.run(
            [BUILD / "seed_load", "load", "--to", f"127.0.0.1:{seed.port}", "--network", "net-1",
             "--rate", str(RATE), "--seconds", str(SECONDS),
             # Who has asked a moment ago is not answered again.
             "--from", f"127.{8 * self.turn}.0.1"],
            capture_output=True, text=True, timeout=600, check=True, stdin=subprocess.DEVNULL)
        return json.loads(load.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=1)
