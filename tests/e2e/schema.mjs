// Holds a value against a schema of html/openapi.json: the keywords that are used there, and an error for any other, so that none is
// passed over. Unlike JSON Schema, a member that the schema does not name is a fault: the description is to be whole.
import fs from 'node:fs';
import path from 'node:path';
import { root } from './lib.mjs';

export const openapi = JSON.parse(fs.readFileSync(path.join(root, 'html/openapi.json')));

const typeOf = (v) => (v === null ? 'null' : Array.isArray(v) ? 'array' : Number.isInteger(v) ? 'integer' : typeof v);
const isType = (type, v) => type === typeOf(v) || (type === 'number' && typeOf(v) === 'integer');
const checks = {
  type: (types, v) => [types].flat().some((type) => isType(type, v)),
  enum: (values, v) => values.includes(v),
  const: (value, v) => value === v,
  minimum: (n, v) => typeof v !== 'number' || v >= n,
  maximum: (n, v) => typeof v !== 'number' || v <= n,
  minItems: (n, v) => !Array.isArray(v) || v.length >= n,
  maxItems: (n, v) => !Array.isArray(v) || v.length <= n,
  minLength: (n, v) => typeof v !== 'string' || v.length >= n,
  maxLength: (n, v) => typeof v !== 'string' || v.length <= n,
  pattern: (text, v) => typeof v !== 'string' || new RegExp(text).test(v),
  required: (names, v) => names.every((name) => name in v),
  contentEncoding: (_, v) => Buffer.from(v, 'base64').toString('base64') === v,
};
const SILENT = ['description', 'properties', 'items', 'oneOf', '$ref', 'format', 'default', 'deprecated', 'additionalProperties'];

/** What is wrong, as lines; empty where nothing is. */
export function faults(schema, value, where = '$') {
  if (schema.$ref) return faults(schema.$ref.slice(2).split('/').reduce((at, key) => at[key], openapi), value, where);
  const found = [];
  for (const [keyword, wanted] of Object.entries(schema)) {
    if (SILENT.includes(keyword)) continue;
    if (!checks[keyword]) found.push(`${where}: the keyword ${keyword} is not known here`);
    else if (!checks[keyword](wanted, value)) found.push(`${where}: ${JSON.stringify(value)?.slice(0, 80)} breaks ${keyword}`);
  }
  if (schema.oneOf) {
    const each = schema.oneOf.map((one) => faults(one, value, where));
    if (each.filter((list) => list.length === 0).length !== 1) found.push(`${where}: not exactly one of the variants`, ...each.flat());
  }
  if (schema.properties && typeOf(value) === 'object') {
    for (const [name, member] of Object.entries(value)) {
      if (schema.properties[name]) found.push(...faults(schema.properties[name], member, `${where}.${name}`));
      else found.push(`${where}.${name} is not described`);
    }
  }
  if (schema.items && Array.isArray(value)) value.forEach((item, i) => found.push(...faults(schema.items, item, `${where}[${i}]`)));
  return found;
}
