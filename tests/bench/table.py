#!/usr/bin/env python3
"""The table of what Peerage costs, beside what we want of it. `./dev bench` runs it.

table.py BUILD_DIR [--runs N] [--full] [--json FILE] [--check | --keep]

Each run measures everything once, the limits of the machine first (limits_bench), and a figure of the
table is the median of all runs. Machines differ, and a shared one differs from itself: what is kept in
baseline.json and compared with --check are ratios of a figure to a limit that was measured with it. There the
best of all runs counts, of the figure and of the limit: other work on the machine can only make both worse.
"""
import argparse
import json
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BASELINE = HERE / "baseline.json"
TOLERANCE = 0.20  # worse by more than this fails a check
PATIENCE = 300  # seconds; nothing here takes longer

# Name, bytes of a message, messages.
TRAFFIC = [("64 B", 64, 4_000_000), ("1 KiB", 1 << 10, 1_200_000), ("64 KiB", 64 << 10, 20_000),
           ("1 MiB", 1 << 20, 1_200)]
DEFAULT_RATE = "5120000"


class Row:
    """A line of the table: how a figure is named, shown and judged."""

    def __init__(self, key, title, unit, digits, goal=None, more_is_better=False, limit=None):
        self.key, self.title, self.unit, self.digits = key, title, unit, digits
        self.goal, self.more_is_better = goal, more_is_better
        self.limit = limit  # from a run's figures, what this one is compared with; None: it is not checked

    def shown_goal(self):
        return "" if self.goal is None else f"{'>=' if self.more_is_better else '<='} {self.goal:g}"

    def met(self, value):
        if self.goal is None:
            return ""
        return "yes" if (value >= self.goal if self.more_is_better else value <= self.goal) else "no"

    def ratio(self, runs):
        """How far from the limit: more is worse. None for what has no limit, or was not measured."""
        having = [run for run in runs if self.key in run] if self.limit else []
        if not having:
            return None
        return min(run[self.key] for run in having) / min(self.limit(run) for run in having)


def both_ends(figures):
    """CPU for a GB that only has to be sealed, sent, received and opened."""
    return figures["limit aead CPU s/GB"] + figures["limit tcp CPU s/GB"]


def one_side(figures):
    """CPU for a handshake that only has its keys to compute, and to be sent and received."""
    return figures["limit keys us"] + figures["limit tcp handshake us"]


def sodium_seal(figures):
    return figures["limit sodium seal ns"]


def sodium_open(figures):
    return figures["limit sodium open ns"]


def rows():
    every = [
        Row("limit seal ns", "seal a frame", "ns", 0, limit=sodium_seal),
        Row("limit open ns", "open a frame", "ns", 0, limit=sodium_open),
        Row("limit aead CPU s/GB", "seal and open a GB", "CPU s/GB", 2),
        Row("limit tcp CPU s/GB", "plain TCP, both ends", "CPU s/GB", 2),
        Row("limit tcp MB/s", "plain TCP", "MB/s", 0),
        Row("limit tcp rtt us", "plain TCP, there and back", "us", 0),
        Row("limit keys us", "keys of a handshake, one side", "us", 0),
        Row("limit tcp handshake us", "plain TCP of a handshake, one side", "us", 0),
    ]
    cpu_goals = {"64 B": 8, "1 KiB": 1.9, "64 KiB": 1.3, "1 MiB": 1.3}
    for name, _, _ in TRAFFIC:
        every.append(Row(f"{name} CPU s/GB", f"{name} messages, both ends", "CPU s/GB", 2, cpu_goals[name],
                         limit=both_ends))
        if name == "64 B":
            every.append(Row(f"{name} msg/s", f"{name} messages", "k msg/s", 0, 3000, more_is_better=True))
        else:
            every.append(Row(f"{name} MB/s", f"{name} messages", "MB/s", 0, 1200, more_is_better=True))
    return every + [
        Row("rtt us", "64 B there and back, default rates, p50", "us", 0, 100,
            limit=lambda figures: figures["limit tcp rtt us"]),
        Row("handshakes/s", "full handshakes", "1/s", 0, 8000, more_is_better=True),
        Row("handshake dialler us", "a handshake, dialling side", "CPU us", 0, 130, limit=one_side),
        Row("handshake acceptor us", "a handshake, accepting side", "CPU us", 0, 130, limit=one_side),
        Row("peer kB", "an idle inbound peer, of 1000", "KiB", 1, 10, limit=lambda figures: 1.0),
        Row("peer kB of 10000", "an idle inbound peer, of 10000", "KiB", 1, 10, limit=lambda figures: 1.0),
        Row("10000 peers up s", "10000 peers, until all are up", "s", 1),
        Row("priority ms", "200 B of high priority, 3 channels full, p99", "ms", 2, 2),
        Row("priority at 5 MB/s ms", "the same at 5 MB/s", "ms", 2, 20),
    ]


# --- measuring ---

class Listening:
    """An end that listens, as a process; leaving the block ends it and reads its report."""

    def __init__(self, peerage, *arguments):
        self.command = [peerage, "bench", *map(str, arguments), "--laddr", "127.0.0.1:0"]

    def __enter__(self):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        if not line.startswith("listening "):
            raise SystemExit(f"{self.command}: {line}{self.process.stderr.read()}")
        self.address = line.split()[1]
        return self

    def report(self, ask=True):
        if ask:
            self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=PATIENCE)
        if self.process.returncode != 0:
            raise SystemExit(f"{self.command}: {errors}")
        return json.loads(output)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def dial(peerage, role, address, *arguments):
    result = subprocess.run([peerage, "bench", role, "--dial", address, *map(str, arguments)], text=True,
                            capture_output=True, timeout=PATIENCE)
    if result.returncode != 0:
        raise SystemExit(f"{result.args}: {result.stdout}{result.stderr}")
    return json.loads(result.stdout)


def measure_limits(build):
    output = subprocess.run([build / "tests/bench/limits_bench"], check=True, capture_output=True, text=True,
                            timeout=PATIENCE).stdout
    seen = json.loads(output)
    return seen["cipher"], {
        "limit seal ns": seen["seal_ns"], "limit open ns": seen["open_ns"],
        "limit sodium seal ns": seen["sodium_seal_ns"], "limit sodium open ns": seen["sodium_open_ns"],
        "limit aead CPU s/GB": seen["aead_cpu_s_per_GB"], "limit tcp CPU s/GB": seen["tcp_cpu_s_per_GB"],
        "limit tcp MB/s": seen["tcp_MBps"], "limit tcp rtt us": seen["tcp_rtt_us"], "limit keys us": seen["keys_us"],
        "limit tcp handshake us": seen["tcp_handshake_us"]}


def measure_traffic(peerage, name, size, count):
    with Listening(peerage, "sink", "--expect-msgs", count) as sink:
        sent = dial(peerage, "source", sink.address, "--msg-size", size, "--msg-count", count)
        got = sink.report(ask=False)
    figures = {f"{name} CPU s/GB": (sent["cpu_ms_per_GB"] + got["cpu_ms_per_GB"]) / 1000}
    if size == 64:
        figures[f"{name} msg/s"] = got["msgs_per_s"] / 1000
    else:
        figures[f"{name} MB/s"] = got["MBps"]
    return figures


def measure_round_trip(peerage):
    with Listening(peerage, "echo", "--rate", DEFAULT_RATE) as echo:
        seen = dial(peerage, "rtt", echo.address, "--count", 300, "--rate", DEFAULT_RATE)
    return {"rtt us": seen["p50_ms"] * 1000}


def measure_handshakes(peerage):
    with Listening(peerage, "sink") as sink:
        ours = dial(peerage, "handshakes", sink.address, "--count", 8000, "--concurrency", 8)
        theirs = sink.report()
    return {"handshakes/s": ours["handshakes_per_s"], "handshake dialler us": ours["cpu_ms_per_handshake"] * 1000,
            "handshake acceptor us": theirs["cpu_ms_per_handshake"] * 1000}


def measure_peers(peerage, count):
    with Listening(peerage, "sink") as sink:
        held = dial(peerage, "hold", sink.address, "--peers", count, "--for", "2s")
        seen = sink.report()
    if count == 10_000:
        return {"peer kB of 10000": seen["rss_kb_per_peer"], "10000 peers up s": held["setup_ms"] / 1000}
    return {"peer kB": seen["rss_kb_per_peer"]}


def measure_priority(build):
    output = subprocess.run([build / "tests/bench/priority_bench", "3"], check=True, capture_output=True, text=True,
                            timeout=PATIENCE).stdout
    p99 = {}
    for line in output.splitlines()[1:]:
        name, *numbers = re.split(r" {2,}", line.strip())
        p99[name] = float(numbers[-2])
    return {"priority ms": p99["3 channels saturated"], "priority at 5 MB/s ms": p99["the same at 5 MB/s"]}


def measure(build, full, say):
    peerage = build / "peerage"
    say("limits")
    cipher, figures = measure_limits(build)
    for traffic in TRAFFIC:
        say(traffic[0])
        figures |= measure_traffic(peerage, *traffic)
    for what, parts in (("round trip", lambda: measure_round_trip(peerage)),
                        ("handshakes", lambda: measure_handshakes(peerage)),
                        ("peers", lambda: measure_peers(peerage, 1000)),
                        ("priority", lambda: measure_priority(build))):
        say(what)
        figures |= parts()
    if full:
        say("10000 peers")
        figures |= measure_peers(peerage, 10_000)
    return cipher, figures


# --- telling ---

def show(cipher, runs, baseline):
    print(f"medians of {len(runs)} run{'s' if len(runs) > 1 else ''}; cipher {cipher}; CPU is of both ends where "
          "none is named")
    print(f"{'':46} {'':8} {'median':>8} {'lowest':>8} {'highest':>8}  {'goal':<8} {'met':<4} {'to limit':>8} {'kept':>6}")
    for row in rows():
        values = [run[row.key] for run in runs if row.key in run]
        if not values:
            continue
        median = statistics.median(values)
        shown = [f"{value:.{row.digits}f}" for value in (median, min(values), max(values))]
        ratio, kept = row.ratio(runs), baseline.get(row.key)
        print(f"{row.title:46} {row.unit:8} {shown[0]:>8} {shown[1]:>8} {shown[2]:>8}  {row.shown_goal():<8} "
              f"{row.met(median):<4} {f'{ratio:.2f}' if ratio else '':>8} {f'{kept:.2f}' if ratio and kept else '':>6}"
              .rstrip())


def ratios_of(runs):
    return {row.key: ratio for row in rows() if (ratio := row.ratio(runs))}


def worse(ratios, baseline):
    """What is worse than what was kept, one line each."""
    found = []
    for row in rows():
        now, kept = ratios.get(row.key), baseline.get(row.key)
        if now is not None and kept is not None and now > kept * (1 + TOLERANCE):
            found.append(f"{row.title} ({row.unit}): {now:.2f} times its limit, {kept:.2f} was kept: "
                         f"{(now / kept - 1) * 100:.0f} % worse")
    return found


def read_baseline():
    return json.loads(BASELINE.read_text())["ratios"] if BASELINE.exists() else {}


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench", description="The table of what Peerage costs.")
    parser.add_argument("build", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="how often all is measured; default: 5")
    parser.add_argument("--full", action="store_true", help="once with 10000 idle peers, too")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="keep the figures of each run")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true",
                      help="fail if a ratio to the machine's limit is more than 20 %% worse than the kept")
    what.add_argument("--keep", action="store_true", help="keep these ratios for later checks")
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error("--runs: at least 1")
    if options.check and not BASELINE.exists():
        parser.error(f"--check: nothing was kept in {BASELINE}")
    return options


def measure_all(options):
    """The cipher, and what has been measured when all runs are done, or at Ctrl-C."""
    build, runs, cipher = options.build.resolve(), [], ""
    talk = sys.stderr.isatty()
    try:
        for number in range(options.runs):
            def say(what, number=number):
                if talk:
                    print(f"\r\033[Krun {number + 1} of {options.runs}: {what}", end="", file=sys.stderr, flush=True)
            # Ten thousand peers take a while, and their memory does not vary: once is enough.
            cipher, figures = measure(build, options.full and number == 0, say)
            runs.append(figures)
    except KeyboardInterrupt:
        if not runs or options.check or options.keep:
            raise SystemExit("\ninterrupted") from None
    if talk:
        print("\r\033[K", end="", file=sys.stderr)
    return cipher, runs


def main(arguments):
    options = parse(arguments)
    cipher, runs = measure_all(options)
    baseline, ratios = read_baseline(), ratios_of(runs)
    show(cipher, runs, baseline)
    if options.json:
        options.json.write_text(json.dumps({"cipher": cipher, "runs": runs, "ratios": ratios}, indent=1) + "\n")
    if options.keep:
        kept = baseline | {key: round(value, 3) for key, value in ratios.items()}
        BASELINE.write_text(json.dumps({"cipher": cipher, "ratios": kept}, indent=1) + "\n")
        print(f"kept in {BASELINE}")
    if options.check:
        found = worse(ratios, baseline)
        for line in found:
            print(f"WORSE: {line}", file=sys.stderr)
        if found:
            return 1
        print("no ratio is worse than what was kept")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
