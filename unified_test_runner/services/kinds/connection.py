"""What every small client here has in common: it is closed when its block is left."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class Connection(abc.ABC):
    """An open connection; `with` closes it."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close it; never raises."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
