#!/usr/bin/env -S python3 -B
"""An address book on a full disk: book_full_test.py BUILD_DIR

The disk is a tmpfs of a megabyte, in a mount namespace of the test's own; where there can be none, it is skipped."""
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = pathlib.Path(sys.argv[1]).resolve()
SKIPPED = 77
WITHIN = 60.0  # seconds, from the end of the fault to the last row saved
INSIDE = "PEERAGE_INSIDE_NAMESPACE"


class BookFull(unittest.TestCase):
    def line(self, within):
        ready, _, _ = select.select([self.filler.stdout], [], [], within)
        self.assertTrue(ready, "nothing was said in time")
        return self.filler.stdout.readline().decode().strip()

    def test_what_could_not_be_written_is_saved_when_there_is_room(self):
        disk = tempfile.mkdtemp()
        self.addCleanup(os.rmdir, disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk])
        self.filler = subprocess.Popen([BUILD / "book_filler", "--path", f"{disk}/addrbook.db", "--rows", "8000"],
                                       stdout=subprocess.PIPE, bufsize=0)
        self.addCleanup(self.filler.stdout.close)
        self.addCleanup(self.filler.wait)
        self.addCleanup(self.filler.kill)
        self.assertEqual(self.line(30), "healthy")
        self.assertEqual(self.line(60), "degraded disk_full")
        time.sleep(3)
        self.assertIsNone(self.filler.poll())
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        ended = time.monotonic()
        self.assertEqual(self.line(WITHIN), "healthy")
        self.assertEqual(self.line(WITHIN - (time.monotonic() - ended)), "saved 8000")
        print(f"saved {time.monotonic() - ended:.1f} s after there was room", flush=True)
        self.assertEqual(sorted(os.listdir(disk)), ["addrbook.db", "addrbook.db.lock"])


if __name__ == "__main__":
    if INSIDE not in os.environ:
        probe = subprocess.run(["unshare", "-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True)
        if probe.returncode != 0:
            print("skipped: no mount namespace can be had here")
            sys.exit(SKIPPED)
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-rm", sys.executable, *sys.argv])
    sys.argv.pop(1)
    unittest.main(verbosity=1)
