"""Runs the project again and again, and beside it plain pytest and pytest-xdist.

    python tests/projects/pathological/repeat.py --times 20 --workers 4

Prints how often the outcomes were as expected, and what the others lose. Everything happens
in copies of the project in a temporary directory.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
sys.path.insert(0, str(HERE))

import expected  # noqa: E402

#: Where a process hangs for good, the others are stopped after this time.
PATIENCE_S = 300


def run(command, folder, timeout_s):
    """Run a command in a fresh copy of the project; returns status (or None) and seconds."""
    copy = folder / "project"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.log"))
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY), "UTR_STATE_DIR": str(folder / "state")}
    began = time.monotonic()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=copy,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = None
    end(process.pid)
    return status, time.monotonic() - began


def end(group):
    """End what a command has left in its process group."""
    try:
        os.killpg(group, 9)
    except (ProcessLookupError, PermissionError):
        pass


def ours(folder, workers):
    """Run the project with unified-test-runner; returns its report, status and seconds."""
    report = folder / "report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "unified_test_runner", "--workers", str(workers)]
    status, seconds = run([*command, "--json", str(report)], folder, PATIENCE_S)
    return (json.loads(report.read_text()) if report.exists() else None), status, seconds


def repeat(folder, times, workers):
    """Run ours so often; returns how many runs were not as expected."""
    seen = Counter()
    wrong = 0
    for number in range(times):
        report, status, seconds = ours(folder, workers)
        found = ["no report"] if report is None else expected.differences(report)
        found += [] if status == 1 else [f"exit status {status}"]
        seen[json.dumps(expected.outcomes(report)) if report else ""] += 1
        wrong += bool(found)
        print(f"run {number + 1}: {'as expected' if not found else 'DIFFERS'}, {seconds:.1f} s")
        for line in found:
            print(f"    {line}")
        sys.stdout.flush()
    print(f"{times} runs, {wrong} not as expected, {len(seen)} different sets of outcomes")
    return wrong


def told(log):
    """Node ids with an outcome, as a plugin has logged them, one a line."""
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    good = set()
    for line in lines:
        nodeid, _, outcome = line.rpartition("\t")
        if outcome == "passed" and "_good.py" in nodeid:
            good.add(nodeid)
    return len(good), len({line.rpartition("\t")[0] for line in lines})


RECORDER = '''
import os
def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        with open(os.environ["RECORD"], "a", encoding="utf-8", errors="replace") as log:
            log.write(ascii(report.nodeid).strip("'") + "\\t" + report.outcome + "\\n")
'''


def other(name, arguments, folder, timeout_s):
    """Run another runner on the project; returns a row of the table."""
    (folder / "recorder.py").write_text(RECORDER)
    log = folder / "record"
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "recorder", *arguments]
    os.environ["RECORD"] = str(log)
    paths = f"{REPOSITORY}{os.pathsep}{folder}"
    status, seconds = run(["env", f"PYTHONPATH={paths}", *command], folder, timeout_s)
    good, all_told = told(log)
    tail = (folder / "output").read_text("utf-8", "replace").strip().splitlines()
    return name, good, all_told, status, seconds, tail[-1][:100] if tail else ""


def table(folder, workers, report, status, seconds, timeout_s):
    """Print what each runner tells of the good tests."""
    passed = sum(t["outcome"] == "passed" and "_good.py" in t["nodeid"] for t in report["tests"])
    rows = [("unified-test-runner", passed, len(report["tests"]), status, seconds, "")]
    go_on = "--continue-on-collection-errors"
    xdist = ["-n", str(workers), go_on]
    rows.append(other("plain pytest", [], folder, timeout_s))
    rows.append(other(f"plain pytest {go_on}", [go_on], folder, timeout_s))
    rows.append(other(f"pytest-xdist -n {workers}", xdist[:2], folder, timeout_s))
    rows.append(other(f"pytest-xdist -n {workers} {go_on}", xdist, folder, timeout_s))
    without = [f"--ignore-glob=*test_import_{n}*" for n in ENDS_AT_IMPORT]
    rows.append(other("plain pytest, harmless imports", [go_on, *without], folder, timeout_s))
    rows.append(other("pytest-xdist, harmless imports", [*xdist, *without], folder, timeout_s))
    print(f"\n| runner | good tests passed, of {expected.GOOD} | tests told | exit | seconds | says |")
    print("|---|---|---|---|---|---|")
    for name, good, number, code, spent, last in rows:
        shown = "stopped" if code is None else code
        print(f"| {name} | {good} | {number} | {shown} | {spent:.1f} | {last.replace('|', '/')} |")


#: Imports that end a process or a session: without them the others reach a first test.
ENDS_AT_IMPORT = ("segfault", "os_exit", "sys_exit", "keyboard_interrupt", "pytest_exit")


def main():
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--no-table", action="store_true", help="leave the other runners out")
    parser.add_argument("--patience", type=float, default=120, help="seconds given to the others")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pathological-") as name:
        folder = Path(name)
        wrong = repeat(folder, asked.times, asked.workers)
        if not asked.no_table:
            table(folder, asked.workers, *ours(folder, asked.workers), asked.patience)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
