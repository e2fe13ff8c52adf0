"""How workers are started, and what is imported ahead of them: no verdict depends on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

THREAD = """
import threading
threading.Thread(target=threading.Event().wait, name="beat", daemon=True).start()
"""
TWO = {"tests/test_a.py": "def test_a(): pass\n", "tests/test_b.py": "def test_b(): pass\n"}


def template(result: Any) -> dict[str, Any]:
    (ready,) = result.of_kind("template_ready")
    return dict(ready)


@pytest.mark.parametrize(
    ("options", "start", "says"),
    [
        ([], "spawn", "2 threads run in a fresh interpreter (beat)"),
        (["--start", "fork"], "fork", "as --start says"),
    ],
)
def test_an_environment_that_starts_threads_is_not_forked_unless_told(
    project: Make, options: list[str], start: str, says: str
) -> None:
    made = project({**TWO, "site/sitecustomize.py": THREAD})
    path = f"{made.root / 'site'}:{made.environ['PYTHONPATH']}"
    result = made.run("-n", "2", *options, PYTHONPATH=path)
    assert result.exit_code == 0, result
    assert result.counts == {"passed": 2}
    assert template(result).get("start", "fork") == start
    assert template(result)["reason"] == says
    assert (says in result.stdout) == (start == "spawn"), "what is usual needs no word"


def test_verbose_output_says_how_workers_are_started(project: Make) -> None:
    result = project(TWO).run("-v")
    assert "workers are forked: one thread runs in the template" in result.stdout, result


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_crash_costs_one_test_and_a_hang_shows_its_stacks(project: Make, start: str) -> None:
    made = project(
        {
            "tests/test_a.py": """
                import os, time
                def test_before(): pass
                def test_crashes(): os.abort()
                def test_hangs():
                    time.sleep(600)
                def test_after(): pass
                """
        }
    )
    result = made.run("-n", "1", "--start", start, "--timeout", "2s")
    assert list(result.outcomes.values()) == ["passed", "crashed", "timed_out", "passed"], result
    assert "in test_hangs" in result.stdout


def test_spawned_workers_give_parameters_from_sets_one_order(project: Make) -> None:
    """The rest of a file goes to another worker, which must find the same tests in it."""
    made = project(
        {
            "tests/test_a.py": """
                import os, pytest
                @pytest.mark.parametrize("name", {"a", "b", "c", "d", "e", "f", "g", "h"})
                def test_each(name):
                    if name in "ceg": os.abort()
                """
        }
    )
    result = made.run("-n", "1", "--start", "spawn")
    assert result.counts == {"passed": 5, "crashed": 3}, result
    assert len(result.outcomes) == 8


CONFTEST = "import wave\n"


def test_what_conftests_import_is_loaded_ahead_from_the_second_run_on(project: Make) -> None:
    made = project({**TWO, "conftest.py": CONFTEST})
    first = made.run("-n", "2", "--preload", "auto")
    second = made.run("-n", "2", "--preload", "auto", "-v")
    without = made.run("-n", "2")
    assert (first.exit_code, second.exit_code, without.exit_code) == (0, 0, 0), second
    assert "preloaded" not in template(first)
    assert "wave" in template(second)["preloaded"], second
    assert "loaded ahead of them: " in second.stdout
    assert "preloaded" not in template(without)


def test_a_conftest_that_no_longer_imports_it_costs_a_fresh_start_and_no_verdict(
    project: Make,
) -> None:
    made = project({**TWO, "conftest.py": CONFTEST})
    made.run("-n", "2", "--preload", "auto")
    made.write(
        {
            "conftest.py": "",
            "tests/test_a.py": "import sys\ndef test_a(): assert 'wave' not in sys.modules\n",
        }
    )
    result = made.run("-n", "2", "--preload", "auto")
    assert result.exit_code == 0, result
    assert result.counts == {"passed": 2}
    assert "because wave did not fit" in result.stdout
    assert len(result.of_kind("test_finished")) == 2, "each test ran once"
    after = made.run("-n", "2", "--preload", "auto")
    assert after.exit_code == 0, after
    assert "did not fit" not in after.stdout


def test_a_catalogue_says_what_is_loaded_ahead(project: Make) -> None:
    made = project({**TWO, "conftest.py": CONFTEST})
    made.write({"config/catalogue.yaml": "version: 1\ndefaults: {preload: auto}\n"})
    made.run()
    assert "wave" in template(made.run())["preloaded"]
    assert "preloaded" not in template(made.run("--preload", "off"))


@pytest.mark.parametrize("value", ["", "a b", "numpy,,pandas", "../x"])
def test_what_is_no_list_of_packages_is_refused(project: Make, value: str) -> None:
    result = project(TWO).call("--preload", value)
    assert result.exit_code == 4, result
    assert "neither 'off', 'auto' nor names" in result.stderr
