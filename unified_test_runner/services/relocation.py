"""Copies server programs to where another user can read them.

Needed when the runner is root and its environment is not readable for others, such as a
virtual environment below /root: the server runs as another user.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from unified_test_runner.services.cache import Cache
from unified_test_runner.services.directories import PrivateDirectory, copy_tree
from unified_test_runner.services.places import is_accessible

if TYPE_CHECKING:
    import contextlib

    from unified_test_runner.services.binaries import BinarySource
    from unified_test_runner.services.order import Order
    from unified_test_runner.services.places import Account


def readable_source(
    order: Order,
    source: BinarySource,
    account: Account | None,
    stack: contextlib.ExitStack,
) -> BinarySource:
    """Return `source`, or a copy of it that `account` can read.

    The copy lies in the cache, or in a directory of this run (removed by `stack`) where the
    cache is closed to that user too.

    Raises:
        OSError: the programs belong to the system and cannot be read, or the copy failed.
    """
    if account is None or is_accessible(source.server, account):
        return source
    tree = source.tree
    if tree is None:
        raise PermissionError(f"user '{account.name}' cannot read {source.server}")
    found = source.server.stat()
    made_from = {"path": str(source.server), "bytes": found.st_size, "mtime": found.st_mtime_ns}

    def build(place: Path) -> None:
        place.mkdir()
        _copy_package(tree, place)

    place = Cache(order.settings.environ).entry("binaries", made_from, build)
    if not is_accessible(place / tree.name, account):
        made = PrivateDirectory.make(order.lease, Path(tempfile.gettempdir()), account)
        stack.callback(made.remove)
        place = made.path
        _copy_package(tree, place)
    folder = place / tree.name / source.folder.relative_to(tree)
    return dataclasses.replace(source, folder=folder)


def _copy_package(tree: Path, place: Path) -> None:
    # Programs of a wheel find their libraries beside their package, under this name.
    for part in (tree, tree.with_name(f"{tree.name}.libs")):
        if part.is_dir():
            copy_tree(part, place / part.name, None)
            for unneeded in ("include", "pginstall/include"):
                shutil.rmtree(place / part.name / unneeded, ignore_errors=True)
    for path in (place, *place.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode & 0o777
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
