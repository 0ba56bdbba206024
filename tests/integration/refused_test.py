#!/usr/bin/env -S python3 -B
"""What a public port refuses, and what its operator is told of it: refused_test.py BUILD_DIR"""
import contextlib
import pathlib
import socket
import struct
import sys
import tempfile
import time
import unittest

import running

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PROGRAM = running.Program(BUILD)
IP = f"{running.LOOPBACK}.1.1"
V2 = b"\r\n\r\n\0\r\nQUIT\n"

# What strangers send, each from an address of its own; and as what it is known.
STRANGERS = [
    ("proxy_header", [b"PROXY TCP4 198.51.100.7 192.0.2.1 40000 26656\r\n"]),
    ("proxy_header", [b"PROXY UNKNOWN\r\n"]),
    ("proxy_header", [V2 + b"\x21\x11\0\x0c" + bytes(12)]),
    ("proxy_header", [V2 + b"\x20\0\0\0"]),
    ("proxy_header", [b"PRO", b"XY TCP6 "]),
    ("proxy_header", [V2[:5]]),
    ("speaks_http", [b"GET /status HTTP/1.1\r\nHost: node\r\n\r\n"]),
    ("speaks_tls", [b"\x16\x03\x01\x02\0\x01"]),
    ("speaks_ssh", [b"SSH-2.0-client\r\n"]),
    ("not_a_comet_node", [b"\x9c\x1f\x03\x80"]),
]


class RefusedTest(unittest.TestCase):
    def seed(self, **settings):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        node = running.Node(PROGRAM, pathlib.Path(folder.name) / "home", IP, role="seed", **settings).start()
        self.addCleanup(node.kill)
        return node

    @staticmethod
    def visit(node, pieces=(), source=None, how="close"):
        """A connection that sends this and ends."""
        with socket.socket() as stranger:
            stranger.settimeout(5)
            stranger.bind((source or f"{running.LOOPBACK}.2.1", 0))
            stranger.connect((node.ip, node.port))
            for piece in pieces:
                stranger.sendall(piece)
                time.sleep(0.02)
            if how == "reset":
                stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if how == "half":
                stranger.shutdown(socket.SHUT_WR)
                while stranger.recv(100):
                    pass

    @staticmethod
    def refusals(node):
        return [(line["mostly"], int(line["refused"])) for line in node.said("summary") if "refused" in line]

    @staticmethod
    def probes(node):
        return sum(int(line.get("probes", 0)) for line in node.said("summary"))

    def test_each_refusal_has_a_line_at_debug_and_the_summary_counts_them(self):
        node = self.seed(PEERAGE_LOG_LEVEL="debug", PEERAGE_SUMMARY_INTERVAL="3s")
        node.next_summary()
        for number, (_, pieces) in enumerate(STRANGERS):
            self.visit(node, pieces, source=f"{running.LOOPBACK}.{10 + number}.1")
        for number, how in enumerate(("close", "reset", "half")):
            self.visit(node, source=f"{running.LOOPBACK}.{40 + number}.1", how=how)
        node.wait_for(lambda: self.refusals(node), 10, "a summary with refusals")
        self.assertEqual(self.refusals(node), [("proxy_header", len(STRANGERS))])
        self.assertEqual(self.probes(node), 3)
        lines = {line["from"]: line for line in node.said("refused")}
        for number, (reason, _) in enumerate(STRANGERS):
            line = lines.pop(f"{running.LOOPBACK}.{10 + number}.1")
            self.assertEqual((line["level"], line["stage"], line["reason"]), ("debug", "key_exchange", reason))
            self.assertTrue(line["socket"].startswith(line["from"] + ":"))
            self.assertEqual("send-proxy" in line["why"], reason == "proxy_header")
            self.assertNotIn('"', line["why"], "nothing is quoted of what was sent")
        self.assertEqual(lines, {}, "a probe is no refusal")
        self.assertEqual({line["level"] for line in node.said("closed without a byte")}, {"debug"})
        self.assertEqual([line for line in node.lines
                          if line["level"] in ("warn", "error") and line["module"] != "main"], [])
        # Nothing more came: nothing is said of it.
        node.next_summary()
        self.assertEqual(len(self.refusals(node)), 1)

    def test_by_default_the_summary_alone_tells(self):
        node = self.seed(PEERAGE_SUMMARY_INTERVAL="1s")
        self.visit(node, [b"PROXY UNKNOWN\r\n"])
        node.wait_for(lambda: self.refusals(node), 10, "a summary with refusals")
        self.assertEqual(self.refusals(node), [("proxy_header", 1)])
        self.assertEqual(node.said("refused"), [])

    def test_health_checks_keep_no_client_behind_the_same_address_out(self):
        node = self.seed()
        balancer = "127.0.0.1"  # from where `probe` dials
        for _ in range(30):  # more than an address has connections at once
            self.visit(node, source=balancer)
            time.sleep(0.01)
        for _ in range(12):
            self.visit(node, source=balancer)
            PROGRAM.run("probe", node.address(), "--network", node.network)
        node.wait_for(lambda: self.probes(node) == 42, 10, "all probes")
        self.assertEqual([line for line in node.lines
                          if line["level"] in ("warn", "error") and line["module"] != "main"], [])

    def test_an_address_that_many_share_is_named_with_the_setting_that_helps(self):
        node = self.seed()
        crowd = f"{running.LOOPBACK}.3.1"
        key = b"\x22\x0a\x20" + bytes(range(1, 33))
        message = "connections from one address are refused again and again"
        for _ in range(40):
            with contextlib.suppress(ConnectionError):  # it may be reset while it sends
                self.visit(node, [key], source=crowd)
        said = node.wait_for(lambda: node.said(message), 10, "its name")
        self.assertEqual([(line["level"], line["from"], line["setting"]) for line in said],
                         [("warn", crowd, f'exempt_networks = "{crowd}"')])
        self.assertEqual(self.refusals(node)[-1][0], "connection_rate_exceeded")


if __name__ == "__main__":
    running.SLOWER = 4 if running.is_sanitized(BUILD) else 1
    unittest.main(verbosity=1)
