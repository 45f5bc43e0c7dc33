import json
import random
import re
import subprocess
import sys
import time

import numpy as np
import pytest
import torch  # noqa: F401  before LightGBM: two OpenMP runtimes meet in this process
from hypothesis import given
from hypothesis import strategies as st

from molgen.errors import BundleError
from molgen.experts.trees import check_model_text

lightgbm = pytest.importorskip("lightgbm")

N_FEATURES = 5

# Loads every model of a file and puts it to the uses that read splits and leaves; a crash of LightGBM ends this process only.
USE = """
import json, sys
import numpy as np, lightgbm
X = np.random.default_rng(0).normal(size=(40, 5)) * 3
X[::7, 0] = np.nan
X[::5, 1] = np.inf
X[3], X[4] = 0, 1e308
done = []
for text in json.load(open(sys.argv[1])):
    booster = lightgbm.Booster(model_str=text)
    rows = X[:, : booster.num_feature()]
    kinds = {}, {"pred_leaf": True}
    answers = [booster.predict(rows, num_threads=1, **kind) for kind in kinds]
    booster.dump_model()
    done.append(bool(all(np.isfinite(answer).all() for answer in answers)))
print(json.dumps(done))
"""


def data(n=300):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, N_FEATURES))
    X[generator.random(X.shape) < 0.15] = np.nan
    X[:, 3] = 0
    X[:, 4] = generator.integers(0, 3, n)
    return X, np.nan_to_num(X[:, 0]) + X[:, 4] + 2 * np.isnan(X[:, 1])


def train(n_trees=3, label=None, weight=None, columns="auto", categories="auto", **params):
    X, y = data()
    y = y if label is None else label(y)
    rows = lightgbm.Dataset(X, y, weight=weight, feature_name=columns, categorical_feature=categories)
    return lightgbm.train({"num_leaves": 5, "num_threads": 1, "verbose": -1, **params}, rows, n_trees)


@pytest.fixture(scope="module")
def text():
    return train(objective="regression").model_to_string()


def check(text):
    return check_model_text(text, N_FEATURES, "model.molgen:trees.txt")


def refusal(text, n_features=N_FEATURES):
    with pytest.raises(BundleError) as caught:
        check_model_text(text, n_features, "model.molgen:trees.txt")
    message = str(caught.value)
    assert message.startswith("model.molgen:trees.txt")
    assert message.isprintable()
    assert len(message) < 500
    return message


def use(texts, folder):
    """Load and use models in a process of their own; whether each gave finite numbers."""
    (folder / "models.json").write_text(json.dumps(texts))
    command = [sys.executable, "-c", USE, str(folder / "models.json")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert result.returncode == 0, f"LightGBM died: {result.returncode} {result.stderr[-2000:]}"
    return json.loads(result.stdout.splitlines()[-1])


def above(y):
    return (y > 1).astype(float)


REAL = {
    "regression": {"objective": "regression"},
    "l1": {"objective": "regression_l1"},
    "huber": {"objective": "huber"},
    "fair": {"objective": "fair"},
    "quantile": {"objective": "quantile"},
    "mape": {"objective": "mape"},
    "binary": {"objective": "binary", "label": above},
    "cross_entropy": {"objective": "cross_entropy", "label": above},
    "constant": {"objective": "regression", "min_data_in_leaf": 1000},
    "constant_binary": {"objective": "binary", "label": above, "min_data_in_leaf": 1000},
    "stumps": {"objective": "regression", "num_leaves": 2},
    "large": {"objective": "regression", "num_leaves": 100, "min_data_in_leaf": 1, "n_trees": 20},
    "dart": {"objective": "regression", "boosting": "dart", "n_trees": 10},
    "goss": {"objective": "regression", "data_sample_strategy": "goss"},
    "monotone": {"objective": "regression", "monotone_constraints": [1, 0, 0, 0, -1]},
    "zero_as_missing": {"objective": "regression", "zero_as_missing": True},
    "no_missing": {"objective": "regression", "use_missing": False},
    "weights": {"objective": "regression", "weight": np.linspace(0, 2, 300)},
    "extra_trees": {"objective": "regression", "extra_trees": True, "n_trees": 10},
    "quantized": {"objective": "regression", "use_quantized_grad": True},
    "names": {"objective": "regression", "columns": ["fr_Al_OH", "MolWt", "bit=3", "c1ccccc1", "(#6)"]},
}


#: What only importances and LightGBM's own explanations use.
DROPPED = ["split_gain", "internal_value", "internal_weight", "internal_count", "leaf_weight", "leaf_count"]


@pytest.mark.parametrize("kind", REAL)
def test_real_models_predict_the_same(kind):
    booster = train(**REAL[kind])
    text = booster.model_to_string()
    clean = check(text)
    again = lightgbm.Booster(model_str=clean)
    X, _ = data()
    np.testing.assert_array_equal(again.predict(X, num_threads=1), booster.predict(X, num_threads=1))
    np.testing.assert_array_equal(again.predict(X, pred_leaf=True), booster.predict(X, pred_leaf=True))
    assert again.feature_name() == booster.feature_name()
    assert again.num_trees() == booster.num_trees()
    assert check(clean) == clean
    for dropped in ["parameters", "tree_sizes", "importances", "monotone", "pandas", "end of parameters", *DROPPED]:
        assert dropped not in clean


def test_split_on_missingness_has_an_infinite_threshold():
    booster = train(objective="regression", label=lambda y: 1.0 * np.isnan(data()[0][:, 1]))
    assert re.search(r"^threshold=.*\binf\b", booster.model_to_string(), re.MULTILINE)
    assert "inf" in check(booster.model_to_string())


def test_what_follows_the_trees_does_not_matter(text):
    head = text[: text.index("end of trees")] + "end of trees\n"
    assert check(head) == check(text) == check(head + "\0 anything\n" * 100 + "Tree=9\nend of trees\n")


UNSUPPORTED = {
    "linear": ({"objective": "regression", "linear_tree": True}, "leaf_const|linear"),
    "multiclass": ({"objective": "multiclass", "num_class": 3, "label": lambda y: np.digitize(y, [0, 1])}, "num_class"),
    "poisson": ({"objective": "poisson", "label": np.abs}, "objective"),
    "tweedie": ({"objective": "tweedie", "label": np.abs}, "objective"),
    "squares": ({"objective": "regression", "reg_sqrt": True}, "objective"),
    "other sigmoid": ({"objective": "binary", "sigmoid": 2.0, "label": above}, "objective"),
    "forest": (
        {"objective": "regression", "boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
        "not understood; .* got 'average_output'",
    ),
    "categories": ({"objective": "regression", "categories": [4], "min_data_per_group": 1}, "feature_infos"),
    "odd names": ({"objective": "regression", "columns": ["a", "b", "c", "d", "é"]}, "feature_names"),
}


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_unsupported_models(kind):
    params, reason = UNSUPPORTED[kind]
    assert re.search(reason, refusal(train(**params).model_to_string()))


def edit(text, key, value, nth=0):
    """Replace the value of the nth line of a key."""
    lines = text.split("\n")
    index = [i for i, line in enumerate(lines) if line.startswith(f"{key}=")][nth]
    old = lines[index].partition("=")[2]
    lines[index] = f"{key}={value(old) if callable(value) else value}"
    return "\n".join(lines)


def first(token):
    return lambda old: " ".join([token, *old.split(" ")[1:]])


def last(token):
    return lambda old: " ".join([*old.split(" ")[:-1], token])


BAD_INTEGERS = ["99", "-99", "2147483648", "-2147483649", "9" * 30, "1.5", "1e1", "nan", "inf", "x", "", "+1", "1_0"]
BAD_INTEGERS += ["0x1", "٣", "1\t", "1\r", "1\0", "\ufeff1"]
BAD_NUMBERS = ["nan", "-nan", "-inf", "infinity", "1e999x", "x", "", "1_0.0", "0x1p3", "1,5", "1.", ".5", "1d5", "--1"]
BAD_NUMBERS += ["٣", "1\t", "1\r", "1\0", "1" * 50]


@pytest.mark.parametrize("token", BAD_INTEGERS)
@pytest.mark.parametrize("key", ["split_feature", "left_child", "right_child", "decision_type"])
def test_bad_integers(text, key, token):
    assert key in refusal(edit(text, key, first(token))) or "child" in key
    refusal(edit(text, key, last(token), nth=2))


@pytest.mark.parametrize("token", BAD_NUMBERS)
@pytest.mark.parametrize("key", ["threshold", "leaf_value", "shrinkage"])
def test_bad_numbers(text, key, token):
    assert key in refusal(edit(text, key, first(token)))


@pytest.mark.parametrize("key", DROPPED)
def test_what_is_dropped_never_reaches_lightgbm(text, key):
    for value in ("", "nan", "-1 -1", "1 " * 1000, "\0", "Tree=1"):
        assert check(edit(text, key, value)) == check(text)
    assert check(re.sub(rf"^{key}=.*\n", "", text, flags=re.MULTILINE)) == check(text)


@pytest.mark.parametrize("token", ["inf", "1e999", "1e31", "-1e31"])
def test_leaves_out_of_range(text, token):
    assert "leaf_value" in refusal(edit(text, "leaf_value", first(token)))


BAD_HEADER = {
    "num_class": ["0", "2", "-1", "x"],
    "num_tree_per_iteration": ["0", "3", "1000000000"],
    "max_feature_idx": ["3", "5", "-1", "2147483647"],
    "label_index": ["1", "-1"],
    "version": ["v3", "v5", ""],
    "objective": [
        "",
        "custom",
        "lambdarank",
        "binary sigmoid:-1",
        "regression sqrt",
        "multiclass num_class:3",
        "regression\r",
    ],
    "feature_names": ["", "a b c d", "a b c d e f", "a b c d ", 'a b c d "', "a b c d \x1b[2J", "a b c d " + "e" * 201],
    "feature_infos": [
        "",
        "none",
        "none none none none none none",
        "none none none none 1:2:3",
        "none none none none [a:b]",
    ],
    "tree_sizes": ["", "1", "1 2 3 4"],
}


@pytest.mark.parametrize("key", BAD_HEADER)
def test_bad_header(text, key):
    for value in BAD_HEADER[key]:
        assert key in refusal(edit(text, key, value))
    if key != "tree_sizes":
        assert key in refusal(re.sub(rf"^{key}=.*\n", "", text, flags=re.MULTILINE))


def test_tree_sizes_are_not_believed(text):
    # LightGBM takes them for offsets into the text.
    assert check(edit(text, "tree_sizes", "5 999999999 -7")) == check(text)


CHAIN = """tree
version=v4
num_class=1
num_tree_per_iteration=1
label_index=0
max_feature_idx=0
objective=regression
feature_names=a
feature_infos=none

Tree=0
num_leaves={n_leaves}
num_cat=0
split_feature={features}
split_gain={splits}
threshold={splits}
decision_type={features}
left_child={left}
right_child={right}
leaf_value={leaves}
leaf_weight={leaves}
leaf_count={leaves}
internal_value={splits}
internal_weight={splits}
internal_count={splits}
is_linear=0
shrinkage=1


end of trees
"""


def tree(left, right):
    n = len(left)
    return CHAIN.format(
        n_leaves=n + 1,
        features=" ".join(["0"] * n),
        splits=" ".join(["1"] * n),
        leaves=" ".join(["1"] * (n + 1)),
        left=" ".join(map(str, left)),
        right=" ".join(map(str, right)),
    )


def chain(n):
    return tree([*range(1, n), ~n], [~i for i in range(n)])


def test_shapes():
    for left, right in [([-1], [-2]), ([-2], [-1]), ([1, -1], [-2, -3]), ([1, -1, -2], [2, -3, -4])]:
        check_model_text(tree(left, right), 1, "x")


BAD_SHAPES = {
    "its own child": ([0, -1], [1, -2]),
    "its own parent": ([1, 0], [-1, -2]),
    "cycle beside the root": ([-1, 2, 1], [-2, -3, -4]),
    "earlier node": ([2, -1, 1], [-2, -3, -4]),
    "leaf twice": ([-1], [-1]),
    "node twice": ([1, -1, -2], [1, -3, -4]),
    "leaf out of range": ([-1], [-3]),
    "node out of range": ([1], [-1]),
    "far away": ([2**31 - 1], [-(2**31)]),
    "node without parent": ([-1, -2], [-3, -1]),
}


@pytest.mark.parametrize("kind", BAD_SHAPES)
def test_bad_shapes(kind):
    assert "child" in refusal(tree(*BAD_SHAPES[kind]), 1)


def test_deepest_tree(tmp_path):
    assert "too deep" in refusal(chain(513), 1)
    assert use([check_model_text(chain(512), 1, "x")], tmp_path) == [True]


def test_wrong_lengths(text):
    changes = [lambda old: f"{old} 1", lambda old: old.rpartition(" ")[0], lambda old: old.replace(" ", "  ", 1), ""]
    trees = text[text.index("Tree=") : text.index("end of trees")]
    keys = set(re.findall(r"^(\w+)=\S+ \S", trees, re.MULTILINE)) - set(DROPPED)
    assert len(keys) == 6
    for key in keys:
        for change in changes:
            assert key in refusal(edit(text, key, change, nth=-1))
    for leaves in ["0", "1", "4", "6", "-5", "2147483647", "1000000", "5 5", "x"]:
        refusal(edit(text, "num_leaves", leaves))


def test_structure(text):
    assert "num_cat" in refusal(edit(text, "num_cat", "1"))
    assert "linear" in refusal(edit(text, "is_linear", "1"))
    assert "out of order" in refusal(text.replace("Tree=1\n", "Tree=2\n"))
    assert "out of order" in refusal(text.replace("Tree=0\n", "Tree=0 \n"))
    assert "tree_sizes" in refusal(re.sub(r"Tree=2\n.*?\n\n\n", "", text, flags=re.DOTALL))
    assert "each key once" in refusal(text.replace("num_cat=0", "num_cat=0\nnum_cat=0"))
    assert "each key once" in refusal(text.replace("num_cat=0", "num_cat=0\nnonsense"))
    assert "unknown entry" in refusal(text.replace("num_cat=0", "num_cat=0\ncat_boundaries=0 1"))
    assert "unknown entry" in refusal(text.replace("label_index=0", "label_index=0\nparser_config_str=x"))
    assert "too many lines" in refusal(text.replace("num_cat=0", "num_cat=0" + "\n" * 100))
    assert "truncated" in refusal(text[: text.index("end of trees")])
    assert "number of trees" in refusal(text[: text.index("\nTree=")] + "\nend of trees\n")
    assert "max_feature_idx" in refusal(text, n_features=6)
    assert "not a LightGBM model" in refusal("x" + text)
    for nonsense in [
        "",
        "tree",
        "\nend of trees\n",
        "\0" * 1000,
        "tree\nend of trees\n",
        "\ud800",
        "é\nTree=0\nend of trees\n",
    ]:
        refusal(nonsense)


def test_crlf(text):
    refusal(text.replace("\n", "\r\n"))


def test_every_truncation(text):
    for length in range(0, text.index("end of trees"), 11):
        refusal(text[:length])


LINES = st.sampled_from(["tree", "Tree=0", "num_leaves=2", "end of trees", "=", ""])


@given(st.text(max_size=200) | st.lists(LINES).map("\n".join))
def test_any_text(anything):
    refusal(f"tree\n{anything}")


@pytest.mark.parametrize(
    "make",
    [
        lambda: "tree" + "\nTree=" * 5_000_000 + "\nend of trees\n",
        lambda: "tree" + "\n" * 30_000_000 + "\nTree=0\nend of trees\n",
        lambda: chain(2).replace("threshold=1 1", "threshold=" + "1 " * 15_000_000),
        lambda: chain(2).replace("num_leaves=3", "num_leaves=" + "9" * 20_000_000),
        lambda: chain(2).replace("leaf_value=1 1 1", "leaf_value=1 1 " + "1" * 20_000_000),
        lambda: chain(2).replace("feature_names=a", "feature_names=" + "a" * 20_000_000),
        lambda: " " * (256 * 2**20 + 1),
    ],
)
def test_text_made_to_be_slow(make):
    text = make()
    start = time.process_time()
    refusal(text, 1)
    assert time.process_time() - start < 3


def test_a_thousand_trees_in_a_second():
    text = train(n_trees=1, objective="regression", num_leaves=31, min_data_in_leaf=3).model_to_string()
    header, one = text[: text.index("\nTree=")], text[text.index("\nTree=0\n") + 8 : text.index("end of trees")]
    many = re.sub("tree_sizes=.*\n", "", header) + "".join(f"\nTree={i}\n{one}" for i in range(1000)) + "end of trees\n"
    start = time.process_time()
    assert check(many).count("Tree=") == 1000
    assert time.process_time() - start < 1


TOKENS = [
    "0",
    "1",
    "-1",
    "-2",
    "3",
    "4",
    "5",
    "2",
    "8",
    "10",
    "inf",
    "nan",
    "1e308",
    "-1e30",
    "1e-320",
    "-0",
    "00",
    "1e+5",
]
TOKENS += ["2147483647", "-2147483648", "99999999999", "0.5", "1e400", "", "\t", "\n", "=", "Tree=1", "num_leaves=1"]


def mutants(text, number, seed):
    generator = random.Random(seed)
    for _ in range(number):
        changed = text
        for _ in range(generator.choice([1, 1, 1, 2, 4])):
            kind = generator.randrange(5)
            if kind == 0:
                at = generator.randrange(len(changed))
                changed = changed[:at] + chr(ord(changed[at]) ^ 1 << generator.randrange(7)) + changed[at + 1 :]
            elif kind == 1:
                tokens = re.split(r"([ \n=])", changed)
                tokens[2 * generator.randrange(len(tokens) // 2)] = generator.choice(TOKENS)
                changed = "".join(tokens)
            elif kind == 2:
                tokens = re.split(r"([ \n=])", changed)
                i, j = (2 * generator.randrange(len(tokens) // 2) for _ in range(2))
                tokens[i], tokens[j] = tokens[j], tokens[i]
                changed = "".join(tokens)
            elif kind == 3:
                lines = changed.split("\n")
                i, j = (generator.randrange(len(lines)) for _ in range(2))
                lines[i] = generator.choice([lines[j], "", lines[i] + " 1"])
                changed = "\n".join(lines)
            else:
                # Within one line, where a change has the best chance of being believed.
                lines = changed.split("\n")
                i = generator.randrange(len(lines))
                key, equals, value = lines[i].partition("=")
                values = value.split(" ")
                generator.shuffle(values)
                lines[i] = key + equals + " ".join(values)
                changed = "\n".join(lines)
        yield changed


def test_mutants_are_refused_or_harmless(tmp_path):
    accepted = set()
    refused = 0
    for seed, params in enumerate([REAL["regression"], REAL["binary"], REAL["stumps"] | {"n_trees": 1}]):
        whole = train(**params).model_to_string()
        for mutant in mutants(whole[: whole.index("end of trees") + 13], 3000, seed):
            try:
                accepted.add(check(mutant))
            except BundleError as error:
                assert str(error).isprintable()
                refused += 1
    assert refused > 3000
    assert len(accepted) > 500
    assert all(use(sorted(accepted), tmp_path))
