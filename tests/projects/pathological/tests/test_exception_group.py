"""Exception group."""

def test_bad():
    raise ValueError("\x1b[31mred\x1b[0m\r\b" + "y" * 100_000)


def test_after():
    assert sorted([3, 1, 2]) == [1, 2, 3]
