"""Coverage of the project's code in a worker, by the project's own `coverage` package.

Each worker writes data files into a folder of its own; the runner has them combined at the
end. Where the project's options ask pytest-cov to measure, it measures, with its data led
into that folder and its report left to the runner: several processes that each erase,
combine and report at one place would destroy one another's data.
"""

from __future__ import annotations

import importlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

#: The file in a worker's folder that says what pytest-cov was told.
ASKED = "pytest-cov.json"
#: The file in a worker's folder that says that all its data is there.
COMPLETE = "complete"

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__))
#: Options that choose what is measured; without any of them it is all but installed packages.
_CHOOSING = ("source", "source_pkgs", "include")
#: Warnings that are about one worker's share of the tests and not about the run.
_SILENCED = ("_warn_no_data", "_warn_unimported_source", "_warn_preimported_source")


class Measuring:
    """Measures where the runner was asked to, or where pytest-cov was; otherwise does nothing.

    Args:
        folder: takes the data files of this worker; made when it is needed.
        sources: what is measured (packages or folders; empty: what coverage's configuration
            says); None where the runner was not asked to measure.
    """

    def __init__(self, folder: str, sources: list[str] | None) -> None:
        self._folder = folder
        self._sources = sources
        self._coverage: Any = None
        self._outer: str | None = None
        self._led: Any = None
        self._has_contexts = False

    def start(self) -> None:
        """Measure from now on, before any code of the project is imported."""
        if self._sources is None:
            return
        coverage = importlib.import_module("coverage")
        # `auto_data`: what runs at the interpreter's very end counts as well.
        self._coverage = coverage.Coverage(
            data_file=self._data_file(),
            data_suffix=True,
            source=self._sources or None,
            auto_data=True,
        )
        _omit_ourselves(self._coverage)
        _silence(self._coverage)
        self._coverage.start()

    def save(self) -> None:
        """Write what was measured, and leave a sign that it was."""
        if self._coverage is not None:
            self._coverage.save()
        is_written = self._led is not None and os.path.exists(
            os.path.join(self._folder, ".coverage")
        )
        if self._coverage is not None or is_written:
            with open(os.path.join(self._folder, COMPLETE), "w", encoding="utf-8"):
                pass

    def plugins(self) -> list[object]:
        """Return what must be registered before pytest loads any other plugin."""
        return [_MakeRoom(self), _TakeOver(self)]

    def make_room(self, options: Any) -> None:
        """Let pytest-cov measure into this worker's folder, if it is going to."""
        if not getattr(options, "cov_source", None) or getattr(options, "no_cov", False):
            return
        if self._coverage is not None:  # two would rob each other of the trace function
            self._coverage.stop()
            self._coverage.erase()
            self._coverage = None
        if self._sources:
            options.cov_source = list(self._sources)
        # With these it would measure as the head of workers that do not exist.
        if hasattr(options, "numprocesses"):
            options.numprocesses, options.dist, options.tx = None, "no", []
        self._outer = os.environ.get("COVERAGE_FILE")
        os.environ["COVERAGE_FILE"] = self._data_file()

    def take_over(self, plugin: Any) -> None:
        """Take its report from a pytest-cov that has just started."""
        # Only pytest-cov was to see it: a test may start a coverage of its own.
        if self._outer is None:
            os.environ.pop("COVERAGE_FILE", None)
        else:
            os.environ["COVERAGE_FILE"] = self._outer
        controller = getattr(plugin, "cov_controller", None)
        if controller is None:
            return
        options = plugin.options
        self._led, self._has_contexts = controller, options.cov_context == "test"
        path = os.path.join(self._folder, ASKED)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(_asked(options), file)
        options.cov_report, options.cov_fail_under = {}, None
        controller.summary = _no_summary
        for measured in (controller.cov, getattr(controller, "combining_cov", None)):
            _silence(measured)
        if not any(controller.cov.get_option(f"run:{name}") for name in _CHOOSING):
            # What is left out is fixed at the start, so start again: nothing is measured yet.
            controller.cov.stop()
            controller.cov.erase()
            _omit_ourselves(controller.cov)
            controller.cov.start()

    def leave_context(self) -> None:
        """What a file runs when it is imported belongs to no test, also not to the last one."""
        if self._led is not None and self._led.started and self._has_contexts:
            self._led.cov.switch_context("")

    def _data_file(self) -> str:
        os.makedirs(self._folder, exist_ok=True)
        return os.path.join(self._folder, ".coverage")


class _MakeRoom:
    """Runs before pytest-cov starts, which it does in this hook."""

    def __init__(self, measuring: Measuring) -> None:
        self._measuring = measuring

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(
        self, early_config: pytest.Config
    ) -> Generator[None, object, object]:
        self._measuring.make_room(early_config.known_args_namespace)
        return (yield)


class _TakeOver:
    """Runs after pytest-cov has started, being registered earlier, and before any conftest."""

    def __init__(self, measuring: Measuring) -> None:
        self._measuring = measuring

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> None:
        plugin = early_config.pluginmanager.getplugin("_cov")
        if plugin is not None:
            self._measuring.take_over(plugin)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectstart(self) -> None:
        self._measuring.leave_context()


def _asked(options: Any) -> dict[str, object]:
    """What pytest-cov was told, for the report over all workers."""
    report = options.cov_report
    return {
        "source": options.cov_source,
        "config": options.cov_config,
        "branch": options.cov_branch,
        "is_appended": bool(options.cov_append),
        "reports": dict(report) if isinstance(report, dict) else {},
        "minimum": options.cov_fail_under,
        "precision": getattr(options, "cov_precision", None),
        "is_for_success_only": bool(getattr(options, "no_cov_on_fail", False)),
    }


def _no_summary(_stream: object) -> float:
    return 100.0


def _omit_ourselves(measured: Any) -> None:
    omitted = list(measured.get_option("run:omit") or ())
    measured.set_option("run:omit", [*omitted, os.path.join(_OWN_FOLDER, "*")])


def _silence(measured: Any) -> None:
    for name in _SILENCED:
        if hasattr(measured, name):
            setattr(measured, name, False)
