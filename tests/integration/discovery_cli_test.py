#!/usr/bin/env -S python3 -B
"""`peerage discovery` and `probe --udp` against nodes on loopback. discovery_cli_test.py BUILD_DIR [CLASS[.test]]"""
import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import running

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
IP = running.LOOPBACK + ".0.1"
SAMPLE = ("enr:-LO4QBRk4vcgkOJKWfel8_uOPryMT5uSC4WYhcJRbXddUtV8dFg-YecchtNrFJz8hALi7mXWDJEb1Fmy3WX0Ou8qiwABg2NtdOOUAAEC"
          "AwQFBgcICQoLDA0ODxAREhOKdGVzdC1jaGFpboJoIIJpZIJ2NIJpcIR_AAABiXNlY3AyNTZrMaEDymNMrg1JrLQB2KTGtv6MVbcNEVv0AHac"
          "wUAPMljNMTiDdGNwgmggg3VkcIJ2Xw")


@contextlib.contextmanager
def nodes(count, network):
    process = subprocess.Popen([BUILD / "discovery_host", "--count", str(count), "--ip", IP,
                                "--network", network],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield [json.loads(process.stdout.readline()) for _ in range(count)]
        process.stdin.close()
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Discovery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = running.Program(BUILD)
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.folder = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory()))
        cls.nodes = cls.stack.enter_context(nodes(6, "net-1"))
        cls.first = cls.nodes[0]
        # Bound and never read: nobody answers there.
        cls.mute = cls.stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        cls.mute.bind((IP, 0))

    def discovery(self, *arguments, **options):
        return self.program.run("discovery", *arguments, **options)

    def enode(self, port, node=None):
        """A node's key (the first's), elsewhere."""
        report = json.loads(self.discovery("ping", (node or self.first)["enr"], "--json").stdout)
        return report["enode"].split("@")[0] + f"@{IP}:{port}"

    # --- enr ---

    def test_a_record_is_decoded_and_a_bad_one_beside_it_named(self):
        result = self.discovery("enr", "enr:nonsense", SAMPLE, expect=1)
        self.assertIn("FAILED", result.stdout)
        self.assertRegex(result.stdout, r"networks +test-chain")
        rows = [json.loads(line)
                for line in self.discovery("enr", "--json", SAMPLE, "enode://01@1.2.3.4:5", expect=1).stdout.splitlines()]
        self.assertEqual([row["valid"] for row in rows], [True, False])
        self.assertEqual(rows[1]["failure"]["reason"], "enode_malformed")
        self.discovery("enr", SAMPLE)

    # --- id ---

    def test_a_home_has_an_identity_once_discovery_is_on(self):
        home = self.folder / "home"
        self.program.run("init", "--home", home, "--network", "net-1")
        result = self.discovery("id", "--home", home, expect=1)
        self.assertIn("discovery is off", result.stderr)
        self.assertFalse((home / "config/discovery_key").exists())
        on = {"PEERAGE_DISCOVERY_PROTOCOLS": "v4", "PEERAGE_P2P_LADDR": "tcp://127.0.0.1:26656"}
        made = self.discovery("id", "--home", home, **on)
        self.assertEqual((home / "config/discovery_key").stat().st_mode & 0o777, 0o600)
        [record] = self.program.rows("discovery", "enr", self.discovery("id", "--home", home, "--enr", **on).stdout.strip())
        self.assertTrue(record["valid"])
        self.assertEqual(record["record"]["udp"], "127.0.0.1:26656")
        self.assertEqual(record["record"]["comet"]["networks"], ["net-1"])
        self.assertEqual(self.discovery("id", "--home", home, "--id").stdout.strip(), record["record"]["id"])
        self.assertIn(record["record"]["text"], made.stdout)
        enode = self.discovery("id", "--home", home, "--enode", **on).stdout.strip()
        self.assertTrue(enode.endswith("@127.0.0.1:26656"))
        # Of no known address it is valid, too.
        unknown = self.discovery("id", "--home", home, "--enr")
        self.assertIn("no address", unknown.stderr)
        self.discovery("enr", unknown.stdout.strip())

    # --- ping ---

    def test_a_pong_proves_the_endpoint_and_brings_the_record(self):
        report = json.loads(self.discovery("ping", self.first["enr"], "--count", "2", "--json").stdout)
        self.assertTrue(report["proven"])
        self.assertEqual(len(report["pings"]), 2)
        for ping in report["pings"]:
            self.assertTrue(ping["answered"])
            self.assertTrue(ping["sees_us_at"].startswith("127."))
            self.assertGreater(ping["round_trip_ms"], 0)
        self.assertEqual(report["record"]["text"], self.first["enr"])
        self.assertEqual(report["record"]["comet"]["networks"], ["net-1"])
        text = self.discovery("ping", self.first["enr"]).stdout
        self.assertIn("answered 1 of 1: the endpoint is proven", text)

    def test_silence_is_told_as_what_it_is(self):
        url = self.enode(self.mute.getsockname()[1])
        result = self.discovery("ping", url, "--timeout", "500ms", expect=1)
        self.assertIn("did not answer over UDP", result.stdout)
        self.assertIn("look the same", result.stdout)

    def test_another_key_at_the_address_is_named(self):
        url = self.enode(self.nodes[1]["udp"].rsplit(":", 1)[1])
        report = json.loads(self.discovery("ping", url, "--timeout", "1s", "--json", expect=1).stdout)
        self.assertFalse(report["proven"])
        self.assertEqual(report["answered_by"], self.nodes[1]["id"])

    # --- lookup ---

    def test_a_lookup_finds_all_of_a_small_network(self):
        report = json.loads(self.discovery("lookup", self.first["enr"], "--json").stdout)
        self.assertTrue(report["finished"])
        self.assertEqual({node["id"] for node in report["nodes"]}, {node["id"] for node in self.nodes})
        self.assertEqual(report["nodes"], sorted(report["nodes"], key=lambda node: node["distance"]))
        self.assertTrue(all(node["record"]["comet"]["networks"] == ["net-1"] for node in report["nodes"]))

    def test_a_lookup_for_a_node_finds_it_first(self):
        wanted = self.nodes[4]
        report = json.loads(self.discovery("lookup", self.first["enr"], "--target", wanted["enr"], "--json").stdout)
        self.assertEqual((report["nodes"][0]["id"], report["nodes"][0]["distance"]), (wanted["id"], 0))

    def test_an_id_has_no_way_back_to_its_key(self):
        result = self.discovery("lookup", self.first["enr"], "--target", self.first["id"], expect=64)
        self.assertIn("discv4 looks for a key", result.stderr)

    # --- crawl ---

    def test_a_crawl_finds_everybody(self):
        report = json.loads(self.discovery("crawl", self.first["enr"], "--json", "--timeout", "1s").stdout)
        self.assertEqual((report["ended"], report["live"]), ("all_asked", len(self.nodes)))
        self.assertEqual(report["networks"], {"net-1": len(self.nodes)})
        # Commands of other tests are still heard of; they are gone.
        self.assertEqual({node["id"]: node["udp"] for node in report["nodes"] if node["state"] == "live"},
                         {node["id"]: node["udp"] for node in self.nodes})

    def test_people_get_a_table_and_scripts_the_records(self):
        text = self.discovery("crawl", self.first["enr"], "--timeout", "1s").stdout
        self.assertRegex(text, self.nodes[3]["id"][:16] + r" +" + self.nodes[3]["udp"] + r" +live +[\d.]+ ms +net-1")
        self.assertRegex(text, r"net-1 +6\n")
        records = self.discovery("crawl", self.first["enr"], "--enr", "--network", "net-1", "--timeout", "1s").stdout.split()
        self.assertEqual(set(records), {node["enr"] for node in self.nodes})

    def test_a_crawl_that_reaches_nobody_fails(self):
        url = self.enode(self.mute.getsockname()[1])
        result = self.discovery("crawl", url, "--timeout", "500ms", expect=1)
        self.assertRegex(result.stdout, r"live +0\n")

    def test_ctrl_c_prints_what_there_is(self):
        url = self.enode(self.mute.getsockname()[1], self.nodes[5])  # is waited for all the time
        process = subprocess.Popen([self.program.path, "discovery", "crawl", url, self.first["enr"], "--json",
                                    "--timeout", "1m", "--for", "1m"],
                                   stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        report = json.loads(process.communicate(timeout=10)[0])
        self.assertEqual(process.returncode, 0)
        self.assertEqual((report["ended"], report["live"]), ("interrupted", len(self.nodes) - 1))

    # --- probe --udp ---

    def test_probe_asks_over_udp_beside_tcp(self):
        result = self.program.run("probe", "--udp", self.first["enr"], "--json", "--timeout", "2s", expect=1)
        report = json.loads(result.stdout)
        self.assertTrue(report["udp"]["proven"])
        self.assertEqual(report["tcp"]["failure"]["reason"], "connection_refused")
        address = "ab" * 20 + "@" + self.first["udp"]
        report = json.loads(self.program.run("probe", "--udp", address, "--json", "--timeout", "2s", expect=1).stdout)
        self.assertEqual(report["udp"]["id"], self.first["id"])
        self.assertEqual(report["udp"]["record"]["text"], self.first["enr"])

    def test_a_record_needs_the_option(self):
        result = self.program.run("probe", self.first["enr"], expect=64)
        self.assertIn("--udp", result.stderr)


if __name__ == "__main__":
    running.SLOWER = 5 if running.is_sanitized(BUILD) else 1
    unittest.main()
