from __future__ import annotations

import io

from unified_test_runner.reporters.destination import LineStream, replace_file


class Gone(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.tries = 0

    def write(self, text: str) -> int:
        self.tries += 1
        raise BrokenPipeError(len(text))


def test_a_reader_that_has_gone_is_left_alone():
    stream = Gone()
    out = LineStream(stream, "utf-8")
    out.write(["a"])
    out.write(["b"])
    assert stream.tries == 1


def test_a_report_is_readable_for_others_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "new" / "report.json"
    replace_file(path, [b"1"])
    replace_file(path, [b"", b"2"])
    assert path.read_bytes() == b"2"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(path.parent.iterdir()) == [path]
