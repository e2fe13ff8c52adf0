"""Good tests: each asserts something about a number."""

import pytest

BASE = 75


@pytest.mark.parametrize("n", range(BASE, BASE + 20))
def test_number(n):
    assert str(n) == f"{n}"
    assert int(str(n)) == n


class TestText:
    @pytest.mark.parametrize("n", range(4))
    def test_repeated(self, n):
        assert len("ab" * n) == 2 * n

    def test_printed(self, capsys, tmp_path):
        path = tmp_path / "file"
        path.write_text("text")
        with open(path) as stream:
            print(stream.read())
        assert capsys.readouterr().out == "text\n"
