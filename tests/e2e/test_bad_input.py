"""Bad input: what is wrong, where, what would be right; the documented exit code; no traceback."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
TEST = {"tests/test_a.py": "def test_a(): pass\n"}

TEN_FAULTS = """\
version: 1
defaults: {workers: many}
categories:
  unit: {priority: high}
  slow: {after: [unti]}
services:
  postgres: {embeded: postgresql}
  redis: {needs: [redis]}
  redis: {}
suites:
  one: {category: unit, paths: [absent/folder]}
  two: {category: unit, paths: [tests], servces: [postgres]}
  three: {paths: [tests], services: [postgress]}
  four: {paths: ../outside}
"""
#: (line, column, a word of the message)
EXPECTED = [
    (2, 21, "workers"),
    (4, 20, "priority"),
    (5, 18, "unti"),
    (7, 14, "embeded"),
    (8, 19, "redis"),
    (9, 3, "redis"),
    (11, 33, "absent/folder"),
    (12, 41, "servces"),
    (13, 19, "tests"),
    (13, 38, "postgress"),
    (14, 17, "paths"),
]


def is_clean(result: Any) -> bool:
    return "Traceback" not in result.stdout + result.stderr


def test_r27_every_fault_of_a_catalogue_is_reported_in_one_pass(project: Make) -> None:
    made = project({**TEST, "config/catalogue.yaml": TEN_FAULTS})
    result = made.call()
    assert result.exit_code == 4
    places = []
    for line in result.stderr.splitlines():
        head, _, message = line.removeprefix("error: config/catalogue.yaml:").partition(": ")
        row, column = head.split(":")
        places.append((int(row), int(column), message))
    found = [(row, column) for row, column, _ in places]
    assert found == [(row, column) for row, column, _ in EXPECTED], result.stderr
    for (_, _, message), (_, _, word) in zip(places, EXPECTED, strict=True):
        assert word in message
    assert "did you mean 'unit'" in result.stderr
    assert "did you mean 'services'" in result.stderr
    assert "did you mean 'postgres'" in result.stderr


@pytest.mark.parametrize(
    ("catalogue", "says"),
    [
        ("version: 1\nsuites: {a: ]}\n", "catalogue.yaml:2:13:"),
        ("version: 2\n", "version"),
        ("suites: {}\n", "version"),
        ("- a\n", "mapping"),
        ("version: 1\nservices: {a: {kind: kafka}}\n", "kafka"),
        ("version: 1\nservices:\n  postgres: {needs: [redis]}\n  redis: {needs: [postgres]}\n",
         "postgres"),
    ],
)  # fmt: skip
def test_broken_catalogues(project: Make, catalogue: str, says: str) -> None:
    made = project({**TEST})
    made.write({"config/catalogue.yaml": ""})
    (made.root / "config/catalogue.yaml").write_text(catalogue)
    result = made.call()
    assert result.exit_code == 4, result
    assert says in result.stderr
    assert is_clean(result)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--no-such-option"], "--no-such-option"),
        (["--workers", "0"], "workers"),
        (["--workers", "many"], "auto"),
        (["--catalogue", "nowhere.yaml"], "nowhere.yaml"),
        (["--maxfail", "0"], "maxfail"),
        (["--list-tests"], "list"),
        (["--dry-run"], "plan"),
        (["nowhere"], "nowhere"),
        (["/"], "outside"),
    ],
)
def test_r37_options_that_cannot_be_honoured(project: Make, argv: list[str], says: str) -> None:
    result = project(TEST).call(*argv)
    assert result.exit_code == 4, result
    assert says in result.stderr
    assert is_clean(result)


def test_not_a_repository(project: Make) -> None:
    made = project({"pyproject.toml": ""})
    (made.root / "pyproject.toml").unlink()
    result = made.call()
    assert result.exit_code == 4
    assert "project root" in result.stderr


def test_a_run_directory_that_cannot_be_made(project: Make) -> None:
    made = project({**TEST, "in_the_way": "a file"})
    result = made.run("--run-dir", "in_the_way/run")
    assert result.exit_code == 3
    assert "in_the_way/run" in result.stderr
    assert is_clean(result)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")  # noqa: PTH110
def test_a_full_disk_in_the_run_directory_loses_no_result_on_the_console(project: Make) -> None:
    """The log is a link to a device that is always full: every write fails as on a full disk."""
    made = project(TEST)
    run = made.root / "run"
    run.mkdir()
    (run / "events.jsonl").symlink_to("/dev/full")
    result = made.call("--run-dir", str(run))
    assert result.exit_code == 3, result
    assert "1 passed" in result.stdout
    assert "No space left" in result.stdout
    assert is_clean(result)


def test_a_report_that_cannot_be_written(project: Make) -> None:
    made = project({**TEST, "in_the_way": "a file"})
    result = made.call("--junit-xml", "in_the_way/junit.xml")
    assert result.exit_code == 3, result
    assert "in_the_way/junit.xml" in result.stdout + result.stderr
    assert "1 passed" in result.stdout
    assert is_clean(result)


def test_an_unreadable_test_file(project: Make) -> None:
    """Bytes that are no text in the file's encoding: that file fails, all others run."""
    made = project(TEST)
    (made.root / "tests" / "test_bytes.py").write_bytes(b"def test_x(): '\xff\xfe\x00'\n")
    result = made.run()
    assert result.outcomes == {"tests/test_a.py::test_a": "passed", "tests/test_bytes.py": "error"}


def test_a_server_program_that_is_missing_is_named(project: Make) -> None:
    made = project(
        {
            **TEST,
            "config/catalogue.yaml": """
                version: 1
                services: {postgres: {external: UTR_POSTGRES_URL}}
                suites: {s: {paths: [tests], services: [postgres]}}
                """,
        }
    )
    result = made.run("--real-services", "--services", "external")
    assert result.exit_code == 10, result
    assert "UTR_POSTGRES_URL is not set" in result.stdout
    assert is_clean(result)


def test_an_external_address_where_nothing_listens(project: Make) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    made = project(
        {
            **TEST,
            "config/catalogue.yaml": """
                version: 1
                services: {postgres: {external: UTR_POSTGRES_URL}}
                suites: {s: {paths: [tests], services: [postgres]}}
                """,
        }
    )
    url = f"postgresql://u:secret-word@127.0.0.1:{port}/d"
    result = made.run("--real-services", UTR_POSTGRES_URL=url)
    assert result.exit_code == 10, result
    assert str(port) in result.stdout
    assert "secret-word" not in result.stdout + result.stderr + result.log.read_text()
    assert result.counts.get("passed", 0) == 0


def test_an_external_address_that_is_not_loopback_is_refused(project: Make) -> None:
    made = project(
        {
            **TEST,
            "config/catalogue.yaml": """
                version: 1
                services: {redis: {external: UTR_REDIS_URL}}
                suites: {s: {paths: [tests], services: [redis]}}
                """,
        }
    )
    result = made.run("--real-services", UTR_REDIS_URL="redis://192.0.2.1:6379/0")
    assert result.exit_code == 10, result
    assert "loopback" in result.stdout


def test_a_prepare_command_that_fails_shows_its_output(project: Make) -> None:
    made = project(
        {
            **TEST,
            "broken.py": "print('the table is on fire'); raise SystemExit(3)\n",
            "config/catalogue.yaml": """
                version: 1
                services:
                  postgres:
                    embedded: postgresql
                    prepare: {run: "{python} broken.py"}
                suites: {s: {paths: [tests], services: [postgres]}}
                """,
        }
    )
    result = made.run("--real-services")
    assert result.exit_code == 10, result
    assert "the table is on fire" in result.stdout
    assert result.counts.get("passed", 0) == 0
