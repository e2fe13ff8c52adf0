"""One pytest session, driven by the runner: walk, then pull files until told to finish.

Configures pytest as if this process were alone, with its own capture, base temporary
directory, `sessionstart` and `sessionfinish`.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.config import ConftestImportFailure, _prepareconfig

from . import plugin_texts, record, wire
from .breakpoints import refuse_breakpoints
from .loaded import loaded_modules
from .loop import RunLoop
from .measuring import Measuring
from .neighbours import Neighbours
from .originals import time
from .printed import is_live, print_by_line
from .quiet import quiet_reporter, silence
from .record import Meter
from .walk import Walk, whole_choice

if TYPE_CHECKING:
    from collections.abc import Generator

    from .channel import Channel
    from .stock import Stock


def run_session(spec: dict[str, Any], channel: Channel, stock: Stock) -> int:
    """Run the whole session; returns the exit status of the process.

    Args:
        spec: what the runner sent.
        channel: the way to the runner.
        stock: modules that were loaded ahead.
    """
    if stock.is_filled or spec["tells_modules"]:
        stock.enter()
    status = 0 if stock.misfit else _run_pytest(spec, channel, stock)
    stock.leave()
    if stock.misfit is None:
        channel.flush()
        return status
    # Another worker begins anew without them. None of this one's words has left it yet.
    channel.take_back()
    module, reason = stock.misfit
    channel.send(wire.MISFIT, module=module, reason=reason)
    channel.flush()
    return wire.REFUSED


def _run_pytest(spec: dict[str, Any], channel: Channel, stock: Stock) -> int:
    began = time.perf_counter()
    channel.send(wire.HELLO, version=wire.VERSION, pid=os.getpid())
    neighbours = Neighbours(spec, channel)
    plugin = WorkerPlugin(spec, channel, neighbours, began, stock)
    measuring = Measuring(**spec["coverage"])
    plugins = [plugin, neighbours, *measuring.plugins()]
    os.environ["PYTEST_VERSION"] = pytest.__version__
    try:
        measuring.start()
        config = _prepareconfig(list(spec["arguments"]), plugins)
    except BaseException as error:  # noqa: BLE001 - plugins and conftests may raise anything
        return _refuse(channel, error)
    try:
        neighbours.settle(config.option)
        config.hook.pytest_cmdline_main(config=config)
    except BaseException as error:  # noqa: BLE001 - as above
        if not plugin.is_unsound:
            return _refuse(channel, error)
    finally:
        _unconfigure(config, plugin)
        measuring.save()
    if plugin.is_unsound:
        return 0
    if not plugin.has_walked:
        return _refuse(channel, _Ended(plugin.internal_error or "pytest ended before any test"))
    channel.send(wire.FINISHED, rss_bytes=plugin.meter.rss_bytes())
    return 0


def _unconfigure(config: pytest.Config, plugin: WorkerPlugin) -> None:
    try:
        config._ensure_unconfigure()
    except Exception:
        if not plugin.is_unsound:
            raise


class _Ended(Exception):  # noqa: N818 - a fact, told to `_refuse` like the exceptions it knows
    """Pytest came to its end without raising, and without a walk."""


def _refuse(channel: Channel, error: BaseException) -> int:
    """Tell the runner that pytest could not be configured or ended in an error of its own."""
    is_conftest = isinstance(error, ConftestImportFailure)
    channel.send(
        wire.CONFIGURE_FAILED,
        is_usage=isinstance(error, pytest.UsageError),
        text=wire.shorten(_explain(error)),
        message=_first_line(error.cause if is_conftest else error),  # type: ignore[attr-defined]
        path=str(error.path) if is_conftest else "",  # type: ignore[attr-defined]
    )
    return wire.REFUSED


def _explain(error: BaseException) -> str:
    if isinstance(error, _Ended):
        return str(error)
    if isinstance(error, pytest.UsageError):
        return "\n".join(str(line) for line in error.args)
    if isinstance(error, ConftestImportFailure):
        return record.traceback(error.cause)
    return record.traceback(error)


def _first_line(error: BaseException) -> str:
    if isinstance(error, _Ended):
        return str(error).strip().splitlines()[-1]
    return record.told(error).splitlines()[0]


class WorkerPlugin:
    """The hooks by which the runner drives a session."""

    def __init__(
        self,
        spec: dict[str, Any],
        channel: Channel,
        neighbours: Neighbours,
        began: float,
        stock: Stock,
    ) -> None:
        self.meter = Meter()
        self.has_walked = False
        self.internal_error = ""
        self._spec = spec
        self._channel = channel
        self._neighbours = neighbours
        self._began = began
        self._stock = stock
        self._loop: RunLoop
        self._reporter: Any = None

    @property
    def is_unsound(self) -> bool:
        """Whether a test left this process unfit for more; its end then says nothing."""
        return self.has_walked and self._loop.is_unsound

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Give this worker a base temporary directory of its own."""
        own = self._spec["basetemp"]
        given = config.option.basetemp
        config.option.basetemp = os.path.join(given, os.path.basename(own)) if given else own
        os.makedirs(os.path.dirname(config.option.basetemp), exist_ok=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Take the terminal reporter's place and prepare the walk."""
        plugins = session.config.pluginmanager
        if is_live(session.config) or self._spec["is_debugging"]:
            print_by_line()
        # Their caches are files that every worker would overwrite.
        silence(plugins.getplugin("terminalreporter"))
        for name in ("terminalreporter", "lfplugin", "nfplugin", "stepwiseplugin", "stepwise"):
            if plugins.hasplugin(name):
                plugins.unregister(name=name)
        is_debugging = self._spec["is_debugging"]
        shown = quiet_reporter(session.config, sys.stdout if is_debugging else None)
        plugins.register(shown, "terminalreporter")
        self._reporter = shown
        if not is_debugging:
            refuse_breakpoints(session.config, lambda: self._loop.whereabouts)
        self._neighbours.join(plugins)
        walk = Walk(session, self._spec["root"], whole_choice(session.config, self._spec))
        collect = session.perform_collect
        self._loop = RunLoop(session, walk, self._channel, self._spec, self.meter)
        plugins.register(self._loop, "unified-test-runner")
        session.perform_collect = lambda: walk.perform_collect(collect)  # type: ignore[method-assign, assignment]

    def pytest_internalerror(self, excrepr: Any) -> None:
        """Keep what pytest would print of an error in itself or in a plugin."""
        self.internal_error = str(excrepr)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> object:
        """Tell what the walk found, then run what the runner hands out."""
        if session.config.option.collectonly:
            raise pytest.UsageError("--collect-only runs nothing; use the `list` command")
        self._stock.leave()
        if self._stock.misfit:
            return True
        self._loop.label_of = plugin_texts.labels(session.config)
        plugin_texts.Statistics.register(session.config, self._reporter)
        self._tell("header", plugin_texts.header(session.config))
        shows = is_live(session.config) and not self._spec["is_debugging"]
        self._channel.send(
            wire.WALKED,
            units=[list(unit) for unit in self._loop.walk.nodes],
            startup_s=time.perf_counter() - self._began,
            notes=[list(note) for note in self._neighbours.notes],
            modules=self._modules(session.config),
            is_live=shows,
        )
        self.has_walked = True
        gc.collect()
        gc.freeze()
        self._loop.run()
        return True

    def _modules(self, config: pytest.Config) -> list[tuple[str, str]]:
        """What a later run may load ahead, where the runner asks for it."""
        if not self._spec["tells_modules"]:
            return []
        return loaded_modules(config, self._stock.asked, self._spec["root"])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: Any
    ) -> Generator[None, object, object]:
        """Pass on what plugins would write on the terminal now."""
        result = yield
        if self.has_walked and not self.is_unsound:
            self._tell("summary", plugin_texts.summary(session, self._reporter, exitstatus))
        return result

    def _tell(self, where: str, text: str) -> None:
        if text.strip():
            self._channel.send(wire.PLUGINS_TOLD, where=where, text=wire.shorten(text))
