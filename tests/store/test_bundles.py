"""What a bundle may hold, and what opening one refuses, by name."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from twinkeel.errors import BundleError
from twinkeel.store import contents
from twinkeel.store.bundles import open_bundle, seal


def model(*, external: str | None = None) -> onnx.ModelProto:
    """y = x + location, a constant of which may be said to lie in another file."""
    constant = helper.make_tensor("location", TensorProto.FLOAT, [1], [1.0])
    if external is not None:
        constant.ClearField("float_data")
        constant.data_location = TensorProto.EXTERNAL
        constant.external_data.add(key="location", value=external)
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy")
    node = helper.make_node("Add", ["x", "location"], ["y"])
    return helper.make_model(helper.make_graph([node], "toy", [x], [y], [constant]))


def inside(external: str) -> bytes:
    """A model whose external data hides in a graph inside an attribute of a node."""
    inner = model(external=external).graph
    node = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=model().graph)
    outer = helper.make_graph([node], "outer", [], [])
    return helper.make_model(outer).SerializeToString()


def array(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr("a.txt", "a")
    return file.getvalue()


class Evil:
    def __reduce__(self):
        return os.getcwd, ()


GOOD = {
    "contract.json": b'{"columns": []}',
    "model.onnx": model().SerializeToString(),
    "trees/values.npy": array(np.arange(6.0).reshape(2, 3)),
    "trees/names.npy": array(np.array(["a", "bc"])),
    "notes.txt": "grüße\n".encode(),
}


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    for name, data in GOOD.items():
        path = tmp_path / "bundle" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    seal(tmp_path / "bundle", kind="toy", runtime="onnx")
    return tmp_path / "bundle"


def test_a_sealed_folder_opens_and_gives_back_its_files(sealed):
    bundle = open_bundle(sealed)

    assert {name: bundle.read(name) for name in bundle.manifest.files} == GOOD
    assert bundle.json("contract.json", dict) == {"columns": []}
    assert bundle.array("trees/values.npy").shape == (2, 3)
    assert (bundle.manifest.kind, bundle.manifest.runtime) == ("toy", "onnx")
    assert bundle.size == sum(map(len, GOOD.values()))


def test_the_digest_depends_on_contents_alone(sealed, tmp_path):
    again = tmp_path / "again"
    for name in reversed(GOOD):
        (again / name).parent.mkdir(parents=True, exist_ok=True)
        (again / name).write_bytes(GOOD[name])

    info = seal(again, kind="toy", runtime="onnx")

    assert info.digest == open_bundle(sealed).digest
    assert info.digest != seal(again, kind="toy", runtime="other").digest


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("position", [0, -1])
def test_one_flipped_bit_is_refused_by_name(sealed, name, position):
    data = bytearray((sealed / name).read_bytes())
    data[position] ^= 1
    (sealed / name).write_bytes(data)

    with pytest.raises(BundleError, match=f"^{name} .*damaged"):
        open_bundle(sealed)


def test_a_flipped_bit_in_the_manifest_is_another_bundle(sealed):
    digest = open_bundle(sealed).digest
    path = sealed / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"toy"', b'"tox"'))

    with pytest.raises(BundleError, match=r"manifest.json .* another sha256"):
        open_bundle(sealed, digest=digest)


def extra(folder: Path) -> None:
    (folder / "extra.json").write_text("{}")


def missing(folder: Path) -> None:
    (folder / "notes.txt").unlink()


def shorter(folder: Path) -> None:
    (folder / "notes.txt").write_text("x")


def link(folder: Path) -> None:
    (folder / "notes.txt").rename(folder.parent / "outside.txt")
    (folder / "notes.txt").symlink_to(folder.parent / "outside.txt")


def linked_folder(folder: Path) -> None:
    (folder / "trees").rename(folder.parent / "elsewhere")
    (folder / "trees").symlink_to(folder.parent / "elsewhere")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "notes.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (extra, "^extra.json .* is not in the manifest"),
        (missing, "^notes.txt .* is missing"),
        (shorter, "^notes.txt .* has 1 bytes: expected 8"),
        (link, "^notes.txt .* is a link"),
        (linked_folder, "^trees .* is a link"),
        (pipe, "^notes.json .* is a link or a device"),
    ],
)
def test_a_changed_folder_is_refused(sealed, change: Callable[[Path], None], words):
    change(sealed)

    with pytest.raises(BundleError, match=words):
        open_bundle(sealed)


@pytest.mark.parametrize(
    "name",
    [
        "../a.txt",
        "a/../../a.txt",
        "/etc/a.txt",
        "a\\..\\a.txt",
        "C:a.txt",
        "a\0.txt",
        "",
        "./a.txt",
    ],
)
def test_a_name_that_leads_out_is_refused(sealed, name):
    path = sealed / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"][name] = {"sha256": "0" * 64, "bytes": 1}
    path.write_text(json.dumps(manifest))

    with pytest.raises(BundleError, match="leads out of the bundle"):
        open_bundle(sealed)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "format 2: expected 1"),
        ({"more": 1}, "is not a manifest"),
        ({"files": []}, "is not a manifest"),
    ],
)
def test_a_manifest_of_another_form_is_refused(sealed, change, words):
    path = sealed / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))

    with pytest.raises(BundleError, match=words):
        open_bundle(sealed)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", ["a.json", "a.onnx", "a.npy", "a.txt"])
def test_a_pickle_is_refused_under_any_name(tmp_path, name, protocol):
    (tmp_path / name).write_bytes(pickle.dumps(Evil(), protocol=protocol))

    with pytest.raises(BundleError, match=f"^{name} in the bundle"):
        seal(tmp_path, kind="toy", runtime="json")


NOT_ALLOWED = {
    "objects.npy": (array(np.array([{}], dtype=object)), "Python objects"),
    "record.npy": (array(np.zeros(1, dtype=[("a", object)])), "Python objects"),
    "short.npy": (array(np.arange(9.0))[:-1], "missing or extra"),
    "long.npy": (array(np.arange(9.0)) + b"x", "missing or extra"),
    "a.pkl": (b"{}", "may not hold"),
    "a.joblib": (b"{}", "may not hold"),
    "model.onnx": (archive(), "is a zip"),
    "tail.onnx": (model().SerializeToString() + archive(), "is a zip"),
    "text.txt": (b"words\n" + archive(), "is a zip"),
    "half.onnx": (model().SerializeToString()[:-1], "is not an ONNX model"),
    "empty.onnx": (b"", "is not an ONNX model"),
    "outside.onnx": (model(external="../../etc/passwd").SerializeToString(), "outside itself"),
    "deep.onnx": (inside("weights.bin"), "outside itself"),
    "two.json": (b"{} {}", "is not JSON"),
    "nan.json": (b"[NaN]", "is not JSON"),
    "latin.json": (b'["\xe9"]', "is not JSON"),
    "tower.json": (b"[" * 100_000 + b"]" * 100_000, "is not JSON"),
    "binary.txt": (b"a\0b", "is not plain text"),
    "script": (b"#!/bin/sh\n", "may not hold"),
    ".hidden.txt": (b"a", "may not hold"),
}


@pytest.mark.parametrize("name", NOT_ALLOWED)
def test_what_is_not_plain_data_is_refused_by_content(tmp_path, name):
    data, words = NOT_ALLOWED[name]
    (tmp_path / name).write_bytes(data)

    with pytest.raises(BundleError, match=f"^{name} .*{words}"):
        seal(tmp_path, kind="toy", runtime="json")


def test_a_foreign_file_is_refused_even_when_the_manifest_lists_it(sealed):
    path = sealed / "manifest.json"
    manifest = json.loads(path.read_text())
    data = pickle.dumps(Evil())
    (sealed / "notes.txt").write_bytes(data)
    entry = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    path.write_text(json.dumps(manifest | {"files": manifest["files"] | {"notes.txt": entry}}))

    with pytest.raises(BundleError, match=r"^notes.txt .* is a pickle"):
        open_bundle(sealed)


def test_what_changes_after_opening_is_refused_when_read(sealed):
    bundle = open_bundle(sealed)
    (sealed / "notes.txt").write_bytes(b"x" * len(GOOD["notes.txt"]))

    with pytest.raises(BundleError, match=r"notes.txt .* damaged"):
        bundle.read("notes.txt")
    with pytest.raises(BundleError, match="holds no file 'other'"):
        bundle.read("other")


@given(st.binary(max_size=300), st.sampled_from(["a.json", "a.onnx", "a.npy", "a.txt"]))
def test_any_bytes_get_an_answer_and_never_an_error(data, name):
    fault = contents.check(name, data)

    assert fault is None or fault.startswith(("is ", "has "))


ANSWERS = (
    None,
    "is not an ONNX model",
    "is an ONNX model that points at data outside itself",
)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_model_gets_an_answer_and_never_an_error(position, byte):
    data = bytearray(inside("weights.bin"))
    data[position % len(data)] = byte

    assert contents.check("a.onnx", bytes(data)) in ANSWERS
