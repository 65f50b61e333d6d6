// The metadata of a weights file (safetensors), values as text.
import fs from 'node:fs';

export function metadata(file) {
  const bytes = fs.readFileSync(file);
  return JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0)))).__metadata__;
}
