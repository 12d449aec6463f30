"""A file is whole or as it was: errors, kills and links."""

import pytest

from skdeepunsup._replacing import replacing
from skdeepunsup.command_line import main


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def write(path, content):
    with replacing(path) as file:
        file.write(content)


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_it_takes_the_place_of_what_was_there(path):
    for content in (b"first", b"2nd"):
        write(path, content)
        assert path.read_bytes() == content
    assert names(path.parent) == ["file"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_after_an_error_what_was_there_is_as_it_was(path, error):
    write(path, b"first")
    with pytest.raises(error), replacing(path) as file:
        file.write(b"ha")
        raise error
    assert path.read_bytes() == b"first"
    assert names(path.parent) == ["file"]


def test_a_link_is_replaced_not_followed(path):
    other = path.with_name("other")
    other.write_bytes(b"theirs")
    for link in (path, path.with_name(".file.part")):  # the second as if placed by someone else
        link.symlink_to(other)
    write(path, b"ours")
    assert not path.is_symlink()
    assert (path.read_bytes(), other.read_bytes()) == (b"ours", b"theirs")
    assert names(path.parent) == ["file", "other"]


def test_what_a_killed_process_left_is_no_obstacle(path):
    path.with_name(".file.part").write_bytes(b"ha")
    write(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert names(path.parent) == ["file"]


FAST = ["--models", "pca", "--n-components", "2"]


def test_the_shell_writes_through_no_link(tmp_path):
    out, other = tmp_path / "out", tmp_path / "other"
    out.mkdir()
    other.write_bytes(b"theirs")
    for name in ("comparison.csv", "comparison.png"):
        (out / name).symlink_to(other)
    assert main(["compare", *FAST, "--out", str(out)]) == 0
    assert other.read_bytes() == b"theirs"
    assert names(out) == ["comparison.csv", "comparison.png"]
    assert (out / "comparison.csv").read_text().startswith("name,")
    assert (out / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_that_fails_leaves_the_one_that_was_there(tmp_path, monkeypatch, capsys):
    from matplotlib.figure import Figure

    def full_disk(self, file, **options):
        file.write(b"\x89PNG")
        raise OSError(28, "No space left on device")

    (tmp_path / "comparison.png").write_bytes(b"before")
    monkeypatch.setattr(Figure, "savefig", full_disk)
    assert main(["compare", *FAST, "--out", str(tmp_path)]) == 2
    assert "No space left" in capsys.readouterr().err
    assert (tmp_path / "comparison.png").read_bytes() == b"before"
    assert names(tmp_path) == ["comparison.csv", "comparison.png"]
