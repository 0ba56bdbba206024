#!/usr/bin/env -S python3 -B
"""What a running node shows over HTTP, as operators and their scripts meet it.
surface_test.py BUILD_DIR [CLASS[.test]]"""
import contextlib
import json
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

import running
import side_by_side
from running import LOOPBACK, Node, Program, ask, until

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = Program(BUILD)
if running.is_sanitized(BUILD):
    running.SLOWER = 5
# Not the usual ones, which another program may have at every address.
RPC, METRICS, LISTS = random.SystemRandom().sample(range(10_000, 30_000), 3)
QUIET = {"PEERAGE_P2P_MAX_NUM_OUTBOUND_PEERS": 0}


def shown_at(ip):
    """Settings that serve everything there."""
    return {"PEERAGE_RPC_LADDR": f"tcp://{ip}:{RPC}", "PEERAGE_HTTP_LADDR": f"{ip}:{LISTS}",
            "PEERAGE_INSTRUMENTATION_PROMETHEUS": "true",
            "PEERAGE_INSTRUMENTATION_PROMETHEUS_LISTEN_ADDR": f"{ip}:{METRICS}"}


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def node(self, number, role="start", **settings):
        node = Node(PROGRAM, self.folder / f"node-{number}", f"{LOOPBACK}.{number}.1", role=role, **settings)
        self.addCleanup(node.kill)
        return node

    def shown(self, number, role="start", **settings):
        return self.node(number, role, **shown_at(f"{LOOPBACK}.{number}.1"), **settings)

    def assert_stops(self, node):
        code, _ = node.stop()
        self.assertEqual((code, node.error_text()), (0, ""))

    def answered(self, node, port, path, *arguments, **more):
        status, _, text = ask(node.ip, port, path, *arguments, **more)
        self.assertEqual(status, 200, text)
        return text

    def rpc(self, node, method):
        return json.loads(self.answered(node, RPC, f"/{method}"))["result"]


@unittest.skipUnless(shutil.which("jq"), "jq is not installed")
class Scripts(Case):
    """The lines that people copy, on a network of a seed and nodes that know it alone."""

    def network(self, *numbers):
        seed = self.shown(0, role="seed").start()
        return seed, [self.shown(i, PEERAGE_P2P_SEEDS=seed.address()).start() for i in numbers]

    def shell(self, script, text):
        done = subprocess.run(["sh", "-c", script], input=text, capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (0, ""), script)
        return done.stdout.strip()

    def assert_working(self, peers, expected):
        """A node that has them as its persistent peers, and nothing else, is connected to each."""
        self.assertEqual(sorted(peers.split(",")), sorted(node.address() for node in expected))
        newcomer = self.node(9, PEERAGE_P2P_PERSISTENT_PEERS=peers, PEERAGE_P2P_PEX="true").start()
        until(lambda: newcomer.ctl("status")["peers"]["persistent"] == len(expected), 20, "connected to each")
        self.assert_stops(newcomer)

    def test_the_line_that_makes_persistent_peers_of_net_info_yields_working_ones(self):
        _, [asked, *nodes] = self.network(1, 2, 3)
        ids = {node.id() for node in nodes}

        def peers_of(node):
            return {each["node_info"]["id"] for each in self.rpc(node, "net_info")["peers"]}

        until(lambda: peers_of(asked) == ids, 20, lambda: f"{ids} are its peers, not {peers_of(asked)}")
        shown = self.answered(asked, RPC, "/net_info")
        address = r'"\(.node_info.id)@\(.remote_ip):\(.node_info.listen_addr)"'
        port_last = "awk -F ':' '{print $1\":\"$(NF)}' | paste -sd, -"
        peers = self.shell(f"jq -r '.result.peers[] | {address}' | {port_last}", shown)
        self.assert_working(peers, nodes)
        # Its variants.
        for port in ('split(":")[-1]', 'split(":")[2]', 'capture(":(?<p>[0-9]+)$").p'):
            line = r'"\(.node_info.id)@\(.remote_ip):\(.node_info.listen_addr | PORT)"'.replace("PORT", port)
            found = self.shell(f"jq -r '.result.peers[] | {line}' | paste -sd, -", shown)
            self.assertEqual(sorted(found.split(",")), sorted(peers.split(",")), port)
        chosen = self.shell(f"jq -r '.result.peers[] | select(.is_outbound==true) | {address}' | {port_last}", shown)
        self.assertLessEqual(set(filter(None, chosen.split(","))), set(peers.split(",")))
        monikers = self.shell("jq -r '.result.peers[].node_info.moniker'", shown).splitlines()
        self.assertEqual(len(monikers), 2)
        self.assertEqual(self.shell("jq -r .result.n_peers", shown), "2")

    def test_the_lists_of_a_seed_yield_working_peers(self):
        seed, nodes = self.network(1, 2)
        until(lambda: all(seed.book().get(node.id(), {}).get("last_verified") for node in nodes), 20,
              "the seed has visited both")
        # A moment's list is the same for all; it is made anew when more is known.
        path = "/networks/net-1/live_peers"
        until(lambda: len(json.loads(ask(seed.ip, LISTS, path)[2]).get("live_peers", [])) == 2, 20, "listed")
        line = self.shell("jq -r '.live_peers | join(\",\")'", self.answered(seed, LISTS, path))
        peers = self.answered(seed, LISTS, "/peers")
        self.assertEqual(sorted(line.split(",")), sorted(peers.split(",")))
        # As it is put into a config.toml.
        config = self.folder / "config.toml"
        config.write_text('[p2p]\npersistent_peers = ""\n')
        self.shell(f'PEERS=$(cat); sed -i "s/^persistent_peers *=.*/persistent_peers = \\"$PEERS\\"/" {config}', peers)
        self.assertEqual(config.read_text(), f'[p2p]\npersistent_peers = "{peers}"\n')
        self.assert_working(peers, nodes)
        # As it is put into the home of a new node, which takes it over.
        newcomer = self.node(8)
        (newcomer.home / "config").mkdir(parents=True)
        (newcomer.home / "config" / "addrbook.json").write_text(self.answered(seed, LISTS, "/addrbook.json"))
        newcomer.settings["PEERAGE_P2P_ADDR_BOOK_FILE"] = "config/addrbook.json"
        newcomer.start()
        self.assertEqual([said["added"] for said in newcomer.said("addresses taken over")], [2])
        newcomer.wait_summary(lambda now: now["out"] == 2, 20, "connected to both")
        self.assert_stops(newcomer)

    def test_status_is_what_health_checks_ask_for(self):
        node = self.shown(1, **QUIET).start()
        self.assertEqual(self.rpc(node, "net_info")["peers"], [])
        status = self.answered(node, RPC, "/status")
        self.assertEqual(self.shell("jq -r '.result.sync_info.catching_up == false'", status), "true")
        own = r'"\(.result.node_info.id)@\(.result.node_info.listen_addr)"'
        self.assertEqual(self.shell(f"jq -r '{own}' | sed 's,@tcp://,@,'", status), node.address())
        self.assertEqual(self.shell("jq -r .result.node_info.network", status), "net-1")
        self.assertEqual(json.loads(self.answered(node, RPC, "/health"))["result"], {})
        # A HEAD comes before the GET.
        for port, path in ((RPC, "/status"), (RPC, "/net_info"), (RPC, "/health"), (METRICS, "/metrics"),
                           (METRICS, "/readyz"), (LISTS, "/networks"), (LISTS, "/livez")):
            status, headers, text = ask(node.ip, port, path, "HEAD")
            got = ask(node.ip, port, path)
            self.assertEqual((status, text), (got[0], ""), path)
            self.assertEqual(headers["Content-Type"], got[1]["Content-Type"], path)


class Metrics(Case):
    def test_every_service_is_served_with_what_it_has(self):
        node = self.shown(1, role="seed").start()
        text = self.answered(node, METRICS, "/metrics")
        self.assertRegex(text, r'(?m)^cometbft_p2p_peers\{chain_id="net-1"\} 0$')
        self.assertRegex(text, r'(?m)^peerage_build_info\{.*version="')
        self.assertRegex(text, r"(?m)^process_start_time_seconds \d")
        self.assertEqual(ask(node.ip, METRICS, "/metrics")[1]["Content-Type"],
                         "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(json.loads(ask(node.ip, METRICS, "/livez")[2]), {"live": True})
        # A seed that has verified nobody serves no empty list.
        status, headers, _ = ask(node.ip, LISTS, "/peers")
        self.assertEqual((status, "Retry-After" in headers), (503, True))
        why = {"ready": False, "why": ["net-1: 0 of 1 verified"]}
        until(lambda: json.loads(ask(node.ip, METRICS, "/readyz")[2]) == why, 10, "not ready, and why")
        self.assertEqual(ask(node.ip, METRICS, "/readyz")[0], 503)
        self.assert_stops(node)

    def test_nothing_is_served_unless_it_is_asked_for(self):
        node = self.node(1, **QUIET).start()
        for port in (RPC, METRICS, LISTS):
            with self.assertRaises(ConnectionRefusedError):
                ask(node.ip, port, "/")
        self.assert_stops(node)


KEEPS, CLOSES = True, False
HOST = f"Host: localhost:{RPC}"


def request(*lines, body=b""):
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


GET, POST, CHUNKED = "GET /health HTTP/1.1", "POST / HTTP/1.1", "Transfer-Encoding: chunked"
# What each is answered, and whether what stands behind it is read.
HOSTILE = {
    "as it should be": (request(GET, HOST), 200, KEEPS),
    "bare line feeds": (f"{GET}\n{HOST}\n\n".encode(), 505, CLOSES),
    "a length and chunks": (request(POST, HOST, "Content-Length: 5", CHUNKED, body=b"0\r\n\r\n"), 400, CLOSES),
    "chunks and a length": (request(POST, HOST, CHUNKED, "Content-Length: 60", body=b"0\r\n\r\n"), 400, CLOSES),
    "two lengths": (request(POST, HOST, "Content-Length: 0", "Content-Length: 40"), 400, CLOSES),
    "a list of lengths": (request(POST, HOST, "Content-Length: 0, 0"), 400, CLOSES),
    "a blank before a colon": (request(GET, HOST, "X : y"), 400, CLOSES),
    "NUL in a value": (request(GET, HOST, "X: a\0b"), 400, CLOSES),
    "a header of 64 KiB": (request(GET, HOST, "X: " + "x" * 65536), 431, CLOSES),
    "an unknown coding": (request(POST, HOST, "Transfer-Encoding: gzip", body=b"x"), 501, CLOSES),
    "chunks twice": (request(POST, HOST, CHUNKED, CHUNKED, body=b"0\r\n\r\n"), 400, CLOSES),
    "chunks in HTTP/1.0": (request("POST / HTTP/1.0", HOST, CHUNKED, body=b"0\r\n\r\n"), 400, CLOSES),
    "a chunk whose size overflows": (request(POST, HOST, CHUNKED, body=b"fffffffffffffffff\r\n"), 400, CLOSES),
    "a body over the limit": (request(POST, HOST, "Content-Length: 65537"), 413, CLOSES),
    "no Host": (request(GET), 400, CLOSES),
    "two Hosts": (request(GET, HOST, "Host: evil.example"), 400, CLOSES),
    "a Host of another": (request(GET, "Host: evil.example"), 421, KEEPS),
}


class Hostile(Case):
    def server(self):
        node = self.shown(1, **QUIET)
        node.ip = f"{LOOPBACK}.1.1"
        return node.start()

    @staticmethod
    def until_the_end(connection):
        """All that comes; a reset, after the answer, is an end as well."""
        said = b""
        with contextlib.suppress(ConnectionResetError):
            while more := connection.recv(65536):
                said += more
        return said

    def exchange(self, node, sent, port=RPC):
        with socket.create_connection((node.ip, port), 20) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
            return self.until_the_end(connection)

    def test_seventeen_requests_are_answered_and_nothing_is_smuggled(self):
        node = self.server()
        smuggled = request("GET /smuggled HTTP/1.1", HOST, "Connection: close")
        for name, (sent, status, then) in HOSTILE.items():
            with self.subTest(name):
                said = self.exchange(node, sent + smuggled)
                self.assertEqual(re.findall(rb"HTTP/1\.1 (\d+)", said),
                                 [str(status).encode(), *([b"404"] if then is KEEPS else [])])
        self.assertEqual(len(HOSTILE), 17)
        self.assertEqual(self.rpc(node, "health"), {})
        self.assertEqual([line for line in node.lines if line["module"] == "http"], [])
        self.assert_stops(node)

    def test_every_service_refuses_a_host_of_another(self):
        node = self.shown(1, **QUIET, PEERAGE_HTTP_HOSTS="seed.example,other.example:80").start()
        for port, path in ((RPC, "/status"), (METRICS, "/metrics"), (LISTS, "/networks")):
            for host, status in ((f"{node.ip}:{port}", 200), (f"localhost:{port}", 200), (f"127.0.0.1:{port}", 200),
                                 ("seed.example", 200), (f"seed.example:{port}", 200), ("other.example", 200),
                                 (f"other.example:{port}", 421), ("evil.example", 421),
                                 (f"evil.example:{port}", 421), (f"localhost:{port + 1}", 421), ("8.8.8.8", 421)):
                with self.subTest(port=port, host=host):
                    asked = request(f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close")
                    said = self.exchange(node, asked, port)
                    self.assertTrue(said.startswith(f"HTTP/1.1 {status} ".encode()), said[:200])
                    self.assertNotIn(b"evil", said)

    def test_a_header_that_does_not_end_is_cut(self):
        node = self.server()
        for piece in (b"X: y\r\n", b"x"):
            with socket.create_connection((node.ip, RPC), 20) as connection:
                connection.sendall(f"{GET}\r\n{HOST}\r\n".encode())
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    for _ in range(1000):
                        connection.sendall(piece * 1000)
                self.assertIn(b"HTTP/1.1 431 ", self.until_the_end(connection)[:20] or b"HTTP/1.1 431 ")
        self.assertEqual(self.rpc(node, "health"), {})

    def test_who_sends_slowly_or_not_at_all_is_gone_after_its_time(self):
        node = self.server()
        began = time.monotonic()
        silent, half = (socket.create_connection((node.ip, RPC), 20) for _ in range(2))
        half.sendall(f"{GET}\r\n{HOST}\r\nX: ".encode())
        with silent, half:
            # A byte now and then gives it no more time.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while time.monotonic() - began < 12 * running.SLOWER:
                    half.sendall(b"x")
                    half.settimeout(0.2)
                    with contextlib.suppress(TimeoutError):
                        if half.recv(1000) == b"":
                            break
            took = time.monotonic() - began
            self.assertGreater(took, 4.5)
            self.assertLess(took, 7 * running.SLOWER)
            self.until_the_end(silent)
            self.assertLess(time.monotonic() - began, 8 * running.SLOWER)
        self.assertEqual(self.rpc(node, "health"), {})

    def test_connections_beyond_the_limit_are_closed_and_peers_come_all_the_same(self):
        node = self.server()
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(socket.create_connection((node.ip, RPC), 20)) for _ in range(300)]
            began = time.monotonic()
            for connection in held[256:]:  # those before wait for our request
                self.assertEqual(self.until_the_end(connection), b"")
            self.assertLess(time.monotonic() - began, 4 * running.SLOWER)
            # Another service, and the peers, have what is theirs.
            metrics = self.answered(node, METRICS, "/metrics")
            self.assertRegex(metrics, r"(?m)^peerage_http_connections 257$")
            PROGRAM.run("probe", node.address(), "--network", "net-1")
        until(lambda: "peerage_http_connections 1\n" in self.answered(node, METRICS, "/metrics"), 10, "all gone")
        self.assertEqual(self.rpc(node, "health"), {})
        self.assert_stops(node)


class Settings(Case):
    def refused(self, node, code, *texts):
        """It does not start, says why, and has changed nothing in its home."""
        found = node.begin().ended()
        self.assertEqual(found[0], code, found[1])
        for text in texts:
            self.assertIn(text, found[1])
        self.assertFalse((node.home / "data").exists(), "a start that fails has changed nothing")

    def test_an_address_in_use_is_told_with_its_setting(self):
        for key, port in (("PEERAGE_RPC_LADDR", RPC), ("PEERAGE_HTTP_LADDR", LISTS),
                          ("PEERAGE_INSTRUMENTATION_PROMETHEUS_LISTEN_ADDR", METRICS)):
            node = self.shown(1, **QUIET)
            with self.subTest(key), socket.create_server((node.ip, port)):
                self.refused(node, 1, key, f"{node.ip}:{port}", "another program listens on that address")
        # In a file it is named as it stands there.
        node = self.node(2, **QUIET)
        PROGRAM.run("init", "--home", node.home, "--network", "net-1")
        shutil.rmtree(node.home / "data", ignore_errors=True)
        (node.home / "config" / "config.toml").write_text(f'\n[rpc]\nladdr = "tcp://{node.ip}:{RPC}"\n')
        with socket.create_server((node.ip, RPC)):
            self.refused(node, 1, "config.toml: line 3: rpc.laddr")

    def test_a_unix_socket_serves_it_and_goes_with_it(self):
        path = self.folder / "rpc.sock"
        node = self.node(1, PEERAGE_RPC_LADDR=f"unix://{path}", **QUIET).start()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(str(path))
            connection.sendall(request(GET, "Host: anything", "Connection: close"))
            self.assertTrue(Hostile.until_the_end(connection).startswith(b"HTTP/1.1 200 "))
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        node.kill()
        self.assertTrue(path.exists())
        node.start()  # which replaces what a process that was killed has left
        self.assert_stops(node)
        self.assertFalse(path.exists())


class Tls(Case):
    def make(self, name):
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
             "-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.pem"],
            capture_output=True, text=True)
        self.assertEqual(made.returncode, 0, made.stderr)

    def secured(self, certificate, key):
        """A node whose home has these."""
        node = self.node(1, PEERAGE_RPC_LADDR=f"tcp://{LOOPBACK}.1.1:{RPC}", **QUIET)
        (node.home / "config").mkdir(parents=True)
        (node.home / "config" / "config.toml").write_text(
            f'[rpc]\ntls_cert_file = "{certificate}"\ntls_key_file = "{key}"\n')
        return node

    def put(self, node, name):
        for kind in ("pem", "key"):
            shutil.copy(self.folder / f"{name}.{kind}", node.home / "config" / f"tls.{kind}")

    def name_shown(self, node, trusted, version=None):
        """Whose certificate it shows, to a client that trusts that one alone."""
        context = ssl.create_default_context(cafile=self.folder / f"{trusted}.pem")
        if version:
            context.minimum_version = context.maximum_version = version
        with socket.create_connection((node.ip, RPC), 20) as connection:
            with context.wrap_socket(connection, server_hostname=trusted) as secured:
                secured.sendall(request(GET, HOST, "Connection: close"))
                self.assertTrue(Hostile.until_the_end(secured).startswith(b"HTTP/1.1 200 "))
                return dict(each[0] for each in secured.getpeercert()["subject"])["commonName"]

    def test_a_certificate_is_served_and_read_again_on_a_hangup(self):
        for name in ("first.example", "second.example"):
            self.make(name)
        node = self.secured("tls.pem", "tls.key")
        self.put(node, "first.example")
        node.start()
        self.assertEqual(self.name_shown(node, "first.example"), "first.example")
        self.assertEqual(self.name_shown(node, "first.example", ssl.TLSVersion.TLSv1_2), "first.example")
        with self.assertRaises(ssl.SSLError):
            self.name_shown(node, "second.example")
        self.put(node, "second.example")
        self.assertEqual(self.name_shown(node, "first.example"), "first.example")
        node.process.send_signal(signal.SIGHUP)
        node.wait_for(lambda: node.said("lists read again"), 10, "read again")
        self.assertEqual(self.name_shown(node, "second.example"), "second.example")
        # One that is no certificate: the node says so, and goes on with what it has.
        (node.home / "config" / "tls.pem").write_text("no certificate\n")
        node.process.send_signal(signal.SIGHUP)
        said = node.wait_for(lambda: node.said("the certificates stay as they are"), 10, "said")
        self.assertIn("tls.pem", said[0]["why"])
        self.assertEqual(self.name_shown(node, "second.example"), "second.example")
        # Who speaks no TLS gets no answer.
        with socket.create_connection((node.ip, RPC), 20) as connection:
            connection.sendall(request(GET, HOST))
            self.assertNotIn(b"HTTP", Hostile.until_the_end(connection))
        self.assert_stops(node)

    def test_what_is_no_certificate_is_told_and_nothing_starts(self):
        for name in ("one.example", "other.example"):
            self.make(name)
        files = {name: self.folder / name for name in ("one.example.pem", "one.example.key", "other.example.key")}
        files["none.pem"] = self.folder / "none.pem"
        files["odd.pem"] = self.folder / "odd.pem"
        files["odd.pem"].write_text("-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n")
        for certificate, key, *texts in (
                ("none.pem", "one.example.key", "none.pem", "No such file"),
                ("odd.pem", "one.example.key", "odd.pem"),
                ("one.example.pem", "none.pem", "none.pem", "No such file"),
                ("one.example.pem", "odd.pem", "odd.pem"),
                ("one.example.pem", "other.example.key", "other.example.key", "mismatch")):
            with self.subTest(certificate=certificate, key=key):
                shutil.rmtree(self.folder / "node-1", ignore_errors=True)
                node = self.secured(files[certificate], files[key])
                code, said = node.begin().ended()
                self.assertEqual(code, 78, said)
                for text in ("config.toml: line 2: rpc.tls_cert_file: ", *texts):
                    self.assertIn(text, said)
                self.assertFalse((node.home / "data").exists())

    def test_one_without_the_other_is_an_error(self):
        self.make("one.example")
        node = self.secured(self.folder / "one.example.pem", "")
        code, said = node.begin().ended()
        self.assertEqual(code, 78, said)
        self.assertIn("tls_key_file", said)
        checked = PROGRAM.run("check-config", "--home", node.home, "--network", "net-1", expect=1).stdout
        self.assertRegex(checked, "(?m)^config/config.toml:2: error: .*tls_key_file")


if __name__ == "__main__":
    side_by_side.main(BUILD)
