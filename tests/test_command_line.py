"""The command line: a table and a figure, or one line and a status that say why not."""

import builtins
import csv
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA

from skdeepunsup.command_line import compare, main
from skdeepunsup.command_line.models import MODELS, n_epochs
from skdeepunsup.command_line.report import format_table, summarize
from skdeepunsup.comparison import compare_reducers

pd = pytest.importorskip("pandas")

FAST = ["--models", "pca", "--n-components", "2"]


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def frame():
    X, y = load_iris(return_X_y=True)
    return pd.DataFrame(X, columns=list("abcd")).assign(kind=load_iris().target_names[y])


def written_rows(folder):
    with (folder / "comparison.csv").open() as file:
        return list(csv.DictReader(file))


def test_digits_give_a_table_and_a_figure(capsys, in_folder):
    out = in_folder / "new" / "folder"
    assert main(["compare", *FAST, "4", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if str(out) not in line]  # as long as its path
    assert max(map(len, lines)) <= 100
    assert (out / "comparison.png").stat().st_size > 10_000
    rows = written_rows(out)
    assert [(row["name"], row["n_components"]) for row in rows] == [("pca", "2"), ("pca", "4")]
    X, y = load_digits(return_X_y=True)
    table = compare_reducers({"pca": [PCA(2), PCA(4)]}, X / 16, y, cv=3)
    for key in ("explained_variance", "reconstruction_error", "knn_score", "trustworthiness"):
        written = [float(row[key]) for row in rows]
        np.testing.assert_allclose(written, table[key], rtol=2e-3, err_msg=key)


def test_all_models_run_and_the_defaults_fit_the_data(capsys, frame, monkeypatch):
    monkeypatch.setattr(compare, "n_epochs", lambda n_rows, n_features: 2)
    frame.iloc[::3].to_csv("iris.csv", index=False)
    assert main(["compare", "iris.csv", "--target", "kind"]) == 0
    printed = capsys.readouterr().out
    for name in ("pca", "linear-autoencoder", "autoencoder", "rbm"):
        assert name in printed
    assert "k-NN" in printed
    assert "Compared with pca" in printed or "No model" in printed


@pytest.mark.parametrize("kind", ["csv", "index", "headless", "parquet", "npy", "npz", "images"])
def test_every_kind_of_file_holds_the_same_data(capsys, frame, in_folder, kind):
    X = frame[list("abcd")].to_numpy()
    target, file = "kind", f"iris.{kind}"
    if kind == "parquet":
        pytest.importorskip("pyarrow")
        frame.to_parquet(file)
    elif kind == "npy":
        target = "4"
        np.save(file, np.column_stack([X, load_iris().target]))
    elif kind in ("npz", "images"):
        file = "iris.npz"
        np.savez(file, X=X.reshape(-1, 2, 2) if kind == "images" else X, kind=load_iris().target)
    else:
        file = "iris.csv"
        if kind == "headless":
            target, frame = "4", frame.assign(kind=load_iris().target)
        frame.to_csv(file, index=kind == "index", header=kind != "headless")
    assert main(["compare", file, "--target", target, "--out", "out", *FAST]) == 0
    assert "150 rows of 4 features" in capsys.readouterr().out
    knn_score = float(written_rows(in_folder / "out")[0]["knn_score"])
    assert knn_score > 0.9


def text(name, content):
    return lambda: Path(name).write_text(content)


def frame_with(**columns):
    base = {"a": np.arange(30.0), "b": np.arange(30.0) ** 2}
    return lambda: pd.DataFrame(base | columns).to_csv("f.csv", index=False)


def array(value, name="f.npy"):
    return lambda: np.save(name, value)


BAD = {
    "missing": (lambda: None, ["no.csv"], "no such file"),
    "folder": (lambda: os.mkdir("d.csv"), ["d.csv"], "is a folder"),
    "empty": (text("f.csv", ""), ["f.csv"], "is empty"),
    "blank": (text("f.csv", "\n\n"), ["f.csv"], "cannot be read as CSV"),
    "only a header": (text("f.csv", "a,b\n"), ["f.csv"], "no rows"),
    "one row": (text("f.csv", "a,b\n1,2\n"), ["f.csv"], "one row"),
    "one row of an array": (array(np.ones((1, 3))), ["f.npy"], "one row"),
    "few rows": (text("f.csv", "a,b\n1,2\n2,1\n3,4\n"), ["f.csv"], "needs at least 9"),
    "text": (frame_with(word=["x"] * 30), ["f.csv"], "'word' holds text"),
    "number and text": (frame_with(word=[*["x"], *range(29)]), ["f.csv"], "'word' holds text"),
    "NaN": (frame_with(c=[np.nan] * 3 + [1] * 27), ["f.csv"], "'c'.*3 of 30 rows"),
    "infinite": (frame_with(c=[np.inf] + [1] * 29), ["f.csv"], "'c'.*1 of 30 rows"),
    "ragged": (text("f.csv", "a,b\n1,2\n1,2,3,4\n"), ["f.csv"], "cannot be read as CSV"),
    "not text": (lambda: Path("f.csv").write_bytes(b"\xff\xfe\x00"), ["f.csv"], "cannot be read"),
    "unknown target": (frame_with(), ["f.csv", "--target", "z"], "no column 'z'.*a, b"),
    "missing target": (
        frame_with(c=[np.nan] + [1] * 29),
        ["f.csv", "--target", "c"],
        "missing or infinite in 1 rows",
    ),
    "target of names": (
        frame_with(c=[f"n{i}" for i in range(30)]),
        ["f.csv", "--target", "c"],
        "hardly repeats",
    ),
    "target alone": (text("f.csv", "a\n1\n2\n3\n"), ["f.csv", "--target", "a"], "no column of"),
    "constant columns": (
        text("f.csv", "a,b\n" + "1,2\n" * 30),
        ["f.csv"],
        "all rows are equal",
    ),
    "all the same": (text("f.csv", "a,b\n" + "1,1\n" * 30), ["f.csv"], "all rows are equal"),
    "extension": (text("f.txt", "1"), ["f.txt"], "unknown extension.*csv"),
    "parquet": (text("f.parquet", "junk"), ["f.parquet"], "cannot be read as PARQUET"),
    "npz": (text("f.npz", "junk"), ["f.npz"], "cannot be read as NPZ"),
    "npy": (text("f.npy", "junk"), ["f.npy"], "cannot be read as NPY"),
    "objects": (array(np.array([{}, []], dtype=object)), ["f.npy"], "cannot be read.*pickle"),
    "complex": (array(np.ones((30, 3)) * 1j), ["f.npy"], "complex"),
    "strings": (array(np.array([["a", "b"]] * 30)), ["f.npy"], "holds data of type"),
    "flat": (array(np.arange(30.0)), ["f.npy"], "rows and columns"),
    "no array X": (lambda: np.savez("f.npz", a=np.eye(9), b=np.eye(9)), ["f.npz"], "called 'X'"),
    "npz target": (
        lambda: np.savez("f.npz", X=np.eye(9)),
        ["f.npz", "--target", "y"],
        "no array 'y'",
    ),
    "npy target": (array(np.eye(9)), ["f.npy", "--target", "9"], "from 0 to 8"),
    "target of digits": (lambda: None, ["--target", "y"], "needs a FILE"),
    "model": (lambda: None, ["--models", "vae"], "'vae'.*choose from"),
    "code too wide": (lambda: None, ["--n-components", "65"], "64 features"),
    "code of nothing": (lambda: None, ["--n-components", "0"], "at least 1"),
    "code of text": (lambda: None, ["--n-components", "x"], "invalid int"),
    "code wider than rows": (array(np.eye(12)), ["f.npy", "--n-components", "9"], "8 rows"),
    "folds": (lambda: None, ["--cv", "1"], "--cv 1"),
    "seed": (lambda: None, ["--random-state", "-1"], "--random-state -1"),
    "out is a file": (text("out", ""), ["--out", "out"], "--out out.*another folder"),
    "out in a file": (text("out", ""), ["--out", "out/x"], "another folder"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_used_gets_one_line(capsys, case):
    prepare, argv, message = BAD[case]
    prepare()
    capsys.readouterr()
    assert main(["compare", *argv]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1
    assert "Traceback" not in printed.err
    assert re.search(message, printed.err), printed.err


def test_no_command_gets_one_line(capsys):
    assert main([]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_constant_column_is_fine(capsys):
    frame_with(c=[1.0] * 30)()
    assert main(["compare", "f.csv", *FAST]) == 0


def test_an_interrupt_ends_it_in_one_line(capsys, monkeypatch):
    def interrupted(*args, **kwargs):
        signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(compare, "read_data", interrupted)
    assert main(["compare"]) == 130
    assert capsys.readouterr().err.count("\n") == 1
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("module", ["pandas", "matplotlib"])
def test_what_is_not_installed_is_named(capsys, monkeypatch, frame, module):
    frame.drop(columns="kind").to_csv("iris.csv", index=False)
    real_import = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == module:
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    status = main(["compare", "iris.csv", "--out", "out", *FAST])
    printed = capsys.readouterr()
    if module == "pandas":
        assert status == 2
        assert "skdeepunsup[tables]" in printed.err
    else:
        assert status == 0
        assert "skdeepunsup[plot]" in printed.out


def test_the_sentence_and_the_marks_follow_the_numbers():
    table = {
        "name": ["pca", "deep", "flat", "pca", "deep", "flat"],
        "n_components": [2, 2, 2, 8, 8, 8],
        "explained_variance": [0.5, 0.75, 0.5, 0.8, 0.7, 0.8],
        "explained_variance_std": [0.0] * 6,
        "reconstruction_error": [2.0, 1.0, 2.04, 0.8, 1.0, 0.8],
        "reconstruction_error_std": [0.0] * 6,
        "trustworthiness": [0.9, 0.8, 0.7, 0.9, 0.8, 0.7],
        "fit_seconds": [0.0] * 6,
        "transform_seconds": [0.0] * 6,
    }
    assert summarize(table) == (
        "Compared with pca, deep has a held-out error lower by 50 % at code 2, and higher by 25 % "
        "at code 8. flat stays within 2 % of pca."
    )
    first = format_table(table).splitlines()[1]
    assert first.split() == ["2", "deep", "0.750", "±0.000*", "1.000*", "0.800", "0.00"]
    worse = {**table, "reconstruction_error": [1.0, 2.0, 2.0, 1.0, 2.0, 2.0]}
    assert summarize(worse).startswith("No model")


def test_it_runs_as_a_module():
    command = [sys.executable, "-m", "skdeepunsup", "compare", *FAST]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "1797 rows of 64 features" in done.stdout
    bad = subprocess.run([*command, "--out", __file__], capture_output=True, text=True, timeout=120)
    assert bad.returncode == 2
    assert "Traceback" not in bad.stderr


def test_a_name_too_long_is_refused(capsys):
    assert main(["compare", "a" * 5000 + ".csv"]) == 2
    assert "no such file" in capsys.readouterr().err


def run_on_ascii_terminal(*arguments):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "skdeepunsup", "compare", *FAST, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)


def test_a_terminal_that_speaks_only_ascii_is_served():
    done = run_on_ascii_terminal()
    assert done.returncode == 0, done.stderr
    assert "explained" in done.stdout


def test_a_reader_who_has_seen_enough_is_no_error():
    command = [sys.executable, "-m", "skdeepunsup", "compare", *FAST]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 0
    assert "Traceback" not in errors and "BrokenPipe" not in errors


def test_wide_rows_take_fewer_epochs_and_no_fewer_entries():
    assert n_epochs(1198, 64) == n_epochs(1198, 500) == 150
    assert n_epochs(240, 64) == 750
    assert n_epochs(240, 5000) == 75
    assert n_epochs(60_000, 784) == 10
    batch = {n: MODELS["linear-autoencoder"](2, 1, 0, n).batch_size for n in (30, 240, 1198, 9999)}
    assert batch == {30: 16, 240: 30, 1198: 128, 9999: 128}
