"""The kind of application that digitd replaces: Flask under gunicorn, PyTorch for the network. POST /classify reads one
28x28 picture of a multipart form for whoever has a session, and answers with the digit as JSON.

    WEIGHTS=digits.safetensors gunicorn --workers 2 --bind 127.0.0.1:8000 flask_app:app

A peer for requests.mjs: it has the same network, and neither a normaliser nor limits nor a history."""
import json
import os
import struct

import numpy as np
import torch
from flask import Flask, jsonify, request, session
from PIL import Image
from torch import nn

torch.set_num_threads(1)


def read_tensors(path):
    """The float32 tensors of a safetensors file; Debian has no package that reads one."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    head, tensors = json.loads(data[8:8 + length]), {}
    layers = json.loads(head["__metadata__"]["layers"])
    for name, entry in head.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = (8 + length + at for at in entry["data_offsets"])
            tensors[name] = np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"])
    return layers, tensors


def build(path):
    layers, tensors = read_tensors(path)
    net, channels = [], 1
    for layer in layers:
        kind, module = layer["type"], None
        if kind == "conv2d":
            module = nn.Conv2d(channels, layer["out"], layer["kernel"], padding=layer["padding"])
            channels = layer["out"]
        elif kind == "dense":
            module = nn.Linear(tensors[layer["name"] + ".weight"].shape[1], layer["out"])
        elif kind == "maxpool2":
            net.append(nn.MaxPool2d(2))
        elif kind == "flatten":
            net.append(nn.Flatten())
        if module is not None:
            module.weight.data = torch.from_numpy(tensors[layer["name"] + ".weight"].copy())
            module.bias.data = torch.from_numpy(tensors[layer["name"] + ".bias"].copy())
            net.append(module)
            if layer.get("activation") == "relu":
                net.append(nn.ReLU())
    return nn.Sequential(*net).eval()


app = Flask(__name__)
app.secret_key = "of the benchmark alone"
network = build(os.environ["WEIGHTS"])


@app.post("/login")
def login():
    session["user"] = 1
    return jsonify(ok=True)


@app.post("/classify")
def classify():
    if "user" not in session:
        return jsonify(error="log in first"), 401
    picture = Image.open(request.files["image"].stream).convert("L")
    pixels = torch.from_numpy(np.asarray(picture, np.float32) / 255)[None, None]
    with torch.no_grad():
        share = torch.softmax(network(pixels), 1)[0]
    best = int(share.argmax())
    return jsonify(digit=best, confidence=float(share[best]), probabilities=share.tolist())
