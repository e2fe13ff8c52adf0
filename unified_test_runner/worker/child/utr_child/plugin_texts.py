"""What plugins and conftests have to say of a session: its header, its summary, their own words.

pytest's own sections are left out: the runner shows failures, warnings and durations itself.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

from _pytest.config import create_terminal_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

_WIDTH = 80
_SECTIONS = ("pytest_terminal_summary", "pytest_sessionfinish", "pytest_unconfigure")
#: pytest's own categories of reports.
_CATEGORIES = frozenset({"", "passed", "failed", "error", "skipped", "xfailed", "xpassed"})


def header(config: pytest.Config) -> str:
    """Return the lines that plugins add to the header of a session."""
    hook = _theirs(config, "pytest_report_header")
    arguments: dict[str, Any] = {"config": config, "start_path": config.rootpath}
    if "startdir" in hook.spec.argnames:  # before pytest 9; to leave it out would be a warning
        from _pytest.compat import legacy_path

        arguments["startdir"] = legacy_path(config.rootpath)
    found = hook(**arguments)
    lines: list[str] = []
    for told in reversed(found):
        lines += [told] if isinstance(told, str) else [str(line) for line in told or ()]
    return "\n".join(lines)


def summary(session: pytest.Session, reporter: Any, exitstatus: Any) -> str:
    """Return what plugins write at the end of a session; `reporter` is the one they know.

    A session that was given no test has nothing to tell beside those of other workers.
    """
    config = session.config
    if not session.testscollected or not _implementers(config, ("pytest_terminal_summary",)):
        return ""
    text = io.StringIO()
    before = reporter._tw
    reporter._tw = writer = create_terminal_writer(config, text)
    writer.hasmarkup, writer.fullwidth = False, _WIDTH
    try:
        _theirs(config, "pytest_terminal_summary")(
            terminalreporter=reporter, exitstatus=exitstatus, config=config
        )
    finally:
        reporter._tw = before
    return text.getvalue().strip("\n")


def labels(config: pytest.Config) -> Callable[[Any], str] | None:
    """Return what gives a report the name that a plugin has for it; None without such a plugin."""
    if not _implementers(config, ("pytest_report_teststatus",)):
        return None
    status = _theirs(config, "pytest_report_teststatus")

    def label(report: Any) -> str:
        told = status(report=report, config=config)
        if not told:
            return ""
        category, _, word = told
        if category not in _CATEGORIES:
            return str(category)
        if category in {"", _category(report)}:
            return ""
        return str(word[0] if isinstance(word, tuple) else word).lower() or str(category)

    return label


def _category(report: Any) -> str:
    """Return pytest's own category of a report."""
    outcome = str(report.outcome)
    if hasattr(report, "wasxfail"):
        return {"skipped": "xfailed", "passed": "xpassed"}.get(outcome, outcome)
    if outcome == "failed" and getattr(report, "when", "") != "call":
        return "error"
    return outcome


class Statistics:
    """Fills `stats` of the reporter that plugins know, as pytest's own would.

    A plugin, registered only where somebody may look. Reports of fixtures that went well are
    left out: they fall into no category.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._waiting: list[Any] = []
        self._stats: dict[str, list[Any]] = {}

    @classmethod
    def register(cls, config: pytest.Config, reporter: Any) -> None:
        """Keep reports from now on, if any plugin may look at them in the end."""
        if _implementers(config, _SECTIONS):
            kept = cls(config)
            type(reporter).stats = property(lambda _: kept.stats)
            config.pluginmanager.register(kept, "unified-test-runner-statistics")

    @property
    def stats(self) -> dict[str, list[Any]]:
        """Reports by category. They are sorted when somebody asks."""
        status = self._config.hook.pytest_report_teststatus
        waiting, self._waiting = self._waiting, []
        for report in waiting:
            told = status(report=report, config=self._config)
            self._stats.setdefault(told[0] if told else "", []).append(report)
        return self._stats

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep a report."""
        if not report.passed or report.when == "call":
            self._waiting.append(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what was not collected."""
        if not report.passed:
            category = "error" if report.failed else "skipped"
            self._stats.setdefault(category, []).append(report)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Keep what was dropped."""
        self._stats.setdefault("deselected", []).extend(items)


def _theirs(config: pytest.Config, name: str) -> Any:
    """Return a hook without pytest's own implementations of it."""
    plugins = config.pluginmanager
    own = [plugin for plugin in plugins.get_plugins() if not _is_foreign(plugin)]
    if "hypothesis" not in sys.modules:
        # Its plugin would import all of it in every worker, to find that no test used it.
        own += filter(None, [plugins.getplugin("hypothesispytest")])
    return plugins.subset_hook_caller(name, own)


def _implementers(config: pytest.Config, names: Sequence[str]) -> bool:
    """Whether any plugin that is not pytest's implements one of the hooks."""
    return any(
        _is_foreign(implementation.plugin)
        for name in names
        for implementation in getattr(config.hook, name).get_hookimpls()
    )


def _is_foreign(plugin: Any) -> bool:
    module = getattr(plugin, "__name__", None) or type(plugin).__module__
    return str(module).partition(".")[0] not in {"_pytest", "pytest", "utr_child"}
