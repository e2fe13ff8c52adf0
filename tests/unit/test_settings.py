from __future__ import annotations

import io
import sys

import pytest

from unified_test_runner import settings
from unified_test_runner.settings import Output, Selectors, Settings, reporter_settings


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("color", "environ", "is_terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colours_follow_option_environment_and_terminal(
    color, environ, is_terminal, wanted, monkeypatch
):
    monkeypatch.setattr(sys, "stdout", Terminal() if is_terminal else io.StringIO())
    assert reporter_settings(Output(color=color), environ, None).color is wanted


@pytest.mark.parametrize(("term", "is_live"), [("xterm", True), ("dumb", False)])
def test_the_console_is_live_on_a_terminal_that_can(term, is_live, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert reporter_settings(Output(), {"TERM": term}, None).is_live is is_live


def test_r20_a_stream_that_does_not_say_its_encoding_is_taken_for_ascii(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert reporter_settings(Output(), {}, None).encoding == "ascii"


def test_the_environment_is_a_copy(monkeypatch):
    monkeypatch.setenv("UTR_PROBE", "1")
    copy = settings.calling_environment()
    assert copy["UTR_PROBE"] == "1"
    copy["UTR_PROBE"] = "2"
    assert settings.calling_environment()["UTR_PROBE"] == "1"


def test_the_environment_never_enters_a_repr():
    made = Settings(selectors=Selectors(), environ={"TOKEN": "s3cr3t-word"})
    assert "s3cr3t-word" not in repr(made)
