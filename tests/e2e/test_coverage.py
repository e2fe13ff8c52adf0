"""Coverage over several workers equals what one process of plain pytest measures."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from coverage import CoverageData

INI = "[pytest]\npythonpath = ."
SHOP = {
    ".coveragerc": "[run]\nbranch = true\nsource = shop\n[report]\nprecision = 2\n",
    "pytest.ini": f"{INI}\n",
    "shop/__init__.py": "def at_the_end():\n    return 1\n",
    "shop/unused.py": "def f():\n    return 1\n",
    "tests/conftest.py": """
        import pytest
        import shop
        @pytest.fixture(scope="session", autouse=True)
        def at_the_end():
            yield
            shop.at_the_end()
        """,
}
for _number in range(5):
    SHOP[f"shop/part{_number}.py"] = """
        import sys
        def sign(x):
            if x > 0:
                return 1
            return -1 if x < 0 else 0
        def loop(times):
            for each in range(times):
                if each == 5:
                    break
            else:
                return "whole"
        if __name__ == "__main__":
            print(sign(int(sys.argv[1])))
        """
    SHOP[f"tests/test_part{_number}.py"] = f"""
        import pytest
        from shop import part{_number} as part
        @pytest.mark.parametrize("x", {list(range(_number))})
        def test_sign(x): assert part.sign(x) == min(x, 1)
        def test_loop(): part.loop({_number * 2})
        """

Measured = dict[str, tuple[list[int], set[tuple[int, int]], dict[int, list[str]]]]


def measured(project, name: str = ".coverage") -> Measured:
    """Lines, arcs and contexts of every file in a data file.

    A fixture of session scope ends once in each worker, so its contexts are left out.
    """
    data = CoverageData(str(project.root / name))
    data.read()
    found: Measured = {}
    for path in sorted(data.measured_files()):
        lines, arcs = sorted(data.lines(path) or []), set(data.arcs(path) or [])
        contexts = {n: sorted(c) for n, c in data.contexts_by_lineno(path).items()}
        if path.endswith(("__init__.py", "conftest.py")):
            contexts = {}
        found[os.path.relpath(path, project.root)] = lines, arcs, contexts
    data.close()
    return found


def plainly(project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project.root, env=project.environ, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


def coverage_event(result) -> dict[str, Any]:
    (event,) = result.of_kind("coverage_measured")
    return event


def left_behind(project) -> list[str]:
    return [path.name for path in project.root.glob(".coverage.*")]


@pytest.mark.parametrize("workers", ["1", "2", "4"])
def test_lines_and_arcs_are_those_of_coverage_run(project, workers):
    shop = project(SHOP)
    plainly(shop, "-m", "coverage", "run", "-m", "pytest")
    expected = measured(shop)
    (shop.root / ".coverage").unlink()
    result = shop.run("--coverage", "-n", workers)
    assert result.exit_code == 0, result
    assert measured(shop) == expected
    assert expected["shop/part2.py"][0]
    assert left_behind(shop) == []
    report = plainly(shop, "-m", "coverage", "report", "--format=total").stdout
    assert f"coverage {report.split()[0]} %" in result.stdout, result


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (["--cov"], "arguments"),
        (["--cov=shop", "--cov-branch"], "arguments"),
        (["--cov", "--cov-context=test"], "arguments"),
        (["--cov=.", "-n", "3"], "arguments"),
        (["--cov=shop", "-n", "3"], "addopts"),
    ],
)
def test_options_of_pytest_cov_mean_what_they_mean_to_it(project, options, where):
    shop = project(SHOP)
    if options != ["--cov"]:
        (shop.root / ".coveragerc").unlink()
    own = [option for option in options if option not in {"-n", "3"}]
    plainly(shop, "-m", "pytest", *own)
    expected = measured(shop)
    if where == "addopts":
        shop.write({"pytest.ini": f"{INI}\naddopts = {' '.join(options)}\n"})
        options = []
    result = shop.run("-n", "2", "--", *options)
    assert result.exit_code == 0, result
    assert measured(shop) == expected
    assert left_behind(shop) == []


def test_contexts_that_coverage_itself_keeps(project):
    config = "[run]\nsource = shop\ndynamic_context = test_function\ndata_file = kept/data\n"
    shop = project({**SHOP, ".coveragerc": config})
    plainly(shop, "-m", "coverage", "run", "-m", "pytest")
    expected = measured(shop, "kept/data")
    assert shop.run("--coverage", "-n", "3").exit_code == 0
    assert measured(shop, "kept/data") == expected
    assert not (shop.root / ".coverage").exists()


def test_reports_that_pytest_cov_is_asked_for_are_written_once(project):
    shop = project(SHOP)
    reports = ["--cov-report=xml:out/c.xml", "--cov-report=html:out/html", "--cov-report=lcov:c"]
    result = shop.run("-n", "2", "--", "--cov", *reports)
    assert result.exit_code == 0, result
    assert (shop.root / "out/c.xml").read_text().count('filename="part') == 5
    assert (shop.root / "out/html/index.html").exists()
    assert (shop.root / "c").read_text().startswith("SF:")
    assert coverage_event(result)["written"] == ["xml out/c.xml", "html out/html", "lcov c"]


def test_a_second_run_can_add_to_the_first(project):
    shop = project(SHOP)
    shop.run("tests/test_part1.py", "--", "--cov")
    first = measured(shop)
    shop.run("tests/test_part2.py", "--", "--cov", "--cov-append")
    both = measured(shop)
    assert first["shop/part1.py"] == both["shop/part1.py"]
    assert len(first["shop/part2.py"][0]) < len(both["shop/part2.py"][0])
    shop.run("tests/test_part2.py", "--", "--cov")
    assert len(measured(shop)["shop/part1.py"][0]) < len(first["shop/part1.py"][0])


def test_processes_that_tests_start_are_measured_where_coverage_is_told_to(project):
    files = {
        ".coveragerc": "[run]\nsource = shop\npatch = subprocess\n",
        "tests/test_started.py": """
            import subprocess, sys
            def test_negative():
                assert subprocess.check_output([sys.executable, "-m", "shop.part4", "-3"])
            """,
    }
    shop = project({**SHOP, **files})
    assert shop.run("--coverage", "-n", "2").exit_code == 0
    lines, _, _ = measured(shop)["shop/part4.py"]
    assert 14 in lines
    assert left_behind(shop) == []


def test_a_coverage_that_a_test_starts_is_its_own(project):
    files = {
        "tests/test_tool.py": """
            import os, subprocess, sys
            def test_tool(tmp_path):
                assert "COVERAGE_FILE" not in os.environ
                (tmp_path / "some.py").write_text("pass")
                command = [sys.executable, "-m", "coverage"]
                subprocess.run([*command, "run", "some.py"], cwd=tmp_path, check=True)
                assert (tmp_path / ".coverage").exists()
            """,
    }
    shop = project({**SHOP, **files})
    result = shop.run("--", "--cov")
    assert result.exit_code == 0, result
    assert not [path for path in measured(shop) if path.endswith("some.py")]


def test_data_of_somebody_else_is_left_alone(project):
    shop = project({**SHOP, ".coverage.other": "not even data"})
    os.utime(shop.root / ".coverage.other", (1, 1))
    result = shop.run("--coverage")
    assert "warning: coverage" not in result.stdout, result
    assert left_behind(shop) == [".coverage.other"]


@pytest.mark.parametrize(
    ("minimum", "arguments", "code", "said"),
    [
        ("30", [], 0, "at least the 30 % wanted"),
        ("99", [], 13, "below the 99 % wanted"),
        ("99", ["tests/test_part1.py"], 0, "not judged: the selection was narrowed by paths"),
        ("99", ["-k", "loop"], 0, "not judged: the selection was narrowed by -k"),
        ("99", ["--", "-k", "loop"], 0, "not judged: the selection was narrowed by -k"),
        ("5", ["-k", "loop"], 0, "at least the 5 % wanted"),
    ],
)
def test_a_minimum_is_held_against_whole_runs(project, minimum, arguments, code, said):
    result = project(SHOP).run("--coverage-min", minimum, *arguments)
    assert result.exit_code == code, result
    assert said in result.stdout, result


@pytest.mark.parametrize("options", [["--coverage"], ["--", "--cov"],
                                     ["--", "--cov", "--cov-fail-under=80"]])  # fmt: skip
def test_a_minimum_of_the_project_counts(project, options):
    config = f"{SHOP['.coveragerc']}fail_under = 90\n"
    result = project({**SHOP, ".coveragerc": config}).run(*options)
    assert result.exit_code == 13, result
    wanted = "80" if "--cov-fail-under=80" in options else "90"
    assert f"below the {wanted} % wanted" in result.stdout, result


@pytest.mark.parametrize("options", [["--coverage"], ["--", "--cov"]], ids=" ".join)
def test_a_worker_that_dies_makes_it_incomplete(project, options):
    files = {"tests/test_dies.py": "import os\ndef test_dies(): os.abort()\n"}
    result = project({**SHOP, **files}).run("-n", "2", *options)
    assert result.exit_code == 1, result
    assert coverage_event(result)["lost_workers"] == 1
    assert "coverage is incomplete: the data of 1 worker is lost" in result.stdout, result


def test_what_is_told_on_the_command_line_goes_before_the_options_of_the_project(project):
    ini = {"pytest.ini": f"{INI}\naddopts = --cov=tests\n", ".coveragerc": ""}
    result = project({**SHOP, **ini}).run("--coverage-source", "shop")
    paths = {each["path"] for each in coverage_event(result)["files"]}
    assert paths == {path for path in SHOP if path.startswith("shop/")}


def test_only_the_project_is_measured(project):
    shop = project({**SHOP, ".coveragerc": ""})
    plainly(shop, "-m", "coverage", "run", "-m", "pytest")
    expected = measured(shop)
    shop.run("--coverage")
    assert measured(shop) == expected


def test_nothing_measured_is_said_and_fails_a_minimum(project):
    shop = project({**SHOP, ".coveragerc": ""})
    result = shop.run("--coverage-source", "absent")
    assert result.exit_code == 0, result
    assert "error: coverage: No data" in result.stdout, result
    result = shop.run("--coverage-source", "absent", "--coverage-min", "10")
    assert result.exit_code == 13, result


def test_bad_input_is_refused_before_anything_runs(project):
    shop = project({**SHOP, "broken/coverage.py": "raise ImportError('it is not here')\n"})
    path = os.pathsep.join([str(shop.root / "broken"), shop.environ["PYTHONPATH"]])
    result = shop.call("--coverage", PYTHONPATH=path)
    assert result.exit_code == 4, result
    assert "pip install coverage" in result.stderr, result
    shop.write({".coveragerc": "[run]\nbranch = perhaps\n"})
    result = shop.call("--coverage")
    assert result.exit_code == 4, result
    assert "perhaps" in result.stderr, result
    assert shop.call("--coverage-min", "101").exit_code == 4
