"""Each fault of shape, alone, with its place and words."""

from __future__ import annotations

from typing import Any

import pytest

from unified_test_runner.catalogue.models import NOT_YET

#: (catalogue behind `version: 1`, faults)
CASES = [
    ("extra: 1", [("2:1: unknown key 'extra' (hint: known: version, defaults, categories, "
                  "services, suites)")]),
    ("sutes: {}", ["2:1: unknown key 'sutes' (hint: did you mean 'suites'?)"]),
    ("suites: [a]", ["2:9: 'suites' wants a mapping, got a list"]),
    ("suites: {a: 3}", ["2:13: 'a' wants a mapping, got the number 3"]),
    ("suites: {a: {}}", ["2:10: 'paths' is missing"]),
    ("suites: {a: }", ["2:10: 'paths' is missing"]),
    ("suites: {a: {paths: []}}", ["2:21: 'paths' wants at least one item, got none"]),
    ("suites: {a: {paths: t}}", ["2:21: 'paths' wants a list, got 't' (hint: write [t])"]),
    ("suites: {a: {paths: [t, 3]}}", [("2:25: item 2 of 'paths' wants text, got the number 3"
                                      " (hint: write it in quotes)")]),
    ("suites: {a: {paths: ['']}}", [("2:22: item 1 of 'paths' wants text that is not empty,"
                                    " got ''")]),
    ("suites: {a: {paths: [t], env: {A: true}}}", [("2:35: 'A' wants text, got true"
                                                   " (hint: write it in quotes)")]),
    ("suites: {a: {paths: [t], env: {a-b: x}}}", [("2:32: 'a-b' is no valid name"
                                                  " (hint: letters, digits, '_', '.' and '-')")]),
    ("suites: {'a b': {paths: [t]}}", [("2:10: 'a b' is no valid name"
                                       " (hint: letters, digits, '_', '.' and '-')")]),
    ("suites: {a: {paths: [t], services: [{redis: {isolaton: x}}]}}\nservices: {redis: }",
     ["2:46: unknown key 'isolaton' (hint: did you mean 'isolation'?)"]),
    ("suites: {a: {paths: [t], services: [{redis: 1}]}}\nservices: {redis: }",
     ["2:37: item 1 of 'services' wants a mapping below 'redis', got the number 1"]),
    ("suites: {a: {paths: [t], services: [3]}}",
     [("2:37: item 1 of 'services' wants the name of a service, or one name with settings,"
      " got the number 3")]),
    ("suites: {a: {paths: [t], services: [{redis: {name: x}}]}}\nservices: {redis: }",
     ["2:37: unknown key 'name'"]),
    ("services: {redis: {prepare: {rnu: x}}}",
     ["2:20: 'run' is missing", "2:30: unknown key 'rnu' (hint: did you mean 'run'?)"]),
    ("services: {redis: {provides: {}}}", ["2:30: 'provides' wants at least one item, got none"]),
    ("services: {redis: {image: }}", ["2:27: 'image' wants a value, got nothing"]),
    ("services: {redis: {external: a b}}", ["2:30: 'external' wants a name, got 'a b'"]),
    ("categories: {a: {priority: 1.5}}", [("2:28: 'priority' wants a whole number,"
                                          " got the number 1.5")]),
    ("categories: {a: {priority: true}}", ["2:28: 'priority' wants a whole number, got true"]),
    ("defaults: {workers: lots}", [("2:21: 'workers' wants 'auto' or a whole number above 0,"
                                   " got 'lots'")]),
    ("defaults: 3", ["2:11: 'defaults' wants a mapping, got the number 3"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "faults"), CASES)
def test_a_fault_of_shape(project: Any, text: str, faults: list[str]) -> None:
    project.write("t/x")
    assert project.faults(f"version: 1\n{text}\n") == faults


def test_a_catalogue_that_is_no_mapping(project: Any) -> None:
    assert project.faults("- a\n") == ["1:1: the catalogue wants a mapping, got a list"]


def test_the_version_is_required(project: Any) -> None:
    assert project.faults("suites: {}\n") == [
        "1:1: 'version' is missing (hint: write 'version: 1')"
    ]


PLACES = {
    "defaults": "defaults: {%s: 1}",
    "categories": "categories: {a: {%s: 1}}",
    "services": "services: {redis: {%s: 1}}",
    "suites": "suites: {a: {paths: [t], %s: 1}}",
}


@pytest.mark.parametrize(
    ("section", "key"), [(section, key) for section in NOT_YET for key in sorted(NOT_YET[section])]
)
def test_r35_a_key_that_would_do_nothing_yet_is_refused(
    project: Any, section: str, key: str
) -> None:
    project.write("t/x")
    (fault,) = project.faults(f"version: 1\n{PLACES[section] % key}\n")
    assert fault.partition(": ")[2] == f"'{key}' is not supported by this version yet"
