// An independent reader of the weights file: it shares no line with the C code, follows the safetensors format and PyTorch's
// layouts alone, and must come to the logits that the file carries. Breaks when a tensor is laid out, named, normalised or flattened
// otherwise than documented, or when the golden logits were not made from these weights.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

const root = path.resolve(new URL('../..', import.meta.url).pathname);

function read(name) {
  const bytes = fs.readFileSync(path.join(root, name));
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString());
  const tensors = {};
  function tensor(of) {
    const { dtype, shape, data_offsets: [begin, end] } = header[of];
    const at = bytes.subarray(8 + headerBytes + begin, 8 + headerBytes + end);
    const size = shape.reduce((a, b) => a * b, 1);
    if (dtype === 'U8') {
      assert.equal(at.length, size);
      return { shape, values: at };
    }
    assert.equal(dtype, 'F32');
    assert.equal(at.length, 4 * size);
    return { shape, values: Float64Array.from({ length: size }, (_, i) => at.readFloatLE(4 * i)) };
  }
  return { bytes, headerBytes, meta: header.__metadata__, tensor: (of) => (tensors[of] ??= tensor(of)) };
}

// x: { c, h, w, values } in doubles, channel first. The layers as PyTorch defines them.
function conv2d(x, { name, kernel, padding, groups = 1, activation, bias: hasBias }, tensor) {
  const { shape: [outC, inC, kh, kw], values: weight } = tensor(`${name}.weight`);
  assert.deepEqual([inC * groups, kh, kw], [x.c, kernel, kernel]);
  const bias = hasBias === false ? null : tensor(`${name}.bias`).values;
  const pad = padding === 'same' ? (kernel - 1) / 2 : 0;
  const h = x.h + 2 * pad - kernel + 1, w = x.w + 2 * pad - kernel + 1;
  const values = new Float64Array(outC * h * w);
  for (let o = 0; o < outC; o++)
    for (let y = 0; y < h; y++)
      for (let z = 0; z < w; z++) {
        let sum = bias ? bias[o] : 0;
        const from = Math.floor(o * groups / outC) * inC; // the first channel of its group
        for (let i = 0; i < inC; i++)
          for (let dy = 0; dy < kernel; dy++)
            for (let dx = 0; dx < kernel; dx++) {
              const sy = y + dy - pad, sx = z + dx - pad;
              if (sy >= 0 && sy < x.h && sx >= 0 && sx < x.w)
                sum += weight[((o * inC + i) * kernel + dy) * kernel + dx] * x.values[((from + i) * x.h + sy) * x.w + sx];
            }
        values[(o * h + y) * w + z] = activation === 'relu' ? Math.max(0, sum) : sum;
      }
  return { c: outC, h, w, values };
}

// Bytes to bytes (moment normalisation, Casey 1970): about the ink's centre of mass, sheared along x until x and y do not go
// together, and scaled along both; resampled between the four nearest pixels, rounded half up.
function moments(image) {
  const side = 28, at = Array.from(image, (v, i) => [v, i % side, Math.floor(i / side)]);
  const ink = at.reduce((sum, [v]) => sum + v, 0);
  if (ink === 0) return image;
  const mean = (of) => at.reduce((sum, [v, x, y]) => sum + v * of(x, y), 0) / ink;
  const clamp = (least, v, most) => Math.min(most, Math.max(least, v));
  const cx = mean((x) => x), cy = mean((x, y) => y);
  const xx = mean((x) => (x - cx) ** 2), xy = mean((x, y) => (x - cx) * (y - cy)), yy = mean((x, y) => (y - cy) ** 2);
  const slant = clamp(-1, xy / Math.max(yy, 0.3), 1);
  const factor = (variance, goal) => (goal / Math.sqrt(Math.max(variance, 0.3))) ** 0.8;
  const wider = clamp(0.6, factor(xx - 2 * slant * xy + slant ** 2 * yy, 4), 1.6), taller = clamp(0.7, factor(yy, 5.4), 1.4);
  const pixel = (x, y) => (x >= 0 && x < side && y >= 0 && y < side ? image[y * side + x] : 0);
  return Uint8Array.from(image, (_, i) => {
    const down = (Math.floor(i / side) - cy) / taller;
    const y = cy + down, x = cx + (i % side - cx) / wider + slant * down;
    const top = Math.floor(y), left = Math.floor(x), low = y - top, right = x - left;
    const row = (at) => pixel(left, at) * (1 - right) + pixel(left + 1, at) * right;
    return Math.floor(row(top) * (1 - low) + row(top + 1) * low + 0.5);
  });
}

function maxpool2(x) {
  const h = Math.floor(x.h / 2), w = Math.floor(x.w / 2), values = new Float64Array(x.c * h * w);
  for (let c = 0; c < x.c; c++)
    for (let y = 0; y < h; y++)
      for (let z = 0; z < w; z++) {
        const at = (dy, dx) => x.values[(c * x.h + 2 * y + dy) * x.w + 2 * z + dx];
        values[(c * h + y) * w + z] = Math.max(at(0, 0), at(0, 1), at(1, 0), at(1, 1));
      }
  return { c: x.c, h, w, values };
}

function dense(x, { name, activation, bias: hasBias }, tensor) {
  const { shape: [out, inN], values: weight } = tensor(`${name}.weight`);
  assert.equal(inN, x.values.length);
  const bias = hasBias === false ? null : tensor(`${name}.bias`).values;
  const values = Float64Array.from({ length: out }, (_, o) => {
    let sum = bias ? bias[o] : 0;
    for (let i = 0; i < inN; i++) sum += weight[o * inN + i] * x.values[i];
    return activation === 'relu' ? Math.max(0, sum) : sum;
  });
  return { c: out, h: 1, w: 1, values };
}

function logits({ meta, tensor }, image) {
  const layers = JSON.parse(meta.layers), views = layers[0].type === 'views' ? layers[0].of.split(',') : ['plain'];
  const seen = views.flatMap((view) => Array.from(view === 'moments' ? moments(image) : image, (v) => v / 255));
  let x = { c: views.length, h: 28, w: 28, values: Float64Array.from(seen) };
  for (const layer of layers) {
    if (layer.type === 'conv2d') x = conv2d(x, layer, tensor);
    else if (layer.type === 'maxpool2') x = maxpool2(x);
    else if (layer.type === 'dense') x = dense(x, layer, tensor);
    else assert.ok(['views', 'flatten', 'softmax'].includes(layer.type), layer.type);
  }
  return x.values;
}

// views: two small networks joined, one of pictures as they are, one of normalised ones; made by digit train and digit join,
// whose command lines its metadata tell.
for (const name of ['weights/digits', 'weights/digits-deep', 'tests/golden/views']) {
  const network = read(`${name}.safetensors`), { bytes, headerBytes, meta, tensor } = network;

  test(`${name}: the header is padded to 64 bytes and every value of the metadata is a string`, () => {
    assert.equal((8 + headerBytes) % 64, 0);
    for (const [key, value] of Object.entries(meta)) {
      assert.equal(typeof value, 'string', key);
      assert.doesNotMatch(key, /test/, 'never test scores');
    }
  });

  test(`${name}: sha256 is taken over the file with its own 64 digits set to 0`, () => {
    const digits = meta.sha256;
    assert.match(digits, /^[0-9a-f]{64}$/);
    const at = bytes.indexOf(digits);
    assert.ok(at > 0 && at < 8 + headerBytes);
    const zeroed = Buffer.from(bytes);
    zeroed.fill('0', at, at + 64);
    assert.equal(createHash('sha256').update(zeroed).digest('hex'), digits);
  });

  test(`${name}: the golden logits of 20 pictures are what these weights give, within 1e-4`, () => {
    const input = tensor('golden.input'), golden = tensor('golden.logits');
    assert.deepEqual(input.shape.slice(-2), [28, 28]);
    assert.deepEqual(golden.shape, [20, 10]);
    let worst = 0;
    for (let i = 0; i < 20; i++)
      logits(network, input.values.subarray(784 * i, 784 * (i + 1)))
        .forEach((v, k) => { worst = Math.max(worst, Math.abs(v - golden.values[10 * i + k])); });
    console.log(`# largest difference ${worst}`);
    assert.ok(worst < 1e-4, `largest difference ${worst}`);
  });
}

test('the network is the documented one', () => {
  const layers = JSON.parse(read('weights/digits.safetensors').meta.layers);
  assert.deepEqual(layers.map((l) => l.type),
    ['conv2d', 'maxpool2', 'conv2d', 'maxpool2', 'conv2d', 'maxpool2', 'flatten', 'dense', 'softmax']);
  assert.deepEqual(layers.filter((l) => l.type === 'conv2d').map((l) => [l.out, l.kernel, l.padding, l.activation]),
    [[32, 3, 'same', 'relu'], [64, 3, 'same', 'relu'], [128, 3, 'same', 'relu']]);
});

// Other networks are the same layers in other numbers, of at most two million parameters.
test('the deep network has at most two million parameters', () => {
  const { meta, tensor } = read('weights/digits-deep.safetensors');
  const layers = JSON.parse(meta.layers).filter((l) => ['conv2d', 'dense'].includes(l.type));
  const names = layers.flatMap((l) => [`${l.name}.weight`, ...l.bias === false ? [] : [`${l.name}.bias`]]);
  const n = names.reduce((sum, name) => sum + tensor(name).values.length, 0);
  assert.equal(n, Number(meta.n_params));
  assert.ok(layers.length > 4 && n <= 2e6, `${layers.length} layers, ${n} parameters`);
});
