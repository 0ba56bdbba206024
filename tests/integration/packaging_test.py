#!/usr/bin/env -S python3 -B
"""The libraries as an embedder gets them: installed, and in the embedder's own build.
packaging_test.py BUILD_DIR [CLASS[.test]]

The build with the sources of Peerage in it is in BUILD_DIR/packaging, and stays there. Three classes share it, one
after another, so that none of them takes long: SubdirectoryConn, SubdirectoryLibraries, SubdirectoryPrograms."""
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
CONSUMER = pathlib.Path(__file__).resolve().parent / "packaging"
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
# Those that are an embedder's first program, and the most lines that each may take.
FIRST_PROGRAMS = {"echo": 40, "seed": 40, "engine": 120, "virtual_time_test": 40}
SKIPPED = 77

CACHE = dict(re.findall(r"^([^#/][^:\n]*):[^=\n]*=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE))
SOURCE = pathlib.Path(CACHE["CMAKE_HOME_DIRECTORY"])
# An embedder compiles as the tree was compiled: archives with one compiler's instrumentation do not
# link without it.
COMPILER = CACHE["CMAKE_CXX_COMPILER"]
FLAGS = CACHE.get("CMAKE_CXX_FLAGS", "")
VERSION = CACHE["CMAKE_PROJECT_VERSION"]
LAUNCHER = shutil.which("ccache")
MAJOR, MINOR = (int(part) for part in VERSION.split(".")[:2])


def run(*command, **environment):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=TEMP,
                            env=dict(ENVIRONMENT, **environment), stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        raise AssertionError(f"{shlex.join(map(str, command))}: exit {result.returncode}\n{result.stdout}")
    return result.stdout


def setUpModule():
    global TEMP, ENVIRONMENT
    temporary = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(temporary.cleanup)
    TEMP = pathlib.Path(temporary.name).resolve()
    # The folder is another one each time; a compiler cache must find its files all the same.
    ENVIRONMENT = dict(os.environ, CCACHE_BASEDIR=str(TEMP), CCACHE_NOHASHDIR="1",
                       CCACHE_SLOPPINESS="pch_defines,time_macros,include_file_mtime,include_file_ctime",
                       LLVM_PROFILE_FILE=str(TEMP / "%p.profraw"))


def configure(build, *settings, **environment):
    """The commands that compile, by source."""
    run(CACHE["CMAKE_COMMAND"], "--fresh", "-S", CONSUMER, "-B", build, "-G", CACHE["CMAKE_GENERATOR"],
        f"-DCMAKE_CXX_COMPILER={COMPILER}", f"-DCMAKE_CXX_COMPILER_LAUNCHER={LAUNCHER or ''}",
        f"-DCMAKE_CXX_FLAGS={FLAGS}", *settings, **environment)
    commands = json.loads((build / "compile_commands.json").read_text())
    return {pathlib.Path(entry["file"]).name: shlex.split(entry["command"]) for entry in commands}


def build(folder, *targets, **environment):
    run(CACHE["CMAKE_COMMAND"], "--build", folder, "--target", *targets, "-j", "2", **environment)


class Case(unittest.TestCase):
    def assertWorks(self, folder):
        [zero] = [key for key in json.loads((SOURCE / "spec/vectors/node_id.json").read_text())["keys"]
                  if not key["seed"].strip("0")]
        self.assertEqual(run(folder / "consumer"), zero["id"] + "\n")
        server = self.start_echo(folder)
        address = server.stdout.readline().split()[1]
        client = self.start_echo(folder, "127.0.0.1:0", address)
        # The answer may come before it says that it listens.
        self.assertIn(" echoes hello", client.stdout.readline() + client.stdout.readline())
        for process in (client, server):
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(30), 0)
        self.assertEqual(run(folder / "virtual_time_test"), "ok nodes meet, and notice a dead line\n")
        for name in ("seed", "engine"):
            usage = subprocess.run([folder / name], capture_output=True, text=True, env=ENVIRONMENT)
            self.assertEqual(usage.returncode, 2, name)
            self.assertIn(f"usage: {name} ", usage.stderr)

    def start_echo(self, folder, *arguments):
        """A running echo node."""
        process = subprocess.Popen([folder / "echo", *arguments], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT,
                                   stdin=subprocess.DEVNULL)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def assertOnlyCxx20(self, command):
        """Nothing of ours but the include path and the standard is in the embedder's command."""
        theirs = set(shlex.split(FLAGS))
        self.assertTrue([flag for flag in command if flag in ("-std=c++20", "-std=gnu++20")], command)
        self.assertFalse([flag for flag in command if re.match(r"-[WDf]", flag) and flag not in theirs], command)


class Installed(Case):
    @classmethod
    def setUpClass(cls):
        cls.prefix = TEMP / "prefix"
        run(CACHE["CMAKE_COMMAND"], "--install", BUILD, "--prefix", cls.prefix)
        cls.libraries = next(cls.prefix.rglob("libpeerage_conn.a")).parent

    def test_public_headers_are_there_and_complete(self):
        headers = self.prefix / "include" / "peerage"
        self.assertEqual({path.name for path in (self.prefix / "include").iterdir()}, {"peerage"})
        self.assertEqual({path.name for path in headers.iterdir()}, {"addrbook", "conn", "p2p", "pex", "tests"})
        for header in headers.rglob("*.h"):
            for included in re.findall(r'^#include "(.*)"', header.read_text(), re.MULTILINE):
                self.assertTrue((headers / included).is_file(), f"{header} includes {included}")

    def test_what_is_private_stays_at_home(self):
        headers = self.prefix / "include" / "peerage"
        installed = {str(path.relative_to(headers)) for path in headers.rglob("*.h")}
        text = (SOURCE / "cmake/public_headers.cmake").read_text()
        listed = [header for name in ("PUBLIC", "SIM")
                  for header in re.search(rf"set\(PEERAGE_{name}_HEADERS\n(.*?)\)", text, re.DOTALL)[1].split()]
        self.assertEqual(installed, set(listed))
        self.assertEqual(listed, sorted(listed))
        # No header is on the list without need: each is named below, or included by one that is.
        named = {"p2p/switch.h", "p2p/typed.h", "p2p/requests.h", "p2p/spdlog_sink.h", "conn/runtime/asio_runtime.h",
                 "conn/address/node_key.h", "conn/comet/secret_handshake.h", "conn/runtime/sync_wait.h", "pex/node.h",
                 "pex/metrics.h", "addrbook/json/file.h", "addrbook/record/book_reason.h", "conn/base/file_reason.h", "tests/sim/sim_world.h"}
        needed, left = set(), list(named)
        while left:
            header = left.pop()
            if header not in needed:
                needed.add(header)
                left += re.findall(r'^#include "(.*)"', (headers / header).read_text(), re.MULTILINE)
        self.assertEqual(needed, installed)
        for file in [*self.libraries.rglob("*.cmake"), *self.libraries.rglob("*.pc")]:
            text = file.read_text()
            for forbidden in (str(BUILD), str(SOURCE), "peerage_options", "-Werror", "ASIO_"):
                self.assertNotIn(forbidden, text.replace("PEERAGE_ASIO_INCLUDE", ""), file)

    def test_first_programs_are_as_short_as_we_say(self):
        for name, most in FIRST_PROGRAMS.items():
            self.assertLessEqual(len((EXAMPLES / f"{name}.cpp").read_text().splitlines()), most, name)

    def test_the_program_runs(self):
        self.assertIn(f"peerage {VERSION}", run(self.prefix / "bin" / "peerage", "version"))

    UNITS = ("peerage.service", "peerage@.service")

    def test_the_units_run_what_is_installed_and_give_up(self):
        program = self.prefix / "bin" / "peerage"
        for name in self.UNITS:
            text = (self.prefix / "lib/systemd/system" / name).read_text()
            sections = dict(re.findall(r"^\[(\w+)\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL))
            unit, service = (dict(re.findall(r"^(\w+)=(.*)$", sections[each], re.MULTILINE)) for each in ("Unit", "Service"))
            self.assertEqual(service["Type"], "notify")
            self.assertEqual(service["RestartPreventExitStatus"], "64 78")
            self.assertEqual(service["LimitCORE"], "0")
            self.assertTrue(service["WatchdogSec"].endswith("s"))
            # Ten starts have to fit into the time, or there is no limit; also such as take their two minutes.
            minutes = int(unit["StartLimitIntervalSec"].removesuffix("min"))
            pause = int(service["RestartSec"].removesuffix("s"))
            self.assertLess(int(unit["StartLimitBurst"]) * (pause + 120), minutes * 60)
            self.assertTrue(service["ExecStart"].startswith(f"{program} start "), service["ExecStart"])
            self.assertTrue(service["ExecStartPre"].startswith(f"-{program} init "))
            self.assertEqual("%i" in text, "@" in name)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze here")
    def test_systemd_has_nothing_to_say_about_the_units(self):
        for name in self.UNITS:
            path = self.prefix / "lib/systemd/system" / name.replace("@.", "@chain-1.")
            template = path.with_name(name)
            if path != template:
                shutil.copy(template, path)
                self.addCleanup(path.unlink)
            result = subprocess.run(["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))

    def test_find_package(self):
        folder = TEMP / "by_find_package"
        commands = configure(folder, f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DPEERAGE_WANTED={MAJOR}.{MINOR}",
                             "-DPEERAGE_COMPONENTS=sim")
        build(folder, "consumer", *FIRST_PROGRAMS)
        self.assertWorks(folder)
        for source in ("consumer.cpp", "echo.cpp"):
            self.assertOnlyCxx20(commands[source])
            self.assertFalse([flag for flag in commands[source] if flag.startswith("-") and str(SOURCE) in flag])

    def test_find_package_knows_which_components_there_are(self):
        with self.assertRaisesRegex(AssertionError, "set peerage_FOUND to FALSE"):
            configure(TEMP / "no_such_component", f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DPEERAGE_COMPONENTS=quic")

    def test_find_package_takes_no_other_major_or_minor_version(self):
        # An older minor version, too: what it promised may not hold any more.
        for wanted in [f"{MAJOR + 1}", f"{MAJOR}.{MINOR + 1}"] + [f"{MAJOR}.{MINOR - 1}"] * (MINOR > 0):
            with self.assertRaisesRegex(AssertionError, f'compatible with requested\\s+version "{wanted}"'):
                configure(TEMP / "mismatched", f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DPEERAGE_WANTED={wanted}")

    def test_pkg_config(self):
        path = [str(self.libraries / "pkgconfig"), *filter(None, [os.environ.get("PKG_CONFIG_PATH")])]
        compiling, linking = (shlex.split(run("pkg-config", what, "--static", "peerage-spdlog", "peerage-sim",
                                              PKG_CONFIG_PATH=os.pathsep.join(path)))
                              for what in ("--cflags", "--libs"))
        folder = TEMP / "by_pkg_config"
        folder.mkdir()
        compile = [*filter(None, [LAUNCHER]), COMPILER, *shlex.split(FLAGS), "-std=c++20"]
        for source in (CONSUMER / "consumer.cpp", *(EXAMPLES / f"{name}.cpp" for name in FIRST_PROGRAMS)):
            program = folder / source.stem
            run(*compile, *compiling, "-c", source, "-o", f"{program}.o")
            run(COMPILER, *shlex.split(FLAGS), f"{program}.o", *linking, "-o", program)
        self.assertWorks(folder)


class WithSources(Case):
    folder = BUILD / "packaging"
    # Where another checkout has the same folder, a compiler cache finds its files.
    environment = {"CCACHE_BASEDIR": str(SOURCE)}


class SubdirectoryConn(WithSources):
    def test_it_is_configured_and_its_lowest_library_compiles(self):
        commands = configure(self.folder, f"-DPEERAGE_SOURCE={SOURCE}", "-DPEERAGE_BUILD_SIM=ON", "-DPEERAGE_PCH=ON",
                             **self.environment)
        for source in ("consumer.cpp", "echo.cpp", "reactor_test.cpp"):
            self.assertOnlyCxx20(commands[source])
        build(self.folder, "peerage_conn", "peerage_sim", **self.environment)

    def test_a_project_that_does_not_ask_gets_the_libraries_alone(self):
        commands = configure(TEMP / "usual", f"-DPEERAGE_SOURCE={SOURCE}")
        for source in ("switch.cpp", "store.cpp", "pex_reactor.cpp", "consumer.cpp"):
            self.assertIn(source, commands)
        for source in ("reactor_test.cpp", "sim_world.cpp"):
            self.assertNotIn(source, commands)
        for source, command in commands.items():
            # A compiler that we do not know may warn about our sources: no reason for another's build to fail.
            self.assertNotIn("-Werror", command, source)
            self.assertFalse([word for word in command if "cmake_pch" in word], source)


class SubdirectoryLibraries(WithSources):
    def test_the_simulated_network_needs_no_test_framework(self):
        build(self.folder, "reactor_test", "peerage_spdlog", **self.environment)
        self.assertNotIn("FAILED", run(self.folder / "reactor_test"))


class SubdirectoryPrograms(WithSources):
    def test_an_embedders_programs_work(self):
        build(self.folder, "consumer", *FIRST_PROGRAMS, **self.environment)
        self.assertWorks(self.folder)


if __name__ == "__main__":
    if CACHE.get("PEERAGE_SANITIZE"):
        print("skipped: the archives of a sanitized tree link only with its sanitizers")
        sys.exit(SKIPPED)
    unittest.main(verbosity=1)
