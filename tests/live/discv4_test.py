#!/usr/bin/env -S python3 -B
"""Discovery in one network with @ethereumjs/devp2p's. discv4_test.py BUILD_DIR [CLASS[.test]]"""
import pathlib
import sys
import unittest

import peers
from running import LOOPBACK, until

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
FOLDER = BUILD / "live"
PORT = 30303


class Network(unittest.TestCase):
    def setUp(self):
        self.all = []

    def theirs(self, count, *boot):
        """Some of them, which begin with `boot`: nodes, each to be in its list before anybody has been met."""
        begun = []
        for i in range(count):
            ip = f"{LOOPBACK}.0.{len(self.all) + 1}"
            peer = peers.Peer(FOLDER, "dpt_peer.mjs", f"theirs {len(self.all)}", ip, PORT,
                              [each.endpoint() for each in (*boot, *begun[:1])])
            self.addCleanup(peer.kill)
            self.all.append(peer)
            begun.append(peer.start())
        return begun

    def assertAllKnowAll(self, within):
        everybody = {each.id for each in self.all}
        until(lambda: all(each.known() | {each.id} >= everybody for each in self.all), within,
              lambda: "\n".join(f"{each.name} knows {len(each.known())}" for each in self.all))


class Alone(Network):
    def test_theirs_alone_find_one_another_so_much_can_be_asked_of_them(self):
        self.theirs(3)
        self.assertAllKnowAll(30)


if __name__ == "__main__":
    peers.leave_without(FOLDER)
    unittest.main(verbosity=2)
