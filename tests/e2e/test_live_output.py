"""`-s`: what tests print is shown as it comes, and kept with the test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

TALKING = {
    "tests/test_talk.py": """
        import os, sys
        def test_talks():
            print("[red]first[/red] \\x1b[31mcoloured\\x1b[0m \\x07")
            sys.stderr.write("second\\n")
            os.write(1, b"no end of line")
        def test_fails():
            print("before the failure")
            assert False
        """,
}


def sections(result: Any, nodeid: str) -> str:
    (ended,) = [e for e in result.of_kind("test_finished") if e["nodeid"] == nodeid]
    phases = ended.get("phases", ())
    return "".join(s["text"] for phase in phases for s in phase.get("sections", ()))


@pytest.mark.parametrize(
    ("argv", "env", "ini"),
    [
        (["-s"], {}, ""),
        (["--", "-s"], {}, ""),
        (["--", "--capture=no"], {}, ""),
        ([], {"PYTEST_ADDOPTS": "-s"}, ""),
        ([], {}, "[tool.pytest.ini_options]\naddopts = '-vs'\n"),
        (["-s", "--format", "live"], {}, ""),
    ],
)
def test_output_is_shown_with_its_worker_and_kept_with_its_test(
    project: Make, argv: list[str], env: dict[str, str], ini: str
):
    result = project({**TALKING, "pyproject.toml": ini}).run("-n", "1", *argv, **env)
    shown = result.stdout.replace("\r", "")
    for line in ("[w0] [red]first[/red] coloured \\x07", "[w0] second", "[w0] no end of line"):
        assert line in shown, result
    assert "[w0] before the failure" in shown, shown
    assert shown.index("[w0] before the failure") < shown.index("FAILED tests/test_talk.py")
    kept = sections(result, "tests/test_talk.py::test_talks")
    assert kept.endswith("second\nno end of line")
    assert "before the failure" not in kept
    assert result.counts == {"passed": 1, "failed": 1}


def test_captured_output_is_not_shown(project: Make):
    result = project(TALKING).run()
    assert "[w0] second" not in result.stdout
    assert "first" in sections(result, "tests/test_talk.py::test_talks")


def test_a_copy_of_captured_output_is_shown_and_kept_once(project: Make):
    result = project(TALKING).run("--", "--capture=tee-sys")
    assert "[w0] second" in result.stdout
    assert sections(result, "tests/test_talk.py::test_talks").count("second") == 1


def test_a_line_is_shown_while_its_test_still_runs(project: Make):
    made = project(
        {
            "test_w.py": """
                import pathlib, time
                def test_waits():
                    print("now waiting")
                    while not pathlib.Path("go").exists():
                        time.sleep(0.01)
                """,
        }
    )
    process, _ = made.start("-s", "-n", "1")
    assert process.stdout is not None
    # Blocks for ever if lines came with the end of the test only.
    for line in process.stdout:
        if line == "[w0] now waiting\n":
            break
    (made.root / "go").touch()
    assert "1 passed" in process.communicate(timeout=60)[0]


#: Runs the command line and tells the peak of this very process in KiB. What `wait4` tells is
#: that of the process that started it as well.
TELLS_PEAK = """
import pathlib, re, sys
from unified_test_runner.cli import main

status = main(sys.argv[1:])
peak = re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())
print(peak[1], file=sys.stderr)
sys.exit(status)
"""


def test_a_flood_neither_stalls_the_run_nor_fills_its_memory(project: Make):
    made = project(
        {
            "test_f.py": """
                import os
                def test_floods():
                    block = (b"x" * 99 + b"\\n") * 10_000
                    for _ in range(100):
                        os.write(1, block)
                def test_after(): pass
                """,
        }
    )
    command, _, log = made.command("-s", "-n", "1")
    arguments = command[command.index("unified_test_runner") + 1 :]
    done = subprocess.run(
        [sys.executable, "-c", TELLS_PEAK, *arguments],
        cwd=made.root, env=made.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, check=True,
    )  # fmt: skip
    assert int(done.stderr) < 100 * 1024
    assert log.stat().st_size < 1024 * 1024
