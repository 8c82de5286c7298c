"""The README says what is so: its commands, its tables, its example."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from geo.hotspots import methods
from layers.formats import formats
from layers.project import load_project
from layers.sources import kinds
from maps.exports import exports

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Give the README's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def setups(language: str) -> list[str]:
    """Give the lines that set up everything: blocks of one line that make an environment."""
    return [block.strip() for block in blocks(language) if " -m venv " in block]


def row(*cells: str) -> str:
    """Write a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


TABLES = {
    "layers": [
        row("kind", "what it holds"),
        row("---", "---"),
        *(row(f"`{kind.name}`", kind.summary) for kind in kinds().values()),
    ],
    "formats": [
        row("format", "file names end in", "what it reads"),
        row("---", "---", "---"),
        *(
            row(f"`{one.name}`", " ".join(f"`{e}`" for e in one.endings), one.summary)
            for one in formats().values()
        ),
    ],
    "exports": [
        row("`--format`", "files", "what is in it"),
        row("---", "---", "---"),
        *(
            row(f"`{one.name}`", " ".join(f"`{f}`" for f in one.files), one.summary)
            for one in exports().values()
        ),
    ],
    "methods": [
        row("method", "what it says", "source"),
        row("---", "---", "---"),
        *(row(f"`{one.name}`", one.summary, one.source) for one in methods().values()),
    ],
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_follow_the_declarations(name: str) -> None:
    """What a layer, format or method says of itself is what the README says of it."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", README, re.DOTALL)
    assert found, f"the README has no table of {name}"
    assert found[1].strip().splitlines() == TABLES[name], (
        f"put this between the marks of {name} in README.md:\n" + "\n".join(TABLES[name])
    )


def test_the_two_commands_are_one_line_each() -> None:
    """A fresh clone becomes a picture, and passes the tests, with one line to paste for each."""
    demo, test = setups("sh")
    assert "\n" not in demo + test
    assert demo.endswith(" && .venv/bin/lagesbild demo")
    assert test.endswith(" && .venv/bin/python -m pytest")
    for line in (demo, test):
        assert line.startswith("python3 -m venv .venv && ")
        for step in line.split(" && ")[1:-1]:
            assert step.startswith(".venv/bin/python -m pip install ")
            assert "constraints.txt" in step or "--no-deps" in step, "an install without the pins"


def test_windows_lines_differ_in_their_paths_only() -> None:
    """The line for PowerShell 7 and the command prompt is the Linux line with Windows paths."""
    wanted = [
        re.sub(r"^python3 ", "python ", line).replace(".venv/bin/", ".venv\\Scripts\\")
        for line in setups("sh")
    ]
    assert setups("bat") == wanted
    for line in wanted:
        assert "/" not in line.replace("&&", "")
        assert not re.search(r"['$;|<>%`]", line), "read differently by the two shells"


def test_ci_takes_its_commands_from_here() -> None:
    """CI greps the README for the two lines, so it cannot run anything else; each is found once."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    patterns = re.findall(r"grep -m1 '([^']+)' README\.md", script)
    found = [[line for line in README.splitlines() if re.search(p, line)] for p in patterns]
    assert found == [[line] for line in setups("sh")]
    assert 'bash -ec "$test"' in script
    assert 'bash -ec "$demo"' in script


def test_the_project_file_shown_is_a_project_file(tmp_path: Path) -> None:
    """The README's project file is read without a complaint, with the example's files beside it."""
    text = "\n".join(blocks("toml"))  # the second shows more settings of the same file
    example = ROOT / "examples" / "lekeberg"
    for name in ("kommun.geojson", "badplatser.csv", "trafik.csv", "patruller.csv"):
        shutil.copy(example / name, tmp_path)
    (tmp_path / "rapporter.csv").write_text("Inkom;Rubrik;N;E\n", encoding="utf-8")
    path = tmp_path / "lagesbild.toml"
    path.write_text(text, encoding="utf-8")
    project = load_project(path)
    assert [layer.kind for layer in project.layers] == [
        layer["kind"] for layer in tomllib.loads(text)["layers"]
    ]
    assert project.vocabulary.find("Skräpigt") == "littering"


def test_every_file_that_is_named_is_there() -> None:
    """Files of the project that the README names exist."""
    named = re.findall(r"`((?:examples|bench|\.ci|LICENSE|constraints)[\w./-]*)`", README)
    assert len(named) > 3
    assert [name for name in named if not (ROOT / name).exists()] == []
