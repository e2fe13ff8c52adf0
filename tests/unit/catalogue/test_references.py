"""Each fault of reference, alone, with its place and words."""

from __future__ import annotations

from typing import Any

import pytest

REDIS = "services: {redis: {embedded: redis}}\n"
TWO = "services: {a: {kind: postgres}, b: {kind: postgres}}\n"

#: (catalogue behind `version: 1`, faults)
CASES = [
    ("suites: {a: {category: unti, paths: [t]}}\ncategories: {unit: }",
     ["2:24: unknown category 'unti' in 'a' (hint: did you mean 'unit'?)"]),
    ("suites: {a: {paths: [t], services: [redsi]}}\n" + REDIS,
     ["2:37: unknown service 'redsi' in 'a' (hint: did you mean 'redis'?)"]),
    ("suites: {a: {paths: [t], services: [{redsi: }]}}\n" + REDIS,
     ["2:38: unknown service 'redsi' in 'a' (hint: did you mean 'redis'?)"]),
    ("suites: {a: {paths: [t], services: [redis, redis]}}\n" + REDIS,
     ["2:44: service 'redis' is named twice by 'a'"]),
    ("suites: {a: {paths: [t], services: [a, b]}}\n" + TWO,
     [("2:40: services 'a' and 'b' both provide 'DATABASE_URL'"
      " (hint: give one of them 'provides' of its own)")]),
    ("categories: {a: {after: [b]}, b: {after: [c]}, c: {after: [a]}}",
     ["2:60: 'after' goes in a circle: a → b → c → a"]),
    ("categories: {a: {after: [a]}}", ["2:26: 'after' goes in a circle: a → a"]),
    ("services: {a: {kind: redis, needs: [b]}, b: {kind: redis, needs: [a]}}",
     ["2:67: 'needs' goes in a circle: a → b → a"]),
    ("services: {redis: {needs: [x]}}",
     ["2:28: unknown service 'x' in 'redis' (hint: known: redis)"]),
    ("suites: {default: {paths: [t]}}",
     [("2:10: 'default' is the name of the implicit suite of files in no other"
      " (hint: choose another name)")]),
    ("suites: {a: {paths: [/etc]}}",
     ["2:22: path '/etc' is absolute (hint: paths are relative to the project root)"]),
    ("suites: {a: {paths: [t/../../x]}}",
     ["2:22: path 't/../../x' leads out of the project root"]),
    ("suites: {a: {paths: [t/sbu]}}",
     ["2:22: path 't/sbu' does not exist (hint: did you mean 't/sub'?)"]),
    ("suites: {a: {paths: [t]}, b: {paths: [t/sub]}}",
     ["2:39: 't/sub' is already claimed by suite 'a' by its path 't'"]),
    ("suites: {a: {paths: [t/sub/x.py]}, b: {paths: [./t]}}",
     ["2:48: './t' is already claimed by suite 'a' by its path 't/sub/x.py'"]),
    ("suites: {a: {paths: [t]}, b: {paths: [t]}}",
     ["2:39: 't' is already claimed by suite 'a'"]),
    ("suites: {a: {paths: [t, t/sub]}}",
     ["2:25: 't/sub' is already claimed by this suite by its path 't'"]),
    ("services: {pg: {embedded: postgresql}}",
     ["2:12: 'kind' is missing, and 'pg' is no kind itself (hint: known kinds: postgres, redis)"]),
    ("services: {pg: {kind: postgers}}",
     ["2:23: unknown kind 'postgers' (hint: did you mean 'postgres'?)"]),
    ("services: {auth: {kind: command}}",
     ["2:25: kind 'command' is not supported by this version yet"]),
    ("services: {postgres: {embedded: redis}}",
     ["2:33: unknown server 'redis' of kind 'postgres' (hint: known: postgresql)"]),
    ("services: {redis: {isolation: database}}",
     [("2:31: isolation 'database' is not to be had with kind 'redis'"
      " (hint: known: instance, shared)")]),
    ("suites: {a: {paths: [t], services: [{redis: {isolation: database}}]}}\n" + REDIS,
     [("2:57: isolation 'database' is not to be had with kind 'redis'"
      " (hint: known: instance, shared)")]),
    ("services: {redis: {version: '7'}}",
     ["2:29: '7' is no version specifier (hint: write e.g. '>=15' or '>=7,<8')"]),
    ("services: {redis: {provides: {A: '{hots}'}}}",
     ["2:34: unknown placeholder '{hots}' in 'provides' (hint: did you mean '{host}'?)"]),
    ("services: {redis: {provides: {A: '{host!r}{port:x}'}}}",
     ["2:34: unknown placeholder '{host}' in 'provides' (hint: did you mean '{host}'?)",
      "2:34: unknown placeholder '{port}' in 'provides' (hint: did you mean '{port}'?)"]),
    ("services: {redis: {provides: {A: '{host'}}}",
     ["2:34: not a template: expected '}' before end of string"]),
    ("services: {redis: {prepare: {run: 'x {pyhton}'}}}",
     ["2:35: unknown placeholder '{pyhton}' in 'run' (hint: known: {python})"]),
    ("services: {redis: {prepare: {run: 'x \"y'}}}",
     ["2:35: 'run' cannot be split: no closing quotation"]),
    ("services: {redis: {prepare: {run: '  '}}}", ["2:35: 'run' is empty"]),
    ("services: {redis: {prepare: {run: x, inputs: [t, nope]}}}",
     ["2:50: input 'nope' does not exist"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "faults"), CASES)
def test_r27_a_fault_of_reference(project: Any, text: str, faults: list[str]) -> None:
    project.write("t/sub/x.py")
    assert project.faults(f"version: 1\n{text}\n") == faults


GOOD = [
    "services: {redis: {isolation: database, external: R}}",
    "services: {redis: {provides: {A: '{{x}}{user}:{password}@{host}:{port}/{database}'}}}",
    "services: {a: {kind: redis, needs: [b, c]}, b: {kind: redis, needs: [c]}, c: {kind: redis}}",
    "categories: {a: {after: [b]}, b: }",
    "suites: {a: {paths: [t]}, ab: {paths: [tt]}}",
    (
        "suites: {a: {paths: [t], services: [a, b]}}\n"
        "services: {a: {kind: redis}, b: {kind: redis, provides: {B_URL: '{host}'}}}"
    ),
]


@pytest.mark.parametrize("text", GOOD)
def test_what_is_right_is_no_fault(project: Any, text: str) -> None:
    project.write("t/sub/x.py")
    project.write("tt/x.py")
    project.load(f"version: 1\n{text}\n")


def test_r27_a_fault_of_shape_hides_none_of_reference(project: Any) -> None:
    text = "version: 1\nsuites:\n  a: 3\n  b: {paths: [nowhere], services: 5, category: x}\n"
    assert project.faults(text) == [
        "3:6: 'a' wants a mapping, got the number 3",
        "4:15: path 'nowhere' does not exist",
        "4:35: 'services' wants a list, got the number 5",
        "4:48: unknown category 'x' in 'b'",
    ]
