"""The README's commands are those that are checked, and what the project ships says what it is."""

import re
import tomllib
from pathlib import Path

import molgen

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_readmes_test_command_is_what_ci_runs():
    commands = re.findall(r"```bash\n(.*pytest)\n```", README)
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
