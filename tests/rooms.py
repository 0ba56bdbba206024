#!/usr/bin/env -S python3 -B
"""Checks that the sources include only what their room may, by tests/rooms.txt: rooms.py [TABLE]"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOP = "(top)"


class Table:
    """What each room may include, from lines like `conn: base ← {x, y} ← z`."""

    def __init__(self, text):
        self.left = {}  # (folder or "", room): all rooms to the left of it
        for number, line in enumerate(text.splitlines(), 1):
            line = line.split("#")[0].strip()
            if line:
                self.read(line, f"line {number}")
        self.close()

    def read(self, line, where):
        folder, _, chain = line.rpartition(":")
        before = []
        for step in chain.split("←"):
            names = [name.strip() for name in step.strip().strip("{}").split(",")]
            if not all(re.fullmatch(r"\(top\)|[a-z0-9_]+(\.h)?", name) for name in names):
                sys.exit(f"rooms: {where} cannot be read: {line}")
            for name in names:
                self.left.setdefault((folder.strip(), name), set()).update(before)
            before += names

    def close(self):
        """Closes `left`: what is to the left of something on the left is on the left, too."""
        changed = True
        while changed:
            changed = False
            for (folder, _), those in self.left.items():
                more = set().union(*(self.left[folder, each] for each in those)) - those
                those |= more
                changed |= bool(more)

    def folders(self):
        return {name for folder, name in self.left if not folder}

    def room_of(self, path):
        """The folder and the room of conn/base/bytes.h; the room is None where there is none."""
        folder, *rest = path.split("/")
        if len(rest) > 1:
            room = rest[0]
        else:
            room = rest[0] if (folder, rest[0]) in self.left else TOP
        return folder, room if (folder, room) in self.left else None

    def complaint(self, path, included):
        """Why one may not include the other, or None."""
        folder, room = self.room_of(path)
        other, its_room = self.room_of(included)
        if folder != other:
            return None if other in self.left["", folder] else f"{folder}/ may not use {other}/"
        if room == its_room or its_room in self.left[folder, room]:
            return None
        return f"{folder}: {room} may not use {its_room}"


def sources(folders):
    listed = subprocess.run(["git", "ls-files", "--", *sorted(folders)], cwd=ROOT, capture_output=True, text=True,
                            check=True)
    return [path for path in listed.stdout.splitlines() if path.endswith((".h", ".cpp"))]


def complaints(table):
    folders = table.folders()
    for path in sources(folders):
        if table.room_of(path)[1] is None:
            yield f"{path}: its folder is no room of the table"
            continue
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if not match or match[1].split("/")[0] not in folders:
                continue
            if table.room_of(match[1])[1] is None:
                yield f"{path}:{number}: {match[1]} is in no room of the table"
            elif why := table.complaint(path, match[1]):
                yield f"{path}:{number}: {why}: {match[1]}"


def main():
    file = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/rooms.txt"
    found = list(complaints(Table(file.read_text())))
    for each in found:
        print(each, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
