#!/usr/bin/python3
"""Runs clang-tidy over the sources of a clang build tree, clang's own warnings (-Wthread-safety among them) included.

    run_clang_tidy.py BUILD_DIR [FOLDER...]      FOLDER: only sources below it; by default server and client

Leaves out what sees LibTorch, whose headers cost most of a minute a file. A source that was found clean is skipped until it,
one of the project's headers that it includes, its compile command or .clang-tidy changes; BUILD_DIR/tidy-clean remembers.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys

import check_boundaries

ROOT = pathlib.Path(__file__).parents[2].resolve()
CLANG_TIDY = "clang-tidy-14"


def closure(name, includes):
    """The source and all of the project's headers that it sees."""
    seen, waiting = set(), [name]
    while waiting:
        header = waiting.pop()
        if header in includes and header not in seen:
            seen.add(header)
            waiting += includes[header]
    return sorted(seen)


def sees_torch(name, includes):
    return any(check_boundaries.is_torch(target) for header in closure(name, includes) for target in includes[header])


def fingerprint(name, command, includes, generated):
    digest = hashlib.sha256(command.encode())
    for path in [ROOT / ".clang-tidy", *(ROOT / header for header in closure(name, includes)), *generated]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def tidy(name, build):
    result = subprocess.run([CLANG_TIDY, "--quiet", "-p", str(build), str(ROOT / name)], capture_output=True, text=True,
                            cwd=ROOT)
    return result.returncode, result.stdout + (result.stderr if result.returncode else "")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    folders = tuple(folder.rstrip("/") + "/" for folder in sys.argv[2:] or ("server", "client"))
    includes = check_boundaries.read_includes(ROOT)
    generated = sorted((build / "generated").rglob("*.pb.h"))
    remembered = build / "tidy-clean"
    remembered.mkdir(exist_ok=True)

    waiting = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        name = os.path.relpath(entry["file"], ROOT)
        if name.startswith(folders) and name in includes and not sees_torch(name, includes):
            mark = remembered / fingerprint(name, entry["command"], includes, generated)
            if not mark.exists():
                waiting[name] = mark

    failures = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        runs = {pool.submit(tidy, name, build): name for name in waiting}
        for run in concurrent.futures.as_completed(runs):
            code, output = run.result()
            if code == 0:
                waiting[runs[run]].touch()
            else:
                failures += 1
                print(output, flush=True)
    print(f"clang-tidy: {len(waiting)} files looked at, {failures} with findings")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
