"""The shape of a catalogue: frozen pydantic models, the one source of the JSON Schema.

Only shape: what exists, and what refers to what, is checked in `references`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from unified_test_runner.catalogue.content import DEFAULT_PRIORITY
from unified_test_runner.catalogue.fields import (
    Duration,
    FormatVersion,
    Given,
    IsolationWord,
    KeepTogether,
    Leaks,
    Name,
    Preload,
    Retries,
    Size,
    Text,
    Variable,
    Workers,
    nothing_is_empty,
    wanted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

#: Keys of the design that this version does not honour yet, by section. They are refused,
#: because a key that is accepted and does nothing is worse than none.
NOT_YET: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "services": frozenset({"limits", "run", "ready", "durable"}),
        "suites": frozenset(
            {
                "budgets",
                "network",
            }
        ),
    }
)

#: Kinds of the design that this version does not know yet.
NOT_YET_KINDS = frozenset({"clickhouse", "command", "generic"})

_LEAKS = "What it is when tests leave threads, processes, descriptors or temporary files behind: "


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LimitsModel(_Model):
    """Bounds of the memory of each worker."""

    memory: Size = Field(
        None, description="A worker that uses more, with its children, is ended: its test crashed."
    )
    recycle: Size = Field(
        None, description="A worker that uses more after a file is replaced by a fresh one."
    )


class DefaultsModel(_Model):
    """What holds where nothing else is said."""

    workers: Workers = Field(None, description="Worker processes: auto (one per CPU) or a number.")
    timeout: Duration = Field(None, description="Time limit of each test, e.g. 60s; else 300s.")
    retries: Retries = Field(
        None, description="How often a failed test is run again in a fresh worker; else 0."
    )
    preload: Preload = Field(
        (),
        description="Packages that are imported once, ahead of the workers, where earlier runs "
        "show that it makes no difference: off (the default), auto (all), or a list of names.",
    )
    leaks: Leaks = Field(None, description=_LEAKS + "report (the default), fail or off.")
    limits: Annotated[LimitsModel | None, Given] = Field(
        None, description="Bounds of each worker's memory."
    )


class CategoryModel(_Model):
    """A group of suites that is ordered among the others."""

    priority: int = Field(
        DEFAULT_PRIORITY, description="Lower runs sooner; 50 when it is not given."
    )
    timeout: Duration = Field(None, description="Time limit of each test of its suites.")
    retries: Retries = Field(None, description="How often its failed tests are run again.")
    after: list[Name] = Field(
        default_factory=list,
        description="Categories that are handed out first. An order, never a gate.",
    )


class PrepareModel(_Model):
    """A command that fills a fresh server once, e.g. migrations."""

    run: Text = Field(
        description="Split into arguments and run without a shell in the project root; "
        "{python} is the interpreter of the suite."
    )
    inputs: Annotated[list[Text] | None, Given] = Field(
        None,
        description="Files and folders it depends on. Without them it runs every time.",
    )


class ServiceModel(_Model):
    """A real server that suites ask for."""

    kind: Annotated[str | None, Given] = Field(
        None, description="What it is; required unless the entry's own name is a kind."
    )
    image: Annotated[Text | None, Given] = Field(None, description="Image of the docker provider.")
    embedded: Annotated[Text | None, Given] = Field(
        None, description="Server that the embedded provider runs as a local process."
    )
    external: Annotated[Variable | None, Given] = Field(
        None, description="Variable that holds the address of a server that already runs."
    )
    version: Annotated[Text | None, Given] = Field(
        None, description="Version specifier, checked against the live server, e.g. '>=15'."
    )
    isolation: Annotated[IsolationWord | None, Given] = Field(
        None,
        description="What each worker gets: a database of its own, a server of its own, or "
        "the same as every other worker.",
    )
    prepare: Annotated[PrepareModel | None, Given] = Field(
        None, description="Fills a fresh server once."
    )
    provides: Annotated[dict[Variable, str] | None, Given] = Field(
        None,
        min_length=1,
        description="Variables for the tests, over {host} {port} {user} {password} {database}. "
        "Replaces what the kind provides by itself.",
    )
    needs: list[Name] = Field(
        default_factory=list, description="Services that must be ready before this one."
    )


class ServiceUseModel(_Model):
    """A suite's use of a service: its name, or one name with settings below it."""

    name: Name
    isolation: Annotated[IsolationWord | None, Given] = Field(
        None, description="What each worker of this suite gets; else what the service says."
    )

    @model_validator(mode="before")
    @classmethod
    def _unfold(cls, value: object) -> object:
        if isinstance(value, str):
            return {"name": value}
        if not isinstance(value, dict) or len(value) != 1:
            raise wanted("the name of a service, or one name with settings", value)
        ((name, settings),) = value.items()
        if not isinstance(settings, (dict, type(None))):
            raise wanted(f"a mapping below '{name}'", settings)
        if "name" in (settings or {}):
            raise PydanticCustomError("wanted", "unknown key 'name'")
        return {**(settings or {}), "name": name}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe what people write, not what it is unfolded to."""
        described = handler.resolve_ref_schema(handler(core_schema))
        properties = dict(described["properties"])
        name = properties.pop("name")
        settings = {
            "type": ["object", "null"],
            "properties": properties,
            "additionalProperties": False,
        }
        one_name = {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "propertyNames": {"pattern": name["pattern"]},
            "additionalProperties": settings,
        }
        plain = {"type": "string", "pattern": name["pattern"]}
        return {"description": described["description"], "anyOf": [plain, one_name]}


class SuiteModel(_Model):
    """Test files that share settings."""

    category: Annotated[Name | None, Given] = Field(None, description="The category it belongs to.")
    paths: Annotated[list[Text], Field(min_length=1)] = Field(
        description="Files and folders of the suite, relative to the project root."
    )
    services: list[ServiceUseModel] = Field(
        default_factory=list,
        description="Services its tests need. Without --real-services such a suite is withheld.",
    )
    timeout: Duration = Field(None, description="Time limit of each test, set-up to teardown.")
    retries: Retries = Field(
        None,
        description="How often a failed test is run again, alone in a fresh worker, once all "
        "tests have run. One that passes then is flaky.",
    )
    leaks: Leaks = Field(None, description=_LEAKS + "report, fail (exit code 13) or off.")
    limits: Annotated[LimitsModel | None, Given] = Field(
        None, description="Bounds of the memory of each worker that runs its tests."
    )
    keep_together: KeepTogether = Field(
        "auto",
        description="What stays on one worker: test (files may be divided anywhere), class, file, "
        "suite (all its files, in order), or auto: a long file is divided where no fixture or "
        "mark ties its tests together.",
    )
    locks: list[Name] = Field(
        default_factory=list,
        description="Names of what its tests need for themselves, e.g. a fixed port: no two files "
        "with one of them in common run at once, whatever their suites.",
    )
    serial: bool = Field(
        default=False, description="Each of its files runs while nothing else does."
    )
    collect: Literal["auto", "lazy", "whole"] = Field(
        "auto",
        description="lazy: a file is collected when it is run; whole: everything is, in each "
        "worker, for plugins that must see all tests at once; auto: by the plugins found.",
    )
    python: Text | None = Field(
        None,
        description="The Python that has its packages: a program on the PATH, or a path from the "
        "project root. --python goes before it.",
    )
    args: list[str] = Field(default_factory=list, description="More arguments for pytest.")
    env: dict[Variable, str] = Field(
        default_factory=dict, description="Variables set for its tests."
    )


class CatalogueModel(_Model):
    """The suites, categories and services of a project."""

    version: FormatVersion = Field(description="Version of this format.")
    defaults: Annotated[DefaultsModel, BeforeValidator(nothing_is_empty)] = Field(
        default_factory=lambda: DefaultsModel.model_validate({})
    )
    categories: Annotated[
        dict[Name, Annotated[CategoryModel, BeforeValidator(nothing_is_empty)]],
        BeforeValidator(nothing_is_empty),
    ] = Field(default_factory=dict, description="By name, in the order in which ties are broken.")
    services: Annotated[
        dict[Name, Annotated[ServiceModel, BeforeValidator(nothing_is_empty)]],
        BeforeValidator(nothing_is_empty),
    ] = Field(default_factory=dict, description="By name. Started only when a test needs them.")
    suites: Annotated[
        dict[Name, Annotated[SuiteModel, BeforeValidator(nothing_is_empty)]],
        BeforeValidator(nothing_is_empty),
    ] = Field(
        default_factory=dict,
        description="By name. A file in no suite belongs to an implicit one without services.",
    )
