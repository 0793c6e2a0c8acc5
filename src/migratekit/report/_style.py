"""
How a page looks: on a phone and on a screen, in the light and in the dark.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final


# Text and its ground differ by 4.5 to 1 or more, lines and areas by 3 to 1; a test
# computes it.
LIGHT: Final = {
    "ground": "#f4f5f7",
    "card": "#ffffff",
    "ink": "#1b1f24",
    "soft": "#535c66",
    "rule": "#d5dae0",
    "main": "#0b5cad",
    "wash": "#d7e7f7",
    "good": "#17693a",
    "bad": "#b3261e",
    "warn": "#855400",
}
DARK: Final = {
    "ground": "#12151a",
    "card": "#1b2027",
    "ink": "#e8eaed",
    "soft": "#aab3bd",
    "rule": "#39414b",
    "main": "#7cb8ff",
    "wash": "#20374f",
    "good": "#70cf8e",
    "bad": "#ff9c92",
    "warn": "#f0c05a",
}


def _variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


# Charts are there twice, so that their letters are as large on a phone as elsewhere.
_RULES: Final = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
overflow-wrap:break-word;font-variant-numeric:tabular-nums}
a{color:var(--main)}
a:focus-visible,summary:focus-visible{outline:3px solid var(--main);
outline-offset:3px;border-radius:2px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:1rem;z-index:1;background:var(--card);padding:.5rem 1rem}
.page{max-width:62rem;margin:0 auto;padding:1rem}
header.page{padding-top:2rem;padding-bottom:0}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .5rem}
h2{font-size:1.25rem;line-height:1.3;margin:0 0 .75rem}
h3{font-size:1rem;margin:1.5rem 0 .5rem}
p{margin:0 0 .75rem;max-width:44rem}
.lead{font-size:1.125rem}
main:focus{outline:none}
.soft,figcaption,caption,footer{color:var(--soft)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:1rem 0 0;
padding:0}
nav a{display:inline-block;padding:.25rem 0}
section{background:var(--card);border:1px solid var(--rule);border-radius:.75rem;
padding:1.25rem;margin:0 0 1rem}
dl.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:1rem;
margin:1.25rem 0 0}
dl.tiles div{border-left:3px solid var(--main);padding-left:.75rem}
dt{color:var(--soft);font-size:.875rem}
dd{margin:0}
dd.figure{font-size:1.5rem;font-weight:600;line-height:1.25;white-space:nowrap}
figure{margin:0 0 1rem}
figcaption{font-size:.875rem;margin-top:.5rem}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--soft);font-size:12px}
svg .ink{fill:var(--ink);stroke:var(--card);stroke-width:3px;paint-order:stroke}
.narrow{display:none}
.grid{stroke:var(--rule)}
.axis{stroke:var(--soft)}
.line{fill:none;stroke:var(--main);stroke-width:2.5;stroke-linejoin:round}
.area{fill:var(--wash)}
.goal{stroke:var(--good);stroke-width:1.5;stroke-dasharray:2 3}
.ahead{fill:none;stroke:var(--warn);stroke-width:2;stroke-dasharray:7 4}
.mark{fill:var(--main);stroke:var(--card);stroke-width:2}
.fill{fill:var(--main)}
.track{fill:var(--wash)}
.refused{fill:var(--card)}
.hatch{stroke:var(--bad);stroke-width:2}
.edge{fill:none;stroke:var(--bad)}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.5rem 0 0;
padding:0;font-size:.875rem}
.key li{display:flex;align-items:center;gap:.5rem}
.key svg{width:1.75rem;height:.75rem;flex:none}
table{border-collapse:collapse;width:100%;margin:0 0 .75rem}
caption{text-align:left;font-size:.875rem;padding:0 0 .25rem}
th,td{text-align:left;vertical-align:top;padding:.375rem .75rem .375rem 0;
border-bottom:1px solid var(--rule)}
th:last-child,td:last-child{padding-right:0}
thead th{white-space:normal;font-size:.875rem;color:var(--soft);font-weight:600}
tbody th{font-weight:400}
tfoot th,tfoot td{font-weight:600}
h1,.lead,tbody th{overflow-wrap:anywhere}
.bars tbody th{min-width:7rem}
.number{text-align:right;white-space:nowrap}
td.bar{width:30%;padding-top:.75rem}
td.bar svg{height:.75rem}
svg.done{height:1rem;border-radius:.5rem}
.sub th{padding-left:1.25rem}
.checks{list-style:none;margin:0 0 .75rem;padding:0}
.checks li{display:flex;gap:.75rem;padding:.5rem 0;border-bottom:1px solid var(--rule)}
.checks svg{width:1.5rem;height:1.5rem;flex:none}
.checks strong{display:block}
.met{color:var(--good)}
.blocks{color:var(--bad)}
.unknown{color:var(--warn)}
.sign{fill:none;stroke:currentColor;stroke-width:2.25;stroke-linecap:round;
stroke-linejoin:round}
summary{cursor:pointer;color:var(--main);padding:.375rem 0}
details{margin-bottom:.75rem}
details table{margin-top:.5rem}
footer{font-size:.875rem}
@media (max-width:40rem){
.wide{display:none}
.narrow{display:block}
.page{padding:.75rem}
section{padding:1rem;border-radius:.5rem}
h1{font-size:1.5rem}
dl.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}
dd.figure{font-size:1.125rem}
th,td{padding-right:.5rem}
tr{position:relative}
.bars tbody td,.bars tbody th{padding-bottom:.75rem}
.bars tr>:nth-last-child(2){padding-right:0}
.bars tbody td.bar{position:absolute;
left:0;right:0;bottom:0;width:auto;padding:0;border:0}
td.bar.bar svg{height:.3rem}
td.none{display:none}
}
@media (forced-colors:active){
.fill,.mark{fill:CanvasText}
.track,.area{fill:Canvas;stroke:CanvasText}
.line,.ahead,.goal,.axis,.hatch,.edge{stroke:CanvasText}
svg text{fill:CanvasText}
}
@media print{
body{background:#fff}
nav,.skip{display:none}
section{border:0;padding:0;break-inside:avoid}
}
"""

STYLE: Final = (
    f":root{{color-scheme:light dark;{_variables(LIGHT)}}}\n"
    f"@media (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}"
    f"{_RULES}"
)


def policy() -> str:
    """
    Return the Content-Security-Policy under which a page may do nothing but be read.
    """
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
