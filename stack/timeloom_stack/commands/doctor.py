"""`timeloom doctor`."""

import sys

import click
from rich.console import Console

from timeloom_stack.commands.common import explaining, read_settings
from timeloom_stack.doctor import Finding, Verdict, examine

_MARKS = {
    Verdict.FINE: "[green]✓[/green]",
    Verdict.WARNING: "[yellow]![/yellow]",
    Verdict.FAILED: "[red]✗[/red]",
}


@click.command()
def doctor() -> None:
    """Look for what keeps Timeloom from starting or running well, and say what to do.

    The exit code is 1 if something was found that keeps it from running.
    """
    with explaining():
        findings = examine(read_settings())
    console = Console(highlight=False)
    for finding in findings:
        _show(console, finding)
    failed = [finding for finding in findings if finding.verdict is Verdict.FAILED]
    console.print()
    if failed:
        console.print(f"[red]{len(failed)} of {len(findings)} checks failed[/red]")
        sys.exit(1)
    console.print("[green]Nothing keeps Timeloom from running[/green]")


def _show(console: Console, finding: Finding) -> None:
    console.print(f" {_MARKS[finding.verdict]} {finding.subject:15} {finding.detail}", soft_wrap=True)
    if finding.remedy:
        console.print(f"{'':19}[dim]→ {finding.remedy}[/dim]", soft_wrap=True)
