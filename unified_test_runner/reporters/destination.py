"""Where reports go: files replaced as a whole, and a stream that may close under us."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.errors import RunDirectoryError
from unified_test_runner.reporters.text import encodable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO


def replace_file(path: Path, pieces: Iterable[bytes]) -> None:
    """Write beside `path` and move the whole there, so that a reader never sees half of it.

    Raises:
        RunDirectoryError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(pieces)
            # mkstemp lets only the owner read; a report is for whoever may read the folder.
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunDirectoryError(f"{path}: the report cannot be written: {reason}") from error


class LineStream:
    """Lines to a text stream of any encoding. A stream that is gone is not written again."""

    def __init__(self, stream: TextIO, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self._is_gone = False

    def write(self, lines: Iterable[str]) -> None:
        """Write the lines at once and flush."""
        text = "".join(f"{line}\n" for line in lines)
        if self._is_gone or not text:
            return
        try:
            self._put(encodable(text, self._encoding))
        except (OSError, ValueError):
            # The reader has gone (`| head`) or the stream was closed: no fault of the run.
            self._is_gone = True

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            # The stream encodes otherwise than we were told.
            self._stream.write(encodable(text, "ascii"))
        self._stream.flush()
