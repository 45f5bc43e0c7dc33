"""Parts are found by their file's name, and nothing else can be."""

import pytest

from molgen.errors import ConfigError
from molgen.nn.message_passing import MessagePassing
from molgen.nn.parts import MESSAGE_PASSING, POOLING, find_part, part_names
from molgen.training.config import TrainConfig


def test_the_advertised_parts_are_there():
    assert {"attentivefp", "dmpnn", "gat", "gcn", "gin", "gine"} <= set(part_names(MESSAGE_PASSING))
    assert {"attention", "attentivefp", "mean_sum"} <= set(part_names(POOLING))


@pytest.mark.parametrize("name", ["os", "_convolutions", "", "dmpnn.os", "../gin", "GIN", None, 3, ["gin"]])
def test_other_names_are_refused_with_the_known_ones(name):
    with pytest.raises(ConfigError, match="gine"):
        find_part(MESSAGE_PASSING, name, MessagePassing)


@pytest.mark.parametrize("key", ["network", "pooling"])
def test_a_configuration_names_what_is_known(key):
    with pytest.raises(ConfigError, match=rf"graph.{key}.*attentivefp"):
        TrainConfig.build({"graph": {key: "gnn"}})


@pytest.mark.parametrize(("text", "got"), [("", "none"), ("class A(Base): ...\nclass B(Base): ...", "A, B")])
def test_a_file_defines_one_part(tmp_path, text, got):
    import molgen.nn.message_passing as package

    (tmp_path / f"file_{len(text)}.py").write_text(f"from molgen.nn.message_passing import MessagePassing as Base\n{text}\n")
    package.__path__.append(str(tmp_path))
    try:
        with pytest.raises(ConfigError, match=f"got {got}"):
            find_part(MESSAGE_PASSING, f"file_{len(text)}", MessagePassing)
    finally:
        package.__path__.remove(str(tmp_path))
