#!/usr/bin/env -S python3 -B
"""Networks of real processes on loopback, each node at an address of its own: network_test.py BUILD_DIR [CLASS[.test]]"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import running
import side_by_side
from running import LOOPBACK, Node, Program, until, write_addrbook

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = Program(BUILD)
if running.is_sanitized(BUILD):
    running.SLOWER = 5
STRANGER = "ab" * 20


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.folder.chmod(0o755)  # some of a test may be for another user

    def node(self, number, **more):
        node = Node(PROGRAM, self.folder / f"node-{number}", f"{LOOPBACK}.{number}.1", **more)
        self.addCleanup(node.kill)
        return node

    def passive(self, number, **more):
        """One that dials only its persistent peers."""
        return self.node(number, PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS=0, **more)

    def friend_of(self, number, *others, **more):
        """One with the others as persistent peers."""
        known = ",".join(other.address() for other in others)
        return self.passive(number, PEERAGE_P2P_PERSISTENT_PEERS=known, **more)

    @staticmethod
    def persistent(node):
        """How many of its persistent peers are connected, as "1/2"."""
        every = node.said("summary")
        return every[-1]["persistent"] if every else None

    def assert_stops(self, node, how=signal.SIGTERM):
        code, took = node.stop(how)
        self.assertEqual((code, node.error_text()), (0, ""))
        self.assertLess(took, 5 * running.SLOWER)


def connected(node):
    return {row["id"] for row in node.book().values() if row["connected_since"]}


class Network(Case):
    NODES = 20

    def test_twenty_nodes_that_know_one_of_two_seeds_become_one_network_within_a_minute(self):
        first = self.node(100, role="seed").start()
        second = self.node(101, role="seed", PEERAGE_P2P_SEEDS=first.address()).start()
        seeds = (first, second)
        began = time.monotonic()
        nodes = [self.node(i, PEERAGE_SUMMARY_INTERVAL="1s", PEERAGE_P2P_SEEDS=seeds[i % 2].address()).begin()
                 for i in range(self.NODES)]
        full = {}

        def all_are_full():
            for node in nodes:
                last = node.summaries()[-2:]
                # Twice in a row: a seed's visit is a peer, too, but only for a moment.
                if node not in full and len(last) == 2 and all(map(self.is_full, last)):
                    full[node] = time.monotonic() - began
            return len(full) == self.NODES

        until(all_are_full, 60, lambda: [node.summary() for node in nodes if node not in full])
        print(f"{self.NODES} nodes full: the first after {min(full.values()):.1f} s, "
              f"the last after {max(full.values()):.1f} s", flush=True)
        ids = {node.id() for node in nodes}
        # A node that has its peers may not have heard of the last one yet: the minute is for both.
        left = 60 - (time.monotonic() - began) / running.SLOWER
        for node in nodes[:3]:
            until(lambda: not self.unknown_to(node, ids), left,
                  lambda: f"{node.id()} knows all but {self.unknown_to(node, ids)}")
        for node in nodes + list(seeds):
            self.assertEqual(node.summary()["bans"], 0)

    def unknown_to(self, node, ids):
        return ids - set(node.book()) - {node.id()}

    def is_full(self, summary):
        # More than one seed's nodes could be: then there is one network.
        return summary["out"] >= self.NODES // 2 or summary["peers"] >= self.NODES - 1

    def test_a_seed_of_two_networks_serves_each_its_own(self):
        seed = self.node(100, role="seed", network="net-a,net-b").start()
        members = {network: [self.node(i, network=network, PEERAGE_P2P_SEEDS=seed.address()).start()
                             for i in numbers]
                   for network, numbers in {"net-a": range(3), "net-b": range(3, 6)}.items()}
        seed.wait_summary(lambda now: now["book_verified"] == 6, 30, "verified all")
        for network, nodes in members.items():
            expected = {node.address() for node in nodes}
            said = json.loads(PROGRAM.run("probe", seed.address(), "--network", network, "--json").stdout)
            self.assertEqual(said["node_info"]["network"], network)
            self.assertEqual(set(said["addresses"]), expected)
            for node in nodes:
                node.wait_summary(lambda now: now["peers"] >= 2, 60, "connected to its network")
                self.assertLessEqual(set(node.book()), {address.split("@")[0] for address in expected} | {seed.id()})
        refused = PROGRAM.run("probe", seed.address(), "--network", "net-c", "--json", expect=1)
        self.assertEqual(json.loads(refused.stdout)["proven"], False)


class Moved(Case):
    """A node that comes back with its key at another IP, and says so from there."""

    def says_where_it_is(self, node, to):
        """One connection from the node's own IP: a socket of the program's comes from 127.0.0.1 here."""
        said = json.loads(subprocess.run(
            [BUILD / "seed_load", "load", "--to", f"{to.ip}:{to.port}", "--network", node.network, "--from", node.ip,
             "--listen", str(node.port), "--key", node.home / "config" / "node_key.json", "--rate", "1", "--seconds", "1",
             "--patience", "2"],
            capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL).stdout)
        # A seed sends its clients away, a node does not; and who asked a moment ago is not answered again.
        self.assertIn(said["failures"], ({}, {"stuck": 1}, {"closed before the answer": 1}))

    def serves(self, seed):
        time.sleep(1)  # a seed answers one host so often and no more
        return json.loads(PROGRAM.run("probe", seed.address(), "--network", "net-1", "--json").stdout)["addresses"]

    def moved(self, node):
        other = self.passive(8)
        shutil.copytree(node.home, other.home)
        return other

    def test_a_seed_visits_it_there_and_serves_that_address_alone(self):
        seed = self.node(100, role="seed").start()
        before = self.passive(7).start()
        self.says_where_it_is(before, seed)
        until(lambda: self.serves(seed) == [before.address()], 10, lambda: self.serves(seed))
        self.assert_stops(before)
        after = self.moved(before).start()
        self.assertEqual(after.id(), before.id())
        self.says_where_it_is(after, seed)
        until(lambda: self.serves(seed) == [after.address()], 20, lambda: self.serves(seed))
        rows = {row["address"]: row for row in PROGRAM.rows("addrbook", "list", "--home", seed.home)}
        self.assertLessEqual({before.address(), after.address()}, set(rows), "both stay in its book")

    def test_a_node_visits_it_there(self):
        node = self.node(0, PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS=1).start()
        before = self.passive(7).start()
        self.says_where_it_is(before, node)
        node.wait_summary(lambda now: now["out"] == 1, 30, "dialled it")
        self.assert_stops(before)
        after = self.moved(before).start()
        self.says_where_it_is(after, node)
        after.wait_summary(lambda now: now["in"] == 1, 30, "dialled it where it is now")


class SeveralAddresses(Case):
    def test_a_node_that_is_named_at_two_and_comes_up_late_is_reached_whatever_the_order(self):
        late = self.passive(9).start()  # so that it has a port
        self.assert_stops(late)
        alive, dead = late.address(), f"{late.id()}@{LOOPBACK}.200.1:{late.port}"
        lists = [{"PERSISTENT_PEERS": f"{dead},{alive}"}, {"PERSISTENT_PEERS": f"{alive},{dead}"},
                 {"SEEDS": alive, "PERSISTENT_PEERS": dead}, {"SEEDS": dead, "PERSISTENT_PEERS": alive}]
        nodes = [self.node(number, **{f"PEERAGE_P2P_{key}": value for key, value in each.items()}).start()
                 for number, each in enumerate(lists)]
        time.sleep(3)
        late.start()
        for node in nodes:
            node.wait_for(lambda: self.persistent(node) == "1/1", 15, "it is connected")
        for node in (late, *nodes):
            self.assert_stops(node)

    def test_crawl_asks_a_seed_at_each_of_its_addresses(self):
        seed = self.node(1, role="seed").start()
        dead = f"{seed.id()}@{LOOPBACK}.200.1:{seed.port}"
        for seeds in (f"{dead},{seed.address()}", f"{seed.address()},{dead}"):
            found = PROGRAM.run("crawl", "--seeds", seeds, "--network", "net-1", "--private", "--idle", "1s", "--json")
            nodes = json.loads(found.stdout)["nodes"]
            self.assertIn(seed.ip, [node["ip"] for node in nodes if node["outcome"] == "reachable"])
        self.assert_stops(seed)


class Signals(Case):
    def write_lists(self, node, persistent):
        names = ", ".join(peer.address() for peer in persistent)
        (node.home / "config" / "config.toml").write_text(f'[p2p]\npersistent_peers = "{names}"\n')

    def test_a_hangup_has_the_persistent_peers_read_again(self):
        kept, dropped, added = (self.passive(i).start() for i in (1, 2, 3))
        # With no slots for others, the list alone decides what it dials.
        node = self.node(0, PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS=0, PEERAGE_LOG_LEVEL="p2p:debug,*:info")
        PROGRAM.run("init", "--home", node.home, "--network", "net-1")
        self.write_lists(node, [kept, dropped])
        node.start()
        for peer in (kept, dropped):
            peer.wait_summary(lambda now: now["in"] == 1, 10, "dialled")

        self.write_lists(node, [kept, added])
        node.process.send_signal(signal.SIGHUP)
        added.wait_summary(lambda now: now["in"] == 1, 10, "dialled after the hangup")
        # Both go and come back; only the one that is still on the list is dialled again.
        for peer in (dropped, kept):
            self.assert_stops(peer)
        node.wait_summary(lambda now: now["out"] == 1, 10, "both gone")
        for peer in (dropped, kept):
            peer.start()
        kept.wait_summary(lambda now: now["in"] == 1, 60, "dialled again")
        gone = dropped.id()
        self.assertFalse([line for line in node.said("dial failed") if line["peer"] == gone])
        self.assertEqual(dropped.next_summary()["in"], 0)
        self.assert_stops(node)

    def test_a_hangup_that_adds_or_takes_an_address_of_a_known_peer_is_seen(self):
        other = self.passive(1).start()
        dead = f"{other.id()}@{LOOPBACK}.200.1:{other.port}"
        node = self.passive(0, PEERAGE_LOG_LEVEL="info")
        PROGRAM.run("init", "--home", node.home, "--network", "net-1")
        config = node.home / "config" / "config.toml"
        config.write_text(f'[p2p]\npersistent_peers = "{dead}"\n')
        node.start()
        self.assertEqual(node.wait_for(lambda: self.persistent(node), 10, "a summary"), "0/1")

        config.write_text(f'[p2p]\npersistent_peers = "{dead},{other.address()}"\n')
        node.process.send_signal(signal.SIGHUP)
        node.wait_for(lambda: self.persistent(node) == "1/1", 10, "the added address is dialled")
        config.write_text(f'[p2p]\npersistent_peers = "{dead}"\n')
        node.process.send_signal(signal.SIGHUP)
        node.wait_for(lambda: len(node.said("a list of addresses has changed")) == 2, 10, "both reloads are seen")
        self.assertEqual([(line["added"], line["removed"]) for line in node.said("a list of addresses has changed")],
                         [(other.address(), ""), ("", other.address())])
        self.assertEqual((node.next_summary()["out"], len(node.said("persistent peer lost"))), (1, 0))
        self.assertEqual(self.persistent(node), "1/1")

    def test_a_hangup_names_a_list_that_something_else_overrides(self):
        own, other = self.passive(1).start(), self.passive(2).start()
        node = self.friend_of(0, own)
        PROGRAM.run("init", "--home", node.home, "--network", "net-1")
        node.start()
        self.write_lists(node, [other])
        node.process.send_signal(signal.SIGHUP)
        node.wait_for(lambda: node.said("lists read again"), 10, "a reload")
        said = node.said("a list of the file has no effect: a variable or an option overrides it")
        self.assertEqual([(line["list"], line["by"]) for line in said],
                         [("p2p.persistent_peers", "PEERAGE_P2P_PERSISTENT_PEERS")])
        self.assert_stops(node)

    def test_a_hangup_with_a_config_that_cannot_be_read_changes_nothing(self):
        other = self.passive(1).start()
        node = self.passive(0)
        PROGRAM.run("init", "--home", node.home, "--network", "net-1")
        self.write_lists(node, [other])
        node.start()
        node.wait_summary(lambda now: now["out"] == 1, 10, "connected")
        (node.home / "config" / "config.toml").write_text('[p2p]\npersistent_peers = "nonsense"\n')
        node.process.send_signal(signal.SIGHUP)
        error = node.wait_for(lambda: node.said("the settings stay as they are"), 10, "an error")[0]
        self.assertIn("persistent_peers", error["why"])
        self.assertEqual(node.next_summary()["out"], 1)
        self.assert_stops(node)

    def test_both_signals_end_it_saved_and_in_time_with_peers_connected(self):
        others = [self.passive(i).start() for i in range(1, 6)]
        node = self.friend_of(0, *others)
        for how in (signal.SIGTERM, signal.SIGINT):
            node.start()
            node.wait_summary(lambda now: now["out"] == 5, 20, "connected")
            self.assert_stops(node, how)
            verified = {row["id"] for row in node.book().values() if row["last_verified"]}
            self.assertEqual(verified, {other.id() for other in others})
            # Saved is what is in the file itself, without a log beside it.
            self.assertFalse((node.home / "data" / "addrbook.db-wal").exists())
        for other in others:
            self.assert_stops(other)


class Restart(Case):
    def test_a_second_instance_is_refused_and_the_first_unharmed(self):
        other = self.passive(1).start()
        node = self.friend_of(0, other).start()
        node.wait_summary(lambda now: now["out"] == 1, 10, "connected")
        before = node.address()
        for port in (0, node.port):
            second = self.node(0)
            second.port = port
            code, said = second.begin().ended()
            self.assertEqual(code, 1)
            self.assertIn("in use", said)
            self.assertIn(str(node.home), said)
        self.assertEqual(node.next_summary()["out"], 1)
        self.assertEqual(node.address(), before)
        self.assertEqual(other.next_summary()["in"], 1)
        self.assert_stops(node)

    def test_a_restart_keeps_id_and_book_and_begins_with_the_earlier_peers(self):
        # It knows ten and has room for three, which are its anchors then.
        others = [self.passive(i).start() for i in range(1, 11)]
        node = self.node(0, PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS=3,
                         PEERAGE_P2P_ADDR_BOOK_FILE="config/addrbook.json",
                         PEERAGE_LOG_LEVEL="p2p:debug,*:info")
        write_addrbook(node.home, others)
        node.start()
        node.wait_summary(lambda now: now["out"] == 3, 30, "full")
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how=how):
                until(lambda: len(connected(node)) == 3, 10, "its peers in the file")
                anchors, known, identity = connected(node), set(node.book()), node.id()
                self.assertEqual(known, {other.id() for other in others})
                node.stop(how)
                self.assertEqual(set(node.book()), known)
                node.start()
                self.assertEqual(node.id(), identity)
                node.wait_summary(lambda now: now["out"] == 3, 20, "full again")
                self.assertEqual({line["peer"] for line in node.said("peer connected")}, anchors)
        self.assert_stops(node)

    def test_bans_of_the_command_line_hold_for_the_node_that_is_started_then(self):
        node = self.passive(0, PEERAGE_LOG_LEVEL="p2p:debug,*:info").start()
        others = [self.friend_of(i, node, PEERAGE_LOG_LEVEL="p2p:debug,*:info").start() for i in (1, 2, 3)]
        node.wait_summary(lambda now: now["in"] == 3, 10, "connected")
        self.assert_stops(node)
        by_id, by_ip, fine = others
        PROGRAM.run("addrbook", "ban", by_id.id(), "--reason", "a test", "--home", node.home)
        PROGRAM.run("addrbook", "ban", by_ip.ip, "--home", node.home)
        for other in others:
            self.assert_stops(other)
        node.start()
        node.wait_summary(lambda now: now["bans"] == 2, 10, "its bans")
        for other in others:
            other.start()
        fine.wait_summary(lambda now: now["out"] == 1, 20, "connected")
        for other in (by_id, by_ip):
            other.wait_for(lambda other=other: other.said("dial failed", "peer connected"), 20, "an attempt")
            other.wait_summary(lambda now: now["out"] == 0, 20, "turned away")
        self.assertEqual(node.next_summary()["in"], 1)
        self.assertEqual({line["peer"] for line in node.said("peer connected")}, {fine.id()})


class Homes(Case):
    """A fault around a node costs it nothing that it had."""

    def lived_in(self):
        """A home that has a key, and a book with one address; stopped."""
        other = self.passive(1).start()
        node = self.friend_of(0, other).start()
        node.wait_summary(lambda now: now["out"] == 1, 10, "connected")
        self.assert_stops(node)
        self.assertEqual(set(node.book()), {other.id()})
        return node, other

    def assert_as_before(self, node, other, identity):
        self.assertEqual(node.id(), identity)
        self.assertEqual(set(node.book()), {other.id()})
        node.start()
        node.wait_summary(lambda now: now["out"] == 1, 30, "connected again")
        self.assert_stops(node)

    def another_user(self):
        """How to start a process that file permissions apply to."""
        if os.geteuid() != 0:
            return {}
        nobody = {"user": 65534, "group": 65534, "extra_groups": []}
        try:
            subprocess.run([PROGRAM.path, "version"], check=True, stdout=subprocess.DEVNULL, timeout=20, **nobody)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest("another user cannot start the program")
        return nobody

    def test_a_home_without_rights_is_an_error_that_names_it(self):
        user = self.another_user()
        node, other = self.lived_in()
        identity = node.id()
        places = [node.home, *node.home.rglob("*")]
        if user:
            for place in places:
                os.chown(place, user["user"], user["group"])
        for shut in (node.home, node.home / "config", node.home / "data"):
            with self.subTest(shut=shut.name):
                shut.chmod(0)
                code, said = node.begin(**user).ended()
                shut.chmod(0o700)
                self.assertEqual(code, 78)
                self.assertIn(str(node.home), said)
                self.assertIn("ermission", said)
        # A read-only directory has no room for a book's log and lock.
        data = node.home / "data"
        for place in data.iterdir():
            place.chmod(0o400)
        data.chmod(0o500)
        code, said = node.begin(**user).ended()
        for place in (data, *data.iterdir()):
            place.chmod(0o700)
        self.assertEqual(code, 78)
        self.assertIn(str(data), said)
        if user:
            for place in places:
                if place.exists():
                    os.chown(place, 0, 0)
        self.assert_as_before(node, other, identity)

    def test_a_home_that_is_a_file_is_an_error_that_names_it(self):
        node = self.node(0)
        node.home.write_text("")
        code, said = node.begin().ended()
        self.assertEqual(code, 78)
        self.assertIn(str(node.home), said)

    @contextlib.contextmanager
    def small_disk(self):
        place = self.folder / "disk"
        place.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place],
                                               stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("a small disk cannot be mounted")
        try:
            yield place
        finally:
            subprocess.run(["umount", "-l", place], check=True)

    @staticmethod
    def fill(disk):
        """Fills the disk; returns the file to remove."""
        filling = disk / "filling"
        with open(filling, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        return filling

    def test_a_full_disk_is_reported_and_loses_nothing(self):
        with self.small_disk() as disk:
            node, other = self.lived_in()
            shutil.copytree(node.home, disk / "home")
            node.home = disk / "home"
            identity = node.id()
            filling = self.fill(disk)
            # It starts, or says why not; its book is there.
            node.begin()
            until(lambda: node.process.poll() is not None or node.said("node started"), 20, "started or ended")
            if node.process.poll() is None:
                node.stop()
            else:
                self.assertRegex(node.error_text(), "full|space")
            filling.unlink()
            self.assert_as_before(node, other, identity)

            # It fills up under a running node, which goes on, says so, and saves when there is room.
            node.start()
            node.wait_summary(lambda now: now["out"] == 1, 30, "connected")
            filling = self.fill(disk)
            late = [self.friend_of(i, node).start() for i in range(2, 6)]
            node.wait_summary(lambda now: now["in"] == len(late), 20, "more peers")
            node.wait_for(lambda: node.said("the address book cannot be saved; trying again"), 60, "an error")
            self.assertEqual(node.next_summary()["peers"], 1 + len(late))
            filling.unlink()
            until(lambda: {each.id() for each in late} <= set(node.book()), 60, "saved after all")
            self.assert_stops(node)

    def test_a_full_disk_at_the_end_is_an_exit_code(self):
        with self.small_disk() as disk:
            node, other = self.lived_in()
            shutil.copytree(node.home, disk / "home")
            node.home = disk / "home"
            node.start()
            node.wait_summary(lambda now: now["out"] == 1, 30, "connected")
            self.fill(disk)
            late = [self.friend_of(i, node).start() for i in range(2, 6)]
            node.wait_summary(lambda now: now["in"] == len(late), 20, "more peers")
            node.wait_for(lambda: node.said("the address book cannot be saved; trying again"), 60, "an error")
            code, took = node.stop()
            self.assertEqual(code, 1)
            self.assertLess(took, 5 * running.SLOWER)
            self.assertRegex(node.error_text(), "full|space")
            self.assertIn(other.id(), node.book())

    def test_an_address_that_cannot_be_listened_on_is_named(self):
        node, other = self.lived_in()
        identity = node.id()
        busy = self.node(2).start()
        for ip, port in (("203.0.113.1", 26656), (busy.ip, busy.port)):
            node.ip, node.port = ip, port
            code, said = node.begin().ended()
            self.assertEqual(code, 1)
            self.assertIn(f"{ip}:{port}", said)
        node.ip, node.port = f"{LOOPBACK}.0.1", 0
        self.assert_as_before(node, other, identity)

    def test_a_node_without_a_network_waits_for_one(self):
        if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("a process cannot be without a network")
        node, other = self.lived_in()
        identity = node.id()
        # In a network of its own that has not even loopback, every dial fails at once.
        alone = Node(Program(BUILD), node.home, "0.0.0.0", PEERAGE_P2P_SEEDS=f"{STRANGER}@seed.example:26656",
                     PEERAGE_P2P_PERSISTENT_PEERS=other.address())
        self.addCleanup(alone.kill)
        wrapper = self.folder / "alone"
        wrapper.write_text(f'#!/bin/sh\nexec unshare -n "{PROGRAM.path}" "$@"\n')
        wrapper.chmod(0o755)
        alone.program.path = wrapper
        alone.start()
        for _ in range(10):
            self.assertEqual(alone.next_summary()["peers"], 0)
        alone.program = PROGRAM
        self.assert_stops(alone)
        self.assert_as_before(node, other, identity)


if __name__ == "__main__":
    side_by_side.main(BUILD)
