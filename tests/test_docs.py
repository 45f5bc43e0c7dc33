"""The README's commands are those that are checked, and what the project ships says what it is."""

import importlib.util
import os
import re
import tomllib
from pathlib import Path

import click
import pytest

import molgen

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCS = ROOT / "docs"


def test_the_readmes_test_command_is_what_ci_runs():
    commands = re.findall(r"```bash\n(.*pytest.*)\n```", README)
    assert len(commands) == 1
    assert commands[0] in (ROOT / ".ci" / "run").read_text()


def test_the_readme_has_the_two_set_up_commands():
    assert len(re.findall(r"^python3 -m venv .*$", README, flags=re.MULTILINE)) == 2


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == molgen.__version__
    assert f"## {molgen.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_command_of_the_readme_exists():
    from molgen.cli.main import main

    blocks = "\n".join(re.findall(r"```(?:bash|console)\n(.*?)```", README, flags=re.DOTALL))
    named = set(re.findall(r"^(?:\$ )?molgen ([a-z]+)", blocks, flags=re.MULTILINE))
    assert named
    assert named <= set(main.commands)


def commands(group=None, path=()):
    from molgen.cli.main import main

    for name, command in (group or main).commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_every_command_has_help_a_page_and_its_options_as_they_are():
    spec = importlib.util.spec_from_file_location("options", DOCS / "options.py")
    options = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(options)
    for path, command in commands():
        assert command.help, path
        assert "Examples:" in command.help, path
        for each in command.params:
            assert not isinstance(each, click.Option) or each.help, (path, each.name)
        page = (DOCS / "commands" / f"{path[0]}.md").read_text()
        assert f"molgen {' '.join(path)}" in page
        takes_options = any(isinstance(each, click.Option) for each in command.params)
        if takes_options and not isinstance(command, click.Group):
            assert f"<!-- options: {' '.join(path)} -->" in page
        assert "## Exit codes" in page
        assert "## Output" in page
        assert options.with_options(page) == page, "run python docs/options.py"


def parts():
    from molgen import featurizers, filters
    from molgen.data import splits
    from molgen.nn.parts import MESSAGE_PASSING, POOLING, SEQUENCE, part_names

    yield from (("featurizers.md", name) for name in featurizers.available())
    yield from (("splits.md", name) for name in splits.available())
    yield from (("filters.md", name) for name in filters.available())
    yield from (("models.md", name) for package in (MESSAGE_PASSING, POOLING) for name in part_names(package))
    yield from (("sequences.md", name) for name in part_names(SEQUENCE))


def test_every_part_is_named_in_its_page():
    assert [(page, name) for page, name in parts() if not re.search(rf"`(--)?{name}`", (DOCS / page).read_text())] == []


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL))
    assert [each for each in links if "://" not in each and not (page.parent / each).exists()] == []


def test_the_index_leads_to_every_page():
    index = (DOCS / "index.md").read_text()
    pages = [os.path.relpath(page, DOCS) for page in DOCS.rglob("*.md") if page.name != "index.md"]
    assert [page for page in pages if f"({page})" not in index] == []
