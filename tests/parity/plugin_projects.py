"""A small project for each plugin, of what people use it for. Some tests fail on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Case:
    """A plugin with its project. `must_show` is text that the run's output has to hold."""

    name: str
    needs: tuple[str, ...]
    files: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    must_show: tuple[str, ...] = ()
    must_exist: tuple[str, ...] = ()
    same_files: str = ""  # a pattern of files that have to hold the same afterwards
    environ: Mapping[str, str] = field(default_factory=dict)
    workers: tuple[int, ...] = (1, 3)
    known: str = ""  # why it may differ, where that is documented


def _several(text: str, number: int = 4, stem: str = "test_part") -> dict[str, str]:
    return {f"tests/{stem}{n}.py": text.replace("NUMBER", str(n)) for n in range(number)}


UNITTEST = """
import unittest
class TestNUMBER(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.made = [NUMBER]
    def test_made(self): self.assertEqual(self.made, [NUMBER])
    def test_subtests(self):
        for each in range(4):
            with self.subTest(each=each): self.assertNotEqual(each, NUMBER)
    @unittest.skip("not now")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_expected(self): self.fail()
class TestAsyncNUMBER(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self): self.value = 1
    async def test_value(self): self.assertEqual(self.value, 1)
"""
SUBTESTS = """
import pytest
def test_all_pass(subtests):
    for each in range(3):
        with subtests.test(each=each): assert each < 3
def test_one_fails(subtests):
    for each in range(3):
        with subtests.test("named", each=each): assert each != 1
def test_skips_inside(subtests):
    with subtests.test(): pytest.skip("inside")
"""
DOCTESTS = {
    "package/__init__.py": "",
    "package/good.py": 'def f():\n    """\n    >>> 1 + 1\n    2\n    """\n',
    "package/bad.py": 'def f():\n    """\n    >>> 1 + 1\n    3\n    """\n',
    "docs/guide.txt": "Some text\n\n>>> name\n'shop'\n>>> 2 * 2\n4\n",
    "docs/wrong.txt": ">>> 2 * 2\n5\n",
    "conftest.py": "import pytest\n@pytest.fixture(autouse=True)\n"
    "def names(doctest_namespace): doctest_namespace['name'] = 'shop'\n",
}
ASYNCIO = """
import asyncio
import pytest
import pytest_asyncio
pytestmark = MARK
seen = []
@pytest_asyncio.fixture(loop_scope="SCOPE", scope="SCOPE")
async def held():
    seen.append(asyncio.get_running_loop())
    yield seen[-1]
    await asyncio.sleep(0)
async def test_one(held): assert asyncio.get_running_loop() is held
async def test_two(held): assert asyncio.get_running_loop() is held
async def test_fails(): await asyncio.sleep(0); assert 0
@pytest.mark.parametrize("n", range(3))
async def test_many(n): assert n < 2
async def test_task():
    async def work(): return 1
    assert await asyncio.gather(work(), work()) == [1, 1]
class TestGroup:
    async def test_inside(self): await asyncio.sleep(0)
"""


def asyncio_files(mode: str) -> dict[str, str]:
    """Return modules of every loop scope."""
    files = {
        "pytest.ini": f"[pytest]\nasyncio_mode = {mode}\n"
        "asyncio_default_fixture_loop_scope = function\n",
        "tests/__init__.py": "",
        "tests/conftest.py": "import asyncio, pytest_asyncio\n"
        "@pytest_asyncio.fixture(loop_scope='session', scope='session')\n"
        "async def shared():\n    yield asyncio.get_running_loop()\n",
        "tests/test_shared.py": "import asyncio, pytest\n"
        "@pytest.mark.asyncio(loop_scope='session')\n"
        "async def test_shared(shared): assert asyncio.get_running_loop() is shared\n",
    }
    for scope in ("module", "package", "session"):
        mark = f"pytest.mark.asyncio(loop_scope='{scope}')"
        files[f"tests/test_{scope}.py"] = ASYNCIO.replace("MARK", mark).replace("SCOPE", scope)
    return files


ANYIO = """
import anyio
import pytest
pytestmark = pytest.mark.anyio
@pytest.fixture
async def stream():
    send, receive = anyio.create_memory_object_stream(1)
    yield send, receive
    send.close(); receive.close()
async def test_stream(stream):
    send, receive = stream
    await send.send(NUMBER)
    assert await receive.receive() == NUMBER
async def test_sleeps(): await anyio.sleep(0); assert NUMBER != 2
"""
HYPOTHESIS = """
from hypothesis import given, settings, strategies as st, HealthCheck
@given(st.integers())
def test_holds(x): assert x == x
@given(st.lists(st.integers()))
def test_fails(xs): assert sum(xs) < 1000 or len(xs) < 2
@settings(derandomize=True, max_examples=20)
@given(st.text())
def test_fixed(text): assert len(text) < 10_000
class TestInside:
    @given(st.booleans())
    def test_method(self, flag): assert flag in {True, False}
"""
RANDOMLY = """
import random
DRAWN = random.random()
def test_seeded(): assert random.random() == random.Random(SEED_OF).random()
def test_more(): assert 0 <= random.random() < 1
class TestInside:
    def test_a(self): pass
    def test_b(self): pass
""".replace("random.Random(SEED_OF).random()", "random.Random(1234).random()")
DJANGO = {
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = site_settings\npythonpath = .\n",
    "site_settings.py": "SECRET_KEY = 'x'\nINSTALLED_APPS = ['shop']\nUSE_TZ = True\n"
    "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'shop.db',\n"
    "    'TEST': {'NAME': 'test_shop.db'}}}\n"
    "DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\nROOT_URLCONF = 'site_urls'\n"
    "ALLOWED_HOSTS = ['*']\n",
    "site_urls.py": "from django.http import HttpResponse\nfrom django.urls import path\n"
    "urlpatterns = [path('hello/', lambda request: HttpResponse('hello'))]\n",
    "shop/__init__.py": "",
    "shop/models.py": "from django.db import models\nclass Order(models.Model):\n"
    "    name = models.CharField(max_length=20)\n",
    **_several(
        """
import time
import pytest
from django.test import TestCase
from shop.models import Order
@pytest.mark.django_db
def test_creates():
    for n in range(20): Order.objects.create(name=f"NUMBER-{n}")
    assert Order.objects.count() == 20
@pytest.mark.django_db(transaction=True)
def test_transaction():
    Order.objects.create(name="NUMBER")
    time.sleep(0.05)
    assert [o.name for o in Order.objects.all()] == ["NUMBER"]
def test_no_database(): assert Order.objects.count() == 0
def test_client(client): assert client.get("/hello/").content == b"hello"
def test_settings(settings): settings.DEBUG = True
class TestOrders(TestCase):
    @classmethod
    def setUpTestData(cls): cls.order = Order.objects.create(name="made")
    def test_made(self): self.assertEqual(Order.objects.get(), self.order)
    def test_queries(self):
        with self.assertNumQueries(1): list(Order.objects.all())
"""
    ),
}
TIMEOUT = """
import time
import pytest
@pytest.mark.timeout(0.5)
def test_mark_fails(): time.sleep(5)
def test_option_fails(): time.sleep(5)
@pytest.mark.timeout(30)
def test_mark_allows(): time.sleep(1.2)
def test_quick(): pass
"""
RERUNS = """
import pytest
counts = {}
def count(name): counts[name] = counts.get(name, 0) + 1; return counts[name]
def test_second(): assert count("second") == 2
def test_never(): count("never"); assert 0
def test_good(): pass
@pytest.mark.flaky(reruns=3)
def test_marked(): assert count("marked") == 4
@pytest.mark.flaky(reruns=0)
def test_not_at_all(): assert count("none") == 2
@pytest.fixture
def shaky():
    if count("shaky") < 2: raise RuntimeError
def test_fixture(shaky): pass
"""
BENCHMARK = """
def test_sums(benchmark): assert benchmark(sum, range(100)) == 4950
def test_pedantic(benchmark):
    benchmark.pedantic(sorted, args=([3, 1, 2],), rounds=3, iterations=2)
def test_plain(): pass
"""
XDIST = """
import os
import xdist
import pytest
def test_worker(worker_id): assert worker_id == "master" or worker_id.startswith("gw")
def test_run(testrun_uid): assert testrun_uid
def test_asked(request):
    assert xdist.is_xdist_worker(request) in {True, False}
    assert isinstance(xdist.get_xdist_worker_id(request), str)
@pytest.mark.xdist_group("one")
def test_group(): pass
"""
ORDER = """
import pytest
seen = []
@pytest.mark.order(2)
def test_a(): seen.append(2); assert seen == [1, 2]
@pytest.mark.order(1)
def test_b(): seen.append(1); assert seen == [1]
@pytest.mark.order(after="test_d")
def test_c(): assert "d" in seen
def test_d(): seen.append("d")
@pytest.mark.order("last")
def test_last(): assert seen == [1, 2, "d"]
"""
DEPENDENCY = """
import pytest
@pytest.mark.dependency
def test_fails(): assert 0
@pytest.mark.dependency
def test_passes(): pass
@pytest.mark.dependency(depends=["test_fails"])
def test_skipped(): pass
@pytest.mark.dependency(depends=["test_passes"])
def test_runs(): pass
"""
FLAKY = """
from flaky import flaky
counts = {}
def count(name): counts[name] = counts.get(name, 0) + 1; return counts[name]
@flaky
def test_second(): assert count("a") == 2
@flaky(max_runs=3, min_passes=2)
def test_two_of_three(): assert count("b") != 2
@flaky(max_runs=2)
def test_never(): assert 0
def test_plain(): assert 0
"""
BDD = {
    "tests/buying.feature": "Feature: Buying\n"
    "  Scenario: One thing\n    Given a cart\n    When I add 1 things\n    Then it has 1 things\n"
    "  Scenario Outline: More\n    Given a cart\n    When I add <n> things\n"
    "    Then it has <m> things\n    Examples:\n      | n | m |\n      | 2 | 2 |\n"
    "      | 3 | 4 |\n",
    **_several(
        """
from pytest_bdd import given, parsers, scenarios, then, when
scenarios("buying.feature")
@given("a cart", target_fixture="cart")
def cart(): return []
@when(parsers.parse("I add {n:d} things"))
def add(cart, n): cart.extend(range(n))
@then(parsers.parse("it has {n:d} things"))
def has(cart, n): assert len(cart) == n
""",
        2,
    ),
}
HTTPSERVER = """
import urllib.request
def test_answers(httpserver):
    httpserver.expect_request("/NUMBER").respond_with_data("yes")
    assert urllib.request.urlopen(httpserver.url_for("/NUMBER")).read() == b"yes"
def test_fails(httpserver): urllib.request.urlopen(httpserver.url_for("/absent"))
"""
FREEZER = """
import datetime, time
import pytest
@pytest.mark.freeze_time("2001-02-03")
def test_frozen(): assert datetime.date.today() == datetime.date(2001, 2, 3)
def test_moves(freezer):
    freezer.move_to("2030-01-01")
    assert datetime.date.today().year == 2030
    assert time.time() > 1_800_000_000
def test_fails_frozen(freezer):
    freezer.move_to("1970-01-02")
    assert 0
def test_free(): assert datetime.date.today().year > 2020
"""
MACHINE = """
import datetime, time
import time_machine
@time_machine.travel("1985-10-26")
def test_back(): assert datetime.date.today().year == 1985
def test_fixture(time_machine):
    time_machine.move_to(datetime.datetime(2040, 1, 1))
    assert time.localtime().tm_year in {2039, 2040}
def test_free(): assert datetime.date.today().year > 2020
"""
SYRUPY = {
    **_several("def test_same(snapshot): assert {'a': NUMBER} == snapshot\n"
               "def test_differs(snapshot): assert 'now' == snapshot\n"
               "def test_new(snapshot): assert [1] == snapshot\n", 3),
    **{
        f"tests/__snapshots__/test_part{n}.ambr": "# serializer version: 1\n"
        "# name: test_differs\n  'then'\n# ---\n# name: test_gone\n  'x'\n# ---\n"
        f"# name: test_same\n  dict({{\n    'a': {n},\n  }})\n# ---\n"
        for n in range(3)
    },
}  # fmt: skip
CHECK = """
import pytest_check as check
def test_several():
    check.equal(1, 2)
    check.is_true(False)
def test_fine(): check.equal(1, 1)
def test_with():
    with check.check: assert 0
"""
MOCK = """
import os
def test_patches(mocker):
    mocker.patch("os.getcwd", return_value="/nowhere")
    assert os.getcwd() == "/nowhere"
def test_undone(): assert os.getcwd() != "/nowhere"
def test_spy(mocker):
    spy = mocker.spy(os.path, "basename")
    os.path.basename("a/b")
    spy.assert_called_once_with("a/c")
def test_stub(mocker): mocker.stub()()
"""
REPORTED = """
import pytest
def test_good(record_property): record_property("key", "NUMBER")
def test_bad(): print("text of NUMBER"); assert 0
@pytest.mark.skip(reason="no")
def test_skipped(): pass
"""

CASES = (
    Case("unittest", (), _several(UNITTEST)),
    Case("subtests", (), _several(SUBTESTS)),
    Case("pytest-subtests", ("pytest-subtests", "pytest<9"),
         {**_several(SUBTESTS), **_several(UNITTEST, 3, "test_case")}),
    Case("doctest", (), {**DOCTESTS, **_several("def test_a(): pass\n")},
         ("--doctest-modules", "--doctest-glob=*.txt")),
    Case("pytest-asyncio auto", ("pytest-asyncio",), asyncio_files("auto")),
    Case("pytest-asyncio strict", ("pytest-asyncio",), asyncio_files("strict")),
    Case("anyio", ("anyio", "trio"), _several(ANYIO)),
    Case("hypothesis", ("hypothesis",), _several(HYPOTHESIS),
         ("--hypothesis-seed=3", "--hypothesis-show-statistics"),
         must_show=("Hypothesis Statistics",), known="statistics are not shown yet"),
    Case("pytest-randomly", ("pytest-randomly",), _several(RANDOMLY), ("--randomly-seed=1234",)),
    Case("pytest-randomly, no seed", ("pytest-randomly",),
         _several("import random\nDRAWN = random.random()\ndef test_a(request):\n"
                  "    assert isinstance(request.config.getoption('randomly_seed'), int)\n"),
         must_show=("--randomly-seed ",)),
    Case("pytest-cov", ("pytest-cov",),
         {**_several("import code_of\ndef test_a(): code_of.f(NUMBER)\n"), "code_of.py":
          "def f(n):\n    if n > 9:\n        return 1\n    return 2\n",
          "pytest.ini": "[pytest]\npythonpath = .\n"},
         ("--cov=code_of", "--cov-report=xml"), must_show=("coverage 75",),
         must_exist=("coverage.xml", ".coverage")),
    Case("pytest-django", ("pytest-django", "django"), DJANGO),
    Case("pytest-django, reused database", ("pytest-django", "django"), DJANGO, ("--reuse-db",)),
    Case("pytest-timeout", ("pytest-timeout",), _several(TIMEOUT, 2), ("--timeout=1",)),
    Case("pytest-timeout, threads", ("pytest-timeout",),
         _several("import time\ndef test_quick(): time.sleep(0.1)\n"),
         ("--timeout=20", "--timeout-method=thread")),
    Case("pytest-rerunfailures", ("pytest-rerunfailures",), _several(RERUNS), ("--reruns=2",)),
    Case("pytest-rerunfailures, xdist", ("pytest-rerunfailures", "pytest-xdist"),
         _several(RERUNS), ("--reruns=2",)),
    Case("pytest-benchmark", ("pytest-benchmark",), _several(BENCHMARK, 2),
         ("--benchmark-max-time=0.05",), must_show=("ParallelBenchmark",), workers=(3,)),
    Case("pytest-mock", ("pytest-mock",), _several(MOCK)),
    Case("pytest-xdist", ("pytest-xdist",),
         {**_several(XDIST), "pytest.ini": "[pytest]\naddopts = -n 2 --dist loadfile\n"}),
    Case("pytest-order", ("pytest-order",), _several(ORDER), workers=(1,)),
    Case("pytest-order, three workers", ("pytest-order",), _several(ORDER), workers=(3,),
         known="an order holds within each worker"),
    Case("pytest-dependency", ("pytest-dependency",), _several(DEPENDENCY)),
    Case("pytest-repeat", ("pytest-repeat",),
         _several("def test_a(): pass\ndef test_b(): assert 0\n"), ("--count=3",)),
    Case("flaky", ("flaky",), _several(FLAKY)),
    Case("pytest-bdd", ("pytest-bdd",), BDD),
    Case("pytest-httpserver", ("pytest-httpserver",), _several(HTTPSERVER)),
    Case("pytest-freezer", ("pytest-freezer",), _several(FREEZER)),
    Case("time-machine", ("time-machine",), _several(MACHINE)),
    Case("syrupy", ("syrupy",), SYRUPY, same_files="tests/__snapshots__/*"),
    Case("syrupy, updating", ("syrupy",), SYRUPY, ("--snapshot-update",),
         same_files="tests/__snapshots__/*", known="unused snapshots are left alone"),
    Case("pytest-check", ("pytest-check",), _several(CHECK)),
    Case("allure", ("allure-pytest",), _several(REPORTED), ("--alluredir=out/allure",),
         must_exist=("out/allure/*-result.json",)),
    Case("pytest-html", ("pytest-html",), _several(REPORTED), ("--html=report.html",),
         must_show=("--html is ignored",), workers=(3,)),
    Case("pytest-html, one worker", ("pytest-html",), _several(REPORTED), ("--html=report.html",),
         must_exist=("report.html",), workers=(1,)),
    Case("pytest-json-report", ("pytest-json-report",), _several(REPORTED), ("--json-report",),
         must_show=("--json-report is ignored",), workers=(3,)),
)  # fmt: skip
