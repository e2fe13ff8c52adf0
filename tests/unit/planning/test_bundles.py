from __future__ import annotations

import pytest

from unified_test_runner.planning.bundles import bundles, group_names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def test_one(): pass", set()),
        ("@pytest.mark.xdist_group('db')\ndef test_one(): pass", {"db"}),
        ("@pytest.mark.xdist_group(name='db')\ndef test_one(): pass", {"db"}),
        ("pytestmark = [pytest.mark.xdist_group('a'), mark.xdist_group('b')]", {"a", "b"}),
        ("@pytest.mark.xdist_group\ndef test_one(): pass", {"default"}),
        ("@pytest.mark.xdist_group()\ndef test_one(): pass", {"default"}),
        ("pytestmark = pytest.mark.xdist_group(NAME)", {"?"}),
        ("pytestmark = pytest.mark.xdist_group(**made())", {"?"}),
        ("# xdist_group('db')", set()),
        ("xdist_group = (", set()),
        ("x = 'xdist_group'\0", set()),
    ],
)
def test_group_names_are_read_without_an_import(source, names):
    assert group_names(source.encode()) == names


def test_paths_with_a_label_in_common_belong_together():
    labels = {
        "a": frozenset({"one"}),
        "b": frozenset(),
        "c": frozenset({"two"}),
        "d": frozenset({"one", "three"}),
        "e": frozenset({"three"}),
    }
    found = bundles(labels)
    assert found["a"] == found["d"] == found["e"] != found["c"]
    assert "b" not in found


def test_plans_carry_bundles_and_what_stays_together(tree):
    mark = "import pytest\npytestmark = pytest.mark.xdist_group('db')\ndef test_one(): pass\n"
    tree.write("suites/one/test_a.py", mark).write("suites/one/test_b.py")
    tree.write("suites/one/test_c.py", mark).write("suites/two/test_d.py")
    tree.write("suites/two/test_e.py")
    tree.declare(suites={"one": {"keep_together": "class"}, "two": {"keep_together": "suite"}})
    plan = tree.plan()
    units = {unit.path.rpartition("/")[2]: unit for unit in plan.units}
    assert units["test_a.py"].bundle == units["test_c.py"].bundle != ""
    assert units["test_b.py"].bundle == ""
    assert units["test_d.py"].bundle == units["test_e.py"].bundle == "suite two"
    assert {unit.keep_together for unit in plan.units} == {"class", "suite"}
