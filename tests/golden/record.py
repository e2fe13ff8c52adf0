"""The recorded runs of this folder, as the sequences of events they came from.

`python tests/golden/record.py` writes `<name>.events.jsonl` beside this file; the expected
outputs beside them are rewritten by `pytest --update-golden`.
"""

from __future__ import annotations

from pathlib import Path

from unified_test_runner.events import (
    ErrorRaised,
    Event,
    ForecastDiffered,
    LateErrorRecorded,
    LeakFound,
    NoticeGiven,
    PlanMade,
    PlannedSuite,
    RunFinished,
    RunInterrupted,
    RunStarted,
    ServiceFailed,
    ServiceReady,
    ServiceStarting,
    ServiceStopped,
    Stamped,
    TemplateReady,
    TestFinished,
    TestStarted,
    UnitCollected,
    UnitFinished,
    UnitStarted,
    WallTime,
    WarningRecorded,
    WorkerExited,
    WorkerReady,
    WorkerRecycled,
    WorkerStarted,
    encode,
)  # fmt: skip
from unified_test_runner.model import (
    EntryKind,
    ExitCode,
    Outcome,
    PhaseResult,
    Provider,
    Section,
    When,
    WithheldSuite,
)  # fmt: skip

MIB = 1024 * 1024


class Stream:
    """Collects events on a clock of its own."""

    def __init__(self) -> None:
        self.events: list[Stamped] = []
        self.now_s = 0.0
        self.rss = dict.fromkeys(range(100), 40 * MIB)

    def add(self, *events: Event, after_s: float = 0.001) -> None:
        for event in events:
            self.now_s = round(self.now_s + after_s, 6)
            self.events.append(Stamped(seq=len(self.events) + 1, t_mono=self.now_s, event=event))

    def lines(self) -> list[str]:
        return [encode(stamped) for stamped in self.events]

    def begin(self, plan: PlanMade, workers: int = 2) -> None:
        self.add(
            RunStarted(
                run_id="20260301-101500-4f2a",
                started_at="2026-03-01T10:15:00+00:00",
                root="/srv/shop",
                run_dir="/srv/shop/.unified-test-runner/runs/20260301-101500-4f2a",
                argv=("unified-test-runner", "--real-services"),
                version="0.1.0",
                python="3.12.4",
                platform="linux",
                workers=workers,
                catalogue="config/catalogue.yaml",
            ),
            plan,
        )

    def services(self) -> None:
        postgres = {"service": "postgres", "provider": Provider.EMBEDDED}
        redis = {"service": "redis", "provider": Provider.DOCKER}
        why_postgres = "no docker engine answers; the wheel has the server"
        why_redis = "docker answers and no address is set"
        self.add(
            ServiceStarting(**postgres, reason=why_postgres),
            ServiceStarting(**redis, reason=why_redis),
        )
        self.add(
            ServiceReady(
                **redis, reason=why_redis, version="7.4.1", address="127.0.0.1:41001", boot_s=0.412
            ),
            after_s=0.4,
        )
        self.add(
            ServiceReady(
                **postgres,
                reason=why_postgres,
                version="17.2",
                address="127.0.0.1:41000",
                boot_s=1.274,
            ),
            after_s=0.9,
        )

    def workers(self, count: int) -> None:
        self.add(
            TemplateReady(group=0, pid=900, startup_s=0.09, python="3.12.4", pytest="9.0.1"),
            after_s=0.09,
        )
        for number in range(1, count + 1):
            self.add(WorkerStarted(worker=number, slot=number - 1, group=0, pid=900 + number))
        for number in range(1, count + 1):
            self.add(WorkerReady(worker=number, startup_s=0.05, units=4), after_s=0.02)

    def unit(self, worker: int, path: str, suite: str, tests: int, deselected: int = 0) -> None:
        self.add(UnitStarted(worker=worker, path=path, suite=suite))
        self.add(
            UnitCollected(
                worker=worker,
                path=path,
                suite=suite,
                tests=tests,
                deselected=deselected,
                duration_s=0.01,
            ),
            after_s=0.01,
        )

    def test(  # noqa: PLR0913 - a test has that many properties
        self,
        worker: int,
        nodeid: str,
        outcome: Outcome = Outcome.PASSED,
        *,
        suite: str = "shop",
        took_s: float = 0.05,
        phases: tuple[PhaseResult, ...] | None = None,
        grown: int = 0,
        **fields: object,
    ) -> None:
        attempt = int(str(fields.get("attempt", 1)))
        occurrence = int(str(fields.get("occurrence", 0)))
        if fields.get("entry") is not EntryKind.FILE:
            self.add(
                TestStarted(
                    worker=worker,
                    nodeid=nodeid,
                    suite=suite,
                    attempt=attempt,
                    occurrence=occurrence,
                )
            )
        before = self.rss[worker]
        self.rss[worker] = before + grown
        self.add(
            TestFinished(
                worker=worker,
                nodeid=nodeid,
                suite=suite,
                outcome=outcome,
                duration_s=took_s,
                phases=passing(took_s) if phases is None else phases,
                path=nodeid.partition("::")[0],
                line=12,
                rss_before_bytes=before,
                rss_after_bytes=before + grown,
                peak_rss_bytes=before + grown + MIB,
                **fields,  # type: ignore[arg-type]
            ),
            after_s=took_s,
        )

    def end(self, code: ExitCode, workers: int, *, wall: WallTime | None = None) -> None:
        for number in range(1, workers + 1):
            self.add(
                WorkerExited(
                    worker=number,
                    slot=number - 1,
                    status=0,
                    is_expected=True,
                    cpu_s=0.4 + number / 10,
                    peak_rss_bytes=self.rss[number] + 2 * MIB,
                    idle_s=0.1 * number,
                )
            )
        self.finish(code, wall=wall)

    def finish(self, code: ExitCode, *, wall: WallTime | None = None) -> None:
        duration_s = round(self.now_s + 0.05, 6)
        self.add(
            RunFinished(exit_code=code, duration_s=duration_s, wall=wall or WallTime()),
            after_s=0.05,
        )


def passing(took_s: float = 0.05) -> tuple[PhaseResult, ...]:
    return (
        PhaseResult(when=When.SETUP, outcome="passed", duration_s=0.001),
        PhaseResult(when=When.CALL, outcome="passed", duration_s=took_s),
        PhaseResult(when=When.TEARDOWN, outcome="passed", duration_s=0.001),
    )


def failing(
    message: str, longrepr: str, when: When = When.CALL, *sections: Section
) -> tuple[PhaseResult, ...]:
    bad = PhaseResult(
        when=when,
        outcome="failed",
        duration_s=0.02,
        message=message,
        longrepr=longrepr,
        sections=sections,
    )
    return (bad,) if when is When.COLLECT else (*passing()[:1], bad)


def skipping(reason: str, expected: str | None = None) -> tuple[PhaseResult, ...]:
    return (
        PhaseResult(
            when=When.CALL if expected is not None else When.SETUP,
            outcome="skipped",
            duration_s=0.0,
            message=reason,
            expected=expected,
        ),
    )


SHOP = PlannedSuite(
    name="shop", group=0, files=2, category="integration", services=("postgres", "redis")
)


def all_passed() -> Stream:
    stream = Stream()
    stream.begin(PlanMade(suites=(SHOP,), selectors=(("--category", "integration"),)))
    stream.services()
    stream.workers(2)
    cart, order = "suites/shop/test_cart.py", "suites/shop/test_order.py"
    stream.unit(1, cart, "shop", 3)
    stream.unit(2, order, "shop", 2, deselected=1)
    stream.test(1, f"{cart}::test_add", category="integration", grown=3 * MIB)
    stream.test(2, f"{order}::TestOrder::test_pay", took_s=0.42, grown=MIB // 4)
    stream.test(1, f"{cart}::test_remove[one]")
    stream.test(1, f"{cart}::test_remove[all]", took_s=0.2)
    stream.add(UnitFinished(worker=1, path=cart))
    stream.test(2, f"{order}::TestOrder::test_cancel")
    stream.add(UnitFinished(worker=2, path=order))
    for name, took_s in (("redis", 2.4), ("postgres", 2.5)):
        stream.add(ServiceStopped(service=name, duration_s=took_s, peak_rss_bytes=30 * MIB))
    stream.end(
        ExitCode.OK,
        2,
        wall=WallTime(
            services_s=1.3, startup_s=0.15, collection_s=0.02, tests_s=0.6, idle_s=0.1,
            shutdown_s=0.06,
        ),
    )  # fmt: skip
    return stream


TRACEBACK = """\
    def test_total(cart):
        cart.add("tea", 2)
>       assert cart.total() == 7
E       assert 6 == 7
E        +  where 6 = total()

suites/shop/test_cart.py:31: AssertionError"""


def mixture() -> Stream:
    """Every outcome, a late error, a dead worker, warnings."""
    stream = Stream()
    suites = (
        PlannedSuite(name="shop", group=0, files=3, category="integration"),
        PlannedSuite(name="stock", group=0, files=1, category="unit"),
    )
    withheld = WithheldSuite(
        name="billing", files=2, flag="--real-services", tests_at_least=9, services=("postgres",)
    )
    stream.begin(PlanMade(suites=suites, withheld=(withheld,)))
    stream.workers(2)
    cart, order, stock = (
        "suites/shop/test_cart.py",
        "suites/shop/test_order.py",
        "suites/stock/test_stock.py",
    )
    stream.unit(1, cart, "shop", 6)
    stream.test(1, f"{cart}::test_add", grown=4 * MIB)
    printed = Section(title="Captured stdout call", text="adding tea\nadding tea\n")
    stream.test(
        1,
        f"{cart}::test_total",
        Outcome.FAILED,
        phases=failing("assert 6 == 7", TRACEBACK, When.CALL, printed),
        reproduce=f"utr {cart}::test_total",
    )
    stream.test(1, f"{cart}::test_coupon", Outcome.SKIPPED, phases=skipping("no coupons yet"))
    stream.test(1, f"{cart}::test_gift", Outcome.SKIPPED, phases=skipping("no coupons yet"))
    stream.test(
        1, f"{cart}::test_tax", Outcome.XFAILED, phases=skipping("assert 1 == 2", "rounding, #12")
    )
    stream.test(1, f"{cart}::test_round", Outcome.XPASSED, reason="rounding, #12")
    stream.add(UnitFinished(worker=1, path=cart))
    stream.unit(2, order, "shop", 4)
    stream.test(
        2,
        f"{order}::TestOrder::test_pay",
        Outcome.ERROR,
        phases=failing("fixture 'bank' not found", "E   fixture 'bank' not found", When.SETUP),
        reproduce=f"utr {order}::TestOrder::test_pay",
    )
    stream.test(
        2,
        f"{order}::TestOrder::test_ship",
        Outcome.CRASHED,
        phases=(),
        reason="worker 2 died of signal 11 (SIGSEGV)",
        reproduce=f"utr {order}::TestOrder::test_ship",
    )
    stream.add(
        WorkerExited(worker=2, slot=1, status=-11, is_expected=False),
        WorkerStarted(worker=3, slot=1, group=0, pid=931),
        WorkerReady(worker=3, startup_s=0.04, units=4),
        UnitStarted(worker=3, path=order, suite="shop"),
    )
    stacks = Section(title="Stacks", text='File "test_order.py", line 40 in test_wait\n')
    stream.test(
        3,
        f"{order}::TestOrder::test_wait",
        Outcome.TIMED_OUT,
        took_s=2.0,
        phases=(
            PhaseResult(
                when=When.CALL, outcome="failed", duration_s=2.0, message="", sections=(stacks,)
            ),
        ),
        reason="no end after 2s",
        reproduce=f"utr {order}::TestOrder::test_wait",
    )
    stream.test(3, f"{order}::test_last")
    stream.add(
        LateErrorRecorded(
            worker=3,
            nodeid=f"{order}::test_last",
            phase=PhaseResult(
                when=When.TEARDOWN,
                outcome="failed",
                duration_s=0.01,
                message="OSError: pool is closed",
                longrepr="conftest.py:9: in pool\nE   OSError: pool is closed",
            ),
        ),
        UnitFinished(worker=3, path=order),
    )
    stream.unit(1, stock, "stock", 2)
    flaky = f"{stock}::test_race"
    stream.test(
        1, flaky, Outcome.FAILED, suite="stock", phases=failing("assert 0 == 1", "E assert 0 == 1")
    )
    stream.test(1, f"{stock}::test_later", Outcome.NOT_RUN, suite="stock", phases=())
    stream.add(UnitFinished(worker=1, path=stock))
    stream.test(3, flaky, suite="stock", attempt=2)
    broken, empty = "suites/shop/test_broken.py", "suites/shop/test_windows.py"
    stream.add(UnitStarted(worker=1, path=broken, suite="shop"))
    stream.test(
        1,
        broken,
        Outcome.ERROR,
        entry=EntryKind.FILE,
        phases=failing(
            "ModuleNotFoundError: No module named 'till'",
            "test_broken.py:1: in <module>\nE   ModuleNotFoundError: No module named 'till'",
            When.COLLECT,
        ),
        reproduce=f"utr {broken}",
    )
    stream.add(UnitFinished(worker=1, path=broken))
    stream.add(ForecastDiffered(group=0, unexpected=(empty,)))
    stream.add(UnitStarted(worker=1, path=empty, suite="shop"))
    stream.test(
        1, empty, Outcome.SKIPPED, entry=EntryKind.FILE, phases=(), reason="only for Windows"
    )
    stream.add(UnitFinished(worker=1, path=empty))
    stream.add(
        WarningRecorded(
            worker=1,
            message="use add_item instead",
            category="DeprecationWarning",
            nodeid=f"{cart}::test_add",
        ),
        WarningRecorded(worker=3, message="use add_item instead", category="DeprecationWarning"),
        WarningRecorded(worker=1, message="unclosed file\nmore", category="ResourceWarning"),
        NoticeGiven(level="warning", message="pytest-till is not installed", hint="pip install"),
        LeakFound(worker=1, nodeid=f"{cart}::test_add", resource="thread", what="ticker, daemon"),
        LeakFound(
            worker=1,
            nodeid=f"{cart}::test_add",
            resource="descriptor",
            what="socket TCP 127.0.0.1:43210 listening",
            count=2,
            is_failing=True,
        ),
        WorkerRecycled(worker=1, path=cart, rss_bytes=90 * MIB, bound_bytes=80 * MIB),
    )
    stream.end(ExitCode.TESTS_FAILED, 1, wall=WallTime(startup_s=0.2, tests_s=3.1, idle_s=0.4))
    return stream


def withheld() -> Stream:
    stream = Stream()
    stream.begin(
        PlanMade(
            suites=(),
            withheld=(
                WithheldSuite(
                    name="shop",
                    files=2,
                    flag="--real-services",
                    tests_at_least=5,
                    category="integration",
                    services=("postgres", "redis"),
                ),
            ),
            selectors=(("--category", "integration"),),
        )
    )
    stream.finish(ExitCode.NOTHING_RAN)
    return stream


def interrupted() -> Stream:
    stream = Stream()
    stream.begin(PlanMade(suites=(SHOP,)), workers=1)
    stream.workers(1)
    cart = "suites/shop/test_cart.py"
    stream.unit(1, cart, "shop", 3)
    stream.test(1, f"{cart}::test_add")
    stream.add(
        RunInterrupted(signal="SIGINT", is_draining=True),
        RunInterrupted(signal="SIGINT", is_draining=False),
    )
    stream.test(1, f"{cart}::test_remove")
    stream.test(1, f"{cart}::test_total", Outcome.NOT_RUN, phases=(), reason="interrupted")
    stream.end(ExitCode.INTERRUPTED, 1)
    return stream


def service_failed() -> Stream:
    stream = Stream()
    stream.begin(PlanMade(suites=(SHOP,)))
    stream.add(
        ServiceStarting(service="postgres", provider=Provider.DOCKER, reason="docker answers"),
        ServiceFailed(
            service="postgres",
            message="exited with status 1 before it was ready",
            hint="see its log",
            log_tail=("starting", "FATAL: no space left on device"),
        ),
        ErrorRaised(
            message="service 'postgres': exited with status 1 before it was ready",
            exit_code=ExitCode.SERVICE,
        ),
    )
    stream.finish(ExitCode.SERVICE)
    return stream


def killed() -> Stream:
    """The log of a run that was killed: two tests never ended, a file was never begun."""
    stream = Stream()
    stream.begin(PlanMade(suites=(SHOP,)))
    stream.workers(2)
    cart, order = "suites/shop/test_cart.py", "suites/shop/test_order.py"
    stream.unit(1, cart, "shop", 2)
    stream.unit(2, order, "shop", 2)
    stream.test(1, f"{cart}::test_add")
    stream.add(UnitFinished(worker=1, path=cart))
    stream.test(2, f"{order}::test_pay")
    stream.add(TestStarted(worker=2, nodeid=f"{order}::test_ship", suite="shop"))
    return stream


def hostile() -> Stream:
    """Names and outputs that are out to break whoever prints them."""
    stream = Stream()
    suite = PlannedSuite(name="[bold]s\x1b[31muite", group=0, files=1)
    stream.begin(PlanMade(suites=(suite,)))
    path = "suites/tést_[red].py"
    stream.unit(1, path, suite.name, 8)
    names = (
        "test_[bold red]x[/]",
        "test_\x1b[31mred\x1b[0m",
        "test_\x00\x07\x7f\x9b2J",
        "test_\ud800",
        "test_👩\u200d👧 日本語",
        "test_" + "long" * 75,
        "test_a\nb\r\tc",
        "test_]]>&<\"'",
        "test_\u202eabc",
    )
    for name in names:
        stream.test(1, f"{path}::{name}", suite=suite.name, name=name)
        section = Section(title=f"Captured stderr {name}", text=f"\x1b[2J\x1b[1;31m{name}\x00\n")
        stream.test(
            1,
            f"{path}::bad_{name}",
            Outcome.FAILED,
            suite=suite.name,
            phases=failing(f"{name}\nsecond", f"E   {name}", When.CALL, section),
            reproduce=f"utr '{name}'",
            properties=((name, name),),
        )
    stream.test(1, f"{path}::silent", Outcome.FAILED, suite=suite.name, phases=())
    stream.test(1, f"{path}::silent", Outcome.SKIPPED, suite=suite.name, occurrence=1, phases=())
    stream.add(UnitFinished(worker=1, path=path))
    stream.end(ExitCode.TESTS_FAILED, 1)
    return stream


STREAMS = {
    "all_passed": all_passed,
    "mixture": mixture,
    "withheld": withheld,
    "interrupted": interrupted,
    "service_failed": service_failed,
    "killed": killed,
    "hostile": hostile,
}


def recorded(name: str) -> str:
    """The log of one stream; that of the killed run ends in the middle of a line."""
    lines = STREAMS[name]().lines()
    if name == "killed":
        return "\n".join([*lines, lines[-1][:40]])
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    for name in STREAMS:
        path = Path(__file__).with_name(f"{name}.events.jsonl")
        path.write_text(recorded(name), encoding="ascii")


if __name__ == "__main__":
    main()
