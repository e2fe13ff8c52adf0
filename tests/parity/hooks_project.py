"""A project whose conftests and plugins use the hooks that change what is run, and how."""

HOOKS = {
    "pytest.ini": "[pytest]\nfilterwarnings = error\nmarkers = wanted\nlog_level = INFO\n"
    "asyncio_default_fixture_loop_scope = function\n",
    "conftest.py": """
        import pytest
        pytest_plugins = ["local_plugin"]
        collect_ignore_glob = ["ignored_*"]

        class TextFile(pytest.File):
            def collect(self):
                for number, line in enumerate(self.path.read_text().split()):
                    yield TextItem.from_parent(self, name=line, number=number)

        class TextItem(pytest.Item):
            def __init__(self, number, **kwargs):
                super().__init__(**kwargs)
                self.number = number
            def runtest(self): assert self.name != "wrong"
            def reportinfo(self): return self.path, self.number, f"text: {self.name}"
            def repr_failure(self, excinfo): return "wrong text"

        def pytest_collect_file(file_path, parent):
            if file_path.suffix == ".text":
                return TextFile.from_parent(parent, path=file_path)

        def pytest_ignore_collect(collection_path):
            return True if collection_path.name == "not_here" else None

        def pytest_collection_modifyitems(config, items):
            dropped = [item for item in items if item.name == "test_dropped"]
            config.hook.pytest_deselected(items=dropped)
            items[:] = sorted((item for item in items if item not in dropped), key=_late)

        def _late(item): return item.name == "test_first_becomes_last"

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            if item.name == "test_forgiven" and report.when == "call":
                report.outcome, report.wasxfail = "skipped", "forgiven"
            return report

        @pytest.fixture
        def value(): return "outer"
        """,
    "local_plugin.py": """
        import pytest
        @pytest.fixture(scope="session")
        def from_plugin(): return []
        def pytest_make_parametrize_id(val): return f"<{val}>" if isinstance(val, tuple) else None
        """,
    "tests/cases.text": "right wrong right other",
    "tests/ignored_test.py": "raise RuntimeError\n",
    "tests/not_here/test_never.py": "raise RuntimeError\n",
    "tests/inner/conftest.py": """
        import pytest
        @pytest.fixture
        def value(value): return value + " inner"
        @pytest.fixture(autouse=True)
        def marked(request): request.node.inner = True
        """,
    "tests/inner/more.text": "right wrong",
    "tests/inner/test_value.py": """
        def test_value(value): assert value == "outer inner"
        def test_marked(request): assert request.node.inner
        """,
    "tests/test_hooks.py": """
        import logging, os, sys, threading, warnings
        import pytest
        SEEN = []
        def test_first_becomes_last(): assert SEEN == ["second"]
        def test_second(): SEEN.append("second")
        def test_dropped(): assert 0
        def test_forgiven(): assert 0
        def test_value(value, request):
            assert value == "outer"
            assert not hasattr(request.node, "inner")
        def test_dynamic(request): assert request.getfixturevalue("from_plugin") == []
        @pytest.mark.parametrize("pair", [(1, 2), (3, 4)])
        def test_ids(pair): pass
        def test_warns(): warnings.warn("an error here")
        def test_caught():
            with pytest.warns(UserWarning): warnings.warn("expected")
        def test_thread():
            thread = threading.Thread(target=lambda: 1 / 0)
            thread.start()
            thread.join()
        class Cyclic:
            def __del__(self): raise RuntimeError("in a destructor")
        def test_destructor(): Cyclic()
        def test_capsys(capsys):
            print("text")
            assert capsys.readouterr().out == "text\\n"
        def test_capfd(capfd):
            os.system("echo text")
            assert capfd.readouterr().out == "text\\n"
        def test_log(caplog):
            logging.getLogger("some").info("told")
            assert caplog.messages == ["told"]
        def test_tmp(tmp_path, tmp_path_factory, request):
            assert tmp_path.name == "test_tmp0"
            assert tmp_path.parent == tmp_path_factory.getbasetemp()
        def test_stdin():
            with pytest.raises(OSError): input()
        def test_property(record_property): record_property("key", object())
        def test_cache(cache):
            cache.set("some/key", 1)
            assert cache.get("some/key", None) == 1
        def test_arguments(): assert "pytest" in os.path.basename(sys.argv[0])
        def test_main(): assert sys.modules["__main__"].__file__
        def test_current(): assert "test_current (call)" in os.environ["PYTEST_CURRENT_TEST"]
        def test_changes_directory(tmp_path): os.chdir(tmp_path)
        """,
    "tests/test_late_import.py": """
        import os
        FOLDER = os.getcwd()
        def test_folder(pytestconfig): assert FOLDER == str(pytestconfig.rootpath)
        def test_session(request):
            assert request.session.testsfailed >= 0
            assert request.session.shouldstop is False
            assert request.config.getoption("verbose") <= 0
        """,
    "tests/test_marks.py": """
        import pytest
        @pytest.mark.wanted
        def test_wanted(): pass
        @pytest.mark.skipif("sys.version_info > (3,)", reason="text condition")
        def test_text_condition(): pass
        @pytest.mark.skipif("undefined_name", reason="broken condition")
        def test_broken_condition(): pass
        @pytest.mark.xfail("sys.version_info > (3,)", strict=True)
        def test_text_xfail(): assert 0
        @pytest.mark.filterwarnings("ignore")
        def test_ignores():
            import warnings
            warnings.warn("ignored")
        """,
}

#: Every warning is an error, also one that a hook is called in another way than pytest does.
STRICT = {
    "pytest.ini": "[pytest]\nfilterwarnings = error\naddopts = -p no:asyncio -ra\n",
    "conftest.py": """
        import pytest
        def pytest_report_header(config, start_path): return f"strict in {start_path.name}"
        def pytest_terminal_summary(terminalreporter, exitstatus, config):
            terminalreporter.write_line(f"{len(terminalreporter.stats.get('passed', []))} passed")
        def pytest_report_teststatus(report, config): return None
        @pytest.fixture(scope="session")
        def shared(): yield 1
        """,
    "tests/test_strict.py": """
        import warnings
        import pytest
        def test_passes(shared): pass
        def test_warns(shared): warnings.warn("not here")
        @pytest.mark.filterwarnings("ignore:but here")
        def test_may_warn(): warnings.warn("but here")
        def test_is_skipped(): pytest.skip("its outcome is compared with that of plain pytest")
        """,
}
