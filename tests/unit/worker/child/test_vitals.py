from __future__ import annotations

import builtins
import functools
import io
import logging
import sys
import tempfile
from types import SimpleNamespace

import pytest

from unified_test_runner.worker.child.utr_child import vitals as module
from unified_test_runner.worker.child.utr_child.vitals import Vitals


def configured(capture=None):
    plugins = SimpleNamespace(getplugin=lambda _: SimpleNamespace(_global_capturing=capture))
    return SimpleNamespace(pluginmanager=plugins)


@pytest.fixture
def vitals():
    return Vitals(configured())


def test_a_sound_process_needs_no_repair(vitals):
    assert vitals.repair() == []


@pytest.mark.parametrize(
    ("owner", "name"), [(builtins, "len"), (builtins, "isinstance"), (logging, "getLogger")]
)
def test_what_every_test_needs_is_put_back(vitals, monkeypatch, owner, name):
    before = getattr(owner, name)
    monkeypatch.setattr(owner, name, None)
    assert vitals.repair() == [f"{owner.__name__}.{name} replaced"]
    assert getattr(owner, name) is before
    assert vitals.repair() == []


@pytest.mark.parametrize("name", ["open", "print", "__import__"])
def test_what_may_be_meant_is_left_alone(vitals, monkeypatch, name):
    monkeypatch.setattr(builtins, name, functools.partial(getattr(builtins, name)))
    assert vitals.repair() == []


def test_a_new_builtin_is_no_damage(vitals, monkeypatch):
    monkeypatch.setattr(builtins, "translated", str, raising=False)
    assert vitals.repair() == []


def test_a_module_of_pytest_that_is_gone_is_put_back(vitals, monkeypatch):
    monkeypatch.delitem(sys.modules, "pytest")
    assert vitals.repair() == ["the module pytest removed"]
    assert sys.modules["pytest"] is pytest


@pytest.mark.parametrize(("limit", "is_damage"), [(399, True), (400, False)])
def test_only_a_recursion_limit_that_stops_pytest_is_damage(vitals, monkeypatch, limit, is_damage):
    limits = [limit]
    monkeypatch.setattr(module.sys, "getrecursionlimit", lambda: limits[-1])
    monkeypatch.setattr(module.sys, "setrecursionlimit", limits.append)
    assert vitals.repair() == (["the recursion limit at 399"] if is_damage else [])


@pytest.mark.parametrize(("soft", "is_damage"), [(10, True), (1 << 20, False), (-1, False)])
def test_only_a_limit_under_which_nothing_works_is_damage(vitals, monkeypatch, soft, is_damage):
    raised = []
    monkeypatch.setattr(module.resource, "getrlimit", lambda _: (soft, 1 << 30))
    monkeypatch.setattr(module.resource, "setrlimit", lambda _, both: raised.append(both))
    found = vitals.repair()
    assert found == ([f"RLIMIT_NOFILE at {soft}", f"RLIMIT_FSIZE at {soft}"] if is_damage else [])
    assert set(raised) <= {(1 << 30, 1 << 30)}


@pytest.mark.parametrize("how", ["closed", "without a file"])
def test_a_capture_file_that_is_gone_is_damage(how):
    with tempfile.TemporaryFile() as file:
        out = SimpleNamespace(tmpfile=file)
        vitals = Vitals(configured(SimpleNamespace(out=out, err=None)))
        assert vitals.repair() == []
        if how == "closed":
            file.close()
        else:
            out.tmpfile = io.BytesIO()
        assert vitals.repair() == ["the captured output closed or replaced"]
