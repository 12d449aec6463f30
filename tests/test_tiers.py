"""`make quick` is a part of `make test`, and follows what was touched."""

import pytest

from tests import tiers


@pytest.mark.parametrize(
    "path, mirror",
    [
        ("skdeepunsup/energy/rbm.py", ["energy/test_rbm.py"]),
        ("skdeepunsup/_random.py", ["test_random.py"]),
        ("skdeepunsup/energy/base/restricted.py", ["energy/base/test_unrolled.py"]),
        ("tests/energy/test_rbm.py", ["energy/test_rbm.py"]),
        ("tests/energy/estimators.py", []),
        (
            "skdeepunsup/adversarial/gan.py",
            ["adversarial/test_gan.py", "adversarial/test_gan_samples.py"],
        ),
    ],
)
def test_a_file_is_mirrored(path, mirror):
    assert tiers.tests_of(tiers.ROOT / path) >= {tiers.TESTS / name for name in mirror}
    assert bool(tiers.tests_of(tiers.ROOT / path)) == bool(mirror)


@pytest.mark.parametrize("name", tiers.ARITHMETIC)
def test_arithmetic_is_there(name):
    assert list(tiers.TESTS.glob(name))


def test_quick_tests_are_neither_slow_nor_nightly(request):
    quick = [item for item in request.session.items if item.get_closest_marker("quick")]
    assert quick
    for item in quick:
        assert not item.get_closest_marker("slow")
        assert not item.get_closest_marker("nightly")


def test_nightly_tests_say_why(request):
    for item in request.session.items:
        for marker in item.iter_markers("nightly"):
            (why,) = marker.args
            assert why


def test_a_sweep_is_for_make_test(monkeypatch):
    files = {tiers.PACKAGE / f"{i}.py" for i in range(tiers.SWEEP)}
    monkeypatch.setattr(tiers, "changed", lambda: files)
    assert tiers.touched() == files
    monkeypatch.setattr(tiers, "changed", lambda: files | {tiers.PACKAGE / "more.py"})
    assert tiers.touched() == set()
    assert "make test" in tiers.account()
