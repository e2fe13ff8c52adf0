"""Modules loaded ahead of the workers: none may change what a test sees."""

from __future__ import annotations

import textwrap

import pytest

from unified_test_runner.model import UnitKey, fold_outcome
from unified_test_runner.steps import Assign, UnitPlan
from unified_test_runner.worker import protocol

pytestmark = pytest.mark.integration

#: What the imports of these packages do, and the word by which they are refused.
HARMFUL = {
    "signals": ("import signal\nsignal.signal(signal.SIGUSR1, lambda *_: None)", "signal handlers"),
    "warns": ("import warnings\nwarnings.warn('old', DeprecationWarning)", "DeprecationWarning"),
    "filters": ("import warnings\nwarnings.simplefilter('ignore')", "warning filters"),
    "slot": ("import os\nURL = os.environ.get('DATABASE_URL')", "reads DATABASE_URL"),
    "slot_getenv": ("import os\nURL = os.getenv('DATABASE_URL')", "reads DATABASE_URL"),
    "slot_bytes": ("import os\nURL = os.environb.get(b'DATABASE_URL')", "reads DATABASE_URL"),
    "slot_if_there": ("import os\nURL = 'DATABASE_URL' in os.environ", "reads DATABASE_URL"),
    "own": ("import os\nSLOT = os.environ.get('UTR_SLOT')", "reads UTR_SLOT"),
    "all_variables": ("import os\nALL = dict(os.environ)", "the whole environment"),
    "sets_variable": ("import os\nos.environ['NEW'] = '1'", "the environment"),
    "path": ("import sys\nsys.path.append('/nowhere')", "sys.path"),
    "finder": ("import sys\nsys.meta_path.append(object())", "import hooks"),
    "folder": ("import os\nos.chdir('/')", "working directory"),
    "umask": ("import os\nos.umask(0o55)", "umask"),
    "handler": ("import logging\nlogging.getLogger().addHandler(logging.NullHandler())", "logging"),
    "excepthook": ("import sys\nsys.excepthook = print", "interpreter hooks"),
    "patch": ("import time\ntime.sleep = print", "standard functions"),
    "patches_module": ("import sys\nsys.modules['json'] = object()", "modules loaded before"),
    "limit": ("import sys\nsys.setrecursionlimit(5000)", "interpreter limits"),
    "collector": ("import gc\ngc.disable()", "garbage collector"),
    "timeout": ("import socket\nsocket.setdefaulttimeout(3)", "socket timeout"),
    "opens": ("import os\nFD = os.open('/dev/null', 0)", "open files"),
    "thread": (
        ("import threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()"),
        "running threads",
    ),
    "native_thread": (
        ("import ctypes\n"
        "libc = ctypes.CDLL(None)\n"
        "thread = ctypes.c_ulong()\n"
        "libc.pthread_create(ctypes.byref(thread), None, libc.pause, None)"),
        "running threads",
    ),
    "fails": ("import nothing_of_this_name", "ModuleNotFoundError"),
    "exits": ("raise SystemExit(0)", "SystemExit"),
}  # fmt: skip


def packages(scene, **sources: str) -> str:
    """Write packages beside the project and return their folder."""
    folder = scene / "packages"
    for name, source in sources.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(textwrap.dedent(source))
    return str(folder)


@pytest.fixture
def prepared(make_scene, tmp_path):
    """Return a maker of a scene whose template was told to load these packages ahead."""

    def make(start="auto", names=None, **sources: str):
        scene = make_scene(start=start, PYTHONPATH=packages(tmp_path, **sources))
        scene.write("test_a.py", "def test_a(): pass\n")
        scene.template.prepare(
            names or [*sources],
            chosen=sources, private=["DATABASE_URL"],
        )  # fmt: skip
        return scene, scene.the(scene.template, protocol.TemplateHello)

    return make


def _whole(worker, path: str) -> Assign:
    unit = UnitPlan(key=UnitKey(path=path), suite="s")
    return Assign(worker=worker.worker, unit=unit, start=0)


def outcomes(scene, worker, key="test_a.py") -> list[str]:
    scene.hear(worker, protocol.Walked)
    worker.run(_whole(worker, key), patterns=(), ids=())
    told = scene.hear(worker, protocol.UnitEnded)
    ends = [message for message in told if isinstance(message, protocol.TestEnded)]
    return [fold_outcome(end.all_phases).value for end in ends]


@pytest.mark.parametrize("name", HARMFUL)
def test_a_module_whose_import_is_not_harmless_is_refused(prepared, name):
    source, word = HARMFUL[name]
    needs = ["_ctypes", "ctypes", "ctypes._endian", "_struct", "struct"]
    _, hello = prepared(names=[*needs, name], **{name: source})
    assert [*hello.refused] == [name]
    assert word in hello.refused[name]
    assert hello.start == "spawn", "no worker may come from a process that was changed"
    assert hello.refused[name] in hello.reason


def test_after_a_refusal_workers_are_spawned(prepared):
    scene, _ = prepared(bad=HARMFUL["patch"][0])
    scene.write("test_a.py", "import time\ndef test_a(): assert time.sleep is not print\n")
    assert outcomes(scene, scene.fork()) == ["passed"]


def test_a_module_that_is_refused_keeps_later_ones_from_being_loaded(prepared):
    _scene, hello = prepared(bad=HARMFUL["filters"][0], good="")
    assert hello.refused.keys() == {"bad"}
    assert hello.preloaded == ("bad",)


def test_modules_beyond_those_known_are_a_reason_to_refuse(prepared):
    _, hello = prepared(names=["one"], one="import two", two="")
    assert "loads two" in hello.refused["one"]


def test_a_worker_gets_the_module_of_the_template_when_it_imports_it(prepared):
    scene, hello = prepared(pack="import os\nPID = os.getpid()\n")
    assert hello.start == "fork"
    scene.write(
        "conftest.py",
        """
        import sys
        assert "pack" not in sys.modules
        import importlib.util
        assert importlib.util.find_spec("pack").origin.endswith("__init__.py")
        import pack
        assert pack.PID == __import__("os").getppid()
        assert pack.__spec__.loader is pack.__loader__
        assert sys.modules["pack"] is pack
        """,
    )
    scene.write("test_a.py", "import sys, conftest\ndef test_a(): assert 'pack' in sys.modules\n")
    worker = scene.fork()
    assert outcomes(scene, worker) == ["passed"]


def test_nothing_of_the_machinery_is_left_when_tests_begin(prepared):
    scene, _ = prepared(pack="")
    scene.write("conftest.py", "import pack\n")
    scene.write(
        "test_a.py",
        """
        import sys
        def test_a():
            assert not [f for f in sys.meta_path if "utr_child" in type(f).__module__]
        """,
    )
    assert outcomes(scene, scene.fork()) == ["passed"]


def misfit(scene, **environ: str) -> protocol.Misfit:
    worker = scene.fork(**environ)
    (only,) = scene.hear(worker, protocol.Misfit)
    scene.the(scene.template, protocol.Exited)
    assert scene.hear(worker, type(None)) == [], "it says nothing else"
    assert outcomes(scene, scene.fork(is_spawned=True, **environ)) == ["passed"]
    return only


def test_a_module_that_nobody_imports_any_more_is_never_seen(prepared):
    """A test that X does not import Y would otherwise fail."""
    scene, _ = prepared(pack="")
    scene.write("test_a.py", "import sys\ndef test_a(): assert 'pack' not in sys.modules\n")
    told = misfit(scene)
    assert (told.module, told.reason) == ("pack", "it is not imported any more")


def test_imports_in_another_order_do_not_fit(prepared):
    scene, _ = prepared(first="", second="")
    scene.write("conftest.py", "import second, first\n")
    assert "'second' is imported before it" in misfit(scene).reason


@pytest.mark.parametrize("file", ["src/pack.py", "src/pack/__init__.py"])
def test_a_package_that_the_project_shadows_does_not_fit(prepared, file):
    scene, _ = prepared(pack="WHOSE = 'installed'\n")
    (scene.root / file).parent.mkdir(parents=True)
    scene.write(file, "WHOSE = 'the project'\n")
    scene.write("pytest.ini", "[pytest]\npythonpath = src\n")
    scene.write("conftest.py", "import pack\n")
    scene.write("test_a.py", "import pack\ndef test_a(): assert pack.WHOSE == 'the project'\n")
    assert "another file is 'pack' here" in misfit(scene).reason


def test_what_a_package_needs_may_not_be_shadowed_either(prepared):
    scene, _ = prepared(pack="import need\n", need="WHOSE = 'installed'\n")
    (scene.root / "src").mkdir()
    scene.write("src/need.py", "WHOSE = 'the project'\n")
    scene.write("pytest.ini", "[pytest]\npythonpath = src\n")
    scene.write("conftest.py", "import pack\n")
    scene.write("test_a.py", "import need\ndef test_a(): assert need.WHOSE == 'the project'\n")
    assert "another file is 'need' here" in misfit(scene).reason


def test_what_a_package_looked_for_in_vain_may_not_be_there(prepared):
    """As where a library takes up a module of settings if the project has one."""
    source = "try:\n    from its_settings import DEBUG\nexcept ImportError:\n    DEBUG = False\n"
    scene, _ = prepared(pack=source)
    scene.write("its_settings.py", "DEBUG = True\n")
    scene.write("conftest.py", "import pack\n")
    scene.write("test_a.py", "import pack\ndef test_a(): assert pack.DEBUG\n")
    assert "there is a 'its_settings' here" in misfit(scene).reason


@pytest.mark.parametrize(
    ("conftest", "environ"),
    [
        ("import pack\n", {"MODE": "test"}),
        ("import os\nos.environ['MODE'] = 'test'\nimport pack\n", {}),
    ],
)
def test_a_variable_that_it_read_may_not_be_different(prepared, conftest, environ):
    scene, _ = prepared(pack="import os\nMODE = os.environ.get('MODE')\n")
    scene.write("conftest.py", conftest)
    scene.write("test_a.py", "import pack\ndef test_a(): assert pack.MODE == 'test'\n")
    assert "reads MODE" in misfit(scene, **environ).reason


def test_what_a_conftest_patches_before_the_import_is_seen_by_it(prepared):
    scene, _ = prepared(pack="from time import time\nNOW = time()\n")
    scene.write("conftest.py", "import time\ntime.time = lambda: 0.0\nimport pack\n")
    scene.write("test_a.py", "import pack\ndef test_a(): assert pack.NOW == 0.0\n")
    assert "standard functions" in misfit(scene).reason


def test_a_package_whose_assertions_are_rewritten_does_not_fit(prepared):
    scene, _ = prepared(pack="def check(x):\n    assert x == 1\n")
    scene.write(
        "conftest.py", "import pytest\npytest.register_assert_rewrite('pack')\nimport pack\n"
    )
    scene.write(
        "test_a.py",
        """
        import pack, pytest
        def test_a():
            with pytest.raises(AssertionError, match="assert 2 == 1"):
                pack.check(2)
        """,
    )
    misfit(scene)


def test_a_conftest_that_fails_is_told_by_a_worker_without_modules_loaded_ahead(prepared):
    scene, _ = prepared(pack="")
    scene.write("conftest.py", "import nothing_of_this_name, pack\n")
    worker = scene.fork()
    assert [type(each) for each in scene.hear(worker, protocol.Misfit)] == [protocol.Misfit]
    failed = scene.the(scene.fork(is_spawned=True), protocol.ConfigureFailed)
    assert "nothing_of_this_name" in failed.message


def test_random_numbers_of_numpy_differ_between_workers(prepared):
    """The state of its generator would otherwise be the template's in each of them."""
    scene, hello = prepared(
        names=["numpy", "numpy.random"],
        numpy="""
            import random, sys, types
            _legacy = random.Random()
            module = types.ModuleType("numpy.random")
            module.seed, module.random = _legacy.seed, _legacy.random
            sys.modules["numpy.random"] = module
            """,
    )
    assert not hello.refused
    scene.write("conftest.py", "import numpy\n")
    scene.write(
        "test_a.py",
        """
        import numpy.random, random
        def test_a(record_property):
            record_property("numbers", (numpy.random.random(), random.random()))
        """,
    )
    drawn = []
    for _ in range(2):
        worker = scene.fork()
        scene.hear(worker, protocol.Walked)
        worker.run(_whole(worker, "test_a.py"), patterns=(), ids=())
        drawn += scene.the(worker, protocol.TestEnded).properties
    first, second = (eval(numbers) for _, numbers in drawn)
    assert not {*first} & {*second}


def told_modules(scene) -> list[str]:
    worker = scene.fork()
    return [name for name, _ in scene.the(worker, protocol.Walked).modules]


def test_a_worker_tells_what_it_loaded_in_the_order_of_its_imports(prepared):
    scene, _ = prepared(names=["nothing_known"], pack="")
    scene.write("conftest.py", "import zipapp, pack, tests_helper, wave\n")
    scene.write("tests_helper.py", "import fileinput\n")
    told = told_modules(scene)
    known = [name for name in told if name in {"zipapp", "fileinput", "wave"}]
    assert known == ["zipapp", "fileinput", "wave"]
    assert {"tests_helper", "conftest", "test_a", "pack"}.isdisjoint(told), "not installed"


def test_modules_of_the_project_and_plugins_are_never_told(prepared, tmp_path):
    scene, _ = prepared(names=["nothing_known"], editable="", plugin="import wave\n")
    scene.write("conftest.py", "import editable\npytest_plugins = ['plugin']\n")
    told = told_modules(scene)
    assert "wave" in told
    assert {"editable", "plugin"}.isdisjoint(told)
    assert not [name for name in told if name.startswith(("_pytest", "pytest", "pluggy"))]


def test_nothing_is_loaded_ahead_where_workers_are_spawned(prepared):
    scene, hello = prepared(start="spawn", pack="")
    assert (hello.start, hello.preloaded) == ("spawn", ())
    assert outcomes(scene, scene.fork()) == ["passed"]
