"""From a path to a faultless `Catalogue`, or to every fault of the file in one pass."""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from unified_test_runner.catalogue.content import Catalogue, CategorySpec, LimitsSpec, SuiteSpec
from unified_test_runner.catalogue.document import read_document
from unified_test_runner.catalogue.faults import Faults
from unified_test_runner.catalogue.models import CatalogueModel
from unified_test_runner.catalogue.references import References
from unified_test_runner.catalogue.shape import add_shape_faults
from unified_test_runner.kinds import KINDS
from unified_test_runner.model import Isolation, PrepareSpec, ServiceSpec, ServiceUse

if TYPE_CHECKING:
    from pathlib import Path

    from unified_test_runner.catalogue.document import Node
    from unified_test_runner.catalogue.models import (
        LimitsModel,
        PrepareModel,
        ServiceModel,
        SuiteModel,
    )


def load_catalogue(path: Path, root: Path, *, interpreter: str) -> Catalogue:
    """Return the catalogue at `path`; what it names is relative to `root`.

    Args:
        path: the file, as it was found.
        root: the project root.
        interpreter: what `{python}` stands for.

    Raises:
        CatalogueError: the file has faults; all of them, in its order.
    """
    faults = Faults(label=_label(path, root))
    tree = read_document(path, faults)
    model = _validate(tree, faults)
    References(tree=tree, root=root, faults=faults).check()
    faults.raise_any()
    if model is None:  # pragma: no cover - a model that fails has added a fault
        raise AssertionError("a catalogue without faults has a model")
    return _Contents(tree, faults, interpreter).catalogue(model)


def _label(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return str(path)


def _validate(tree: Node, faults: Faults) -> CatalogueModel | None:
    plain: Any = tree.plain()
    try:
        return CatalogueModel.model_validate(plain)
    except ValidationError as error:
        add_shape_faults(error, tree, faults)
        return None


class _Contents:
    """The validated models as the frozen data that later layers use."""

    def __init__(self, tree: Node, faults: Faults, interpreter: str) -> None:
        self._tree = tree
        self._faults = faults
        self._interpreter = interpreter

    def catalogue(self, model: CatalogueModel) -> Catalogue:
        return Catalogue(
            path=self._faults.label,
            workers=model.defaults.workers,
            timeout_s=model.defaults.timeout,
            retries=model.defaults.retries,
            preload=model.defaults.preload,
            leaks=model.defaults.leaks,
            limits=_limits(model.defaults.limits),
            categories={
                name: CategorySpec(
                    name=name,
                    priority=item.priority,
                    after=tuple(item.after),
                    timeout_s=item.timeout,
                    retries=item.retries,
                    place=self._place("categories", name),
                )
                for name, item in model.categories.items()
            },
            services={name: self._service(name, item) for name, item in model.services.items()},
            suites={name: self._suite(name, item) for name, item in model.suites.items()},
        )

    def _place(self, section: str, name: str) -> str:
        node = self._tree.get(section)
        entry = node.entries[name] if node else None
        return self._faults.at(entry.place) if entry else self._faults.label

    def _service(self, name: str, item: ServiceModel) -> ServiceSpec:
        kind = item.kind or name
        return ServiceSpec(
            name=name,
            kind=kind,
            embedded=item.embedded,
            image=item.image,
            external=item.external,
            version=item.version,
            isolation=_isolation(item.isolation),
            prepare=self._prepare(item.prepare) if item.prepare else None,
            provides=dict(KINDS[kind].provides if item.provides is None else item.provides),
            needs=tuple(dict.fromkeys(item.needs)),
            place=self._place("services", name),
        )

    def _prepare(self, item: PrepareModel) -> PrepareSpec:
        run = (part.replace("{python}", self._interpreter) for part in shlex.split(item.run))
        inputs = None if item.inputs is None else tuple(map(posixpath.normpath, item.inputs))
        return PrepareSpec(run=tuple(run), inputs=inputs)

    def _suite(self, name: str, item: SuiteModel) -> SuiteSpec:
        return SuiteSpec(
            name=name,
            category=item.category,
            paths=tuple(posixpath.normpath(path) for path in item.paths),
            services=tuple(
                ServiceUse(name=use.name, isolation=_isolation(use.isolation))
                for use in item.services
            ),
            args=tuple(item.args),
            env=tuple(item.env.items()),
            collect=item.collect,
            python=item.python,
            timeout_s=item.timeout,
            retries=item.retries,
            leaks=item.leaks,
            limits=_limits(item.limits),
            keep_together=item.keep_together,
            locks=tuple(dict.fromkeys(item.locks)),
            serial=item.serial,
            place=self._place("suites", name),
        )


def _limits(item: LimitsModel | None) -> LimitsSpec:
    if item is None:
        return LimitsSpec()
    return LimitsSpec(memory_bytes=item.memory, recycle_bytes=item.recycle)


def _isolation(word: str | None) -> Isolation | None:
    return None if word is None else Isolation(word)
