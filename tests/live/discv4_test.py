#!/usr/bin/env -S python3 -B
"""Discovery in one network with @ethereumjs/devp2p's. discv4_test.py BUILD_DIR [CLASS[.test]]"""
import json
import pathlib
import sys
import tempfile
import unittest

import peers
from running import LOOPBACK, Node, Program, until

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
OTHERS = BUILD / "live"
PORT = 30303


class Theirs(peers.Peer):
    def __init__(self, name, ip):
        super().__init__(OTHERS, "dpt_peer.mjs", name, ip, PORT)

    def start(self, boot):
        return super().start([each.endpoint() for each in boot])

    def boot_name(self):
        return f"enode://{self.id}@{self.endpoint()}"

    def known(self):
        """The endpoints in its table."""
        said = self.said("known")
        return set(said[-1]["known"]) if said else set()


class Ours:
    """What it knows is what it tells theirs (`judges`), each of which asks it once a second."""

    def __init__(self, name, ip, folder, judges):
        self.name, self.judges = name, judges
        self.node = Node(Program(BUILD), folder, ip, PEERAGE_DISCOVERY_PROTOCOLS="v4",
                         PEERAGE_DISCOVERY_LADDR=f"{ip}:{PORT}")

    def start(self, boot):
        self.asked_since = {judge: len(judge.lines) for judge in self.judges}
        self.node.settings["PEERAGE_DISCOVERY_BOOTNODES"] = ",".join(each.boot_name() for each in boot)
        self.node.start()
        return self

    def endpoint(self):
        return f"{self.node.ip}:{PORT}"

    def boot_name(self):
        return self.node.wait_for(lambda: self.node.said("discovery started"), 10, "discovery")[0]["record"]

    def known(self):
        """Nobody is told of itself."""
        return set.intersection(*(self.told(judge) | {judge.endpoint()} for judge in self.judges))

    def told(self, judge):
        said = [line["told"] for line in judge.said("told", self.asked_since.get(judge, 0))
                if line["by"] == self.endpoint()]
        return set(said[-1]) if said else set()

    def kill(self):
        self.node.kill()


class Network(unittest.TestCase):
    def setUp(self):
        self.all = []
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def theirs(self):
        return self.begun(Theirs(f"theirs {len(self.all)}", self.next_ip()))

    def ours(self, judges):
        return self.begun(Ours(f"ours {len(self.all)}", self.next_ip(), self.folder / str(len(self.all)), judges))

    def next_ip(self):
        return f"{LOOPBACK}.0.{len(self.all) + 1}"

    def begun(self, node):
        """Each knows the first one."""
        self.addCleanup(node.kill)
        node.start(self.all[:1])
        self.all.append(node)
        return node

    def assertAllKnowAll(self, within):
        def missing():
            return {each.name: lacks for each in self.all if (lacks := everybody - each.known() - {each.endpoint()})}
        everybody = {each.endpoint() for each in self.all}
        until(lambda: not missing(), within, missing)


class Alone(Network):
    def test_theirs_alone_find_one_another_so_much_can_be_asked_of_them(self):
        for _ in range(3):
            self.theirs()
        self.assertAllKnowAll(30)


class Mixed(Network):
    def setUp(self):
        super().setUp()
        # Theirs ban for five minutes whoever does not answer: the others run before.
        judges = []
        self.our_nodes = [self.ours(judges) for _ in range(3)]
        judges += [self.theirs() for _ in range(3)]
        self.assertAllKnowAll(60)

    def test_ours_become_one_anothers_peers_and_a_crawl_finds_them_all(self):
        crawl = Program(BUILD).run("discovery", "crawl", self.all[0].boot_name(), "--json")
        found = json.loads(crawl.stdout)
        self.assertEqual((found["live"], found["networks"]), (6, {"net-1": 3}))
        self.assertEqual({each["udp"] for each in found["nodes"]}, {each.endpoint() for each in self.all})
        for each in self.our_nodes:
            each.node.wait_summary(lambda now: now["peers"] == 2, 30, "the others of its network")

    def test_whoever_is_killed_and_comes_back_finds_all_and_is_found(self):
        for each in self.all:
            each.kill()
            each.start([other for other in self.all if other is not each])
            self.assertAllKnowAll(60)


if __name__ == "__main__":
    peers.leave_without(OTHERS)
    unittest.main(verbosity=2)
