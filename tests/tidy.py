#!/usr/bin/env python3
"""Runs clang-tidy on our files: tidy.py BUILD_DIR [FILE...]; without FILE, on all but unit tests and fuzzers.

BUILD_DIR is configured with clang, and its generated files exist. A finding in a header is printed once, however many
files include it. Exits with 1 if there is a finding.

Nearly all the time would go to headers that are not ours: they are read for each file, every check looks at all that
they declare, and what it finds there is dropped. So the standard library is precompiled, and a plugin (tidy_scope.cpp)
makes the checks skip what is not ours. A file that passed is checked again only when something has changed that can
matter to it. All that is kept for this is in BUILD_DIR/tidy, and can be deleted at any time.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TIDY = shutil.which("clang-tidy-14") or sys.exit("tidy.py: there is no clang-tidy-14")
LLVM = os.path.dirname(os.path.dirname(os.path.realpath(TIDY)))
CHECKS = os.path.join(ROOT, ".clang-tidy")
PLUGIN = os.path.join(ROOT, "tests/tidy_scope.cpp")

# Precompiling takes as long as it saves in this many files.
WORTH_PRECOMPILING = 6

# What each run has to find, one in a header and one in a source: a clang-tidy that skips our own code by mistake would
# pass everything.
PLANTED = {
    "tests/planted.h": "#pragma once\n\nclass planted_in_a_header {};\n",
    "tests/planted.cpp": '#include <vector>\n\n#include "planted.h"\n\nclass planted_in_a_source {};\n',
}


def run(command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def sha(*parts):
    digest = hashlib.sha256()
    for part in parts:
        part = part if isinstance(part, bytes) else json.dumps(part).encode()
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    """Replaces a file: a concurrent reader gets either the old one or the new one."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(f"{path}.{os.getpid()}", "wb") as file:
        file.write(content)
    os.replace(file.name, path)


def make(path, key, command):
    """Has the command make a file (its last argument), unless it was made from the same input, given by the key."""
    note = f"{path}.key"
    if os.path.exists(path) and os.path.exists(note) and read(note).decode() == key:
        return path
    made = f"{path}.{os.getpid()}"
    outcome = run([*command, made])
    if outcome.returncode != 0:
        sys.exit(f"tidy.py: making {path} failed:\n{outcome.stderr}")
    if os.path.exists(note):
        os.remove(note)
    os.replace(made, path)
    write(note, key.encode())
    return path


# --- how files are compiled -------------------------------------------------------------------------------------


def compile_commands(build):
    """The arguments with which each file is compiled, without those that do not matter here: warnings, output, the
    project's own precompiled headers."""
    commands = {}
    with open(os.path.join(build, "compile_commands.json")) as file:
        entries = json.load(file)
    for entry in entries:
        arguments = entry["command"]
        for unwanted in (r" -Xclang -include(-pch)? -Xclang \S+", r" -W\S+", r" -o \S+ -c \S+"):
            arguments = re.sub(unwanted, "", arguments)
        arguments = [re.sub(r"\\(.)", r"\1", each) for each in arguments.split()]
        if "clang" not in os.path.basename(arguments[0]):
            sys.exit(f"tidy.py: {build} is not configured with clang")
        commands.setdefault(os.path.normpath(os.path.join(entry["directory"], entry["file"])), arguments)
    return commands


def language(arguments):
    """Those that a precompiled header and the files that use it have in common."""
    return [each for each in arguments if re.match(r"-([fmOg]|std=|pthread|DNDEBUG|D_)", each)]


def state_of_others(compiler):
    """A key for clang-tidy and all headers that are not ours: any that comes, goes or changes, changes it."""
    listed = run([compiler, "-E", "-x", "c++", "-v", "/dev/null"]).stderr
    searched = re.search(r"<...> search starts here:\n(.*)End of search list", listed, re.S).group(1)
    folders = {os.path.realpath(each.strip()) for each in searched.splitlines()}
    folders |= {os.path.join(LLVM, "bin"), os.path.join(LLVM, "lib")}
    state = []
    for folder in sorted(folders):
        if any(folder.startswith(f"{other}/") for other in folders):
            continue
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                if os.path.exists(path):
                    about = os.stat(path)
                    state.append((path, about.st_size, about.st_mtime_ns))
    return sha(run([TIDY, "--version"]).stdout, sorted(state))


class OwnFiles:
    """Our files, what they include, and what was in them when they were read."""

    INCLUDE = re.compile(rb'^[ \t]*#[ \t]*(?:include|import|include_next)\b[ \t]*(?:([<"])([^>"\n]+)[>"])?', re.M)

    def __init__(self, build):
        self.homes = (f"{ROOT}/", f"{build}/")
        self.seen = {}  # path: (state, hash, names that it includes; None for one that a macro names)

    def look(self, path):
        if path not in self.seen:
            state = self.state(path)
            content = read(path)
            names = [name.decode() if kind else None for kind, name in self.INCLUDE.findall(content)]
            self.seen[path] = (state, sha(content), names)
        return self.seen[path]

    @staticmethod
    def state(path):
        about = os.stat(path)
        return about.st_ino, about.st_size, about.st_mtime_ns

    def needed(self, file, arguments):
        """Each of our files that the file can include, whatever macros decide; None if that is unknown."""
        folders = [os.path.abspath(re.sub("^-I", "", each)) for each in arguments if re.match("-I.|/", each)]
        needed, ahead = set(), [file]
        while ahead:
            path = ahead.pop()
            if path in needed:
                continue
            needed.add(path)
            for name in self.look(path)[2]:
                if name is None:
                    return None
                for folder in (os.path.dirname(path), *folders):
                    found = os.path.normpath(os.path.join(folder, name))
                    if found.startswith(self.homes) and os.path.isfile(found):
                        ahead.append(found)
        return sorted(needed)

    def standard_headers(self, files):
        names = {name for file in files for name in self.look(file)[2] if name}
        return sorted(name for name in names if re.fullmatch("[a-z_]+", name))

    def unchanged(self, path):
        return os.path.isfile(path) and self.state(path) == self.seen[path][0]


# --- looking ----------------------------------------------------------------------------------------------------


class Tidy:
    def __init__(self, build):
        self.kept = os.path.join(build, "tidy")
        self.commands = compile_commands(build)
        self.own = OwnFiles(build)
        self.compiler = next(iter(self.commands.values()))[0]
        self.others = state_of_others(self.compiler)
        self.common = sha(self.others, read(__file__), read(PLUGIN), read(CHECKS))
        self.plugin = []
        self.precompiled = {}

    def prepare(self, files):
        """Makes the precompiled header and the plugin, if they save more time than they take."""
        for name, content in PLANTED.items():
            write(os.path.join(self.kept, name), content.encode())
        planted = os.path.join(self.kept, "tests/planted.cpp")
        like = next((self.commands[each] for each in files if each in self.commands), [self.compiler, "-std=c++20"])
        self.commands[planted] = [each for each in like if not re.match("-[ID]", each)]
        write(os.path.join(self.kept, "compile_commands.json"), json.dumps([
            {"directory": ROOT, "file": file, "arguments": [*arguments, "-c", file]}
            for file, arguments in self.commands.items()]).encode())

        if os.path.exists(f"{LLVM}/include/clang/AST/ASTConsumer.h"):
            plugin = make(f"{self.kept}/scope.so", sha(self.others, read(PLUGIN)), [
                f"{LLVM}/bin/clang++", "-std=c++17", "-fno-rtti", "-fPIC", "-shared", "-isystem", f"{LLVM}/include",
                PLUGIN, "-o"])
            self.plugin = [f"--load={plugin}"]
            by_language = {}
            for file in files:
                if file in self.commands:
                    by_language.setdefault(tuple(language(self.commands[file])), []).append(file)
            for flags, those in by_language.items():
                if len(those) >= WORTH_PRECOMPILING:
                    self.precompile(flags)
        else:
            print("tidy.py: without libclang-14-dev and llvm-14-dev this takes three times as long", file=sys.stderr)
        if not all(name in self.look(planted)[1] for name in ("planted_in_a_header", "planted_in_a_source")):
            sys.exit(f"tidy.py: clang-tidy did not find what was planted for it:\n{self.look(planted)[1]}")

    def precompile(self, flags):
        headers = self.own.standard_headers(each for each in self.commands if os.path.isfile(each))
        name = f"{self.kept}/standard-{sha(flags)[:8]}"
        text = "".join(f"#include <{each}>\n" for each in headers).encode()
        if not os.path.exists(f"{name}.h") or read(f"{name}.h") != text:
            write(f"{name}.h", text)
        self.precompiled[flags] = make(f"{name}.pch", sha(self.others, read(PLUGIN), text), [
            self.compiler, *flags, f"-fplugin={self.kept}/scope.so", "-w", "-x", "c++-header", f"{name}.h", "-o"])

    def key(self, file):
        """A key for everything that the findings in a file depend on; None if that is unknown."""
        arguments = self.commands.get(file)
        needed = arguments and self.own.needed(file, arguments)
        if not needed:
            return None, []
        return sha(self.common, arguments, [(each, self.own.look(each)[1]) for each in needed]), needed

    def look(self, file):
        more = []
        precompiled = self.precompiled.get(tuple(language(self.commands.get(file, []))))
        if precompiled:
            more = [f"--extra-arg={each}" for each in ("-Xclang", "-include-pch", "-Xclang", precompiled)]
        outcome = run([TIDY, "-p", self.kept, f"--config-file={CHECKS}", "--quiet", *self.plugin, *more, file])
        if outcome.returncode != 0 and not outcome.stdout:
            return file, f"{file}: error: clang-tidy failed\n{outcome.stderr}"
        return file, outcome.stdout


def blocks(output):
    """The findings, each with its notes."""
    each = []
    for line in output.splitlines(keepends=True):
        if re.match(r"(\S.*:\d+:\d+: )?(warning|error): ", line) and each:
            yield "".join(each)
            each = []
        each.append(line)
    if each:
        yield "".join(each)


def look_at(tidy, files):
    """Prints the findings, and returns the files without any and whether those are all."""
    shown, passed, found = set(), [], False
    progress = sys.stderr.isatty()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for count, (file, output) in enumerate(map(lambda each: each.result(), concurrent.futures.as_completed(
                [pool.submit(tidy.look, each) for each in files])), 1):
            if progress:
                sys.stderr.write("\r\033[K")
            if not output:
                passed.append(file)
            for block in blocks(output.replace(f"{ROOT}/", "")):
                found = True
                if block.splitlines()[0] not in shown:
                    shown.add(block.splitlines()[0])
                    sys.stdout.write(block)
                    sys.stdout.flush()
            if progress and count < len(files):
                sys.stderr.write(f"clang-tidy: {count} of {len(files)}: {os.path.relpath(file, ROOT)}")
                sys.stderr.flush()
    return passed, found


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.splitlines()[0])
    build = os.path.realpath(sys.argv[1])
    names = sys.argv[2:] or [os.path.join(ROOT, each) for each in run(
        ["git", "ls-files", "*.cpp", ":!tests/unit", ":!tests/fuzz"]).stdout.splitlines()]
    files = [each for each in map(os.path.realpath, names) if each != PLUGIN]

    tidy = Tidy(build)
    memory = os.path.join(tidy.kept, "passed.json")
    passed = json.loads(read(memory)) if os.path.exists(memory) else {}
    keys = {each: tidy.key(each) for each in files}
    ahead = [each for each in files if keys[each][0] is None or passed.get(each) != keys[each][0]]
    if not ahead:
        return 0
    tidy.prepare(ahead)
    clean, found = look_at(tidy, ahead)
    for each in clean:
        # A file that changed meanwhile may have been read before or after.
        if keys[each][0] and all(map(tidy.own.unchanged, keys[each][1])):
            passed[each] = keys[each][0]
    write(memory, json.dumps(passed, indent=0).encode())
    return 1 if found else 0


sys.exit(main())
