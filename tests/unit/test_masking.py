from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_test_runner.masking import MASK, Mask

SECRETS = st.lists(st.text("abX09-", min_size=6, max_size=12), min_size=1, max_size=4)


def mask_of(**variables: str) -> Mask:
    mask = Mask()
    mask.learn(variables)
    return mask


@pytest.mark.parametrize(
    ("variables", "text", "masked"),
    [
        ({"PGPASSWORD": "s3cr3t"}, "a s3cr3t b s3cr3t", "a **** b ****"),
        ({"my_password_file": "/run/x1"}, "in /run/x1", "in ****"),
        ({"DATABASE_URL": "postgresql://u:s3cr3t@h/d"}, "postgresql://u:s3cr3t@h/d",
         "postgresql://u:****@h/d"),
        ({"DATABASE_URL": "postgresql://u:p%40ss%2Fword@h/d"}, "p@ss/word p%40ss%2Fword",
         "**** ****"),
        ({"DATABASE_URL": "postgresql://u:p!ss%40word@h/d"}, "postgresql://u:p!ss%40word@h/d",
         "postgresql://u:****@h/d"),
        ({"URL": "redis://:p%2fword@h/0"}, "redis://:p%2fword@h/0", "redis://:****@h/0"),
        ({"PGUSER": "s3cr3t"}, "s3cr3t", "s3cr3t"),
        ({"DATABASE_URL": "postgresql://username@h/d"}, "username", "username"),
        ({"DATABASE_URL": "http://[::1"}, "http://[::1", "http://[::1"),
        ({"PGPASSWORD": "test"}, "test_a.py::test_b", "test_a.py::test_b"),
        ({"PGPASSWORD": ""}, "text", "text"),
    ],
)  # fmt: skip
def test_passwords_are_masked_and_nothing_else(variables, text, masked):
    assert mask_of(**variables).apply(text) == masked


@given(SECRETS, st.data())
def test_no_secret_survives(secrets, data):
    """Also where one secret is a part of another: none of its rest is left standing."""
    mask = mask_of(**{f"PASSWORD_{number}": secret for number, secret in enumerate(secrets)})
    pieces = st.sampled_from([*secrets, " "])
    text = "".join(data.draw(st.lists(pieces, max_size=8)))
    masked = mask.apply(text)
    assert not any(secret in masked for secret in secrets)


def test_a_secret_that_begins_with_another_is_masked_whole():
    longer = [f"s3cr3t-{number}" for number in range(30)]
    mask = mask_of(PGPASSWORD="s3cr3t", **{f"PASSWORD_{s}": s for s in longer})
    assert {mask.apply(secret) for secret in longer} == {MASK}


def test_what_one_slot_learns_is_masked_for_all():
    mask = mask_of(PGPASSWORD="first-one")
    mask.learn({"PGPASSWORD": "second-one"})
    assert mask.apply("first-one second-one") == "**** ****"
