#!/usr/bin/env -S python3 -B
"""Networks whose packets are larger than 1024 bytes: real processes on loopback. packets_test.py BUILD_DIR [CLASS[.test]]"""
import json
import pathlib
import subprocess
import sys
import tempfile
import types
import unittest

import running
import side_by_side

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = running.Program(BUILD)
running.SLOWER = 5 if running.is_sanitized(BUILD) else 1
PAYLOAD = "PEERAGE_P2P_MAX_PACKET_MSG_PAYLOAD_SIZE"
TOLD = 32  # of 40: an answer has at least so many, in 1 870 bytes or more


class Packets(unittest.TestCase):
    """A node that has heard of 40, and answers in packets of up to 10 240 bytes."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.knowing = self.node("knowing", "start", **{PAYLOAD: 10240},
                                 PEERAGE_P2P_ADDR_BOOK_FILE="config/addrbook.json")
        running.write_addrbook(self.knowing.home, [
            types.SimpleNamespace(id=lambda i=i: f"{i:040x}", ip=f"{running.LOOPBACK}.{i}.1", port=1)
            for i in range(1, 41)])
        self.knowing.start()

    def node(self, name, role, **settings):
        node = running.Node(PROGRAM, self.folder / name, f"{running.LOOPBACK}.250.1", role=role, **settings)
        subprocess.run([PROGRAM.path, "init", "--home", node.home, "--network", "net-1"], check=True,
                       capture_output=True)
        self.addCleanup(node.kill)
        return node

    def seed(self, **settings):
        return self.node("seed", "seed", PEERAGE_P2P_SEEDS=self.knowing.address(), **settings)

    def learns(self, seed):
        seed.start()
        running.until(lambda: len(seed.book()) >= TOLD, 30, "its book fills")
        self.assertEqual(seed.stop()[0], 0)

    def test_a_probe_reads_the_answer(self):
        report = json.loads(PROGRAM.run("probe", self.knowing.address(), "--network", "net-1", "--json").stdout)
        self.assertGreaterEqual(len(report["addresses"]), TOLD)

    def test_a_crawl_hears_of_all(self):
        report = json.loads(PROGRAM.run("crawl", "--seeds", self.knowing.address(), "--network", "net-1", "--private",
                                        "--idle", "2s", "--json").stdout)
        self.assertGreater(report["heard"], TOLD)

    def test_a_seed_learns_them_with_the_setting(self):
        self.learns(self.seed(**{PAYLOAD: 10240}))

    def test_a_seed_learns_them_without_a_setting(self):
        self.learns(self.seed())

    def test_a_tenderseeds_file_has_the_setting_too(self):
        seed = self.seed()
        (seed.home / "config" / "config.toml").write_text(
            'laddr = "tcp://127.0.0.1:0"\nchain_id = "net-1"\nmax_packet_msg_payload_size = 10240\n')
        self.learns(seed)

    def test_one_with_a_smaller_setting_says_which_to_raise(self):
        seed = self.seed(**{PAYLOAD: 1024}).start()
        line = seed.wait_for(lambda: seed.said("packet too long"), 30, "why it learns nothing")[0]
        self.assertEqual(line["peer"], self.knowing.id())
        self.assertEqual(line["level"], "warn")
        self.assertIn("max_packet_msg_payload_size", line["setting"])
        self.assertIn("would let it in", line["why"])
        self.assertLessEqual(len(seed.book()), 1)


if __name__ == "__main__":
    side_by_side.main(BUILD)
