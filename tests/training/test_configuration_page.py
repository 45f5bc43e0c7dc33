"""The reference of the configuration file names every setting, and its example is read."""

import re
import tomllib
from pathlib import Path

from molgen.training.config import TrainConfig
from molgen.training.expert_config import GraphConfig, PairConfig, SequenceConfig, TabularConfig

PAGE = (Path(__file__).parents[2] / "docs" / "training.md").read_text()


def test_every_setting_is_named():
    parts = {"graph": GraphConfig, "sequence_network": SequenceConfig, "pair_network": PairConfig, "tabular": TabularConfig}
    names = [name for name in TrainConfig.model_fields if name not in parts]
    names += [f"{part}.{name}" for part, config in parts.items() for name in config.model_fields]
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_the_example_is_a_configuration():
    for block in re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL):
        TrainConfig.build(tomllib.loads(block))
