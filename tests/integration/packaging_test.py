#!/usr/bin/env python3
"""The libraries as an embedder gets them: installed, and in the embedder's own build. packaging_test.py BUILD_DIR"""
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
ECHO = pathlib.Path(__file__).resolve().parents[2] / "examples" / "echo.cpp"
SKIPPED = 77

CACHE = dict(re.findall(r"^([^#/][^:\n]*):[^=\n]*=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE))
SOURCE = pathlib.Path(CACHE["CMAKE_HOME_DIRECTORY"])
# An embedder compiles as the tree was compiled: archives of one compiler's instrumentation do not
# link without it.
COMPILER = CACHE["CMAKE_CXX_COMPILER"]
FLAGS = CACHE.get("CMAKE_CXX_FLAGS", "")
VERSION = CACHE["CMAKE_PROJECT_VERSION"]
MAJOR, MINOR = (int(part) for part in VERSION.split(".")[:2])


def run(*command, **environment):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
                            cwd=TEMP, env=dict(ENVIRONMENT, **environment), stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        raise AssertionError(f"{shlex.join(map(str, command))}: exit {result.returncode}\n{result.stdout}")
    return result.stdout


def setUpModule():
    global TEMP, PREFIX, LIBRARIES, ENVIRONMENT
    temporary = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(temporary.cleanup)
    TEMP = pathlib.Path(temporary.name).resolve()
    PREFIX = TEMP / "prefix"
    # The folder is another one each time; a compiler cache is to find its files all the same.
    ENVIRONMENT = dict(os.environ, CCACHE_BASEDIR=str(TEMP), CCACHE_NOHASHDIR="1",
                       LLVM_PROFILE_FILE=str(TEMP / "%p.profraw"))
    run(CACHE["CMAKE_COMMAND"], "--install", BUILD, "--prefix", PREFIX)
    LIBRARIES = next(PREFIX.rglob("libpeerage_conn.a")).parent


def build_consumer(name, *settings, targets=("consumer", "echo")):
    """A build by CMake. Returns the folder of the programs, and the commands that compile, by source."""
    build = TEMP / name
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    run(CACHE["CMAKE_COMMAND"], "-S", CONSUMER, "-B", build, "-G", CACHE["CMAKE_GENERATOR"],
        f"-DCMAKE_CXX_COMPILER={COMPILER}", f"-DCMAKE_CXX_FLAGS={FLAGS}", *launcher, *settings)
    run(CACHE["CMAKE_COMMAND"], "--build", build, "--target", *targets, "-j", "2")
    commands = json.loads((build / "compile_commands.json").read_text())
    return build, {pathlib.Path(entry["file"]).name: shlex.split(entry["command"]) for entry in commands}


def start_echo(folder, *arguments):
    """A running echo node, and the address that it says it listens at."""
    process = subprocess.Popen([folder / "echo", *arguments], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT,
                               stdin=subprocess.DEVNULL)
    return process, process.stdout.readline().split()[1]


class Installed(unittest.TestCase):
    def test_public_headers_are_there_and_complete(self):
        headers = PREFIX / "include" / "peerage"
        self.assertEqual({path.name for path in (PREFIX / "include").iterdir()}, {"peerage"})
        self.assertEqual({path.name for path in headers.iterdir()}, {"addrbook", "conn", "p2p", "pex"})
        for header in headers.rglob("*.h"):
            for included in re.findall(r'^#include "(.*)"', header.read_text(), re.MULTILINE):
                self.assertTrue((headers / included).is_file(), f"{header} includes {included}")

    def test_what_is_private_stays_at_home(self):
        names = {path.name for path in PREFIX.rglob("*.h")}
        for public in ("asio_runtime.h", "switch.h", "requests.h", "typed.h", "pex_reactor.h", "json_file.h"):
            self.assertIn(public, names)
        self.assertFalse({name for name in names if re.match(r"asio_runtime_|.*\.pb\.h$", name)})
        for private in ("switch_core.h", "link.h", "lane.h", "peer_registry.h", "admission.h", "visits.h", "sqlite.h"):
            self.assertNotIn(private, names)
        for file in [*LIBRARIES.rglob("*.cmake"), *LIBRARIES.rglob("*.pc")]:
            text = file.read_text()
            for forbidden in (str(BUILD), str(SOURCE), "peerage_options", "-Werror", "ASIO_"):
                self.assertNotIn(forbidden, text.replace("PEERAGE_ASIO_INCLUDE", ""), file)

    def test_the_program_runs(self):
        self.assertIn(f"peerage {VERSION}", run(PREFIX / "bin" / "peerage", "version"))
        self.assertIn("\nType=notify\n", (PREFIX / "lib/systemd/system/peerage.service").read_text())


class Consumer(unittest.TestCase):
    def assertWorks(self, folder):
        [zero] = [key for key in json.loads((SOURCE / "spec/vectors/node_id.json").read_text())["keys"]
                  if not key["seed"].strip("0")]
        self.assertEqual(run(folder / "consumer"), zero["id"] + "\n")
        server, address = start_echo(folder)
        client, _ = start_echo(folder, "--dial", address)
        self.assertIn(" echoes hello", client.stdout.readline())
        for process in (client, server):
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
            self.assertEqual(process.returncode, 0)

    def assertOnlyCxx20(self, command):
        """Nothing of ours but the include path and the standard is in the embedder's command."""
        theirs = set(shlex.split(FLAGS))
        self.assertTrue([flag for flag in command if flag in ("-std=c++20", "-std=gnu++20")], command)
        self.assertFalse([flag for flag in command if re.match(r"-[WDf]", flag) and flag not in theirs], command)

    def test_find_package(self):
        folder, commands = build_consumer("installed", f"-DCMAKE_PREFIX_PATH={PREFIX}",
                                          f"-DPEERAGE_WANTED={MAJOR}.{MINOR}")
        self.assertWorks(folder)
        for source in ("consumer.cpp", "echo.cpp"):
            self.assertOnlyCxx20(commands[source])
            self.assertFalse([flag for flag in commands[source] if flag.startswith("-") and str(SOURCE) in flag])

    def test_find_package_takes_no_other_major_or_minor_version(self):
        # An older minor version, too: what it promised may not hold any more.
        for wanted in [f"{MAJOR + 1}", f"{MAJOR}.{MINOR + 1}"] + [f"{MAJOR}.{MINOR - 1}"] * (MINOR > 0):
            with self.assertRaisesRegex(AssertionError, f'compatible with requested\\s+version "{wanted}"'):
                build_consumer(f"mismatched-{wanted}", f"-DCMAKE_PREFIX_PATH={PREFIX}", f"-DPEERAGE_WANTED={wanted}")

    def test_add_subdirectory(self):
        folder, commands = build_consumer("subdirectory", f"-DPEERAGE_SOURCE={SOURCE}")
        self.assertWorks(folder)
        self.assertOnlyCxx20(commands["consumer.cpp"])
        # A compiler that we do not know may warn about our sources: no reason for another's build to fail.
        for source, command in commands.items():
            self.assertNotIn("-Werror", command, source)

    def test_the_simulated_network_is_there_for_who_asks_and_needs_no_test_framework(self):
        folder, commands = build_consumer("simulated", f"-DPEERAGE_SOURCE={SOURCE}", "-DPEERAGE_BUILD_SIM=ON",
                                          targets=["reactor_test"])
        self.assertNotIn("FAILED", run(folder / "reactor_test"))
        self.assertOnlyCxx20(commands["reactor_test.cpp"])

    def test_pkg_config(self):
        flags = run("pkg-config", "--cflags", "--libs", "--static", "peerage-spdlog",
                    PKG_CONFIG_PATH=os.pathsep.join(
                        filter(None, [str(LIBRARIES / "pkgconfig"), os.environ.get("PKG_CONFIG_PATH")])))
        folder = TEMP / "by_pkg_config"
        folder.mkdir()
        for source in (CONSUMER / "consumer.cpp", ECHO):
            run(COMPILER, *shlex.split(FLAGS), "-std=c++20", source, *shlex.split(flags), "-o", folder / source.stem)
        self.assertWorks(folder)


if __name__ == "__main__":
    if CACHE.get("PEERAGE_SANITIZE"):
        print("skipped: the archives of a sanitized tree link only with its sanitizers")
        sys.exit(SKIPPED)
    unittest.main(verbosity=1)
