#!/usr/bin/env -S python3 -B
"""The program as a user meets it: real processes, real sockets on loopback. program_test.py BUILD_DIR"""
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import resource
import signal
import socket
import sqlite3
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
VECTORS = pathlib.Path(__file__).resolve().parents[2] / "spec" / "vectors"
PEERAGE = BUILD / "peerage"
OTHER_ID = "ab" * 20


def knows(host):
    with contextlib.suppress(OSError):
        return bool(socket.getaddrinfo(host, None))
    return False


def run(*arguments, home=None, expect=None, variables=None):
    environment = dict(os.environ, PEERAGE_HOME=str(home) if home else "/nonexistent", **(variables or {}))
    result = subprocess.run([PEERAGE, *arguments], capture_output=True, text=True, timeout=60,
                            env=environment, stdin=subprocess.DEVNULL)
    if expect is not None and result.returncode != expect:
        raise AssertionError(f"{arguments}: exit {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


@contextlib.contextmanager
def responder(*arguments):
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen([BUILD / "responder", "--home", home, "--laddr", "127.0.0.1:0", *arguments],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            yield process.stdout.readline().split()[1]
        finally:
            process.send_signal(signal.SIGINT)
            if process.wait(20) != 0:
                raise AssertionError("the responder did not stop cleanly")
            process.stdout.close()


@contextlib.contextmanager
def server(handle):
    """A server on loopback that gives each connection to `handle`."""
    listening = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve():
        while not stopping.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        stopping.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def failure_of(port, *arguments):
    result = run("probe", f"{OTHER_ID}@127.0.0.1:{port}", "--json", *arguments, expect=1)
    return json.loads(result.stdout)["failure"]["reason"]


class Probe(unittest.TestCase):
    def test_a_node_is_reached_and_proven(self):
        with responder("--network", "net-1", "--peer", f"{OTHER_ID}@127.0.0.9:1") as address:
            report = json.loads(run("probe", address, "--network", "net-1", "--json", expect=0).stdout)
            self.assertTrue(report["proven"])
            self.assertEqual(report["addresses"], [f"{OTHER_ID}@127.0.0.9:1"])
            self.assertEqual(report["node_info"]["network"], "net-1")
            for stage in ("resolve", "connect", "key_exchange", "authentication", "node_info", "pex"):
                self.assertIn(stage, report["stages_ms"])
            self.assertIn("reached and proven", run("probe", address, expect=0).stdout)

    @unittest.skipUnless(knows("localhost"), "this machine knows no host of the name localhost")
    def test_a_host_name_is_resolved(self):
        with responder("--network", "net-1") as address:
            node, port = address.split("@")[0], address.rsplit(":", 1)[1]
            run("probe", f"{node.upper()}@localhost:{port}", expect=0)

    def test_one_port_may_serve_any_network(self):
        with responder() as address:
            run("probe", address, "--network", "net-a", expect=0)
            run("probe", address, "--network", "net-b", expect=0)
            reason = json.loads(run("probe", address, "--json", expect=1).stdout)["failure"]["reason"]
            self.assertEqual(reason, "network_unknown")

    def test_wrong_network_and_wrong_id_are_told_apart(self):
        with responder("--network", "net-1") as address:
            report = json.loads(run("probe", address, "--network", "net-2", "--json", expect=1).stdout)
            self.assertEqual(report["failure"]["reason"], "wrong_network")
            port = address.rsplit(":", 1)[1]
            self.assertEqual(failure_of(port), "wrong_id")

    def test_several_targets_fail_if_one_does(self):
        with responder("--network", "net-1") as address:
            result = run("probe", address, f"{OTHER_ID}@127.0.0.1:1", "--json", expect=1)
            proven = [json.loads(line)["proven"] for line in result.stdout.splitlines()]
            self.assertEqual(proven, [True, False])

    def test_a_closed_port(self):
        self.assertEqual(failure_of(1), "connection_refused")

    def test_a_silent_port(self):
        def silent(connection):
            with connection:
                while connection.recv(100):
                    pass

        with server(silent) as port:
            self.assertEqual(failure_of(port, "--timeout", "1s"), "silent")
            self.assertEqual(failure_of(port, "--timeout", "0.5"), "silent")

    def test_a_port_that_closes_at_once(self):
        def closing(connection):
            with connection:
                connection.recv(100)

        with server(closing) as port:
            self.assertEqual(failure_of(port), "closed_before_key")

    def test_a_web_server_that_answers_garbage_and_one_that_waits_for_a_line(self):
        def eager(connection):
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n")

        def patient(connection):
            with connection, connection.makefile("rwb") as file:
                if file.readline().startswith(b"GET"):
                    file.write(b"HTTP/1.0 200 OK\r\n\r\n")
                    file.flush()

        for handle in (eager, patient):
            with server(handle) as port:
                self.assertEqual(failure_of(port, "--timeout", "1s"), "speaks_http")

    def test_a_tls_server(self):
        with tempfile.TemporaryDirectory() as folder:
            key, certificate = f"{folder}/key.pem", f"{folder}/cert.pem"
            made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                   "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                                   certificate, "-days", "1", "-subj", "/CN=x"], capture_output=True)
            self.assertEqual(made.returncode, 0)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)

            def handle(connection):
                with connection, contextlib.suppress(OSError):
                    context.wrap_socket(connection, server_side=True)

            with server(handle) as port:
                self.assertEqual(failure_of(port, "--timeout", "2s"), "speaks_tls")

    def test_an_ssh_server(self):
        def handle(connection):
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                connection.recv(100)

        with server(handle) as port:
            self.assertEqual(failure_of(port), "speaks_ssh")

    def test_an_echo_server(self):
        def handle(connection):
            with connection:
                connection.sendall(connection.recv(100))
                connection.recv(100)

        with server(handle) as port:
            self.assertEqual(failure_of(port), "ephemeral_key_reflected")

    def test_wrong_arguments_are_errors_with_a_reason(self):
        for arguments, text in ((["probe"], "target"), (["probe", "foo"], "ID@HOST:PORT"),
                                (["probe", "1.2.3.4:1"], "ID@HOST:PORT"),
                                (["probe", f"{OTHER_ID}@1.2.3.4"], "port"),
                                (["probe", "xyz@1.2.3.4:1"], "40 hex"),
                                (["probe", f"{OTHER_ID}@1.2.3.4:0"], "port 0"),
                                (["probe", f"{OTHER_ID}@1.2.3.4:1", "--timeout", "soon"], "soon"),
                                (["nonsense"], "nonsense"), (["help", "nonsense"], "nonsense"), ([], "Subcommands")):
            result = run(*arguments)
            self.assertEqual(result.returncode, 64, arguments)
            self.assertIn(text, result.stderr + result.stdout, arguments)

    def test_ctrl_c_ends_a_probe(self):
        def silent(connection):
            with connection:
                while connection.recv(100):
                    pass

        with server(silent) as port:
            process = subprocess.Popen([PEERAGE, "probe", f"{OTHER_ID}@127.0.0.1:{port}"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with self.assertRaises(subprocess.TimeoutExpired):
                process.wait(0.3)
            process.send_signal(signal.SIGINT)
            self.assertNotEqual(process.wait(10), 0)


class Home(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name) / "home"

    def test_init_makes_a_home_and_touches_nothing_that_exists(self):
        first = run("init", "--home", self.home, "--network", "n-1", "--moniker", "me", expect=0)
        config = self.home / "config" / "config.toml"
        key = self.home / "config" / "node_key.json"
        self.assertTrue((self.home / "data").is_dir())
        self.assertIn('network = "n-1"', config.read_text().replace("'", '"'))
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        before = (config.read_bytes(), key.read_bytes())
        self.assertFalse(before[1].endswith(b"\n"))
        config.write_bytes(before[0] + b"\n# mine\n")
        again = run("init", "--home", self.home, expect=0)
        self.assertEqual(config.read_bytes(), before[0] + b"\n# mine\n")
        self.assertEqual(key.read_bytes(), before[1])
        self.assertEqual(first.stdout.splitlines()[-1], again.stdout.splitlines()[-1])

    def test_init_writes_no_config_that_could_not_be_read(self):
        self.assertIn("moniker", run("init", "--home", self.home, "--moniker", "\u00fc", expect=1).stderr)
        self.assertIn("network", run("init", "--home", self.home, "--network", "n" * 51, expect=1).stderr)
        self.assertFalse(self.home.exists())

    def test_the_id_is_shown_under_both_names_and_by_home_variable(self):
        run("init", "--home", self.home, expect=0)
        shown = run("show-node-id", "--home", self.home, expect=0).stdout
        self.assertRegex(shown, r"^[0-9a-f]{40}\n$")
        self.assertEqual(run("show_node_id", home=self.home, expect=0).stdout, shown)

    def test_gen_node_key_makes_one_and_never_a_second(self):
        made = run("gen-node-key", "--home", self.home, expect=0).stdout
        self.assertEqual(run("show-node-id", "--home", self.home, expect=0).stdout, made)
        again = run("gen-node-key", "--home", self.home, expect=1)
        self.assertIn("already", again.stderr)
        self.assertEqual(again.stdout, made)

    def test_a_damaged_key_is_an_error_and_stays(self):
        run("init", "--home", self.home, expect=0)
        key = self.home / "config" / "node_key.json"
        key.write_text('{"priv_key":')
        for command in ("init", "show-node-id"):
            self.assertIn("damaged", run(command, "--home", self.home, expect=1).stderr)
        self.assertEqual(key.read_text(), '{"priv_key":')

    def test_a_missing_home_says_what_to_do(self):
        self.assertIn("init", run("show-node-id", "--home", self.home, expect=1).stderr)

    def test_a_damaged_config_is_named_with_its_line(self):
        run("init", "--home", self.home, expect=0)
        (self.home / "config" / "config.toml").write_text("moniker = \n")
        self.assertIn("line 1", run("show-node-id", "--home", self.home, expect=1).stderr)

    def test_a_full_disk_leaves_nothing_half_written(self):
        # /dev/full cannot be a directory; a home that cannot be made stands for it.
        result = run("init", "--home", "/dev/null/home", expect=1)
        self.assertIn("/dev/null/home", result.stderr)

    def test_version_says_what_is_running(self):
        text = run("version", expect=0).stdout
        self.assertIn("peerage ", text)
        self.assertIn("frame cipher", text)
        self.assertEqual(run("--version", expect=0).stdout, text.splitlines(keepends=True)[0])

    def test_no_line_of_any_help_is_wider_than_80_columns_and_each_has_an_example(self):
        def walk(*path):
            text = run("help", *path, expect=0).stdout
            self.assertEqual([line for line in text.splitlines() if len(line) > 80], [], path)
            self.assertIn("\nExample:\n  peerage", text, path)
            listed = text.split("\nOptions:")[0].split("Arguments:")[0]
            for name in re.findall(r"(?m)^  ([a-z][a-z-]*)(?:,.*)?(?: |$)", listed):
                walk(*path, name)
                seen.add((*path, name))

        seen = set()
        walk()
        self.assertLessEqual({("start",), ("addrbook", "list"), ("bench", "hold"), ("help",)}, seen)

    def test_help_names_every_subcommand(self):
        text = run("--help", expect=0).stdout
        for command in ("init", "gen-node-key", "show-node-id", "probe", "addrbook", "check-config", "version", "start",
                        "seed", "crawl", "discovery", "ctl", "demo", "bench"):
            self.assertIn(command, text)
        self.assertEqual(run("help", expect=0).stdout, text)
        self.assertEqual(run("help", "addrbook", "list", expect=0).stdout,
                         run("addrbook", "list", "--help", expect=0).stdout)

    def test_a_start_that_cannot_be_leaves_nothing_behind(self):
        for command in ("start", "seed"):
            self.assertIn("no network is named", run(command, "--home", self.home, expect=78).stderr)
            self.assertFalse(self.home.exists())


def comet_entry(number, **changes):
    """An entry of a comet node's addrbook.json."""
    entry = {
        "addr": {"id": f"{number + 1:040x}", "ip": f"{20 + number}.1.2.3", "port": 26656},
        "src": {"id": OTHER_ID, "ip": "8.8.8.8", "port": 26656},
        "buckets": [number], "attempts": 1, "bucket_type": 1,
        "last_attempt": "2026-03-01T10:00:00.123456789+02:00",
        "last_success": "0001-01-01T00:00:00Z", "last_ban_time": "0001-01-01T00:00:00Z"}
    entry.update(changes)
    return entry


class Settings(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.home = pathlib.Path(temporary.name)
        (self.home / "config").mkdir()
        self.file = self.home / "config" / "config.toml"

    def check(self, *arguments, expect=0, **variables):
        said = run("check-config", "--json", *arguments, home=self.home, expect=expect, variables=variables).stdout
        return [json.loads(line) for line in said.splitlines()]

    def test_a_comet_home_is_taken_over_and_nothing_in_it_touched(self):
        for version in ("v0.34.35", "v0.38.25", "v1.0.1"):
            self.file.write_bytes((VECTORS / "config" / f"config-{version}.toml").read_bytes())
            (self.home / "config" / "genesis.json").write_text('{"chain_id": "net-1"}')
            (self.home / "config" / "node_key.json").unlink(missing_ok=True)
            before = self.file.read_bytes()
            run("init", "--home", self.home, expect=0)
            self.assertEqual(self.file.read_bytes(), before)
            found = self.check("--laddr", "127.0.0.1:0")
            self.assertFalse([each for each in found if each["severity"] == "error"])
            self.assertFalse([each for each in found if "no such setting" in each["text"]], version)
            each_key = self.check("--all", "--laddr", "127.0.0.1:0")
            self.assertIn("priv_validator_laddr has no effect: this node signs no blocks",
                          [each["text"] for each in each_key])
            self.assertGreater(len(each_key), len(found))

    def test_every_mistake_is_reported_with_its_line(self):
        self.file.write_text(f'[p2p]\nladr = ""\npex = "no"\nseeds = "1.2.3.4:5, x"\n'
                             f'private_peer_ids = "{OTHER_ID}@1.2.3.4:5"\n')
        told = {(each["severity"], each.get("line")) for each in self.check(expect=1) if each.get("line")}
        self.assertEqual(told, {("warning", 2), ("error", 3), ("error", 4), ("error", 5)})
        text = run("check-config", "--home", self.home, expect=1).stdout
        self.assertIn("\nconfig/config.toml:2: warning: p2p.ladr has no effect", text)
        self.assertIn("did you mean p2p.laddr?", text)

    def test_its_text_has_the_worst_first_and_what_has_no_effect_in_one_line(self):
        self.file.write_bytes((VECTORS / "config" / "config-v0.38.25.toml").read_bytes() + b"\n[peerage]\nshard = 3\n")
        asked = ("check-config", "--home", self.home, "--laddr", "nowhere", "--network", "net-1")
        lines = run(*asked, expect=1).stdout.splitlines()
        order = [word for line in lines for word in ("error", "warning", "notice") if f"{word}:" in line]
        self.assertEqual(order, sorted(order, key=("error", "warning", "notice").index))
        self.assertEqual(len([line for line in lines if "no effect here" in line]), 1, lines)
        self.assertTrue([line for line in lines if line.startswith("config/config.toml") and "--all says why" in line])
        self.assertNotIn(str(self.home), "\n".join(lines))
        self.assertGreater(len(run(*asked, "--all", expect=1).stdout.splitlines()), len(lines) + 10)

    def test_colour_is_for_terminals_and_can_be_chosen(self):
        asked = ("check-config", "--home", self.home, "--network", "net-1")
        self.assertNotIn("\x1b", run(*asked).stdout)
        self.assertIn("\x1b[", run(*asked, "--color", "always").stdout)
        for chosen, variables, coloured in (("auto", {}, True), ("never", {}, False), ("auto", {"NO_COLOR": "1"}, False),
                                            ("always", {"NO_COLOR": "1"}, True), ("auto", {"TERM": "dumb"}, False)):
            ours, theirs = pty.openpty()
            environment = {"TERM": "xterm", **{key: value for key, value in os.environ.items() if key != "NO_COLOR"},
                           **variables}
            with subprocess.Popen([PEERAGE, *asked, "--color", chosen], stdout=theirs, env=environment) as process:
                os.close(theirs)
                shown = b""
                with contextlib.suppress(OSError):  # its end, on a terminal
                    while data := os.read(ours, 4096):
                        shown += data
                process.wait(20)
            os.close(ours)
            self.assertEqual(b"\x1b[" in shown, coloured, (chosen, variables, shown))
        self.assertIn("--color", run(*asked, "--color", "blue", expect=64).stderr)

    def test_private_addresses_that_a_strict_book_refuses_are_named_and_so_is_what_helps(self):
        lists = {"--seeds": f"{OTHER_ID}@10.1.2.3:26656", "--persistent-peers": f"{OTHER_ID}@localhost:26656",
                 "--laddr": "127.0.0.1:0"}
        asked = ["--network", "net-1", *(word for pair in lists.items() for word in pair)]
        told = [each["text"] for each in self.check(*asked) if each["severity"] == "warning"]
        for option in lists:
            [text] = [each for each in told if each.startswith(f"{option}: ") and "addr_book_strict" in each]
            self.assertIn("--private", text)
        for helps in (["--private"], ["--addr-book-strict", "false"], ["--addr-book-strict=false"]):
            self.assertNotIn("is private", str(self.check(*asked, *helps)))
        self.assertIn("is private", str(self.check(*asked, "--private", "--addr-book-strict", "true")))
        self.assertNotIn("is private", str(self.check("--network", "net-1", "--seeds", f"{OTHER_ID}@8.8.8.8:1")))

    def test_the_limits_can_be_set_on_the_command_line_and_override_the_file(self):
        self.file.write_text('[peerage]\nnetwork = "net-1"\nseed_inbound_peers = 7\nshards = 1\n'
                             '[p2p]\nmax_num_inbound_peers = 3\n')
        for option, value, wrong in (("--max-num-inbound-peers", "50", "many"), ("--max-num-outbound-peers", "5", "-1"),
                                     ("--max-peers-per-ip", "2", "x"), ("--shards", "2", "2000"),
                                     ("--summary-interval", "10s", "soon"), ("--addr-book-strict", "false", "maybe"),
                                     ("--allow-duplicate-ip", "true", "maybe"), ("--log-peers", "true", "maybe")):
            self.assertNotIn("error", [each["severity"] for each in self.check(option, value)], option)
            errors = [each["text"] for each in self.check(option, wrong, expect=1) if each["severity"] == "error"]
            self.assertTrue(errors and errors[0].startswith(f"{option}: "), errors)
        # A file's 40 counts as not set in a seed; a command line's does not.
        found = str(self.check("--seed", "--max-num-inbound-peers", "40"))
        self.assertNotIn("512", found)
        self.assertIn("--max-num-outbound-peers: 5 is not in force, but 32",
                      str(self.check("--seed", "--max-num-outbound-peers", "5")))

    def test_a_port_in_use_is_told_apart_from_our_own_node(self):
        run("init", "--home", self.home, "--network", "net-1", expect=0)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            laddr = "127.0.0.1:%d" % listening.getsockname()[1]
            self.assertIn("another program", str(self.check("--laddr", laddr, expect=1)))
            with open(self.home / "data" / "addrbook.db.lock", "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self.assertIn("the node of this home runs", str(self.check("--laddr", laddr)))
        self.assertNotIn("in use", str(self.check("--laddr", laddr)))

    def test_what_a_start_would_refuse_is_an_error(self):
        for arguments, text in ((["--laddr", "localhost:4102"], "--laddr: must be an IP address and a port"),
                                (["--moniker", "  "], "--moniker: must be printable ASCII and not blank"),
                                (["--moniker", "\u00fc"], "--moniker: must be printable ASCII and not blank")):
            errors = [each["text"] for each in self.check("--network", "net-1", *arguments, expect=1)
                      if each["severity"] == "error"]
            self.assertTrue(any(each.startswith(text) for each in errors), errors)
            said = run("start", "--home", self.home, "--network", "net-1", *arguments, expect=64).stderr
            self.assertIn(text, said)

    def errors(self, *arguments, **variables):
        found = self.check(*arguments, expect=1, **variables)
        return [each["text"] for each in found if each["severity"] == "error"]

    def start_says(self, *arguments, **variables):
        said = run("start", "--home", self.home, *arguments, variables=variables)
        self.assertNotEqual(said.returncode, 0, said.stdout)
        return said.stderr

    def test_settings_are_read_as_a_comet_node_reads_them(self):
        self.file.write_text('moniker = 7\nfilter_peers = "false"\nlog_level = "x:disabled,*:FATAL"\n[P2P]\n'
                             'laddr = "tcp://127.0.0.1:0"\nmax_num_inbound_peers = "30"\npex = "TRUE"\n'
                             'allow_duplicate_ip = 0\nsend_rate = 5.12e6\ndial_timeout = 3000000000\n'
                             f'seeds = """\n{OTHER_ID}@127.0.0.1:1\r\n{"c" * 40}@127.0.0.1:2\n"""\n')
        lines = f"{OTHER_ID}@127.0.0.1:1\n{'c' * 40}@127.0.0.1:2\n\n"
        found = self.check(PEERAGE_NETWORK="net-1\n", PEERAGE_P2P_PERSISTENT_PEERS=lines)
        self.assertFalse([each for each in found if each["severity"] == "error"], found)
        self.assertIn('"nonsense"', str(self.errors(PEERAGE_P2P_PERSISTENT_PEERS=lines + "nonsense")))
        for word in ("trace", "panic", "disabled"):
            self.check("--network", "net-1", "--log-level", word)
        self.assertIn('"loud"', str(self.errors("--network", "net-1", "--log-level", "loud")))

    def test_an_address_of_ones_own_is_host_and_port_alone(self):
        for key in ("external_address", "laddr"):
            for text in (f"{OTHER_ID}@203.0.113.9:26656", "https://203.0.113.9:26656", "203.0.113.9:26656/"):
                self.file.write_text(f'[peerage]\nnetwork = "net-1"\n[p2p]\n{key} = "{text}"\n')
                wanted = "here the address alone is wanted: 203.0.113.9:26656"
                self.assertTrue([each for each in self.errors() if each.endswith(wanted)])
                said = self.start_says()
                self.assertIn(f"line 4: p2p.{key}: ", said)
                self.assertIn(wanted, said)
        self.assertFalse((self.home / "data").exists())

    def test_an_address_of_another_machine_is_told_as_that(self):
        asked = ("--network", "net-1", "--laddr", "203.0.113.9:26656")
        for text in (str(self.errors(*asked)), self.start_says(*asked)):
            self.assertIn("is no address of this machine", text)
            self.assertIn("listen on 0.0.0.0", text)

    def test_networks_that_the_book_knows_are_some_and_the_book_can_be_written(self):
        asked = ("--network", "*", "--laddr", "127.0.0.1:0")
        for text in (str(self.errors(*asked)), self.start_says(*asked)):
            self.assertIn("it knows none yet", text)
        self.file.write_text('[peerage]\nnetwork = "net-1"\nbook_file = "config/config.toml/book.db"\n')
        asked = ("--laddr", "127.0.0.1:0")
        for text in (str(self.errors(*asked)), self.start_says(*asked)):
            self.assertIn("config.toml", text)
            self.assertIn("no directory", text.lower().replace("not a directory", "no directory"))

    def test_the_network_of_a_genesis_of_gigabytes_is_found_at_once(self):
        genesis = self.home / "config" / "genesis.json"
        genesis.write_text('{"app_hash":"","app_state":"')
        os.truncate(genesis, 5 << 30)
        with open(genesis, "a") as file:
            file.write('","chain_id":"big-1"}\n')
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = self.check("--laddr", "127.0.0.1:0")
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime, 3)
        self.assertNotIn("no network is named", str(found))
        self.assertIn("big-1", str(self.check("--laddr", "127.0.0.1:0", "--network", "net-1")))
        genesis.write_bytes(b"\x1f\x8b\x08 and so on")
        self.assertIn("gzip", str(self.check(expect=1)))

    def test_addresses_that_a_start_takes_over_count(self):
        self.file.write_text('[p2p]\naddr_book_file = "config/addrbook.json"\n')
        asked = ["--network", "net-1", "--laddr", "127.0.0.1:0"]
        self.assertIn("can only wait", str(self.check(*asked)))
        book = {"key": "ab" * 12, "addrs": [comet_entry(1)]}
        (self.home / "config" / "addrbook.json").write_text(json.dumps(book))
        self.assertNotIn("can only wait", str(self.check(*asked)))

    def test_a_config_file_that_may_not_be_read_is_there(self):
        # A link to itself stands for it: the user who runs the tests may be allowed to read everything.
        self.file.symlink_to(self.file.name)
        found = str(self.check("--network", "net-1", expect=1))
        self.assertIn("cannot be read", found)
        self.assertNotIn("no such file", found)

    def test_our_own_id_and_a_key_that_others_can_read_are_reported(self):
        own = run("init", "--home", self.home, "--network", "net-1", expect=0).stdout.split()[-1]
        (self.home / "config" / "node_key.json").chmod(0o644)
        found = str(self.check("--laddr", "127.0.0.1:0", "--seeds", f"{own}@1.2.3.4:5"))
        self.assertIn("names this node itself", found)
        self.assertIn("chmod 600", found)

    def test_variables_count_and_a_mistake_names_its_own(self):
        self.file.write_text("")
        found = self.check(expect=1, CMT_P2P_LADDR="nowhere", PEERAGE_NETWORK="net-1")
        self.assertTrue([each for each in found if each["text"].startswith("CMT_P2P_LADDR: ")])
        self.check("--laddr", "127.0.0.1:0", expect=0, CMT_P2P_LADDR="nowhere", TENDERSEED_CHAIN_ID="net-1")

    def test_an_unknown_variable_is_named_by_check_config_and_by_a_start(self):
        self.file.write_bytes((VECTORS / "config" / "config-v0.38.25.toml").read_bytes())
        text = "PEERAGE_NETWROK has no effect: there is no such setting; did you mean PEERAGE_NETWORK?"
        found = self.check("--network", "net-1", "--laddr", "127.0.0.1:0", PEERAGE_NETWROK="x")
        self.assertIn({"severity": "warning", "text": text}, found)
        said = run("seed", "--home", self.home, expect=78, variables={"PEERAGE_NETWROK": "x"}).stdout
        self.assertRegex(said, f"(?m)^W.*{text.replace('?', '.')}")

    def test_the_id_is_that_of_the_key_that_the_settings_name(self):
        run("init", "--home", self.home, expect=0)
        (self.home / "config" / "node_key.json").rename(self.home / "key.json")
        run("show-node-id", "--home", self.home, expect=1)
        run("show-node-id", "--home", self.home, variables={"CMT_NODE_KEY_FILE": "key.json"}, expect=0)

    def test_a_tenderseeds_command_line_shows_the_id_and_makes_the_key(self):
        self.file.write_text('chain_id = "net-1"\nnode_key_file = "config/key.json"\n')
        shown = run("-home", self.home, "-chain-id", "net-1", "-seeds", f"{OTHER_ID}@h:1", "show-node-id", expect=0)
        self.assertRegex(shown.stdout, r"^[0-9a-f]{40}\n$")
        self.assertTrue((self.home / "config" / "key.json").exists())
        again = run("show-node-id", "--home", self.home, expect=0)
        self.assertEqual(again.stdout, shown.stdout)

    def test_the_network_of_a_book_is_that_of_the_genesis_file(self):
        (self.home / "config" / "genesis.json").write_text('{"chain_id": "net-9"}')
        (self.home / "config" / "addrbook.json").write_text('{"key": "%s", "addrs": []}' % ("ab" * 12))
        said = json.loads(run("addrbook", "import", "--json", "--home", self.home, expect=0).stdout)
        self.assertEqual(said["network"], "net-9")


class Running(unittest.TestCase):
    """Nodes that run, by their logs."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, name, *arguments, command="start"):
        """The node, and a list that its log's records go into."""
        process = subprocess.Popen(
            [PEERAGE, command, "--home", self.folder / name, "--laddr", "127.0.0.1:0", "--log-format", "json", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        records = []

        def read():
            for line in process.stdout:
                records.append(json.loads(line))

        reader = threading.Thread(target=read, daemon=True)
        reader.start()

        def end():
            process.kill()
            process.wait(20)
            reader.join(10)
            process.stdout.close()

        self.addCleanup(end)
        return process, records

    def wait(self, records, message, count=1):
        for _ in range(1200):
            found = [each for each in list(records) if each["_msg"] == message]
            if len(found) >= count:
                return found
            time.sleep(0.05)
        self.fail(f"no {message} among {records}")

    def test_a_private_network_finds_itself_with_private_and_says_why_not_without(self):
        _, seed = self.start("seed", "--network", "net-1", "--private", command="seed")
        address = self.wait(seed, "seed started")[0]["address"]
        self.assertEqual([each for each in seed if "is private" in each["_msg"]], [])
        _, one = self.start("one", "--network", "net-1", "--private", "--seeds", address, "--log-peers")
        _, other = self.start("other", "--network", "net-1", "--private", "--seeds", address, "--log-peers",
                              "--summary-interval", "200ms")
        mine = self.wait(one, "node started")[0]["address"].split("@")[0]
        for _ in range(1200):
            if [each for each in list(other) if each["_msg"] == "peer connected" and each["peer"] == mine]:
                break
            time.sleep(0.05)
        else:
            self.fail(other)
        _, strict = self.start("strict", "--network", "net-1", "--seeds", address)
        self.wait(strict, "node started")
        told = [each for each in strict if each["level"] == "warn" and "addr_book_strict" in each["_msg"]]
        self.assertTrue([each for each in told if each["_msg"].startswith("--seeds: 127.0.0.1 is private")], strict)
        self.assertIn("--private", told[0]["_msg"])

    def test_peers_that_come_and_go_are_logged_at_info_when_that_is_wanted(self):
        _, wanted = self.start("wanted", "--network", "net-1", "--private", "--log-peers")
        _, silent = self.start("silent", "--network", "net-1", "--private")
        for records in (wanted, silent):
            address = self.wait(records, "node started")[0]["address"]
            run("probe", address, "--network", "net-1", expect=0)
        came, gone = self.wait(wanted, "peer connected")[0], self.wait(wanted, "peer gone")[0]
        self.assertEqual((came["level"], came["direction"], came["peer"]), ("info", "inbound", gone["peer"]))
        self.assertTrue(came["address"].startswith("127.0.0.1:"))
        self.assertIsInstance(gone["lasted_ms"], int)
        self.assertTrue(gone["reason"] and gone["why"])
        self.assertFalse([each for each in silent if each["_msg"].startswith("peer ")])

    def test_numbers_of_a_json_log_are_numbers_and_each_network_has_its_own(self):
        process, records = self.start("both", "--network", "net-1,net-2", "--private", "--summary-interval", "100ms",
                                      command="seed")
        address = self.wait(records, "seed started")[0]["address"]
        for _ in range(2):
            run("probe", address, "--network", "net-2", expect=0)
        run("probe", address, "--network", "net-1", expect=0)
        for _ in range(100):
            self.wait(records, "summary")
            last = {each["network"]: each for each in list(records) if each["_msg"] == "network"}
            if last and sum(each["served"] for each in last.values()) == 3:
                break
            time.sleep(0.1)
        self.assertEqual({name: each["served"] for name, each in last.items()}, {"net-1": 1, "net-2": 2})
        for each in (*last.values(), self.wait(records, "summary")[-1], self.wait(records, "address book")[0]):
            for key in each.keys() & {"in", "out", "peers", "served", "book_new", "book_verified", "bans", "addresses"}:
                self.assertIsInstance(each[key], int, each)
        first = [each["_msg"] for each in records]
        self.assertLess(first.index("network"), first.index("summary"))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 0)


class AddressBook(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = pathlib.Path(folder.name) / "home"
        self.file = self.home / "data" / "addrbook.db"
        run("init", "--home", self.home, "--network", "net-1", expect=0)

    def book(self, *arguments, expect=0):
        return run("addrbook", *arguments, "--home", self.home, expect=expect)

    def json(self, *arguments):
        return [json.loads(line) for line in self.book(*arguments, "--json").stdout.splitlines()]

    def fill(self, *entries, expect=0):
        source = self.home / "config" / "addrbook.json"
        source.write_text(json.dumps({"key": "00" * 12, "addrs": entries}, indent="\t"))
        return self.book("import", expect=expect)

    def test_what_a_comet_node_knew_is_taken_in_looked_at_and_given_back(self):
        said = self.fill(*[comet_entry(i) for i in range(20)], None,
                         comet_entry(30, addr={"id": "x", "ip": "1.2.3.4", "port": 1})).stdout
        self.assertRegex(said, r"added +20\n")
        self.assertRegex(said, r"make no sense +2\n")
        self.assertIn('addr.id "x" is no node ID', said)
        self.assertEqual(len(self.json("list")), 20)
        self.assertEqual(len(self.json("list", "--limit", "7")), 7)
        self.assertEqual(self.json("list", "--kind", "old"), [])
        self.assertEqual(self.json("list", "--verified-since", "7d"), [])
        self.assertEqual(len(self.json("list", "--network", "net-1", "--kind", "new")), 20)
        table = self.book("list").stdout.splitlines()
        self.assertEqual(len(table), 21)
        self.assertEqual(len({line.index(" new ") for line in table[1:]}), 1)
        self.assertLessEqual(max(map(len, table)), 80)
        self.assertIn(f"{1:040x}@20.1.2.3:26656", "\n".join(table))
        self.assertIn("LAST FAILURE", self.book("list", "--wide").stdout)
        shown = self.json("show", f"{1:040x}")[0]
        self.assertEqual((shown["address"], shown["origin"]), (f"{1:040x}@20.1.2.3:26656", "import"))
        self.assertEqual(self.json("stats")[0]["networks"]["net-1"]["origins"]["import"], 20)
        self.assertIn("the book is sound", self.book("check").stdout)

        target = self.home / "out.json"
        self.book("export", target)
        exported = json.loads(target.read_text())
        self.assertEqual(len(exported["addrs"]), 20)
        self.assertEqual(json.loads(self.book("export", "-").stdout), exported)
        self.assertEqual({entry["addr"]["id"] for entry in exported["addrs"]},
                         {f"{i + 1:040x}" for i in range(20)})
        again = self.json("import", target, "--network", "net-2")[0]
        self.assertEqual(again["outcomes"]["added"], 20)

    def test_without_a_book_each_command_says_so(self):
        for command in (["list"], ["show", "abcd"], ["sources", OTHER_ID], ["told", OTHER_ID], ["stats"], ["bans"], ["check"],
                        ["export", "-"], ["unban", "1.2.3.4"], ["forget", OTHER_ID]):
            result = self.book(*command, expect=1)
            self.assertIn("there is no address book", result.stderr)
            self.assertIn("hint", result.stderr)
            self.assertEqual(result.stdout, "")
        self.assertFalse(self.file.exists())

    def test_bans_are_made_listed_and_lifted(self):
        self.book("ban", OTHER_ID, "--for", "7d", "--reason", "sends rubbish")
        self.book("ban", "203.0.113.0/24")
        self.assertEqual({ban["target"] for ban in self.json("bans")}, {OTHER_ID, "203.0.113.0/24"})
        self.assertIn("sends rubbish", self.book("bans").stdout)
        self.book("unban", OTHER_ID.upper())
        self.assertIn("is not banned", self.book("unban", OTHER_ID, expect=1).stderr)
        self.assertEqual(len(self.json("bans")), 1)

    def test_an_id_is_forgotten(self):
        self.fill(comet_entry(0), comet_entry(1))
        self.book("forget", f"{1:040x}")
        self.assertEqual(len(self.json("list")), 1)
        self.book("forget", f"{1:040x}", expect=1)

    def test_a_book_in_use_is_read_and_not_changed(self):
        self.fill(comet_entry(0))
        with open(f"{self.file}.lock", "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with contextlib.closing(sqlite3.connect(self.file, isolation_level=None)) as writer:
                writer.execute("BEGIN IMMEDIATE")
                writer.execute("DELETE FROM address")
                self.assertEqual(len(self.json("list")), 1)
                self.book("stats")
                self.book("check")
                self.book("export", "-")
                for command in (["ban", "1.2.3.4"], ["unban", "1.2.3.4"], ["forget", OTHER_ID], ["import"]):
                    error = self.book(*command, expect=1).stderr
                    self.assertIn("in use", error)
                    self.assertIn("stop the node", error)
                writer.execute("COMMIT")
                self.assertEqual(self.json("list"), [])

    def test_a_damaged_book_is_reported_and_left_alone(self):
        self.fill(*[comet_entry(i) for i in range(50)])
        content = bytearray(self.file.read_bytes())
        content[2000:] = b"\xa5" * (len(content) - 2000)
        self.file.write_bytes(content)
        for command in (["check"], ["list"], ["ban", "1.2.3.4"], ["import"]):
            self.assertIn("damaged", self.book(*command, expect=1).stderr)
        self.assertEqual(self.file.read_bytes(), content)

    def test_a_damaged_addrbook_json_is_named_with_its_line(self):
        source = self.home / "config" / "addrbook.json"
        source.write_text('{\n"addrs": [\n}')
        error = self.book("import", expect=1).stderr
        self.assertIn(f"{source}: line 3, column 1", error)
        self.assertFalse(self.file.exists())

    def test_an_import_needs_a_network(self):
        (self.home / "config" / "config.toml").write_text("")
        self.assertIn("--network", self.fill(comet_entry(0), expect=1).stderr)

    def test_what_cannot_be_written_is_an_error(self):
        self.fill(comet_entry(0))
        self.book("export", "/dev/null/out.json", expect=1)
        with open("/dev/full", "wb") as full:
            result = subprocess.run([PEERAGE, "addrbook", "export", "-", "--home", self.home], stdout=full,
                                    stderr=subprocess.DEVNULL, timeout=60)
        self.assertEqual(result.returncode, 1)

    def test_wrong_arguments_are_errors_with_a_reason(self):
        self.fill(comet_entry(0))
        for arguments, code, text in (
                ([], 64, "subcommand"), (["list", "--kind", "odd"], 64, "odd"),
                (["list", "--verified-since", "soon"], 64, "soon"),
                (["list", "--last-failure", "bad_luck"], 64, "bad_luck"),
                (["show", "abc"], 1, "abc"), (["show"], 64, "id"), (["ban", "example.org"], 64, "example.org"),
                (["ban", "1.2.3.4", "--for", "0s"], 64, "--for"), (["forget", "abcd"], 64, "40 hex"),
                (["sources", "abcd"], 64, "40 hex"), (["sources", OTHER_ID], 1, "no node told of"),
                (["told", OTHER_ID, "--by"], 1, "told of no node"),
                (["sources", OTHER_ID, "--by", "--of"], 64, "excludes"),
                (["export", "-", "--network", "net-7"], 1, "net-7")):
            result = run("addrbook", *arguments, home=self.home)
            self.assertEqual(result.returncode, code, arguments)
            self.assertIn(text, result.stderr, arguments)

    def test_help_names_every_subcommand(self):
        text = run("addrbook", "--help", expect=0).stdout
        for command in ("list", "show", "sources", "stats", "bans", "check", "export", "import", "ban", "unban", "forget"):
            self.assertRegex(text, rf"(?m)^  {command}[ ,]")


if __name__ == "__main__":
    unittest.main(verbosity=1)
