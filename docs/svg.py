"""Drawings as SVG text, in the colours of the page around them."""

from html import escape

TEXT = "var(--pst-color-text-base, #222)"
MUTED = "var(--pst-color-text-muted, #667)"
LINE = "var(--pst-color-border, #bbc)"
PAPER = "var(--pst-color-background, #fff)"
BAND = "var(--pst-color-surface, #f2f3f6)"
ACCENT = "var(--pst-color-primary, #0a7d91)"


def drawing(title: str, width: float, height: float, parts: list[str]) -> str:
    """A drawing that fills the width of its page; ``title`` is read aloud in its place."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width:g} {height:g}" '
        f'style="width: 100%; max-width: {width:g}px" font-family="system-ui, sans-serif">\n'
        f"<title>{escape(title)}</title>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = 13,
    fill: str = TEXT,
    anchor: str = "start",
    bold: bool = False,
    code: bool = False,
) -> str:
    """One line of words, its baseline at ``y``."""
    weight = ' font-weight="600"' if bold else ""
    family = ' font-family="ui-monospace, DejaVu Sans Mono, monospace"' if code else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" style="fill: {fill}" '
        f'text-anchor="{anchor}"{weight}{family}>{escape(words)}</text>'
    )


def box(x: float, y: float, width: float, height: float, fill: str, stroke: str = "none") -> str:
    """A rectangle with round corners."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" '
        f'style="fill: {fill}; stroke: {stroke}"/>'
    )


def path(d: str, stroke: str, width: float = 1.5) -> str:
    """A line without filling."""
    return f'<path d="{d}" style="fill: none; stroke: {stroke}; stroke-width: {width:g}"/>'


def dot(x: float, y: float, radius: float, fill: str) -> str:
    """A disc."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" style="fill: {fill}"/>'
