#!/usr/bin/env -S python3 -B
"""A seed with a book of 2 000 addresses, and many clients a second: seed_load_test.py BUILD_DIR

Each client comes from a /24 of its own, as clients of a seed do. PEERAGE_LOAD_RATE and PEERAGE_LOAD_SECONDS say how
many come in a second and for how long; with PEERAGE_LOAD_BELIEVED=1 the seed believes loopback addresses, so that each
client is one more address in its book, to be visited (no node is there), and its memory is only reported. What is
served and what it costs in memory and descriptors is exact; times depend on what else the machine does, and have
generous bounds here. The figures are printed."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import running
from running import Node, Program, until

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = Program(BUILD)
SANITIZED = running.is_sanitized(BUILD)
if SANITIZED:
    running.SLOWER = 5
RATE = int(os.environ.get("PEERAGE_LOAD_RATE", 30 if SANITIZED else 150))
SECONDS = int(os.environ.get("PEERAGE_LOAD_SECONDS", 10))
BELIEVED = os.environ.get("PEERAGE_LOAD_BELIEVED") == "1"
# For inbound peers: with the default of 40, a machine that is busy for 40 ms refuses clients at 1 000 a second.
SLOTS = os.environ.get("PEERAGE_LOAD_SLOTS", 500)
ROWS = 2000
MEMORY_KB = 31 * 1024


def status(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    raise KeyError(key)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class SeedLoad(unittest.TestCase):
    def test_every_client_is_answered_and_disconnected(self):
        with tempfile.TemporaryDirectory() as folder:
            seed = Node(PROGRAM, pathlib.Path(folder) / "seed", "127.0.0.1", role="seed", PEERAGE_SUMMARY_INTERVAL="1s",
                        PEERAGE_P2P_MAX_NUM_INBOUND_PEERS=SLOTS,
                        PEERAGE_P2P_ADDR_BOOK_STRICT="false" if BELIEVED else "true")
            self.addCleanup(seed.kill)
            PROGRAM.run("init", "--home", seed.home, "--network", "net-1")
            (seed.home / "data").mkdir(exist_ok=True)
            subprocess.run([BUILD / "seed_load", "fill", "--book", seed.home / "data" / "addrbook.db",
                            "--network", "net-1", "--rows", str(ROWS)], check=True, timeout=60)
            self.measure(seed.start())

    def measure(self, seed):
        pid = seed.process.pid
        descriptors = lambda: len(os.listdir(f"/proc/{pid}/fd"))
        self.assertEqual(seed.next_summary()["book_verified"], ROWS)
        before = {"descriptors": descriptors(), "rss_kb": status(pid, "VmRSS"), "cpu_s": cpu_seconds(pid)}
        load = subprocess.run(
            [BUILD / "seed_load", "load", "--to", f"127.0.0.1:{seed.port}", "--network", "net-1",
             "--rate", str(RATE), "--seconds", str(SECONDS)],
            capture_output=True, text=True, timeout=600, check=True, stdin=subprocess.DEVNULL)
        said = json.loads(load.stdout)
        until(lambda: descriptors() <= before["descriptors"], 10, lambda: f"{descriptors()} descriptors")
        after = {"descriptors": descriptors(), "rss_kb": status(pid, "VmRSS"), "peak_kb": status(pid, "VmHWM"),
                 "cpu_s": cpu_seconds(pid)}
        summary = seed.next_summary()
        print(json.dumps({"rate": RATE, "seconds": SECONDS, "load_average": os.getloadavg(), "before": before,
                          "after": after, "summary": summary, "clients": said}), flush=True)

        self.assertEqual(said["failures"], {})
        self.assertEqual(said["answered"], RATE * SECONDS)
        self.assertEqual(summary["served"], RATE * SECONDS)
        self.assertEqual((said["fewest_addresses"], said["most_addresses"]), (250, 250))
        self.assertEqual((summary["bans"], summary["in"]), (0, 0))
        # It served clients alone: no address of the book is due, and the clients' addresses are not kept.
        self.assertEqual(summary["visits"] > 0, BELIEVED)
        self.assertEqual(summary["book_verified"], ROWS)
        # What it costs, which is the same on a busy machine; how long it takes is not.
        cpu_ms = 1000 * (after["cpu_s"] - before["cpu_s"]) / (RATE * SECONDS)
        self.assertLess(cpu_ms, 3 * running.SLOWER)
        self.assertLess(said["close_ms"]["p99"], 5000 * running.SLOWER)
        if not SANITIZED and not BELIEVED:
            self.assertLessEqual(after["peak_kb"], MEMORY_KB)
        self.assertEqual(seed.stop()[0], 0)


if __name__ == "__main__":
    unittest.main(verbosity=1)
