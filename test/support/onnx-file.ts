/** Writes small ONNX models by hand (protobuf wire format, field numbers of onnx.proto), so that a test can build the model it needs. */

export interface OnnxNode {
  op: string;
  inputs: string[];
  outputs: string[];
  ints?: Record<string, number | number[]>;
}

export interface OnnxTensor {
  name: string;
  type: 'float' | 'int64';
  dims: number[];
  values: number[];
  /** Says that the values lie in this file beside the model, at its beginning; the test writes it. */
  externalFile?: string;
}

export interface OnnxValue {
  name: string;
  type: 'float' | 'int64' | 'float16';
  shape: (number | string)[];
}

export interface OnnxGraph {
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
}

const ELEMENT_TYPES = { float: 1, int64: 7, float16: 10 };
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;
const EXTERNAL = 1;

export function encodeOnnx(graph: OnnxGraph): Buffer {
  const body = Buffer.concat([
    ...graph.nodes.map((node) => message(1, encodeNode(node))),
    text(2, 'test'),
    ...graph.initializers.map((tensor) => message(5, encodeTensor(tensor))),
    ...graph.inputs.map((value) => message(11, encodeValue(value))),
    ...graph.outputs.map((value) => message(12, encodeValue(value))),
  ]);
  return Buffer.concat([number(1, 8), message(7, body), message(8, Buffer.concat([text(1, ''), number(2, 13)]))]);
}

function encodeNode(node: OnnxNode): Buffer {
  const attributes = Object.entries(node.ints ?? {}).map(([name, value]) =>
    message(
      5,
      Array.isArray(value)
        ? Buffer.concat([text(1, name), ...value.map((each) => number(8, each)), number(20, ATTRIBUTE_INTS)])
        : Buffer.concat([text(1, name), number(3, value), number(20, ATTRIBUTE_INT)]),
    ),
  );
  return Buffer.concat([
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(4, node.op),
    ...attributes,
  ]);
}

/** A tensor's values as they lie in an external file. */
export function rawValues(tensor: OnnxTensor): Buffer {
  const values = tensor.type === 'float' ? Float32Array.from(tensor.values) : BigInt64Array.from(tensor.values, BigInt);
  return Buffer.from(values.buffer);
}

function encodeTensor(tensor: OnnxTensor): Buffer {
  const head = [...tensor.dims.map((dim) => number(1, dim)), number(2, ELEMENT_TYPES[tensor.type]), text(8, tensor.name)];
  if (!tensor.externalFile) return Buffer.concat([...head, message(9, rawValues(tensor))]);
  return Buffer.concat([...head, message(13, Buffer.concat([text(1, 'location'), text(2, tensor.externalFile)])), number(14, EXTERNAL)]);
}

function encodeValue(value: OnnxValue): Buffer {
  const dims = value.shape.map((dim) => message(1, typeof dim === 'number' ? number(1, dim) : text(2, dim)));
  const tensorType = Buffer.concat([number(1, ELEMENT_TYPES[value.type]), message(2, Buffer.concat(dims))]);
  return Buffer.concat([text(1, value.name), message(2, message(1, tensorType))]);
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function text(field: number, value: string): Buffer {
  return message(field, Buffer.from(value));
}

function message(field: number, body: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}
