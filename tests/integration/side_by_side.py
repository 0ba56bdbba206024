"""The tests of a script side by side, because most of the time they wait for other processes.

main() stands for unittest.main(). With names (Class, Class.test) it runs those; without, each test of the script in a
process of its own, some of them at once."""
import concurrent.futures
import subprocess
import sys
import time
import unittest


def main(build, at_once=6):
    if len(sys.argv) > 1:
        unittest.main(verbosity=2)
    names = list(names_in(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])))
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        results = pool.map(lambda name: run(build, name), names)
        failed = [name for name, well in zip(names, results) if not well]
    print(f"{len(names) - len(failed)} of {len(names)} tests passed", flush=True)
    sys.exit(1 if failed or not names else 0)


def names_in(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from names_in(test)
        else:
            yield ".".join(test.id().split(".")[-2:])


def run(build, name):
    began = time.monotonic()
    result = subprocess.run([sys.executable, "-B", sys.argv[0], build, name], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    well = result.returncode == 0
    said = result.stdout
    if not well or "skipped" in result.stderr:
        said += result.stderr
    print(f"{'ok' if well else 'FAILED'} {time.monotonic() - began:.1f} s {name}\n{said}", end="", flush=True)
    return well
