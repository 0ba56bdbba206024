#!/usr/bin/env python3
"""Prints an llvm-cov summary by folder and file: coverage_report.py SUMMARY ROOT [--min FOLDER=PERCENT]...

Exits with 1 when a folder's line coverage is below its minimum.
"""
import collections
import json
import os
import sys


def main():
    summary, root = sys.argv[1:3]
    minima = {}
    rest = sys.argv[3:]
    while rest:
        if rest[0] != "--min" or len(rest) < 2 or "=" not in rest[1]:
            sys.exit("coverage takes --min FOLDER=PERCENT")
        folder, percent = rest[1].split("=")
        minima[folder] = float(percent)
        rest = rest[2:]
    with open(summary) as file:
        files = json.load(file)["data"][0]["files"]
    folders = collections.defaultdict(list)
    for each in files:
        name = os.path.relpath(each["filename"], root)
        if not name.startswith((".", "spec")):
            folders[name.split("/")[0]].append((name, each["summary"]))

    def percent(rows, kind):
        count = sum(row[1][kind]["count"] for row in rows)
        covered = sum(row[1][kind]["covered"] for row in rows)
        return 100.0 * covered / count if count else 100.0

    failed = False
    print(f"{'':40}{'lines':>8}{'branches':>10}")
    for folder, rows in sorted(folders.items()):
        for name, one in sorted(rows):
            print(f"  {name:38}{percent([(name, one)], 'lines'):7.1f}%{percent([(name, one)], 'branches'):9.1f}%")
        lines = percent(rows, "lines")
        print(f"{folder + '/':40}{lines:7.1f}%{percent(rows, 'branches'):9.1f}%")
        if lines < minima.get(folder, 0):
            print(f"{folder}/ is below its minimum of {minima[folder]:.0f} %")
            failed = True
    sys.exit(1 if failed else 0)


main()
