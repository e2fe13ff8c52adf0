"""A plan as `list` and `plan` show it: plain data first, then lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from unified_test_runner import settings
from unified_test_runner.cli import options
from unified_test_runner.errors import ServiceError
from unified_test_runner.kinds import ProviderChoice
from unified_test_runner.preparation import Prepared, prepare
from unified_test_runner.reporters.text import one_line
from unified_test_runner.services.choosing import choose_provider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from unified_test_runner.model import ServiceSpec


def plan_for(pytest_args: tuple[str, ...], params: dict[str, Any]) -> Prepared:
    """Return the plan for a command's parameters."""
    return prepare(
        settings.Settings(
            selectors=options.selectors_of(params, pytest_args),
            workers=params.get("workers"),
            python=params["python"],
            catalogue=params["catalogue"],
            environ=settings.calling_environment(),
            cwd=settings.calling_directory(),
        )
    )


def say(text: str) -> None:
    """Print lines; names of files and tests cannot move the cursor in them."""
    for line in text.split("\n"):
        click.echo(one_line(line))


def describe(prepared: Prepared, services: str) -> dict[str, Any]:
    """Return the plan as JSON-ready data. `services` is what `--services` asks for."""
    plan = prepared.plan
    environ = settings.calling_environment()
    choice = ProviderChoice(services)
    return {
        "root": str(plan.root),
        "catalogue": plan.catalogue,
        "interpreter": prepared.interpreter,
        "interpreter_reason": prepared.interpreter_reason,
        "workers": plan.workers,
        "workers_reason": plan.workers_reason,
        "services": [_service(spec, choice, environ) for spec in plan.services],
        "groups": [
            {
                "index": group.index,
                "arguments": list(group.arguments),
                "interpreter": group.interpreter,
                "suites": [
                    {
                        "name": suite.name,
                        "category": suite.category,
                        "reason": suite.reason,
                        "services": [use.name for use in suite.services],
                        "files": [{"path": u.path, "reason": u.reason} for u in suite.units],
                    }
                    for suite in group.suites
                ],
            }
            for group in plan.groups
        ],
        "withheld": [
            {"name": suite.name, "files": suite.files, "flag": suite.flag}
            for suite in plan.withheld
        ],
    }


def _service(
    spec: ServiceSpec, choice: ProviderChoice, environ: Mapping[str, str]
) -> dict[str, Any]:
    described: dict[str, Any] = {"name": spec.name, "kind": spec.kind}
    try:
        chosen = choose_provider(spec, choice, environ)
    except ServiceError as error:
        return {**described, "provider": None, "reason": str(error)}
    return {**described, "provider": chosen.provider.value, "reason": chosen.reason}


def render(described: dict[str, Any]) -> str:
    """Return the lines that `plan` prints."""
    lines = [
        f"root         {described['root']}",
        f"catalogue    {described['catalogue'] or 'none: pytest decides what is a test'}",
        f"interpreter  {described['interpreter']} ({described['interpreter_reason']})",
        f"workers      {described['workers']} ({described['workers_reason']})",
    ]
    for service in described["services"]:
        provider = service["provider"] or "none"
        lines.append(f"service      {service['name']}: {provider} ({service['reason']})")
    for group in described["groups"]:
        lines.append(f"group {group['index']}      pytest {' '.join(group['arguments'])}")
        if group["interpreter"] != described["interpreter"]:
            lines.append(f"  interpreter {group['interpreter']}")
        for suite in group["suites"]:
            services = ", ".join(suite["services"]) or "no services"
            lines.append(f"  {suite['name']}: {services} ({suite['reason']})")
            lines += [f"    {unit['path']} ({unit['reason']})" for unit in suite["files"]]
    lines += [
        f"withheld     {suite['name']}: {suite['files']} files; add {suite['flag']}"
        for suite in described["withheld"]
    ]
    return "\n".join(lines)
