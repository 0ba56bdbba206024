#!/usr/bin/env -S python3 -B
"""The home of a comet node, or of a tenderseed, as it was recorded: it is taken over unchanged, and the program runs
in it. takeover_test.py BUILD_DIR"""
import json
import pathlib
import random
import re
import signal
import sys
import tempfile
import tomllib
import unittest

import running
from running import LOOPBACK, Node, Program, ask, until

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
VECTORS = pathlib.Path(__file__).resolve().parents[2] / "spec" / "vectors"
PROGRAM = Program(BUILD)
if running.is_sanitized(BUILD):
    running.SLOWER = 5
BOOK = json.loads((VECTORS / "addrbook.json").read_text())["file_sample"]
KEYS = json.loads((VECTORS / "node_id.json").read_text())["keys"]
# A test must not dial the recorded addresses, nor has it a network.
DIALS_NOBODY = {"PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS": 0}

HONOURED = {
    "moniker", "log_level", "log_format", "genesis_file", "node_key_file",
    *("p2p." + key for key in (
        "laddr", "external_address", "seeds", "persistent_peers", "addr_book_file", "addr_book_strict",
        "max_num_inbound_peers", "max_num_outbound_peers", "unconditional_peer_ids", "private_peer_ids",
        "persistent_peers_max_dial_period", "send_rate", "recv_rate", "max_packet_msg_payload_size", "pex", "seed_mode", "allow_duplicate_ip",
        "handshake_timeout", "dial_timeout")),
    *("rpc." + key for key in (
        "laddr", "cors_allowed_origins", "cors_allowed_methods", "cors_allowed_headers", "unsafe", "max_open_connections",
        "max_request_batch_size", "max_body_bytes", "max_header_bytes", "tls_cert_file", "tls_key_file")),
    *("instrumentation." + key for key in (
        "prometheus", "prometheus_listen_addr", "max_open_connections", "namespace"))}


def keys_of(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from keys_of(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def ids_of(book):
    return {entry["addr"]["id"] for entry in json.loads(book)["addrs"]}


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def node(self, home, **more):
        node = Node(PROGRAM, home, f"{LOOPBACK}.0.1", **{**DIALS_NOBODY, **more})
        self.addCleanup(node.kill)
        return node

    def assert_stops(self, node, how=signal.SIGTERM):
        code, _ = node.stop(how)
        self.assertEqual((code, node.error_text()), (0, ""))


class Comet(Case):
    def node(self, home, **more):
        # Not at the address of the file: every comet node of this machine has it.
        return super().node(home, **{"PEERAGE_RPC_LADDR": f"tcp://{LOOPBACK}.0.1:26657", **more})

    def home(self, config, key=KEYS[0]):
        home = self.folder / "comet"
        (home / "config").mkdir(parents=True)
        (home / "data").mkdir()
        for name, text in {"config.toml": config, "node_key.json": key["node_key_json"], "addrbook.json": BOOK,
                           "genesis.json": json.dumps({"genesis_time": "2020-01-01T00:00:00Z",
                                                       "chain_id": "recorded-1", "validators": []})}.items():
            (home / "config" / name).write_text(text)
        (home / "config" / "node_key.json").chmod(0o600)
        return home

    def check_takeover(self, version):
        home = self.home((VECTORS / "config" / f"config-{version}.toml").read_text())
        kept = {name: (home / "config" / name).read_bytes() for name in ("config.toml", "node_key.json", "genesis.json")}
        mirror = home / "config" / "addrbook.json"
        recorded = ids_of(BOOK)

        node = self.node(home, network=None, PEERAGE_P2P_ADDR_BOOK_STRICT="true").start()
        self.assertEqual(node.id(), KEYS[0]["id"])
        self.assertTrue(node.said("node started")[0]["address"].startswith(KEYS[0]["id"] + "@"))
        self.assertEqual(node.said("listening")[0]["network"], "recorded-1")
        self.assertEqual([(line["entries"], line["added"]) for line in node.said("addresses taken over")], [(3, 3)])
        node.next_summary()
        # It names the ID and the network to others, too.
        said = json.loads(PROGRAM.run("probe", node.address(), "--network", "recorded-1", "--json").stdout)
        self.assertEqual((said["id"], said["node_info"]["moniker"]), (KEYS[0]["id"], "moniker-of-a-node"))
        self.assertLessEqual({each.split("@")[0] for each in said["addresses"]}, recorded)
        self.assert_stops(node)
        book = node.book()
        self.assertEqual(set(book), recorded)
        self.assertEqual({row["network"] for row in book.values()}, {"recorded-1"})
        self.assertEqual({row["origin"] for row in book.values()}, {"import"})
        self.assert_loadable(mirror, recorded)
        self.assertEqual((home / "config" / "addrbook.json.before-peerage").read_text(), BOOK)

        # Only once: what is gone from the book does not come back from the file, which follows the book.
        gone = min(recorded)
        PROGRAM.run("addrbook", "forget", gone, "--home", home)
        node.start()
        self.assertEqual(node.said("addresses taken over"), [])
        until(lambda: ids_of(mirror.read_text()) == recorded - {gone}, 10, "kept up to date while it runs")
        self.assert_stops(node)
        self.assertEqual(set(node.book()), recorded - {gone})
        self.assert_loadable(mirror, recorded - {gone})
        for name, content in kept.items():
            self.assertEqual((home / "config" / name).read_bytes(), content, name)
        self.assertEqual(sorted(each.name for each in (home / "config").iterdir()),
                         sorted([*kept, "addrbook.json", "addrbook.json.before-peerage"]))

    def assert_loadable(self, file, ids):
        """Written by us, and in the form of a comet node's."""
        self.assertEqual(ids_of(file.read_text()), ids)
        theirs, ours = json.loads(BOOK), json.loads(file.read_text())
        self.assertEqual(ours.keys(), theirs.keys())
        self.assertRegex(ours["key"], "^[0-9a-f]{24}$")
        for entry in ours["addrs"]:
            self.assertEqual(entry.keys(), theirs["addrs"][0].keys())
            self.assertIn(entry["bucket_type"], (1, 2))
            self.assertTrue(entry["buckets"])
        with tempfile.TemporaryDirectory() as other:
            PROGRAM.run("init", "--home", other, "--network", "other")
            said = json.loads(PROGRAM.run("addrbook", "import", file, "--json", "--home", other).stdout)
            self.assertEqual((said["entries"], said["outcomes"]["added"]), (len(ids), len(ids)))

    def test_an_address_book_that_cannot_be_read_is_left_as_it_is(self):
        home = self.home((VECTORS / "config" / "config-v0.38.25.toml").read_text())
        damaged = home / "config" / "addrbook.json"
        damaged.write_text(BOOK[:-20])
        node = self.node(home, network=None).start()
        self.assertEqual(len(node.said("no addresses could be taken over; the file stays as it is")), 1)
        node.next_summary()
        self.assert_stops(node)
        self.assertEqual(damaged.read_text(), BOOK[:-20])

    def test_an_address_book_of_private_addresses_is_left_as_it_is_by_a_strict_one(self):
        home = self.home((VECTORS / "config" / "config-v0.38.25.toml").read_text())
        book = json.loads(BOOK)
        for number, entry in enumerate(book["addrs"]):
            entry["addr"]["ip"] = f"10.0.{number}.1"
        text = json.dumps(book)
        mirror = home / "config" / "addrbook.json"
        mirror.write_text(text)
        node = self.node(home, network=None, PEERAGE_P2P_ADDR_BOOK_STRICT="true").start()
        said = node.said("no addresses could be taken over; the file stays as it is")
        self.assertEqual([(line["level"], line["entries"]) for line in said], [("warn", 3)])
        self.assertIn("addr_book_strict", said[0]["why"])
        node.next_summary()
        self.assert_stops(node)
        self.assertEqual(mirror.read_text(), text)
        # With the setting that was meant, all is taken over.
        node.settings["PEERAGE_P2P_ADDR_BOOK_STRICT"] = "false"
        node.start()
        self.assertEqual([line["added"] for line in node.said("addresses taken over")], [3])
        self.assert_stops(node)
        self.assertEqual((home / "config" / "addrbook.json.before-peerage").read_text(), text)
        self.assertEqual(ids_of(mirror.read_text()), ids_of(BOOK))

    def test_a_takeover_that_was_interrupted_is_made_up_for(self):
        home = self.home((VECTORS / "config" / "config-v0.38.25.toml").read_text())
        mirror = home / "config" / "addrbook.json"
        aside = self.folder / "aside.json"
        mirror.rename(aside)
        # A book was made, and nothing is in it.
        node = self.node(home, network=None, PEERAGE_P2P_ADDR_BOOK_STRICT="true").start()
        self.assert_stops(node)
        aside.rename(mirror)
        node.start()
        self.assertEqual([line["added"] for line in node.said("addresses taken over")], [3])
        self.assert_stops(node)
        self.assertEqual(set(node.book()), ids_of(BOOK))

    def test_the_rpc_and_the_metrics_of_its_file_are_served(self):
        rpc, metrics = random.SystemRandom().sample(range(10_000, 30_000), 2)
        ip = f"{LOOPBACK}.0.1"
        for version in ("v0.34.35", "v0.38.25", "v1.0.1"):
            text = (VECTORS / "config" / f"config-{version}.toml").read_text()
            for was, wanted in (('"tcp://127.0.0.1:26657"', f'"tcp://{ip}:{rpc}"'), ('":26660"', f'"{ip}:{metrics}"'),
                                ("prometheus = false", "prometheus = true")):
                self.assertEqual(text.count(was), 1)
                text = text.replace(was, wanted)
            with self.subTest(version=version), tempfile.TemporaryDirectory() as folder:
                self.folder = pathlib.Path(folder)
                node = self.node(self.home(text), network=None)
                del node.settings["PEERAGE_RPC_LADDR"]
                node.start()
                status = json.loads(ask(ip, rpc, "/status")[2])["result"]
                self.assertEqual((status["node_info"]["id"], status["node_info"]["network"]),
                                 (KEYS[0]["id"], "recorded-1"))
                self.assertEqual(status["node_info"]["moniker"], "moniker-of-a-node")
                self.assertRegex(ask(ip, metrics, "/metrics")[2],
                                 r'(?m)^cometbft_p2p_peers\{chain_id="recorded-1"\} 0$')
                self.assertIn('"/metrics"', ask(ip, metrics, "/")[2])
                self.assert_stops(node)

    def test_a_home_of_v0_34_is_taken_over(self):
        self.check_takeover("v0.34.35")

    def test_a_home_of_v0_38_is_taken_over(self):
        self.check_takeover("v0.38.25")

    def test_a_home_of_v1_0_is_taken_over(self):
        self.check_takeover("v1.0.1")

    def test_every_recorded_key_gives_its_id(self):
        home = self.home("")
        for key in KEYS:
            with self.subTest(id=key["id"]):
                (home / "config" / "node_key.json").write_text(key["node_key_json"])
                self.assertEqual(PROGRAM.run("show-node-id", "--home", home).stdout.strip(), key["id"])

    def test_every_recorded_setting_is_honoured_or_has_a_reason(self):
        home = self.home("")
        file = home / "config" / "config.toml"
        for version in ("v0.34.35", "v0.38.25", "v1.0.1"):
            text = (VECTORS / "config" / f"config-{version}.toml").read_text()
            keys = set(keys_of(tomllib.loads(text)))
            self.assertGreater(len(keys), 80)
            with self.subTest(version=version):
                file.write_text(text)
                found = self.reasons(home)
                self.assertFalse({key: why for key, why in found.items() if "no such setting" in why})
                # A finding may name a whole section.
                ignored = {key for key in keys if any(key == each or key.startswith(each + ".") for each in found)}
                self.assertEqual(keys - ignored, HONOURED & keys)
                self.assertEqual(ignored & HONOURED, set())
        # An unknown setting would have shown.
        file.write_text('mempool_size = 1\n' + text.replace("[p2p]", "[p2p]\nladdress = 1", 1))
        found = self.reasons(home)
        self.assertEqual({key for key, why in found.items() if "no such setting" in why}, {"mempool_size", "p2p.laddress"})

    @staticmethod
    def reasons(home):
        said = PROGRAM.rows("check-config", "--all", "--home", home, "--laddr", "127.0.0.1:0")
        matches = [re.fullmatch(r"(\S+) has no effect: (.+)", each["text"], re.DOTALL) for each in said]
        return {match[1]: match[2] for match in matches if match}


class Tenderseed(Case):
    CONFIG = """laddr = "tcp://0.0.0.0:26656"
chain_id = "chain-of-the-file"
log_level = "info"
node_key_file = "config/node_key.json"
addr_book_file = "data/addrbook.json"
addr_book_strict = false
max_num_inbound_peers = 1000
max_num_outbound_peers = 60
max_packet_msg_payload_size = 1024
seeds = ""
"""

    def home(self):
        home = self.folder / "tenderseed"
        (home / "config").mkdir(parents=True)
        (home / "data").mkdir()
        (home / "config" / "config.toml").write_text(self.CONFIG)
        (home / "config" / "node_key.json").write_text(KEYS[1]["node_key_json"])
        (home / "config" / "node_key.json").chmod(0o600)
        return home

    def begin(self, arguments, **settings):
        """With a tenderseed's own command line: where it listens is the environment's to say."""
        seed = self.node(self.folder / "tenderseed", **settings)
        seed.settings["PEERAGE_P2P_LADDR"] = f"tcp://{seed.ip}:0"
        seed.command = lambda: [*arguments, "start"]
        return seed.start()

    def test_its_command_line_runs_a_seed_of_its_home(self):
        home = self.home()
        kept = {file: file.read_bytes() for file in (home / "config").iterdir()}
        member = self.node(self.folder / "member", network="chain-of-the-flag")
        member.ip = f"{LOOPBACK}.1.1"
        member.start()
        seed = self.begin(["-home", home, "-chain-id", "chain-of-the-flag", "-seeds", member.address()])
        self.assertTrue(seed.said("seed started"))
        self.assertEqual(seed.said("listening")[0]["network"], "chain-of-the-flag")
        self.assertEqual(seed.id(), KEYS[1]["id"])
        seed.wait_summary(lambda now: now["visits"] > 0, 20, "a visit to the seed that the flag names")
        self.assert_stops(seed)
        self.assertEqual({file: file.read_bytes() for file in (home / "config").iterdir()}, kept)
        self.assertIn("addrs", json.loads((home / "data" / "addrbook.json").read_text()))

    def test_its_file_names_the_chain_and_its_environment_overrides_it(self):
        home = self.home()
        seed = self.begin(["-home", home])
        self.assertEqual(seed.said("listening")[0]["network"], "chain-of-the-file")
        self.assertTrue(seed.said("seed started"))
        self.assert_stops(seed)
        seed = self.begin(["-home", home], TENDERSEED_CHAIN_ID="chain-of-the-environment")
        self.assertEqual(seed.said("listening")[0]["network"], "chain-of-the-environment")
        self.assert_stops(seed)

    def test_its_address_book_is_taken_over_once_and_kept_up_to_date(self):
        home = self.home()
        mirror = home / "data" / "addrbook.json"
        # Addresses that a crawl may try: no node listens there.
        book = json.loads(BOOK)
        for number, entry in enumerate(book["addrs"]):
            entry["addr"].update(ip=f"{LOOPBACK}.{number + 100}.1", port=1)
        mirror.write_text(json.dumps(book))
        for expected in (1, 0):
            seed = self.begin(["-home", home, "-chain-id", "chain-1"])
            self.assertEqual(len(seed.said("addresses taken over")), expected)
            seed.next_summary()
            self.assert_stops(seed)
            self.assertEqual(ids_of(mirror.read_text()), ids_of(BOOK))


if __name__ == "__main__":
    unittest.main(verbosity=1)
