"""What axe finds wrong with the access of a page as it stands in the browser."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_RUN = """() => axe.run(document, {resultTypes: ['violations']}).then((told) => told.violations
  .filter((one) => ['serious', 'critical'].includes(one.impact))
  .flatMap((one) => one.nodes.slice(0, 4).map((node) =>
    `${one.id}: ${node.target.join(' ')} | ${node.html.slice(0, 160)} | ` +
    `${[...node.any, ...node.all, ...node.none].map((c) => c.message).join('; ').slice(0, 200)}`)))
"""


def faults_on(page: "Page") -> list[str]:
    """Run the checker, whose script the page has; list serious faults and what stands out."""
    faults: list[str] = page.evaluate(_RUN)
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        faults.append("wider than the screen")
    return faults
