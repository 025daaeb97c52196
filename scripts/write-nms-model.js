// Writes models/nms/nms.onnx: one NonMaxSuppression node of ONNX, so that boxes of any detector are thinned out by onnxruntime's own code.
// Protobuf wire format by the field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

const FLOAT = 1;
const INT64 = 7;

const varint = (value) => {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
};
const number = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);
const message = (field, ...parts) => {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
};
const value = (field, name, type, shape) => {
  const dims = shape.map((dim) => message(1, typeof dim === 'number' ? number(1, dim) : message(2, dim)));
  return message(field, message(1, name), message(2, message(1, number(1, type), message(2, ...dims))));
};

/** The model as bytes: boxes (1, n, 4) by two corners, scores (1, classes, n), and the three limits; gives (k, 3): batch, class, box. */
export function nmsModel() {
  const inputs = ['boxes', 'scores', 'most', 'overlap', 'least'];
  const node = message(1, ...inputs.map((name) => message(1, name)), message(2, 'kept'), message(4, 'NonMaxSuppression'));
  const graph = message(
    7,
    node,
    message(2, 'nms'),
    value(11, 'boxes', FLOAT, [1, 'n', 4]),
    value(11, 'scores', FLOAT, [1, 'classes', 'n']),
    value(11, 'most', INT64, [1]),
    value(11, 'overlap', FLOAT, [1]),
    value(11, 'least', FLOAT, [1]),
    value(12, 'kept', INT64, ['k', 3]),
  );
  return Buffer.concat([number(1, 8), message(2, 'vitrine'), graph, message(8, message(1, ''), number(2, 13))]);
}

if (process.argv[1] === import.meta.filename)
  await writeFile(path.join(import.meta.dirname, '..', 'models', 'nms', 'nms.onnx'), nmsModel());
