#!/usr/bin/env -S python3 -B
"""Discovery over UDP with real processes on loopback: discovery_test.py BUILD_DIR [CLASS[.test]]"""
import json
import pathlib
import stat
import sys
import tempfile
import unittest

import running
import side_by_side
from running import LOOPBACK, Node, Program

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = Program(BUILD)
if running.is_sanitized(BUILD):
    running.SLOWER = 5


def udp_ports(ip):
    """The ports of UDP that are bound at this address of loopback."""
    low_first = "".join(f"{int(part):02X}" for part in reversed(ip.split(".")))
    lines = pathlib.Path("/proc/net/udp").read_text().splitlines()[1:]
    local = [line.split()[1].split(":") for line in lines]
    return {int(port, 16) for address, port in local if address == low_first}


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def node(self, number, **more):
        node = Node(PROGRAM, self.folder / f"node-{number}", f"{LOOPBACK}.{number}.1", **more)
        self.addCleanup(node.kill)
        return node

    def finder(self, number, *bootnodes, **more):
        return self.node(number, PEERAGE_DISCOVERY_PROTOCOLS="both",
                         PEERAGE_DISCOVERY_BOOTNODES=",".join(bootnodes), **more)

    @staticmethod
    def record(node):
        """As an operator gets it, beside the node that runs."""
        return PROGRAM.run("discovery", "id", "--enr", "--home", node.home,
                           PEERAGE_P2P_LADDR=f"tcp://{node.ip}:{node.port}", PEERAGE_NETWORK=node.network,
                           PEERAGE_DISCOVERY_PROTOCOLS="both").stdout.strip()


class Found(Case):
    def test_two_nodes_that_share_only_a_boot_nodes_record_are_peers_within_15_seconds(self):
        # It tells nobody over TCP: it lets nobody in, and dials nobody.
        boot = self.finder(1, PEERAGE_P2P_MAX_NUM_INBOUND_PEERS=0, PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS=0).start()
        record = self.record(boot)
        said = boot.ctl("discovery")
        self.assertEqual(said["record"], record, "what it sends, and not what the settings let one guess")
        self.assertGreater(said["seq"], 1)
        self.assertEqual(said["external_v4"], f"{boot.ip}:{boot.port}", "at once")
        [began] = boot.said("discovery started")
        self.assertEqual(began["record"], record, "since it started")
        one, two = self.finder(2, record).start(), self.finder(3, record).start()
        for node, other in ((one, two), (two, one)):
            node.wait_for(lambda: other.id() in {row["id"] for row in node.ctl("peers")["peers"]}, 15, "a peer")
        for node in (boot, one, two):
            self.assertEqual(stat.S_IMODE((node.home / "config" / "discovery_key").stat().st_mode), 0o600)
            self.assertIn(node.port, udp_ports(node.ip))
        for node in (one, two):
            self.assertEqual(node.stop()[0], 0)
            self.assertNotIn(node.port, udp_ports(node.ip))
        again = one.start()
        self.assertIn(again.port, udp_ports(again.ip), "and after a restart")

    def test_a_seed_crawls_what_it_finds_and_serves_what_it_has_verified(self):
        boot = self.finder(1, PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS=0).start()
        record = self.record(boot)
        seed = self.finder(2, record, role="seed").start()
        node = self.finder(3, record, PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS=0).start()

        def served():
            said = PROGRAM.run("probe", seed.address(), "--network", "net-1", "--json").stdout
            return set(json.loads(said)["addresses"])
        seed.wait_summary(lambda now: now["book_verified"] >= 2, 20, "verified")
        self.assertLessEqual({node.address()}, served())


class Off(Case):
    def test_nothing_is_bound_or_written(self):
        node = self.node(1).start()
        self.assertEqual(udp_ports(node.ip), set())
        self.assertFalse((node.home / "config" / "discovery_key").exists())
        self.assertEqual(node.stop()[0], 0)


class Wrong(Case):
    def test_a_broken_key_is_an_error_that_names_it_and_stays_as_it_is(self):
        node = self.finder(1)
        key = node.home / "config" / "discovery_key"
        key.parent.mkdir(parents=True)
        key.write_text("broken\n")
        code, said = node.begin().ended()
        self.assertNotEqual(code, 0)
        self.assertIn(str(key), said)
        self.assertEqual(key.read_text(), "broken\n")
        self.assertFalse((node.home / "config" / "node_key.json").exists(), "nothing was made")

    def test_check_config_finds_what_a_start_would_fail_with(self):
        node = self.finder(1).start()
        other = self.folder / "other"
        key = other / "config" / "discovery_key"
        key.parent.mkdir(parents=True)
        key.write_text("broken\n")
        found = PROGRAM.run("check-config", "--home", other, "--json", "--network", "net-1", "--bootnodes", "enr:no",
                            "--laddr", f"tcp://{node.ip}:{node.port}", "--discovery", "v4", expect=1).stdout
        errors = [row for row in map(json.loads, found.splitlines()) if row["severity"] == "error"]
        text = json.dumps(errors)
        for what in ("udp " + f"{node.ip}:{node.port} is in use", str(key), "--bootnodes"):
            self.assertIn(what, text)

    def test_v5_alone_is_refused_until_there_is_one(self):
        code, said = self.node(1, PEERAGE_DISCOVERY_PROTOCOLS="v5").begin().ended()
        self.assertNotEqual(code, 0)
        self.assertIn("discv5", said)


if __name__ == "__main__":
    side_by_side.main(BUILD)
