#!/usr/bin/python3
"""Fails on what a review would send back at once: files that outgrew one idea, unfinished work, sleeps in tests.

    check_style.py [ROOT]      ROOT: the repository; by default the one this file is in

Looks at what git tracks, and at new files that git does not ignore.
"""
import pathlib
import re
import subprocess
import sys

# Lines. STYLE asks for about 150 and 300; a tenth more is a matter of taste, beyond it the file holds two ideas.
MAX_LINES = {".h": 170, ".cc": 330}
CODE = (".h", ".cc")
TEXT = (*CODE, ".proto", ".py", ".cmake", ".txt", "")  # "": the scripts

# Put together here so that this file does not find itself.
UNFINISHED = re.compile("TO" "DO|FIX" "ME|DISABLED" "_")
SLEEP = re.compile(r"sleep_for|sleep_until|\b(u|nano)?sleep\(|absl::SleepFor")
GUARD = re.compile(r"^#pragma once$", re.MULTILINE)


def tracked_files(root):
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", "--cached", "--others",
               "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted({name for name in names if name and (root / name).is_file()})


def is_text(name):
    path = pathlib.PurePath(name)
    return path.suffix in TEXT and (path.suffix != "" or path.parts[0] in ("scripts", ".ci"))


def faults_of(name, text):
    suffix = pathlib.PurePath(name).suffix
    lines = text.splitlines()
    if len(lines) > MAX_LINES.get(suffix, len(lines)):
        yield f"{name}: {len(lines)} lines, at most {MAX_LINES[suffix]}: it holds more than one idea"
    if suffix == ".h" and not GUARD.search(text):
        yield f"{name}: no #pragma once"
    for number, line in enumerate(lines, start=1):
        if UNFINISHED.search(line):
            yield f"{name}:{number}: unfinished: {line.strip()}"
        if suffix in CODE and name.startswith("tests/") and SLEEP.search(line):
            yield f"{name}:{number}: a test that sleeps: {line.strip()}"
        if line != line.rstrip():
            yield f"{name}:{number}: blanks at the end of the line"
    if text and not text.endswith("\n"):
        yield f"{name}: no newline at the end"


def find_faults(root):
    names = [name for name in tracked_files(root) if is_text(name)]
    if not names:
        return [f"no sources in {root}"]
    return [fault for name in names for fault in faults_of(name, (root / name).read_text(encoding="utf-8"))]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]).resolve()
    faults = find_faults(root)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
