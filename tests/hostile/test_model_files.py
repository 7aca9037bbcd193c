"""Model files from strangers: refused by what they are, before anything of them is believed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from starlette.testclient import TestClient

from telecom import write_project
from twinkeel.errors import BundleError
from twinkeel.learn.predictors.base import _session
from twinkeel.project import Project
from twinkeel.server.app import application, project_service
from twinkeel.store.bundles import open_bundle, seal
from twinkeel.store.protobuf import check_model, unbounded


class Evil:
    """Runs code where it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("owned",)


def sealed(folder: Path, name: str, data: bytes) -> str:
    """The refusal of a bundle with this file, made by hand past `seal`'s own check."""
    (folder / "good.json").write_text("{}")
    seal(folder, kind="toy", runtime="toy")
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    digest = hashlib.sha256(data).hexdigest()
    manifest["files"][name] = {"sha256": digest, "bytes": len(data)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError) as refused:
        open_bundle(folder)
    return str(refused.value)


def joblib_dump(compress: int) -> bytes:
    import joblib

    file = io.BytesIO()
    joblib.dump({"weights": np.arange(3.0), "evil": Evil()}, file, compress=compress)
    return file.getvalue()


@pytest.mark.parametrize("name", ["model.onnx", "model.json", "trees.npy", "notes.txt", "m.pkl"])
@pytest.mark.parametrize("made", ["pickle 0", "pickle 5", "joblib", "joblib compressed"])
def test_what_runs_code_is_refused_under_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, made: str
) -> None:
    """22: pickle and joblib, whatever they are called; nothing of them runs."""
    monkeypatch.chdir(tmp_path)
    data = {
        "pickle 0": lambda: pickle.dumps(Evil(), protocol=0),
        "pickle 5": lambda: pickle.dumps(Evil(), protocol=5),
        "joblib": lambda: joblib_dump(0),
        "joblib compressed": lambda: joblib_dump(3),
    }[made]()
    (tmp_path / "bundle").mkdir()

    assert name in sealed(tmp_path / "bundle", name, data)
    assert not (tmp_path / "owned").exists()


def archive(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for name, data in members.items():
            opened.writestr(name, data)
    return file.getvalue()


SKOPS = json.dumps({"__class__": "Evil", "__module__": "os", "__loader__": "ObjectNode"}).encode()


@pytest.mark.parametrize("name", ["model.json", "model.onnx", "notes.txt", "a.npy"])
def test_a_skops_file_is_an_archive_and_refused(tmp_path: Path, name: str) -> None:
    """23: types of strangers are never looked up: no archive is opened at all."""
    assert f"{name} " in sealed(tmp_path, name, archive(**{"schema.json": SKOPS}))


@pytest.mark.parametrize("before", [b"", b"{}", b'{"a": 1}' + b" " * 70_000, b"\x93NUMPY\x01\x00"])
def test_a_zip_behind_another_beginning_is_refused(tmp_path: Path, before: bytes) -> None:
    """24: a file that is two things at once is judged as the worse one."""
    assert "is a zip archive" in sealed(tmp_path, "model.json", before + archive(a=b"x"))


def constant(location: str | None = None, *, dims: tuple[int, ...] = (1,)) -> bytes:
    tensor = helper.make_tensor("c", TensorProto.FLOAT, [1], [1.0])
    tensor.dims[:] = dims
    if location is not None:
        tensor.ClearField("float_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [None]) for n in "xy")
    node = helper.make_node("Add", ["x", "c"], ["y"])
    return model(node, constants=[tensor], inputs=[x], outputs=[y])


def model(
    *nodes: object, constants: object = (), inputs: object = (), outputs: object = ()
) -> bytes:
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(constants))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    made.ir_version = 9
    return bytes(made.SerializeToString())


@pytest.mark.parametrize("location", ["../../secret", "/etc/passwd", "weights.bin"])
def test_a_graph_that_points_at_other_files_is_refused(tmp_path: Path, location: str) -> None:
    """25: ONNX external data, wherever it is."""
    assert "points at data outside itself" in sealed(tmp_path, "model.onnx", constant(location))


def safetensors(header: dict[str, object], *, length: int | None = None) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(16)


OVERLAP = {n: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for n in "ab"}


@pytest.mark.parametrize("name", ["model.safetensors", "model.npy", "model.json", "model.onnx"])
@pytest.mark.parametrize("data", [safetensors({}, length=2**62), safetensors(OVERLAP)])
def test_safetensors_are_refused_before_their_header_is_believed(
    tmp_path: Path, name: str, data: bytes
) -> None:
    """26: a giant header or overlapping tensors are never allocated: the form is not known."""
    assert name in sealed(tmp_path, name, data)


def npy(header: str, *, length: int | None = None) -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", length or len(text)) + text + bytes(48)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1000000), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-2, -3), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (6,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (6,), 'more': __import__('os')}",
    ],
)
def test_an_array_that_lies_about_its_size_is_refused(tmp_path: Path, header: str) -> None:
    """26, 27: the header of an array is checked against the bytes that are there."""
    assert "trees.npy" in sealed(tmp_path, "trees.npy", npy(header))


def looping(name: str) -> bytes:
    body = helper.make_graph([], "body", [], [])
    attributes = {"body": body} if name in ("Loop", "Scan") else {}
    return model(helper.make_node(name, ["x"], ["y"], **attributes))


@pytest.mark.parametrize("name", ["Loop", "Scan", "ConstantOfShape", "Range", "Tile", "Expand"])
def test_a_graph_that_may_take_any_time_or_memory_is_not_loaded(name: str) -> None:
    """27: endless loops and tensors as large as a value says never reach the runtime."""
    assert check_model(looping(name)) is None

    with pytest.raises(BundleError, match=f"operator {name}"):
        _session(looping(name))


def test_a_graph_that_doubles_a_value_or_hides_work_in_functions_is_not_loaded() -> None:
    """27: neither joining a value to itself nor functions of a graph's own."""
    twice = model(helper.make_node("Concat", ["x", "x"], ["y"], axis=0))
    function = helper.make_function("d", "F", ["x"], ["y"], [], [helper.make_opsetid("", 20)])
    graph = helper.make_graph([helper.make_node("F", ["x"], ["y"], domain="d")], "g", [], [])
    hidden = helper.make_model(graph, functions=[function]).SerializeToString()

    assert unbounded(twice) == "joins a value to itself"
    assert unbounded(hidden) == "has functions of its own"


def test_a_constant_that_is_larger_than_its_bytes_is_not_loaded() -> None:
    """27: a tensor that says that it is huge."""
    with pytest.raises(BundleError, match="cannot be loaded"):
        _session(constant(dims=(10**12,)))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = write_project(tmp_path_factory.mktemp("models"), rows=300)
    project = Project.open(folder)
    project.build("churn")
    project.release("churn", override="for these tests")
    yield project
    project.close()


def test_another_graph_under_the_same_name_is_another_bundle(
    built: Project, tmp_path: Path
) -> None:
    """28: a model that was swapped, its manifest made anew, has another digest and is refused."""
    version = built.version("churn")
    bundle = built.store.open_bundle(version.bundle)
    for name in bundle.manifest.files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bundle.read(name))
    (tmp_path / "model.onnx").write_bytes(constant())
    seal(tmp_path, kind="classifier", runtime="onnx")

    with pytest.raises(BundleError, match="another sha256 than the version recorded"):
        open_bundle(tmp_path, digest=version.bundle)


@pytest.fixture
def client(built: Project) -> Iterator[TestClient]:
    app = application(project_service(built.config, built.store))
    with TestClient(app, base_url="http://localhost:8400", client=("127.0.0.1", 5)) as opened:
        yield opened


def test_the_order_of_columns_changes_nothing_and_another_type_is_422(
    client: TestClient, churn_rows: list[dict[str, str]]
) -> None:
    """29: columns are known by name; what is no number is refused by column."""
    row, url = churn_rows[0], "/v1/components/churn/call"
    turned = dict(reversed(row.items()))

    same = [client.post(url, json=one).json()["output"]["probability"] for one in (row, turned)]
    wrong = client.post(url, json={**row, "tenure": "a long time"})

    assert same[0] == same[1]
    assert wrong.status_code == 422
    assert "tenure" in wrong.json()["error"]
