"""A training step of digitd's network in PyTorch on one thread, as a peer for bench_train --step (training.mjs runs both in turn).

    /usr/bin/python3 train_torch.py [SECONDS]

The same layers with batch norm, AdamW, a batch of 128; pictures are distorted by an affine warp alone, which is less than digitd does. As
fast as it goes on a processor: channels last, and MALLOC_MMAP_THRESHOLD_ large, since where malloc maps and unmaps every activation anew
a step can take several times as long."""
import os
import sys
import time

if "MALLOC_MMAP_THRESHOLD_" not in os.environ:  # read by malloc before main
    large = str(32 << 20)  # the most that glibc takes; the largest activation has 13 MB
    os.execve(sys.executable, [sys.executable] + sys.argv, {**os.environ, "MALLOC_MMAP_THRESHOLD_": large, "MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_TOP_PAD_": str(1 << 28)})

import torch
from torch import nn
from torch.nn import functional

BATCH, PICTURES = 128, 5120
torch.set_num_threads(1)
torch.manual_seed(1)


def block(inputs, outputs, drop):
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)] + ([nn.Dropout(drop)] if drop > 0 else [])


net = nn.Sequential(*block(1, 32, 0), *block(32, 64, 0.05), *block(64, 128, 0.2), nn.Flatten(), nn.Linear(1152, 10)).to(memory_format=torch.channels_last)
optimiser = torch.optim.AdamW(net.parameters(), lr=0.004, weight_decay=0.01)
pictures, labels = torch.rand(PICTURES, 1, 28, 28), torch.arange(PICTURES) % 10


def distorted(batch):
    n = len(batch)
    angle, shear = (torch.rand(n) * 2 - 1) * 0.26, (torch.rand(n) * 2 - 1) * 0.2
    scale = 1 / (1 + 0.1 * (torch.rand(n, 2) * 2 - 1))
    shift = (torch.rand(n, 2) * 2 - 1) * 1.5 / 14
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.stack([torch.stack([cos * scale[:, 0], (shear * cos - sin) * scale[:, 0], shift[:, 0]], 1),
                         torch.stack([sin * scale[:, 1], cos * scale[:, 1], shift[:, 1]], 1)], 1)
    grid = functional.affine_grid(theta, batch.shape, align_corners=False)
    return functional.grid_sample(batch, grid, align_corners=False)


def step(at):
    index = torch.arange(at * BATCH, (at + 1) * BATCH) % PICTURES
    loss = functional.cross_entropy(net(distorted(pictures[index]).contiguous(memory_format=torch.channels_last)), labels[index])
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


seconds, spent = float(sys.argv[1]) if len(sys.argv) > 1 else 8, []
for at in range(5):
    step(at)
begun = time.monotonic()
while time.monotonic() - begun < seconds:
    before = time.process_time()
    step(len(spent))
    spent.append(time.process_time() - before)
spent.sort()
print(f"train_torch_step_cpu_ms {spent[len(spent) // 2] * 1e3:.3f} ms")
print(f"train_torch_step_cpu_best_ms {spent[0] * 1e3:.3f} ms")
