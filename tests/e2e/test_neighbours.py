"""What other plugins and the suites' own code need in order to live in several workers."""

from __future__ import annotations

import stat
import sys

import pytest

WAITS = """
    import os, pathlib, time
    def test_{n}(worker_id, testrun_uid, tmp_path_factory):
        folder = pathlib.Path("seen")
        folder.mkdir(exist_ok=True)
        (folder / worker_id).write_text(testrun_uid)
        deadline = time.monotonic() + 20
        while len(list(folder.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    """
SEEDED = {
    "shuffler.py": """
        def pytest_addoption(parser):
            parser.addoption("--randomly-seed", dest="randomly_seed", default="default")
            parser.addoption("--html", dest="htmlpath")
        """,
    "pytest.ini": "[pytest]\naddopts = -p shuffler\npythonpath = .\n",
}
for _number in range(4):
    SEEDED[f"tests/test_{_number}.py"] = """
        def test_seed(request, record_property):
            record_property("seed", request.config.getoption("randomly_seed"))
            record_property("html", request.config.getoption("htmlpath"))
        """


def properties(result, name: str) -> set[str]:
    ended = [event for event in result.events if "properties" in event]
    assert len(ended) == 4, result
    return {value for event in ended for key, value in event["properties"] if key == name}


@pytest.mark.parametrize("options", [[], ["--", "-p", "no:xdist"]], ids=["xdist", "no xdist"])
def test_workers_have_names_of_their_own_in_one_run(project, options):
    made = project({f"tests/test_{n}.py": WAITS.format(n=n) for n in range(2)})
    result = made.run("-n", "2", *options)
    assert result.counts == {"passed": 2}, result
    seen = {path.name: path.read_text() for path in (made.root / "seen").iterdir()}
    assert seen.keys() == {"gw0", "gw1"}
    assert len(set(seen.values())) == 1


def test_the_only_worker_is_called_what_it_is_called_without_workers(project):
    made = project({"tests/test_a.py": "def test_a(worker_id): assert worker_id == 'master'\n"})
    assert made.run("-n", "1").counts == {"passed": 1}


def test_a_conftest_that_asks_pytest_xdist_gets_the_same_name(project):
    files = {
        "conftest.py": """
            import pytest
            from xdist import get_xdist_worker_id
            @pytest.fixture(scope="session")
            def database(request): return f"db_{get_xdist_worker_id(request)}"
            """,
        "tests/test_a.py": "def test_a(database): assert database.startswith('db_gw')\n",
        "tests/test_b.py": "def test_b(database): assert database.startswith('db_gw')\n",
    }
    assert project(files).run("-n", "2").counts == {"passed": 2}


def test_a_fixture_of_the_project_by_such_a_name_is_the_project_s(project):
    files = {
        "conftest.py": "import pytest\n@pytest.fixture\ndef worker_id(): return 'mine'\n",
        "tests/test_a.py": "def test_a(worker_id): assert worker_id == 'mine'\n",
    }
    assert project(files).run().counts == {"passed": 1}


def test_all_workers_shuffle_with_one_seed_which_is_told(project):
    result = project(SEEDED).run("-n", "3")
    (seed,) = properties(result, "seed")
    assert f"--randomly-seed {seed}" in result.stdout, result


@pytest.mark.parametrize(
    ("options", "seed"),
    [(["--seed", "7"], "7"), (["--", "--randomly-seed=8"], "8"),
     (["--seed", "7", "--", "--randomly-seed=8"], "8")],
)  # fmt: skip
def test_a_seed_that_is_asked_for_is_taken(project, options, seed):
    assert properties(project(SEEDED).run("-n", "2", *options), "seed") == {seed}


@pytest.mark.parametrize(("workers", "html"), [("1", "report.html"), ("2", "None")])
def test_a_report_that_workers_would_replace_needs_one_worker(project, workers, html):
    result = project(SEEDED).run("-n", workers, "--", "--html=report.html")
    assert properties(result, "html") == {html}
    assert ("--html is ignored" in result.stdout) is (workers == "2"), result


def test_a_suite_runs_on_the_python_that_the_catalogue_names(project):
    catalogue = """
        version: 1
        suites:
          own: {paths: [own], python: tools/python}
          other: {paths: [other]}
        """
    files = {
        "config/catalogue.yaml": catalogue,
        "tools/python": f'#!/bin/sh\ntouch used\nexec {sys.executable} "$@"\n',
        "own/test_own.py": "def test_own(): pass\n",
        "other/test_other.py": "def test_other(): pass\n",
    }
    made = project(files)
    tool = made.root / "tools/python"
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    assert made.run("--suite", "other").counts == {"passed": 1}
    assert not (made.root / "used").exists()
    assert made.run("--python", sys.executable).counts == {"passed": 2}
    assert not (made.root / "used").exists()
    assert made.run().counts == {"passed": 2}
    assert (made.root / "used").exists()
    tool.unlink()
    refused = made.call()
    assert refused.exit_code == 4
    assert "suite 'own': python: 'tools/python' cannot be run" in refused.stderr
    assert made.run("--suite", "other").counts == {"passed": 1}
