"""The benchmarks import, explain themselves, and run where they can be made small."""

import argparse
import gc
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import benchmarks
import skdeepunsup
from benchmarks import __main__, defaults, peers, speed
from benchmarks.contest import Contest, Contestant, print_contest
from benchmarks.defaults_tables import FORMS, TABLES, table
from benchmarks.defaults_trade import error, fewer_points, nats, points, share
from benchmarks.races import Case, Table, print_races

FOLDER = Path(benchmarks.__file__).parent

SMALLEST = {
    "digits": ({"MAX_ITER": 1, "CODE_WIDTHS": (2,)}, []),
    "speed": (
        {
            "speed_fits.RBM_WIDTHS": (20, 8),
            "speed_fits.RBM_SIZES": ((10, 40), (500, 500)),
            "speed_fits.AUTOENCODER_SIZES": (((20, 6, 4), 32),),
            "speed_fits.VAE_SIZES": (((20, 6, 4), 32),),
            "speed_fits.ROWS": 64,
            "speed_fits.EPOCHS": 1,
            "speed_answers.N_FEATURES": 20,
            "speed_answers.WIDTH": 8,
            "speed_answers.DEEP": (20, 8, 6, 4),
            "speed_answers.N_ROWS": 100,
            "speed_answers.FITTED_ROWS": 100,
            "speed_answers.N_CALLS": 1,
            "speed_answers.SWEEPS": 1,
            "speed_answers.ANNEALED_WIDTHS": (20, 8),
            "speed_answers.ANNEALED_TEMPERATURES": 3,
            "speed_fixed.TINY": (40, 6),
            "speed_fixed.WIDE": 300,
            "speed_fixed.NARROW": 100,
            "speed_fixed.SPARSE_ROWS": 200,
            "speed_fixed.IMPORTS": {"nothing": "pass"},
            "speed_fixed.N_IMPORTS": 1,
        },
        ["--repetitions", "1"],
    ),
    "family": (
        {"N_ROWS": 64, "N_EPOCHS": 1, "BATCH": 32, "H": 8, "CODE": 4, "CHANNELS": (2, 2)},
        ["--repetitions", "1"],
    ),
    "players": ({"BATCH": 8, "N_STEPS": 1}, ["--repetitions", "1"]),
    "density": ({}, ["--sets", "nltcs", "--models", "bm"]),
    "peers": (
        {
            "peers_networks.load_mnist": lambda: tiny_digits(),
            "peers_networks.EPOCHS": 1,
            "peers_networks.WIDTHS": (20, 6, 4),
            "peers_networks.WIDE": (20, 8, 4),
            "peers_networks.RBM_WIDTH": 5,
        },
        ["--repetitions", "1", "--only", "networks", "imputing"],
    ),
    "outliers": ({"NAMES": ("cardio",)}, ["--seeds", "0", "1"]),
    "memory": ({}, ["--rows", "1000"]),
    "large_files": ({"REAL_ROWS": 100}, ["--gigabytes", "0.002"]),
}
"""By name: constants of the module, or of others that are named, and arguments, that make a run as
small as possible."""
SHORT = 0.01
SLOW = pytest.mark.slow  # plain Adam imports all of torch's compiler
NIGHTLY = pytest.mark.nightly("each of its fits imports torch in a process of its own")
MARKS = {"speed": SLOW, "players": SLOW, "family": SLOW, "memory": NIGHTLY}


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    """A folder with small tables in the form of those that benchmarks read."""
    rng = np.random.default_rng(0)
    bits = np.packbits(rng.random((60, 16)) < 0.5, axis=1)
    parts = {f"nltcs_{part}": bits for part in ("train", "valid", "test")}
    np.savez(tmp_path / "binary_density.npz", nltcs_d=16, **parts)
    (tmp_path / "adbench").mkdir()
    X, y = rng.normal(size=(60, 4)), np.arange(60) < 5
    np.savez(tmp_path / "adbench" / "6_cardio.npz", X=X, y=y)
    (tmp_path / "tables").mkdir()
    lines = ["survived,pclass,age,sibsp,parch,fare", "0,3,22,1,0,7.25", "1,1,,0,0,5"]
    (tmp_path / "tables" / "titanic.csv").write_text("\n".join(lines))
    monkeypatch.setenv("SKDEEPUNSUP_DATA", str(tmp_path))


def tiny_digits():
    bits = 255 * (np.random.default_rng(0).random((2, 60, 20)) < 0.5)
    return bits[0], None, bits[1], None


def arguments_of(module, words):
    parser = argparse.ArgumentParser()
    module.add_arguments(parser)
    return parser.parse_args(words)


def test_every_file_that_can_be_run_has_a_name():
    runnable = {path.stem for path in FOLDER.glob("*.py") if "\ndef run(" in path.read_text()}
    assert runnable == set(__main__.BENCHMARKS)


@pytest.mark.parametrize("name", __main__.BENCHMARKS)
def test_each_explains_itself(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", name, "--help"])
    with pytest.raises(SystemExit) as stopped:
        __main__.main()
    assert stopped.value.code == 0
    summary = __main__.BENCHMARKS[name].__doc__.split("\n\n")[0]
    assert " ".join(summary.split())[:60] in " ".join(capsys.readouterr().out.split())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=MARKS.get(name, ())) for name in SMALLEST]
)
def test_the_smallest_run_prints_a_table(name, data_folder, monkeypatch, capsys):
    module = __main__.BENCHMARKS[name]
    constants, words = SMALLEST[name]
    make_small(constants, name, monkeypatch)
    module.run(arguments_of(module, words))
    assert "-: |" in capsys.readouterr().out


def make_small(constants, name, monkeypatch):
    for key, value in constants.items():
        path = key if "." in key else f"{name}.{key}"
        monkeypatch.setattr(f"benchmarks.{path}", value)
    monkeypatch.setattr(gc, "collect", lambda: 0)  # slow among all that tests have imported


@pytest.mark.slow
def test_speed_compares_numbers_of_threads(monkeypatch, capsys):
    make_small(SMALLEST["speed"][0], "speed", monkeypatch)
    n_threads = torch.get_num_threads()
    speed.run(arguments_of(speed, ["--threads", "2", "--repetitions", "1"]))
    printed = capsys.readouterr().out
    assert "on one thread and on 2" in printed
    assert all(f"| {case}" in printed for case in ("20-8, batch 10", "20-6-4, batch 32", "float64"))
    assert torch.get_num_threads() == n_threads


def test_speed_names_a_device_that_is_not_there():
    with pytest.raises(SystemExit, match=r"--device cuda:77: torch .* finds .* here"):
        speed.run(arguments_of(speed, ["--device", "cuda:77"]))


@pytest.mark.parametrize(
    "device",
    [
        pytest.param("cpu:0", marks=pytest.mark.slow),  # as any other than "cpu"
        pytest.param("cuda" if torch.cuda.is_available() else "mps", marks=pytest.mark.gpu),
    ],
)
def test_speed_runs_on_a_device(device, monkeypatch, capsys):
    make_small(SMALLEST["speed"][0], "speed", monkeypatch)
    speed.run(arguments_of(speed, ["--device", device, "--repetitions", "1"]))
    printed = capsys.readouterr().out
    for case in ("20-8, batch 10", "20-6-4, batch 32", "float64", "BernoulliRBM 20-8, 500 chains"):
        assert f"| {case}" in printed
    assert "fast products" not in printed  # those of the CPU


def test_the_first_contestant_is_compared_with_the_others(capsys):
    runs = {"ours": lambda: busy(1), "theirs": lambda: busy(3)}
    print_races(Table("busy", "turn", [Case("a loop", 10, runs)]), 5, "cpu")
    _, _, first, second = (
        [cell.strip() for cell in line.split("|")]
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("|")
    )
    assert first[1:3] == ["a loop", "ours"]
    assert second[2] == "theirs"
    assert 2 < float(second[5].split()[0]) < 4.5
    assert float(first[4].replace(",", "")) == pytest.approx(1e5 * SHORT, rel=0.5)


def test_a_peer_that_is_not_installed_is_named(capsys):
    def run():
        return lambda: 0.5

    contestants = {"ours": Contestant("", run), "theirs": Contestant("no-such-package", run)}
    print_contest(Contest("A contest", "error", contestants), 1)
    ours, theirs = capsys.readouterr().out.split("\n| ")[3:]
    assert ours.startswith("ours ")
    assert "0.500" in ours
    assert "not installed: pip install no-such-package" in theirs


def test_peers_without_data_are_named(monkeypatch, capsys):
    monkeypatch.delenv("SKDEEPUNSUP_DATA", raising=False)
    peers.run(arguments_of(peers, ["--only", "sound", "ratings"]))
    assert "ratings: left out, since SKDEEPUNSUP_DATA is not set" in capsys.readouterr().out


def busy(n):
    """Keep the processor busy for ``n`` times `SHORT` seconds of its time."""
    end = time.process_time() + n * SHORT
    while time.process_time() < end:
        pass


def test_defaults_are_compared_with_a_grid_and_dull_answers(capsys):
    words = ["--rows", "60", "--table", "iris", "--only", "BernoulliRBM", "EASE"]
    defaults.run(arguments_of(defaults, words))
    printed = capsys.readouterr().out
    assert "| BernoulliRBM | iris, bits |" in printed
    assert "| BernoulliRBM | iris, [0, 1] |" in printed
    assert "| EASE" not in printed  # it is for MovieLens alone
    assert "| BernoulliRBM |      2 |" in printed  # the summary


QUICK = (
    *("DenoisingAutoencoder", "OutlierDetector", "DeepEmbeddedClustering"),
    *("CategoricalRBM", "FineTunedRegressor"),
)


@pytest.mark.nightly("a clusterer's first encoder takes many epochs, however few the rows")
def test_quick_defaults_have_no_grid(capsys):
    words = ["--quick", "--rows", "40", "--table", "iris", "--only", *QUICK]
    defaults.run(arguments_of(defaults, words))
    lines = [line for line in capsys.readouterr().out.splitlines() if "iris," in line]
    assert {line.split("|")[1].strip() for line in lines} == set(QUICK)
    assert all(line.split("|")[5].strip() == "default" for line in lines)
    assert all(line.split("|")[9].strip() == "–" for line in lines)


def test_every_estimator_has_its_defaults_measured():
    """But transformers without parameters to learn, compressors, whose model has no default, and
    the model of sequences, which no table is."""
    public = (getattr(skdeepunsup, name) for name in skdeepunsup.__all__)
    estimators = {e.__name__ for e in public if isinstance(e, type) and hasattr(e, "fit")}
    learn_nothing = {"LogMel", "SelfiesVectorizer"}
    left_out = {"SequenceVAE", "LosslessCompressor", "LossyCompressor", *learn_nothing}
    assert set(defaults.MODELS) == estimators - left_out


def test_an_error_is_a_line_and_not_silent():
    trade = next(t for t in defaults.TRADES if "EncoderDecoder" in t.models)
    tables = (table("iris", "as it comes", 30, 0),)  # whose target is no table
    figure, warned = defaults.measured(
        trade.models["EncoderDecoder"], {"n_components": -1}, trade, tables
    )
    assert np.isnan(figure)
    assert warned == "ValueError"


def test_per_cent_are_above_zero_for_the_better_figure():
    iris = table("iris", "as it comes", 30, 0)
    assert share(0.8, 0.6, iris) == pytest.approx(25)
    assert share(0.6, 0.8, iris) == pytest.approx(-25)
    assert points(0.8, 0.6, iris) == pytest.approx(20)
    assert fewer_points(0.6, 0.8, iris) == pytest.approx(20)
    assert nats(-3, -5, iris) == pytest.approx(50)  # two nats of four features
    assert error(0.5, 0.6, iris) == pytest.approx(20)


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_made_by_the_training_rows(form):
    found = table("digits", form, 200, 0)
    train, test = found.train, found.test
    assert len(train) == 140
    assert len(test) == 60
    assert (train.std(0) > 0).all() or form == "bits"
    span = {"[0, 1]": (0, 1), "bits": (0, 1), "quarters": (0, 3), "as it comes": (0, 16)}
    if form in span:
        assert (min(train.min(), test.min()), max(train.max(), test.max())) == span[form]
    else:
        np.testing.assert_allclose(train.std(0), 1)


def test_rows_with_empty_cells_are_left_out(data_folder):
    X, y = TABLES["titanic"]()
    np.testing.assert_array_equal(X, [[3, 22, 1, 0, 7.25]])
    assert y.tolist() == ["0"]
