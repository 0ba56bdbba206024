#!/usr/bin/env -S python3 -B
"""The built program as a stranger's exploit meets it: how it was compiled and linked. hardening_test.py BUILD_DIR"""
import pathlib
import platform
import re
import subprocess
import sys
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
PEERAGE = BUILD / "peerage"


def readelf(*what):
    return subprocess.run(["readelf", "--wide", *what, PEERAGE], capture_output=True, text=True, check=True).stdout


class Hardening(unittest.TestCase):
    def test_it_is_loaded_at_another_address_each_time(self):
        self.assertRegex(readelf("--file-header"), r"Type: +DYN ")
        self.assertRegex(readelf("--dynamic"), r"FLAGS_1\).*\bPIE\b")

    def test_what_the_loader_wrote_is_read_only_afterwards(self):
        dynamic = readelf("--dynamic")
        self.assertIn("GNU_RELRO", readelf("--program-headers"))
        self.assertRegex(dynamic, r"\(FLAGS\) +BIND_NOW")
        self.assertRegex(dynamic, r"FLAGS_1\).*\bNOW\b")

    def test_its_stack_is_not_executable(self):
        self.assertRegex(readelf("--program-headers"), r"GNU_STACK .* RW +0x")

    def test_it_looks_whether_a_stack_frame_was_overrun(self):
        self.assertIn("__stack_chk_fail", readelf("--dyn-syms"))

    def test_functions_that_write_know_how_much_room_there_is(self):
        checked = set(re.findall(r"\b__(\w+)_chk\b", readelf("--dyn-syms"))) - {"stack"}
        self.assertTrue(checked)

    @unittest.skipUnless(platform.machine() == "x86_64", "the processor has no such marks")
    def test_calls_through_pointers_land_where_functions_begin(self):
        # endbr64, at the beginning of each function that a pointer may name; a program of ours has thousands.
        self.assertGreater(PEERAGE.read_bytes().count(b"\xf3\x0f\x1e\xfa"), 1000)


if __name__ == "__main__":
    unittest.main(verbosity=1)
