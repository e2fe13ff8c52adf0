"""Small projects that together use most of what pytest can do; `tests/e2e` compares on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hooks_project import HOOKS, STRICT

if TYPE_CHECKING:
    from collections.abc import Mapping

UNITTEST = {
    "tests/test_unittest.py": """
        import unittest

        def setUpModule(): Case.order.append("module")

        class Case(unittest.TestCase):
            order = []
            @classmethod
            def setUpClass(cls): cls.order.append("class")
            @classmethod
            def tearDownClass(cls): cls.order.append("over")
            def setUp(self): self.addCleanup(self.order.append, "clean")
            def test_a_order(self): self.assertEqual(self.order, ["module", "class"])
            def test_b_clean(self): self.assertIn("clean", self.order)
            def test_fails(self): self.fail("on purpose")
            def test_subtests(self):
                for number in range(3):
                    with self.subTest(number=number):
                        self.assertNotEqual(number, 1)
            def test_subtests_pass(self):
                for number in range(3):
                    with self.subTest(number=number):
                        self.assertLess(number, 3)
            @unittest.expectedFailure
            def test_expected(self): self.fail("expected")
            @unittest.expectedFailure
            def test_unexpected(self): pass
            @unittest.skip("not now")
            def test_skipped(self): pass

        class Heir(Case):
            def test_c_over(self): self.assertIn("over", self.order)

        class BrokenClass(unittest.TestCase):
            @classmethod
            def setUpClass(cls): raise RuntimeError("set-up of the class")
            def test_one(self): pass
            def test_two(self): pass

        class BrokenEnd(unittest.TestCase):
            @classmethod
            def tearDownClass(cls): raise RuntimeError("teardown of the class")
            def test_one(self): pass

        @unittest.skip("whole class")
        class Skipped(unittest.TestCase):
            def test_one(self): pass

        class Asynchronous(unittest.IsolatedAsyncioTestCase):
            async def test_one(self): self.assertTrue(True)
            async def test_fails(self): self.fail("on purpose")
        """,
    "tests/test_module_end.py": """
        def teardown_module(): raise RuntimeError("end of the module")
        def test_one(): pass
        def test_last(): pass
        """,
    "tests/test_module_start.py": """
        def setup_module(): raise RuntimeError("start of the module")
        def test_one(): pass
        def test_two(): pass
        """,
}

FIXTURES = {
    "tests/conftest.py": """
        import pytest
        LOG = []

        def made(scope):
            def make(request):
                LOG.append(("up", scope, getattr(request, "param", None)))
                yield getattr(request, "param", None)
                LOG.append(("down", scope, getattr(request, "param", None)))
            make.__name__ = scope
            return make

        class_value = pytest.fixture(scope="class", params=["c1", "c2"])(made("class"))
        module_value = pytest.fixture(scope="module", params=["m1", "m2"])(made("module"))
        function_value = pytest.fixture(params=["f1", "f2"])(made("function"))

        @pytest.fixture(scope="session")
        def log(): return LOG

        @pytest.fixture(scope="package")
        def package_value(request):
            LOG.append(("up", "package", None))
            yield request.node.name
            LOG.append(("down", "package", None))

        def pytest_generate_tests(metafunc):
            if "generated" in metafunc.fixturenames:
                metafunc.parametrize("generated", [1, 2, 3], indirect=False, ids=["a", "b", "b"])
        """,
    "tests/test_reordering.py": """
        import pytest
        SEEN = []
        def test_one(module_value): SEEN.append(("one", module_value))
        def test_two(function_value): SEEN.append(("two", function_value))
        class TestClass:
            def test_three(self, class_value, module_value): SEEN.append(("three", module_value))
            def test_four(self, class_value): SEEN.append(("four", class_value))
        def test_five(module_value, function_value): SEEN.append(("five", module_value))
        def test_order(log):
            assert [entry for entry in SEEN if entry[0] in {"one", "five"}] == [
                ("one", "m1"), ("five", "m1"), ("five", "m1"),
                ("one", "m2"), ("five", "m2"), ("five", "m2")]
        """,
    "tests/test_generated.py": """
        import pytest
        def test_generated(generated): assert generated != 2
        @pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.xfail(strict=True))])
        @pytest.mark.parametrize("y", ["", "a b", "a::b", "[", "é", "\\x00", None], ids=repr)
        def test_product(x, y): pass
        @pytest.mark.parametrize("nothing", [])
        def test_empty(nothing): pass
        @pytest.mark.xfail(strict=True)
        def test_strict(): pass
        @pytest.mark.xfail(raises=ValueError)
        def test_other_error(): raise TypeError
        @pytest.mark.xfail(run=False)
        def test_not_run(): raise SystemExit
        def test_imperative(): pytest.xfail("inside")
        def test_exits(): raise SystemExit(3)
        @pytest.mark.xfail
        def test_setup_xfails(nowhere): pass
        @pytest.mark.usefixtures("nowhere")
        def test_setup_errors(): pass
        @pytest.fixture
        def skipping(): pytest.skip("in set-up")
        def test_skipped_in_setup(skipping): pass
        """,
    "tests/package/__init__.py": "",
    "tests/package/conftest.py": """
        import pytest
        def pytest_collection_modifyitems(items):
            for item in items:
                if "package" in item.nodeid and item.name == "test_marked":
                    item.add_marker(pytest.mark.skip(reason="by a conftest"))
        def pytest_runtest_setup(item):
            if item.name == "test_refused": raise RuntimeError("by a nested conftest")
        """,
    "tests/package/test_same.py": """
        def test_package(package_value, log):
            assert package_value == "package"
            assert ("down", "package", None) not in log
        def test_marked(): assert 0
        def test_refused(): pass
        """,
    "tests/package/inner/__init__.py": "",
    "tests/package/inner/test_same.py": """
        def test_inner(package_value): assert package_value == "inner"
        def test_refused(): pass
        """,
    "tests/other/__init__.py": "",
    "tests/other/test_same.py": """
        def test_refused(): pass
        """,
    "tests/other/test_broken.py": "import nowhere_to_be_found\n",
    "tests/other/test_module_skip.py": "import pytest\npytest.importorskip('nowhere')\n",
    "tests/other/test_syntax.py": "def test_(:\n",
}

DOCTESTS = {
    "pytest.ini": "[pytest]\ndoctest_optionflags = ELLIPSIS\n",
    "package/__init__.py": '"""\n>>> 1 + 1\n2\n"""\n',
    "package/module.py": """
        '''
        >>> 1
        1
        '''
        def right():
            '''
            >>> right()
            7
            '''
            return 7
        def wrong():
            '''
            >>> wrong()
            8
            '''
            return 7
        def skipped():
            '''
            >>> skipped()  # doctest: +SKIP
            '''
        """,
    "package/test_both.py": """
        '''
        >>> [1, 2, 3]
        [1, ..., 3]
        '''
        def test_one(): pass
        """,
    "package/test_skipped.py": "import pytest\npytest.skip('all', allow_module_level=True)\n",
    "package/broken.py": "import nowhere_to_be_found\n",
    "docs/guide.txt": ">>> 2 * 2\n4\n",
    "docs/wrong.txt": ">>> 2 * 2\n5\n",
    "docs/empty.txt": "nothing to run\n",
}

ASYNCHRONOUS = {
    "pytest.ini": "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n",
    "tests/conftest.py": """
        import asyncio, pytest, pytest_asyncio
        @pytest_asyncio.fixture(scope="session", loop_scope="session")
        async def server():
            await asyncio.sleep(0)
            yield asyncio.get_running_loop()
        @pytest_asyncio.fixture(scope="module", loop_scope="module", params=[1, 2])
        async def connection(request):
            yield request.param
        """,
    "tests/test_asyncio.py": """
        import asyncio, pytest
        async def test_one(): await asyncio.sleep(0)
        async def test_fails(): assert 0
        async def test_connected(connection): assert connection
        @pytest.mark.asyncio(loop_scope="session")
        async def test_same_loop(server): assert server is asyncio.get_running_loop()
        class TestClass:
            @pytest.mark.asyncio(loop_scope="class")
            async def test_in_class(self): pass
        """,
    "tests/test_again.py": """
        import asyncio, pytest
        @pytest.mark.asyncio(loop_scope="session")
        async def test_same_loop(server): assert server is asyncio.get_running_loop()
        """,
    "tests/test_anyio.py": """
        import anyio, pytest
        pytestmark = pytest.mark.anyio
        @pytest.fixture(params=["asyncio"])
        def anyio_backend(request): return request.param
        async def test_sleeps(anyio_backend): await anyio.sleep(0)
        async def test_fails(anyio_backend):
            async with anyio.create_task_group() as group:
                raise ValueError
        """,
    "tests/test_hypothesis.py": """
        import unittest
        from hypothesis import given, settings, strategies as st
        @given(st.integers())
        def test_holds(number): assert number == int(str(number))
        @settings(database=None)
        @given(st.integers())
        def test_fails(number): assert number < 100
        class Case(unittest.TestCase):
            @given(st.text())
            def test_text(self, text): self.assertEqual(text, str(text))
        """,
}

EQUAL_NAMES = {
    "tests/a/test_same.py": "def test_a(): assert __file__.endswith('a/test_same.py')\n",
    "tests/b/test_same.py": "def test_b(): assert __file__.endswith('b/test_same.py')\n",
    "tests/c/__init__.py": "",
    "tests/c/test_same.py": "def test_c(): assert __file__.endswith('c/test_same.py')\n",
}

PACKAGES = {
    "tests/a/helper_of_a.py": "VALUE = 1\n",
    "tests/a/test_import.py": """
        import helper_of_a
        def test_value(): assert helper_of_a.VALUE == 1
        """,
    "tests/c/__init__.py": "",
    "tests/c/test_same.py": "def test_name(): assert __name__ == 'c.test_same'\n",
    "tests/d/__init__.py": "",
    "tests/d/test_same.py": "def test_name(): assert __name__ == 'd.test_same'\n",
}

NESTED_INI = {
    "inner/pytest.ini": "[pytest]\npython_files = check_*.py\npython_functions = check_*\n",
    "inner/conftest.py": """
        import pytest
        @pytest.fixture
        def root(pytestconfig): return pytestconfig.rootpath.name
        """,
    "inner/sub/check_it.py": """
        def check_root(root): assert root == "inner"
        def check_fails(): assert 0
        """,
    "inner/sub/test_not.py": "def test_never(): assert 0\n",
}

#: Plain pytest sets each parameter up once, because it sees all files; ours once per file.
SESSION_PARAMETERS = {
    "tests/conftest.py": """
        import pytest
        SETUPS = []
        @pytest.fixture(scope="session", params=["s1", "s2"])
        def session_value(request):
            SETUPS.append(request.param)
            return SETUPS
        """,
    "tests/test_a.py": "def test_once(session_value): assert session_value.count('s1') == 1\n",
    "tests/test_b.py": "def test_once(session_value): assert session_value.count('s1') == 1\n",
}

SAME: dict[str, tuple[Mapping[str, str], tuple[str, ...], tuple[str, ...]]] = {
    "unittest": (UNITTEST, ("tests",), ()),
    "fixtures": (FIXTURES, ("tests",), ()),
    "hooks": (HOOKS, (), ()),
    "strict": (STRICT, ("tests",), ()),
    "doctests": (DOCTESTS, (), ("--doctest-modules", "--doctest-glob=*.txt")),
    "asynchronous": (ASYNCHRONOUS, ("tests",), ()),
    "prepend": (PACKAGES, ("tests",), ("--import-mode=prepend",)),
    "append": (PACKAGES, ("tests",), ("--import-mode=append",)),
    "importlib": (EQUAL_NAMES, ("tests",), ("--import-mode=importlib",)),
    "nested ini": (NESTED_INI, ("inner",), ()),
}

#: Where ours differs, and is known to.
KNOWN: dict[str, tuple[Mapping[str, str], tuple[str, ...], tuple[str, ...]]] = {
    "session parameters": (SESSION_PARAMETERS, ("tests",), ()),
    "equal names": (EQUAL_NAMES, ("tests",), ("--import-mode=prepend",)),
}
