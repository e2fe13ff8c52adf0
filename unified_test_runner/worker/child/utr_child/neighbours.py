"""Other plugins of pytest, made to work in one of several processes.

Plugins know one kind of parallel run, pytest-xdist's, by `config.workerinput`. Half of that
identity is worse than none: some read keys from it that only pytest-xdist's controller sets. So
it is left alone, and what plugins and suites need of it is given to them piece by piece.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from . import wire

if TYPE_CHECKING:
    from .channel import Channel

#: Options for which every worker would replace or remove the files of the others: where they
#: are kept → what they are called, and the value that switches them off.
_ONE_PROCESS_ONLY: dict[str, tuple[str, object]] = {
    "htmlpath": ("--html", None),
    "json_report": ("--json-report", False),
    "report_log_file": ("--report-log", None),
    "report_log": ("--report-log", None),
    "csvpath": ("--csv", None),
    "md_report_output": ("--md-report-output", None),
    "clean_alluredir": ("--clean-alluredir", False),
}


class Neighbours:
    """Settles what the plugins of a worker may do.

    Args:
        spec: the worker's `slot`, the number of `workers` of the run, its id and its `seed`.
    """

    def __init__(self, spec: dict[str, Any], channel: Channel) -> None:
        self._is_alone = spec["workers"] == 1
        self._name = "master" if self._is_alone else f"gw{spec['slot']}"
        self._run_id: str = spec["environ"].get("UTR_RUN_ID", "")
        self._seed: int = spec["seed"]
        self._channel = channel
        #: What the user should know, each with its level.
        self.notes: list[tuple[str, str]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        """Let code that asks pytest-xdist for this worker's name have one, conftests included."""
        for name in ("xdist", "xdist.plugin"):
            module: Any = sys.modules.get(name)
            if hasattr(module, "get_xdist_worker_id"):
                module.get_xdist_worker_id = self._answer

    def _answer(self, _request_or_session: object) -> str:
        return self._name

    def settle(self, option: Any) -> None:
        """Switch off what only one process may do, and agree on what all must share."""
        if hasattr(option, "numprocesses"):
            option.numprocesses, option.dist, option.tx = None, "no", []
        # The runner writes its own.
        if hasattr(option, "xmlpath"):
            option.xmlpath = None
        # The runner knows what failed last time, and applies it.
        for name in ("lf", "failedfirst", "newfirst", "stepwise", "stepwise_skip", "cacheclear"):
            if getattr(option, name, None):
                setattr(option, name, False)
        if getattr(option, "randomly_seed", None) == "default":
            option.randomly_seed = self._seed
            message = f"pytest-randomly shuffles with --randomly-seed {self._seed}"
            self.notes.append(("info", message))
        if not self._is_alone:
            self._switch_off(option)

    def _switch_off(self, option: Any) -> None:
        for place, (name, off) in _ONE_PROCESS_ONLY.items():
            if getattr(option, place, None):
                setattr(option, place, off)
                message = f"{name} is ignored: every worker would replace the others' files"
                self.notes.append(("warning", f"{message}; it works with -n 1"))

    def join(self, plugins: pytest.PytestPluginManager) -> None:
        """Register the fixtures by which suites and plugins keep workers apart."""
        plugins.register(_Names(self._name, self._run_id))
        if self._is_alone:
            return
        if plugins.hasplugin("django"):
            plugins.register(_DjangoDatabases(self._name))
        if plugins.hasplugin("benchmark"):
            plugins.register(_Benchmarks(self._channel))


class _Names:
    """pytest-xdist's fixtures, whether it is installed or not."""

    def __init__(self, name: str, run_id: str) -> None:
        self._name = name
        self._run_id = run_id

    @pytest.fixture(scope="session")
    def worker_id(self) -> str:
        """Name of the worker: gw0, gw1 …; `master` where it is the only one."""
        return self._name

    @pytest.fixture(scope="session")
    def testrun_uid(self) -> str:
        """Name of the run, the same in all its workers."""
        return self._run_id


class _DjangoDatabases:
    """A test database for each worker, as pytest-django makes them under pytest-xdist."""

    def __init__(self, name: str) -> None:
        self._name = name

    @pytest.fixture(scope="session")
    def django_db_modify_db_settings_xdist_suffix(self) -> None:
        """Put the worker's name behind the names of the test databases."""
        fixtures = sys.modules["pytest_django.fixtures"]
        fixtures.skip_if_no_django()
        fixtures._set_suffix_to_test_databases(suffix=self._name)


class _Benchmarks:
    """Says that figures taken beside other tests mean little."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._is_said = False

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Look for benchmarks among the tests of a file."""
        if self._is_said or config.getoption("benchmark_disable", False):
            return
        for item in items:
            if "benchmark" in getattr(item, "fixturenames", ()):
                self._is_said = True
                self._channel.send(
                    wire.WARNING,
                    message="benchmarks run beside other tests; with -n 1 they are alone",
                    category="ParallelBenchmark",
                    nodeid="",
                    location=item.nodeid.partition("::")[0],
                )
                return
