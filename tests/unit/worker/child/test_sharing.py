"""Where a file may be divided, on items that pytest itself has collected."""

from __future__ import annotations

import os
import uuid
from types import SimpleNamespace

import pytest

from unified_test_runner.worker.child.utr_child.sharing import Share

PLAIN = "import pytest, unittest\n" + "\n".join(f"def test_{n}(): pass" for n in range(10)) + "\n"
CALL = [{"when": "setup", "duration_s": 0.0}]


class _Collected:
    def pytest_collection_finish(self, session):
        self.items = list(session.items)


@pytest.fixture
def share(tmp_path):
    def make(text: str = PLAIN, collect_s: float = 0.01, *, arguments: tuple[str, ...] = ()):
        path = tmp_path / f"test_{uuid.uuid4().hex}.py"  # a module is imported once by a name
        path.write_text(text)
        plugin = _Collected()
        apart = ("-c", os.devnull, "--rootdir", str(tmp_path), "--import-mode", "importlib")
        quiet = ("-p", "no:cacheprovider", "-q", "--collect-only", "-W", "ignore")
        pytest.main([str(path), *apart, *quiet, *arguments], plugins=[plugin])
        made = Share(plugin.items, collect_s)
        made.begin()
        return made

    return make


def answer(share: Share, how: str = "auto", index: int = 1, stop: int = 10) -> tuple[int, str]:
    share.ask(how)
    return share.answer(index, stop)


def test_half_of_what_follows_the_next_test_is_given(share):
    made = share()
    made.add(1.0, CALL)
    assert answer(made) == (6, "")
    assert answer(made, index=2, stop=6) == (4, "")
    assert answer(made, index=4, stop=6) == (5, "")
    assert answer(made, index=5, stop=6) == (6, "")


def test_nobody_asked(share):
    made = share()
    made.add(1.0, CALL)
    assert made.answer(1, 10) == (10, "")


def test_a_question_stands_until_the_rest_is_worth_it(share):
    made = share(collect_s=1.0)
    made.ask("auto")
    assert made.answer(0, 10) == (10, ""), "nothing is known of its cost"
    made.add(0.1, CALL)
    assert made.answer(1, 10) == (10, "")
    made.add(2.0, CALL)
    assert made.answer(2, 10) == (6, "")
    assert made.answer(3, 10) == (10, ""), "answered once"


def test_the_first_setup_may_be_a_whole_sessions(share):
    made = share()
    made.add(5.0, [{"when": "setup", "duration_s": 5.0}])
    assert answer(made) == (10, "")


def case(reason: str, body: str, *modes: str, name: str = "") -> object:
    return pytest.param(body, reason, modes or ("auto",), id=name or reason)


@pytest.mark.parametrize(
    ("body", "reason", "modes"),
    [
        case("scope module", "def setup_module(): pass", "auto", "class", name="setup_module"),
        case("scope module", "def teardown_module(): pass", "auto", "class", name="teardown"),
        case("scope class", "class TestA:\n  @classmethod\n  def setup_class(cls): pass\n"
             "  def test_a(self): pass", name="setup_class"),
        case("scope class", "class TestA(unittest.TestCase):\n  @classmethod\n"
             "  def tearDownClass(cls): pass\n  def test_a(self): pass", name="tearDownClass"),
        case("scope package", "@pytest.fixture(scope='package')\ndef p(): pass\n"
             "def test_p(p): pass", "auto", "class"),
        case("scope module", "@pytest.fixture(scope='module')\ndef m(): pass\n"
             "@pytest.fixture\ndef f(m): pass\ndef test_f(f): pass", "auto", "class", name="deep"),
        case("mark xdist_group", "@pytest.mark.xdist_group('a')\ndef test_g(): pass", "auto",
             "class", "test"),
        case("mark dependency", "@pytest.mark.dependency()\ndef test_g(): pass"),
    ],
)  # fmt: skip
def test_what_tests_share_keeps_them_together(share, body, reason, modes):
    items = share(PLAIN + body).items
    for how in ("auto", "class", "test"):
        made = Share(items, 0.01)
        made.add(1.0, CALL)
        cut, why = answer(made, how)
        if how in modes:
            assert reason in why
            assert cut == 10
        else:
            assert cut < 10
            assert not why


@pytest.mark.parametrize(
    "body",
    [
        "@pytest.fixture(scope='session', autouse=True)\ndef s(): yield",
        "class TestA(unittest.TestCase):\n  def test_a(self): pass",
        "class TestA:\n  def setup_method(self): pass\n  def test_a(self): pass",
        "@pytest.fixture(scope='module')\ndef unused(): pass",
        "def test_b(tmp_path, capsys, monkeypatch, tmp_path_factory, request): pass",
    ],
)
def test_what_each_test_has_for_itself_does_not_hinder(share, body):
    made = share(PLAIN + body)
    made.add(1.0, CALL)
    assert answer(made) == (6, "")


def test_a_fixture_asked_for_while_a_test_ran_keeps_the_file_whole(share):
    made = share()
    made.add(1.0, CALL)
    request = SimpleNamespace(_pyfuncitem=made.items[0])
    made.note(SimpleNamespace(scope="module", argname="late", func=print), request)
    assert "asked for late" in answer(made)[1]
    assert answer(made, "test") == (6, "")


def test_a_run_that_stops_at_a_failure_divides_nothing(share):
    made = share(arguments=("-x",))
    made.add(1.0, CALL)
    assert "stops" in answer(made, "test")[1]


def test_classes_are_cut_between_only(share):
    body = "\n".join(
        f"class Test{name}:\n" + "\n".join(f"  def test_{n}(self): pass" for n in range(4))
        for name in "ABC"
    )
    made = share(body)
    made.add(1.0, CALL)
    assert answer(made, "class", index=1, stop=12) == (8, "")
    assert answer(made, "class", index=1, stop=8) == (4, "")
    assert answer(made, "class", index=5, stop=8) == (8, "")


def test_a_reason_that_is_known_needs_no_look(share):
    items = share().items
    made = Share(items, 0.0, "everything is collected at once")
    made.begin()
    made.add(1.0, CALL)
    assert answer(made, "test") == (10, "everything is collected at once")
