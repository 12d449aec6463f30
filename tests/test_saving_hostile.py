"""Files that are damaged, forged or something else: one clear error, and nothing is executed."""

import io
import json
import os
import pickle
import subprocess
import sys
import tracemalloc
import zipfile
from itertools import count, product

import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from skdeepunsup import Autoencoder, BernoulliRBM, load, save
from skdeepunsup._archive import packed, read, write
from skdeepunsup.saving import KIND

X = (np.random.default_rng(0).random((40, 6)) < 0.4).astype(float)
MODELS = [
    BernoulliRBM(3, n_iter=1, random_state=0),
    Autoencoder(3, max_iter=1, early_stopping=False, random_state=0),
]
REFUSED = "can't be loaded: "


@pytest.fixture(params=MODELS, ids=lambda m: type(m).__name__)
def path(request, tmp_path):
    path = tmp_path / "model"
    save(request.param.fit(X), path)
    return path


@pytest.fixture
def executed(monkeypatch, tmp_path):
    """A file that any of the crafted commands would make; and no module may be imported."""
    canary = tmp_path / "canary"
    monkeypatch.setenv("CANARY", str(canary))
    before = set(sys.modules)
    yield canary
    assert not canary.exists()
    assert not {"antigravity", "this", "turtledemo"} & (set(sys.modules) - before)


def refused(path, message=REFUSED):
    with pytest.raises((ValueError, OSError), match=message) as error:
        load(path)
    assert path.name in str(error.value)


def damaged(content, kind, rng):
    at = int(rng.integers(len(content)))
    length = int(rng.integers(1, 64))
    match kind:
        case "bit":
            return content[:at] + bytes([content[at] ^ 1 << rng.integers(8)]) + content[at + 1 :]
        case "cut":
            return content[:at]
        case "lost":
            return content[:at] + content[at + length :]
        case "twice":
            return content[:at] + content[at : at + length] + content[at:]
        case "zeros":
            return content[:at] + bytes(length) + content[at + length :]
    return content + rng.bytes(length)


def test_a_thousand_damaged_files_are_refused(path, executed):
    content, rng = path.read_bytes(), np.random.default_rng(0)
    kinds = ("bit", "cut", "lost", "twice", "zeros", "more")
    n = 0
    while n < 500:  # of each of two models
        other = damaged(content, kinds[n % len(kinds)], rng)
        if other == content:
            continue
        path.write_bytes(other)
        refused(path, r"can't be loaded: it is (no file|truncated|of format)")
        n += 1


def forged(path, change):
    """Change the archive within, and make the digest fit."""
    state = read(path, KIND)
    with zipfile.ZipFile(io.BytesIO(bytes(state["content"]))) as old:
        members = {name: old.read(name) for name in old.namelist()}
    content = change(members)
    if content is None:
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as new:
            for name, part in members.items():
                new.writestr(name, part)
        content = written.getvalue()
    write(path, packed(state | {"content": np.frombuffer(content, np.uint8)}, KIND))


IDS = count(10**6)


def node(module, name, loader="ObjectNode", **more):
    known = {"__class__": name, "__module__": module, "__loader__": loader}
    return known | {"__id__": next(IDS)} | more


JSON = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "is_json": True}


def text(value):
    return JSON | {"content": json.dumps(value)}


def listed(*values):
    return node("builtins", "tuple", "TupleNode", content=list(values))


COMMAND = text("touch $CANARY")
ATTACKS = {
    "system": node("os", "system", "FunctionNode"),
    "eval": node("builtins", "eval", "FunctionNode"),
    "exec as type": node("builtins", "exec", "TypeNode"),
    "popen": node("subprocess", "Popen", content=COMMAND),
    "import": node("antigravity", "fly", "FunctionNode"),
    "import of a type": node("this", "s", "TypeNode"),
    "import of a class": node("turtledemo", "x"),
    "partial": node(
        "functools",
        "partial",
        "PartialNode",
        content={
            "func": node("os", "system", "FunctionNode"),
            "args": listed(COMMAND),
            "kwds": node("builtins", "dict", "DictNode", content={}, key_types=listed()),
            "namespace": text(None),
        },
    ),
    "reduce": node("os", "system", "ReduceNode", content=listed(COMMAND)),
    "constructor": node(
        "subprocess", "Popen", "ConstructorFromReduceNode", content=listed(COMMAND)
    ),
    "method": node("os", "system", "MethodNode", content={"func": "system", "obj": COMMAND}),
    "operator": node(
        "operator", "methodcaller", "OperatorFuncNode", attrs=listed(text("system"), COMMAND)
    ),
    "default": node(
        "collections",
        "defaultdict",
        "DefaultDictNode",
        content={
            "main": node("builtins", "dict", "DictNode", content={}, key_types=listed()),
            "default_factory": node("os", "system", "FunctionNode"),
        },
    ),
    "bytes": node("builtins", "bytes", "BytesNode", file="x.npy"),
    "unknown loader": node("builtins", "str", "EvilNode", content=[]),
    "no loader": {"__class__": "str", "__module__": "builtins"},
    "a number": 3,
    "nothing": None,
    "foreign class": node("torch.nn", "Linear", content=text({})),
    "distribution": node("scipy.stats._continuous_distns", "uniform_gen", content=text({})),
    "our function": node("skdeepunsup.saving", "save", "FunctionNode"),
    "a module of ours": node("skdeepunsup.command_line.main", "main", "FunctionNode"),
    "private of sklearn": node("sklearn.utils._testing", "delayed", "FunctionNode"),
    "torch.load": node("torch", "load", "FunctionNode"),
    "numpy.load": node("numpy", "load", "FunctionNode"),
    "joblib": node("joblib.numpy_pickle", "load", "FunctionNode"),
    "pickle": node("pickle", "loads", "FunctionNode"),
    "file is no string": node("numpy", "ndarray", "NdArrayNode", type="numpy", file=3),
    "file is not there": node("numpy", "ndarray", "NdArrayNode", type="numpy", file="../x.npy"),
    "cached": {"__class__": "x", "__module__": "y", "__loader__": "CachedNode", "__id__": 77},
}
PLACES = ("whole", "parameter", "attribute", "key type", "within a list", "module")


def put(tree, attack, place):
    attributes = tree["content"]["content"]
    match place:
        case "whole":
            return attack if isinstance(attack, dict) else {"attack": attack}
        case "parameter":
            attributes["random_state"] = attack
        case "attribute":
            attributes["new"] = attack
        case "key type":
            tree["content"]["key_types"]["content"][0] = attack
        case "within a list":
            attributes["history_"] = node("builtins", "list", "ListNode", content=[attack])
        case "module":
            attributes["module_"]["content"]["arguments"] = attack
    return tree


@pytest.mark.parametrize(("attack", "place"), list(product(ATTACKS, PLACES)), ids=" in ".join)
def test_what_would_execute_or_import_is_refused(attack, place, tmp_path, executed):
    path = tmp_path / "model"
    save(MODELS[0].fit(X), path)

    def change(members):
        tree = json.loads(members["schema.json"])
        top = {name: tree[name] for name in ("protocol", "_skops_version")}
        members["schema.json"] = json.dumps(put(tree, ATTACKS[attack], place) | top).encode()

    forged(path, change)
    refused(path)


def header(shape, dtype="<f4", extra=b""):
    content = io.BytesIO()
    fields = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(content, fields)
    return content.getvalue() + extra


def first_array(members):
    return next(name for name in members if name.endswith(".npy"))


def with_first(content):
    def change(members):
        members[first_array(members)] = content

    return change


def edited(edit):
    def change(members):
        members["schema.json"] = edit(members["schema.json"].decode()).encode()

    return change


def archive(members, compression=zipfile.ZIP_STORED, twice=None):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as new:
        for name, part in members.items():
            new.writestr(name, part)
        if twice is not None:
            with pytest.warns(UserWarning, match="Duplicate name"):
                new.writestr(twice, members[twice])
    return written.getvalue()


CRAFTED = {
    "a huge array": with_first(header((10**12,))),
    "a huge square": with_first(header((10**6, 10**6))),
    "an overflowing shape": with_first(header((2**62, 4))),
    "a negative shape": with_first(header((-1, 4))),
    "an array of objects": with_first(header((1,), "|O", pickle.dumps(os.system))),
    "a header that is code": with_first(b"\x93NUMPY\x01\x00\x10\x00__import__('os')"),
    "no array": with_first(b"nothing"),
    "a compressed bomb": lambda m: archive(
        m | {"schema.json": m["schema.json"] + b" " * 10**7}, zipfile.ZIP_DEFLATED
    ),
    "a path above": lambda m: archive(m | {"../evil.npy": header((0,))}),
    "an absolute path": lambda m: archive(m | {"/tmp/evil.npy": header((0,))}),
    "a Windows path": lambda m: archive(m | {"..\\evil.npy": header((0,))}),
    "a program": lambda m: archive(m | {"evil.py": b"1 / 0"}),
    "two schemas": lambda m: archive(m, twice="schema.json"),
    "no schema": lambda m: archive({k: v for k, v in m.items() if k != "schema.json"}),
    "no archive": lambda m: b"no archive",
    "nothing": lambda m: b"",
    "a tail": lambda m: archive(m)[:-30],
    "deep lists": edited(lambda s: "[" * 10**5 + "]" * 10**5),
    "deep dicts": edited(lambda s: '{"a":' * 10**4 + "1" + "}" * 10**4),
    "no JSON": edited(lambda s: s[:-5]),
    "a list": edited(lambda s: "[]"),
    "a number": edited(lambda s: "3"),
    "an old protocol": edited(lambda s: s.replace('"protocol":2', '"protocol":0')),
    "no protocol": edited(lambda s: s.replace('"protocol":2', '"p":2')),
    "a huge layer": edited(lambda s: s.replace('"content":"3"', '"content":"1000000000000"')),
    "many components": edited(lambda s: s.replace('"content":"3"', '"content":"30000000"')),
    "other components": edited(lambda s: s.replace('"content":"3"', '"content":"4"')),
    "no components": edited(lambda s: s.replace('"content":"3"', '"content":"null"')),
    "negative components": edited(lambda s: s.replace('"content":"3"', '"content":"-3"')),
    "another class": edited(lambda s: s.replace("RBM", "XXX").replace("Autoenc", "Xxx")),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_what_is_not_as_it_says_is_refused(name, path, executed):
    """And no more memory is asked for than three times the file, and a little to work with."""
    forged(path, CRAFTED[name])
    size = path.stat().st_size
    tracemalloc.start()
    try:
        refused(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * size + 2**24


OTHERS = {
    "nothing": b"",
    "a pickle": pickle.dumps(MODELS[0]),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "an archive of skops": skops.io.dumps(FunctionTransformer()),
    "a script": b"#!/usr/bin/env python\nprint(1)\n",
    "the first line alone": KIND,
    "a newer format": KIND.replace(b"1", b"27") + bytes(1000),
    "a checkpoint": b"".join(map(bytes, packed({"a": 1}))) + bytes(32),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_something_else_is_refused(name, tmp_path, executed):
    path = tmp_path / "model"
    path.write_bytes(OTHERS[name])
    refused(path, "format 27, .*update skdeepunsup" if "newer" in name else REFUSED)


def test_what_is_no_file_is_refused(tmp_path):
    refused(tmp_path, "it is no file")
    refused(tmp_path / "absent", "No such file")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        refused(tmp_path / "pipe", "it is no file")


def test_a_pickle_is_never_opened(tmp_path, executed):
    class Evil:
        def __reduce__(self):
            return os.system, ("touch $CANARY",)

    path = tmp_path / "model"
    path.write_bytes(pickle.dumps(Evil()))
    refused(path)
    pickle.loads(path.read_bytes())  # the command does work
    assert executed.exists()
    executed.unlink()


def test_the_audit_of_python_sees_no_command(tmp_path):
    """No process, no socket and no pickle while a file is read."""
    path = tmp_path / "model"
    save(MODELS[0].fit(X), path)
    program = (
        "import sys; from skdeepunsup import load; load(sys.argv[1])\n"
        "sys.addaudithook(lambda event, args: sys.exit(event) if event in "
        "('os.system', 'subprocess.Popen', 'socket.connect', 'pickle.find_class') else None)\n"
        "load(sys.argv[1])"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
