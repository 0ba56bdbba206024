#!/usr/bin/env -S python3 -B
"""./dev as a newcomer meets it, in a copy of its own, with tools that only note how they were called. dev_test.py

Nothing is installed, compiled or fetched."""
import contextlib
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ("dev", "cmake/packages.sh", "tests/campaigns.sh", "tests/fuzz/fuzz.sh", "tests/live/live.sh", "tests/rooms.py",
         "tests/rooms.txt")
PEERS = ("peer.mjs", "package.json", "package-lock.json", ".npmrc")
TARGETS = ("alpha", "beta", "gamma")
TOOLS = ("cmake", "ctest", "ninja", "ccache", "g++", "clang++-14", "clang-format-14", "clang-tidy-14", "apt-get",
         "dpkg-query", "sudo", "llvm-cov-14", "llvm-profdata-14", "node", "npm")
COMMANDS = ("run", "test", "build", "fmt", "lint", "fuzz", "live", "bench", "campaign", "coverage", "deps", "help")
NOBODY = 65534
# Notes the call, and then does what the test has set for this tool.
TOOL = """#!/bin/sh
name=${0##*/}
printf '%s %s\\n' "$name" "$*" >>"$NOTES/calls"
[ ! -e "$NOTES/$name" ] || . "$NOTES/$name"
"""
EVERYTHING_IS_INSTALLED = 'shift 3; for each; do printf " $each=installed "; done'
# Its child shows that children of children end, too; the other that children do that ignore Ctrl-C.
# Quiet, for a shell that outlives its child by a moment says that it was terminated.
NEVER_ENDS = """exec 2>/dev/null
sh -c 'echo $PPID $$ >"$NOTES/running"; exec sleep 1000'; exit 1"""
NEVER_ENDS_AND_IS_DEAF = 'exec 2>/dev/null; sleep 1000 & echo $$ $! >"$NOTES/running"; wait'
FUZZER = """#!/bin/sh
for each; do case "$each" in -artifact_prefix=*) prefix=${each#*=} ;; esac; done
echo "stat::number_of_executed_units: 4711"
echo "stat::average_exec_per_sec:     42"
"""
FINDS_A_BUG = 'echo bug >"${prefix}crash-1"; exit 77\n'
NO_NETWORK = """
echo 'Err:1 http://deb.example bookworm InRelease'
echo '  Temporary failure resolving deb.example'
echo 'E: Some index files failed to download.' >&2
exit 100
"""


def is_debian():
    with contextlib.suppress(OSError):
        return "debian" in pathlib.Path("/etc/os-release").read_text()
    return False


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.checkout = self.folder / "checkout"
        self.notes = self.folder / "notes"
        self.temporary = self.folder / "tmp"
        for each in (*(self.checkout / name for name in ("cmake", "tests/bench", "tests/fuzz", "tests/live")), self.notes,
                     self.temporary, self.folder / "tools"):
            each.mkdir(parents=True)
        for part in PARTS:
            shutil.copy(ROOT / part, self.checkout / part)
        for target in TARGETS:
            (self.checkout / f"tests/fuzz/{target}_fuzz.cpp").touch()
        (self.checkout / "tests/bench/conn_bench.cpp").touch()
        for name in PEERS:
            (self.checkout / "tests/live" / name).touch()
        for tool in TOOLS:
            self.script(self.folder / "tools" / tool, TOOL)
        self.tool("dpkg-query", EVERYTHING_IS_INSTALLED)
        # Another user has to get there.
        for each, mode in ((self.folder, 0o755), (self.notes, 0o777), (self.temporary, 0o777)):
            each.chmod(mode)
        self.files = self.all_files()

    @staticmethod
    def script(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def tool(self, name, does):
        (self.notes / name).write_text(does)

    def all_files(self):
        return {path for path in self.checkout.rglob("*") if "build" not in path.relative_to(self.checkout).parts}

    def environment(self):
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CCACHE", "PEERAGE"))}
        return {**clean, "PATH": f"{self.folder}/tools:/usr/bin:/bin:/usr/sbin:/sbin", "NOTES": str(self.notes),
                "TMPDIR": str(self.temporary)}

    def popen(self, *arguments, **options):
        # Our parent may ignore Ctrl-C, and a shell cannot undo that.
        return subprocess.Popen([self.checkout / "dev", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=subprocess.DEVNULL, text=True,
                                **{"env": self.environment(), "start_new_session": True, "cwd": self.checkout,
                                   "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options})

    def dev(self, *arguments, code=0, **options):
        """Standard output and error."""
        process = self.popen(*arguments, **options)
        said = process.communicate(timeout=30)
        self.assertEqual(process.returncode, code, (arguments, said))
        return said

    def calls(self, *names):
        """Since the last time; of some tools, or of all."""
        calls = self.notes / "calls"
        every = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return [call for call in every if not names or call.split()[0] in names]

    def running(self):
        """Waits for a tool that never ends; its processes."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                if said := (self.notes / "running").read_text().split():
                    return [int(each) for each in said]
            time.sleep(0.02)
        raise AssertionError("it was not called")

    def assertNothingWasDone(self):
        self.assertEqual(self.calls(), [])
        self.assertFalse((self.checkout / "build").exists())
        self.assertEqual(self.all_files(), self.files)


class Arguments(Case):
    def test_wrong_ones_are_refused_in_one_line_before_anything_is_done(self):
        for arguments in (
                ["foo"], ["--nodes"], ["run test"], [""], ["help", "foo"], ["help", "run", "foo"],
                ["run", "foo"], ["run", "--nodes"], ["run", "--nodes", "--keep"], ["run", "--nodes", "1"],
                ["run", "--nodes=11"], ["run", "--nodes", "x"], ["run", "--dir"], ["run", "--dir", ""],
                ["run", "--no"],
                ["build", "foo"], ["build", "clang", "foo"], ["build", "--clang"],
                ["test", "--verbos"], ["test", "-R"], ["test", "name", "-R", "x"], ["test", "-j", "x"], ["test", ""],
                ["fmt", "foo"], ["fmt", "--check", "foo"], ["lint", "missing.cpp"], ["lint", "--fix"],
                ["lint", "tests"],
                ["fuzz", "delta"], ["fuzz", "alpha beta"], ["fuzz", "--seconds"], ["fuzz", "--seconds", "1e3"],
                ["fuzz", "--seconds", "0"], ["fuzz", "--runs=-1"], ["fuzz", "--second", "1"],
                ["bench", "foo"], ["bench", "--runs", "0"], ["bench", "--json"], ["bench", "--check", "--keep"],
                ["bench", "--check"], ["bench", "micro", "foo"],
                ["coverage", "--min"], ["coverage", "--min", "nonsense"], ["coverage", "--min", "tests=101"],
                ["coverage", "--min", "nowhere=50"], ["coverage", "foo"],
                ["live", "-R"], ["live", ""], ["campaign", "foo"], ["campaign", "so.k"], ["deps", "foo"]):
            with self.subTest(arguments):
                output, errors = self.dev(*arguments, code=2)
                self.assertEqual(output, "")
                self.assertRegex(errors, r"\A\./dev.*\n\Z")
                self.assertIn("; see ./dev ", errors)
                self.assertNothingWasDone()

    def test_each_command_explains_itself_wherever_help_is_asked_for_and_does_nothing_else(self):
        for command in COMMANDS:
            with self.subTest(command):
                asked = [self.dev("help", command), self.dev(command, "--help"), self.dev(command, "foo", "-h")]
                self.assertEqual(asked, [asked[0]] * 3)
                output, errors = asked[0]
                self.assertEqual(errors, "")
                self.assertTrue(output.startswith(f"./dev {command if command != 'help' else 'COMMAND'}"), output)
                self.assertNothingWasDone()

    def test_the_overview_names_every_command(self):
        overview, errors = self.dev()
        self.assertEqual(errors, "")
        for command in COMMANDS:
            self.assertRegex(overview, rf"(?m)^  {command}\b")
        for asked in ("help", "--help", "-h"):
            self.assertEqual(self.dev(asked), (overview, ""))
        self.assertNothingWasDone()

    def test_what_is_named_is_named_from_where_one_stands(self):
        (self.checkout / "conn").mkdir()
        (self.checkout / "conn/one.cpp").touch()
        self.dev("lint", "../conn/two.cpp", code=2, cwd=self.checkout / "conn")
        self.tool("cmake", f"[ $1 != --build ] || cp {self.folder}/tools/ninja build/peerage")
        self.dev("run", "--dir", "here", cwd=self.checkout / "conn")
        self.assertEqual(self.calls("peerage"), [f"peerage demo --dir {self.checkout}/conn/here"])


class Rooms(Case):
    """What `./dev lint` says of a tree with these files, each with what it includes."""
    SOUND = {"conn/base/bytes.h": "", "conn/address/node_id.h": "conn/base/bytes.h", "conn/peer_connection.h": "",
             "p2p/base/direction.h": "conn/address/node_id.h", "p2p/switch.h": "p2p/base/direction.h",
             "addrbook/record/row.h": "", "pex/pex_reactor.h": "p2p/switch.h", "cmd/main.cpp": "pex/pex_reactor.h"}

    def lint(self, files, code):
        for name, included in files.items():
            self.script(self.checkout / name, f'#include "{included}"\n' if included else "")
        for other in ("tests/tidy.py", ".ci/run"):
            self.script(self.checkout / other, "#!/bin/sh\n")
        for command in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *command], cwd=self.checkout, check=True)
        return self.dev("lint", code=code)[1]

    def test_includes_that_point_down_are_fine(self):
        self.lint(self.SOUND, 0)

    def test_one_that_points_up_is_an_error(self):
        for name, included, why in (
                ("p2p/base/up.h", "pex/pex_reactor.h", "p2p/ may not use pex/"),
                ("addrbook/record/aside.h", "p2p/switch.h", "addrbook/ may not use p2p/"),
                ("conn/base/up.h", "conn/address/node_id.h", "conn: base may not use address"),
                ("conn/address/up.cpp", "conn/peer_connection.h", "conn: address may not use peer_connection.h"),
                ("p2p/peer/up.h", "p2p/switch.h", "p2p: peer may not use (top)"),
                ("p2p/dial/aside.h", "p2p/admission/ban_list.h", "p2p: dial may not use admission")):
            with self.subTest(name):
                self.assertIn(f"{name}:1: {why}: {included}", self.lint({**self.SOUND, name: included}, 1))
                (self.checkout / name).unlink()

    def test_what_stands_in_no_room_is_an_error(self):
        self.assertIn("conn/attic/old.h: its folder is no room of the table",
                      self.lint({**self.SOUND, "conn/attic/old.h": ""}, 1))


class Building(Case):
    def configured(self):
        """The arguments of each configuration, by its folder."""
        return {call.split(" -B ")[1].split()[0]: call for call in self.calls("cmake") if " -B " in call}

    def test_run_builds_the_program_alone_and_shows_the_demo(self):
        self.tool("cmake", f"[ $1 != --build ] || cp {self.folder}/tools/ninja build/peerage")
        self.dev("run", "--nodes=3", "--keep")
        self.assertEqual([call for call in self.calls() if not call.startswith(("dpkg-query", "cmake -S"))],
                         ["cmake --build build --target peerage", "peerage demo --nodes 3 --keep"])

    def test_each_command_builds_what_it_needs_and_no_more(self):
        for arguments, built in ((["build"], "build --target peerage"),
                                 (["build", "clang"], "build/clang --target peerage"),
                                 (["test"], "build --target peerage_tests"),
                                 (["test", "tsan"], "build/tsan --target peerage_tests"),
                                 (["bench", "micro"], "build --target peerage_bench"),
                                 (["campaign", "churn"], "build --target peerage-sim"),
                                 (["campaign", "seed-kill"], "build --target peerage_tests")):
            self.tool("cmake", f"mkdir -p build/tests/bench; cp {self.folder}/tools/ninja build/peerage-sim;"
                               f"cp {self.folder}/tools/ninja build/tests/bench/conn_bench")
            self.script(self.checkout / "tests/integration/seed_kill_test.py", "")
            with self.subTest(arguments):
                self.dev(*arguments)
                self.assertEqual([call for call in self.calls("cmake") if "--build" in call],
                                 [f"cmake --build {built}"])

    def test_warnings_are_errors_and_compilers_are_cached_in_every_tree(self):
        for arguments in (["build"], ["build", "clang"], ["test", "asan"], ["test", "tsan"]):
            self.dev(*arguments)
        configured = self.configured()
        self.assertEqual(set(configured), {"build", "build/clang", "build/asan", "build/tsan"})
        for call in configured.values():
            self.assertIn("-DCMAKE_COMPILE_WARNING_AS_ERROR=ON", call)
            self.assertIn("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", call)

    def test_the_fuzz_targets_share_the_tree_of_the_address_sanitizer(self):
        self.dev("test", "asan")
        tested = self.configured()
        self.dev("fuzz", "alpha", code=1)
        self.assertEqual(self.configured(), tested)
        self.assertIn("-DPEERAGE_SANITIZE=address,undefined -DPEERAGE_BUILD_FUZZERS=ON", tested["build/asan"])

    def test_a_checkout_that_was_moved_is_configured_anew(self):
        self.tool("cmake", """
mkdir -p build
printf 'CMAKE_HOME_DIRECTORY:INTERNAL=%s\\nCMAKE_GENERATOR:INTERNAL=Ninja\\n' "$PWD" >build/CMakeCache.txt""")
        self.dev("build")
        self.assertNotIn("anew", self.dev("build")[1])
        self.assertNotIn("--fresh", self.configured()["build"])
        self.checkout = self.checkout.rename(self.folder / "elsewhere")
        self.assertIn(f"was configured for the sources in {self.folder}/checkout: configuring it anew",
                      self.dev("build")[1])
        self.assertIn("--fresh", self.configured()["build"])

    def test_what_cmake_says_is_shown_when_it_fails_and_only_then(self):
        self.tool("cmake", "echo 'all is well'")
        self.assertNotIn("all is well", self.dev("build")[1])
        self.tool("cmake", "echo 'no compiler'; exit 1")
        self.assertIn("no compiler\n./dev: configuring failed\n", self.dev("build", code=1)[1])

    @unittest.skipUnless(os.geteuid() == 0, "it takes two users")
    def test_a_build_folder_of_another_user_is_one_line_that_says_what_to_do(self):
        someone = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        errors = self.dev("build", code=1, **someone)[1]
        self.assertRegex(errors, r"\A\./dev: there can be no build folder in .*, which belongs to root\n\Z")
        os.chown(self.checkout, NOBODY, NOBODY)
        self.dev("build", **someone)
        (self.checkout / "build/CMakeCache.txt").touch()
        self.calls()
        errors = self.dev("build", code=1, **someone)[1]
        self.assertRegex(errors, r"\A\./dev: build/CMakeCache.txt belongs to root .*sudo chown -R nobody build.*\n\Z")
        self.assertEqual(self.calls(), [])

    def test_nothing_is_written_beside_the_sources(self):
        self.script(self.checkout / "tests/integration/seed_kill_test.py", "import helper, os\n"
                    "assert os.environ['PEERAGE_KILLS'] == '200'\n")
        (self.checkout / "tests/integration/helper.py").touch()
        self.files = self.all_files()
        self.dev("campaign", "seed-kill")
        self.assertEqual(self.all_files(), self.files)
        self.assertEqual(list(self.temporary.iterdir()), [])


class Tests(Case):
    def setUp(self):
        super().setUp()
        self.tool("ctest", 'case "$*" in *--print-labels) printf "Test project\\nAll Labels:\\n  flood\\n  sim\\n" ;;'
                           " *WRONG*) exit 8 ;; esac")

    def selected(self, *arguments, code=0):
        """What ctest was given besides what it always gets."""
        self.dev("test", *arguments, code=code)
        runs = [call for call in self.calls("ctest") if not call.endswith("--print-labels")]
        for run in runs:
            self.assertIn("--no-tests=error", run)
        return [run.split(" -j ", 1)[1].split(" ", 1)[1:] for run in runs]

    def test_all_are_run_when_none_is_named(self):
        self.assertEqual(self.selected(), [[]])
        self.assertEqual(self.selected("asan"), [[]])

    def test_names_select_by_expressions_and_labels_by_label(self):
        self.assertEqual(self.selected("Frame.*"), [["-R Frame.*"]])
        self.assertEqual(self.selected("tsan", "a", "b"), [["-R a|b"]])
        self.assertEqual(self.selected("sim"), [["-L ^(sim)$"]])
        self.assertEqual(self.selected("sim", "flood", "-V"), [["-L ^(sim|flood)$ -V"]])
        self.assertEqual(self.selected("soak", "sim"), [["-L ^(sim)$"], ["-R soak"]])

    def test_one_failed_run_of_two_is_a_failure(self):
        self.assertEqual(len(self.selected("sim", "WRONG", code=8)), 2)
        self.assertEqual(self.selected("WRONG", code=8), [["-R WRONG"]])

    def test_options_of_ctest_go_there_untouched(self):
        self.assertEqual(self.selected("-R", "^unit|pex"), [["-R ^unit|pex"]])
        self.assertEqual(self.selected("--repeat", "until-fail:3", "a"), [["-R a --repeat until-fail:3"]])
        self.assertEqual(self.selected("a", "--", "--new-option", "sim"), [["-R a --new-option sim"]])


@unittest.skipUnless(is_debian(), "packages are installed on Debian alone")
class Packages(Case):
    def setUp(self):
        super().setUp()
        self.tool("dpkg-query", 'shift 3; for each; do case "$each" in ninja-build | ccache) ;;'
                                ' *) printf " $each=installed " ;; esac; done')
        self.tool("sudo", 'shift 2; "$@"; exit $?')

    def test_no_network_is_one_line_that_says_what_is_missing(self):
        self.tool("apt-get", NO_NETWORK)
        self.assertEqual(self.dev("build", code=1)[1], "./dev: the package lists could not be fetched (no network?); "
                                                       "missing: ninja-build ccache\n")
        self.tool("apt-get", f'case "$*" in *update) ;; *) {NO_NETWORK} ;; esac')
        self.assertRegex(self.dev("build", code=1)[1],
                         r"could not be installed \(no network\?\); missing: ninja-build ccache\n\Z")

    def test_what_is_missing_is_installed_and_apt_gets_words_are_kept_in_a_file(self):
        self.tool("apt-get", 'case "$*" in *install*) echo "dlstatus:1:5:Retrieving file 1 of 2" >&3;'
                             ' echo "Setting up"; esac')
        errors = self.dev("deps")[1]
        self.assertRegex(errors, r"\A== installing 2 packages.*: ninja-build ccache\n== installed 2 packages.*\n")
        self.assertIn("Setting up", (self.checkout / "build/apt.log").read_text())
        self.assertTrue(self.calls("apt-get")[1].endswith(" install ninja-build ccache"))

    def test_another_failure_is_shown_by_its_last_lines(self):
        self.tool("apt-get", 'case "$*" in *install*) for i in 1 2 3 4 5 6 7 8; do echo "line $i"; done;'
                             " exit 100 ;; esac")
        errors = self.dev("deps", code=1)[1]
        self.assertNotIn("line 2\n", errors)
        self.assertIn("line 8\n./dev: the packages could not be installed", errors)

    def test_a_list_that_is_missing_among_others_does_no_harm(self):
        self.tool("apt-get", 'case "$*" in *update) echo "Hit:1 http://deb.example"; exit 100 ;; esac')
        self.assertIn("installed 2 packages", self.dev("deps")[1])

    @unittest.skipUnless(os.geteuid() == 0, "it takes two users")
    def test_a_user_who_is_not_root_learns_that_it_takes_sudo(self):
        os.chown(self.checkout, NOBODY, NOBODY)
        someone = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        self.assertIn("installing 2 packages with sudo: ninja-build ccache\n", self.dev("deps", **someone)[1])
        self.tool("sudo", "echo 'sudo: a terminal is required' >&2; exit 1")
        self.assertEqual(self.dev("deps", code=1, **someone)[1],
                         "./dev: sudo could not be used; as root, run: apt-get install ninja-build ccache\n")

    @unittest.skipUnless(os.geteuid() == 0, "it takes two users")
    def test_without_root_and_sudo_the_command_to_type_is_shown(self):
        (self.folder / "tools/sudo").unlink()
        path = f"{self.folder}/tools"
        for needed in ("bash", "env", "id", "grep", "dirname", "uname"):
            (self.folder / "tools" / needed).symlink_to(shutil.which(needed))
        os.chown(self.checkout, NOBODY, NOBODY)
        errors = self.dev("deps", code=1, user=NOBODY, group=NOBODY, extra_groups=[],
                          env={**self.environment(), "PATH": path})[1]
        self.assertEqual(errors, "./dev: packages are missing; as root, run: apt-get install ninja-build ccache\n")


class Fuzzing(Case):
    def setUp(self):
        super().setUp()
        for target in TARGETS:
            self.fuzzer(target, FUZZER)
            self.fuzzer(f"{target}_fuzz_planted", FUZZER + FINDS_A_BUG, "")

    def fuzzer(self, name, text, suffix="_fuzz"):
        self.script(self.checkout / "build/asan" / (name + suffix), text)

    def test_each_target_has_its_row_in_order_and_nothing_is_left(self):
        self.fuzzer("alpha", FUZZER + "sleep 0.5\n")
        output, _ = self.dev("fuzz", "--seconds", "1")
        rows = output.splitlines()[1:]
        self.assertEqual([row.split()[0] for row in rows], list(TARGETS))
        for row in rows:
            self.assertRegex(row, r"^\w+ +4711 +42  found in \d+ s$")
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_a_planted_bug_that_is_not_found_is_a_failure(self):
        self.fuzzer("beta_fuzz_planted", FUZZER + "exit 1\n", "")  # it ended badly, but found nothing
        output, _ = self.dev("fuzz", "beta", "gamma", code=1)
        self.assertRegex(output, r"(?m)^beta +4711 +42  NOT FOUND$")
        self.assertRegex(output, r"(?m)^gamma .* found in")
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_a_target_that_was_interrupted_has_no_bug(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            # As libFuzzer does: it gets the signal, and ends by itself.
            self.fuzzer("alpha", FUZZER + f"trap 'kill $!; exit 72' INT TERM; {NEVER_ENDS_AND_IS_DEAF}\n")
            process = self.popen("fuzz", "alpha", "beta")
            self.running()
            process.send_signal(sent)
            output, errors = process.communicate(timeout=20)
            self.assertEqual(process.returncode, 128 + sent, errors)
            self.assertNotRegex(output, r"(?m)^alpha")
            self.assertEqual(list(self.temporary.iterdir()), [])
            (self.notes / "running").unlink()

    def test_the_input_of_a_bug_stays_and_nothing_else(self):
        self.fuzzer("beta", FUZZER + FINDS_A_BUG)
        output, _ = self.dev("fuzz", code=1)
        row = next(row for row in output.splitlines() if row.startswith("beta"))
        self.assertIn("FOUND A BUG; input in ", row)
        found = pathlib.Path(row.split()[-1])
        self.assertTrue((found / "crash-1").exists())
        self.assertEqual(list(self.temporary.glob("*/*")), [found.parent])
        self.assertEqual(len(output.splitlines()), 1 + len(TARGETS))


class Live(Case):
    FETCHED = "npm ci --no-progress"
    TESTED = r"ctest --test-dir build .* -C Live -L \^live\$"

    def test_the_others_are_fetched_once_and_anew_when_other_ones_are_wanted(self):
        self.assertIn("fetching", self.dev("live")[1])
        self.assertEqual(self.calls("npm"), [self.FETCHED])
        (self.checkout / "tests/live/peer.mjs").write_text("changed")
        self.assertNotIn("fetching", self.dev("live")[1])
        self.assertEqual(self.calls("npm"), [])
        self.assertEqual((self.checkout / "build/live/peer.mjs").read_text(), "changed")
        (self.checkout / "tests/live/package-lock.json").write_text("{}")
        self.dev("live")
        self.assertEqual(self.calls("npm"), [self.FETCHED])
        self.assertEqual(self.all_files(), self.files)

    def test_its_tests_alone_are_run_or_those_of_them_that_are_named(self):
        self.dev("live")
        self.assertRegex(" ".join(self.calls("ctest")), self.TESTED + r"\Z")
        self.dev("live", "a", "b")
        self.assertRegex(" ".join(self.calls("ctest")), self.TESTED + r" -R a\|b\Z")

    def test_without_the_others_it_says_why_and_lets_the_tests_skip_themselves(self):
        self.dev("live")
        self.calls()
        (self.checkout / "tests/live/package-lock.json").write_text("{}")
        self.tool("npm", "echo 'no such host'; exit 1")
        self.assertRegex(self.dev("live")[1], r"no such host\n== there are no other implementations: .* skipped\n")
        self.assertRegex(" ".join(self.calls("ctest")), self.TESTED)
        self.assertFalse((self.checkout / "build/live").exists())

    @unittest.skipUnless(is_debian(), "packages are installed on Debian alone")
    def test_node_is_installed_only_where_there_is_none(self):
        self.tool("dpkg-query", 'shift 3; for each; do case "$each" in nodejs | npm) ;;'
                                ' *) printf " $each=installed " ;; esac; done')
        self.dev("live")
        self.dev("deps")
        self.assertEqual(self.calls("apt-get"), [])


class Campaigns(Case):
    def test_without_a_name_they_are_listed(self):
        output, _ = self.dev("campaign")
        for name in ("soak", "soak-week", "cold-start", "cold-start-10000", "churn", "partition", "flash-crowd",
                     "eclipse", "seed-load", "http-load", "seed-kill", "fuzz"):
            self.assertRegex(output, rf"(?m)^  {name} ")
        self.assertNothingWasDone()

    def test_an_option_counts_where_the_campaign_says_otherwise(self):
        self.tool("cmake", f"cp {self.folder}/tools/ninja build/peerage-sim")
        self.dev("campaign", "soak", "--seeds=3", "--seed", "7")
        self.assertEqual(self.calls("peerage-sim"), ["peerage-sim soak --hours 24 --jobs 2 --seeds=3 --seed 7"])


class Signals(Case):
    def assertEnded(self, processes):
        for each in processes:
            status = pathlib.Path(f"/proc/{each}/stat")
            # A process that has lost its parent is a zombie until it is reaped.
            with contextlib.suppress(OSError):
                self.assertIn(status.read_text().rsplit(")", 1)[1].split()[0], "ZX")
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_ctrl_c_and_termination_end_all_that_was_begun(self):
        self.script(self.checkout / "build/asan/alpha_fuzz", TOOL)
        phases = (("cmake", "build"), ("cmake", "build", "[ $1 = --build ] || return 0;"), ("ctest", "test"),
                  ("alpha_fuzz", "fuzz alpha"))
        for sent, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            for tool, command, *before in phases:
                with self.subTest(tool=tool, command=command, sent=sent):
                    (self.notes / "running").unlink(missing_ok=True)
                    self.tool("cmake", "")
                    self.tool(tool, f"step() {{ {''.join(before)} {NEVER_ENDS}; }}; step \"$@\"")
                    process = self.popen(*command.split())
                    processes = self.running()
                    process.send_signal(sent)
                    _, errors = process.communicate(timeout=20)
                    self.assertEqual(process.returncode, code, errors)
                    self.assertNotIn("failed", errors)
                    self.assertNotIn("erminated", errors)
                    self.assertEnded(processes)

    def test_a_child_that_ignores_ctrl_c_and_has_lost_its_parent_ends_as_well(self):
        self.tool("ctest", NEVER_ENDS_AND_IS_DEAF)
        process = self.popen("test")
        processes = self.running()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130)
        self.assertEnded(processes)

    def test_ctrl_c_at_a_terminal_lets_children_end_in_their_own_way(self):
        self.tool("ctest", "trap 'sleep 0.3; echo tidied >\"$NOTES/tidied\"; kill $!; exit 1' INT;"
                  + NEVER_ENDS_AND_IS_DEAF)
        pid, terminal = pty.fork()
        if pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.chdir(self.checkout)
            os.execve(self.checkout / "dev", ["./dev", "test"], self.environment())
        self.addCleanup(os.close, terminal)
        processes = self.running()
        os.write(terminal, b"\x03")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 130)
        self.assertTrue((self.notes / "tidied").exists())
        self.assertEnded(processes)


if __name__ == "__main__":
    unittest.main(verbosity=1)
