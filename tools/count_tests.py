#!/usr/bin/python3
"""Reads ctest's JUnit file: prints "passed failed skipped", writes PREFIX.failed and PREFIX.skipped.

    tools/count_tests.py REPORT.xml PREFIX
"""

import pathlib
import re
import sys
import xml.etree.ElementTree


def reason(case):
    """Why a test skipped: the line in which it says so."""
    output = case.findtext("system-out") or ""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if re.search(r": Skipped$", line) and number + 1 < len(lines):
            return lines[number + 1]  # GoogleTest: the message follows the place
        if line.lower().startswith("skipped"):
            return line.partition(":")[2].strip() or line
    mark = case.find("skipped")
    return (mark.get("message") if mark is not None else None) or "no reason given"


def main():
    report, prefix = sys.argv[1:]
    preset = pathlib.Path(prefix).name
    passed, failed, skipped = 0, [], []
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        name, status = case.get("name"), case.get("status")
        if status == "run":
            passed += 1
        elif status in ("notrun", "disabled"):
            missing = case.find("skipped") is None or "SKIP" not in (case.find("skipped").get("message") or "")
            (failed if missing and status == "notrun" else skipped).append((name, reason(case)))
        else:
            failed.append((name, ""))
    pathlib.Path(f"{prefix}.failed").write_text("".join(f"{preset}: {name}\n" for name, _ in failed))
    pathlib.Path(f"{prefix}.skipped").write_text("".join(f"{preset}: {name}: {why}\n" for name, why in skipped))
    print(passed, len(failed), len(skipped))


if __name__ == "__main__":
    main()
