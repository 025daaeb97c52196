// Field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) in protobuf's wire format.
const MODEL = { graph: 7 };
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13 };
const NODE = { input: 1, output: 2, attribute: 5 };
const ATTRIBUTE = { graph: 6, graphs: 11 };
const TENSOR = { name: 8, dataLocation: 14 };
const VALUE_NAME = 1;

const LENGTH_DELIMITED = 2;
const MAX_NESTED_GRAPHS = 16;

/** One field of a message: its number, its whole bytes, and its content where that is a message, text or bytes. */
interface Field {
  number: number;
  bytes: Buffer;
  content: Buffer | null;
  value: number;
}

interface Part {
  bytes: Buffer;
  reads: string[];
  writes: string[];
}

/**
 * Cuts out of an ONNX model what one output needs, so that one encoder of a combined CLIP file runs without the other.
 * Null where that cannot be done: no such output, or weights kept in another file. Throws RangeError on bytes that are no protobuf.
 */
export function extractSubgraph(model: Buffer, output: string): Buffer | null {
  const modelFields = [...fieldsOf(model)];
  const graph = modelFields.find((field) => field.number === MODEL.graph)?.content;
  if (!graph) return null;
  const fields = [...fieldsOf(graph)];
  const nodes = fields.filter((field) => field.number === GRAPH.node).map((field) => readNode(field));
  const needed = neededNames(nodes, output);
  if (!needed) return null;

  const kept: Buffer[] = nodes.filter((node) => node.writes.some((name) => needed.has(name))).map((node) => node.bytes);
  for (const field of fields) {
    if (field.number === GRAPH.node || field.number === GRAPH.valueInfo) continue;
    if (field.number === GRAPH.initializer) {
      const tensor = [...fieldsOf(field.content!)];
      if (tensor.some((entry) => entry.number === TENSOR.dataLocation && entry.value !== 0)) return null;
      if (needed.has(textOf(tensor, TENSOR.name))) kept.push(field.bytes);
    } else if (field.number === GRAPH.input) {
      if (needed.has(textOf([...fieldsOf(field.content!)], VALUE_NAME))) kept.push(field.bytes);
    } else if (field.number === GRAPH.output) {
      if (textOf([...fieldsOf(field.content!)], VALUE_NAME) === output) kept.push(field.bytes);
    } else kept.push(field.bytes);
  }
  const byteSize = kept.reduce((sum, part) => sum + part.length, 0);
  const parts = modelFields.flatMap((field) =>
    field.number === MODEL.graph ? [varint(MODEL.graph * 8 + LENGTH_DELIMITED), varint(byteSize), ...kept] : [field.bytes],
  );
  return Buffer.concat(parts);
}

/** Every name that the output is computed from, itself included; null where no node computes it. */
function neededNames(nodes: readonly Part[], output: string): Set<string> | null {
  const writers = new Map<string, Part>();
  for (const node of nodes) for (const name of node.writes) writers.set(name, node);
  if (!writers.has(output)) return null;
  const needed = new Set<string>([output]);
  const open = [output];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const read of writers.get(name)?.reads ?? []) {
      if (needed.has(read)) continue;
      needed.add(read);
      open.push(read);
    }
  }
  return needed;
}

function readNode(field: Field, depth = 0): Part {
  if (depth > MAX_NESTED_GRAPHS) throw new RangeError('The ONNX file nests graphs too deeply.');
  const part: Part = { bytes: field.bytes, reads: [], writes: [] };
  for (const entry of fieldsOf(field.content!)) {
    if (entry.number === NODE.input && entry.content!.length > 0) part.reads.push(entry.content!.toString());
    else if (entry.number === NODE.output && entry.content!.length > 0) part.writes.push(entry.content!.toString());
    else if (entry.number === NODE.attribute) part.reads.push(...nestedReads(entry.content!, depth));
  }
  return part;
}

/** The bodies of If and Loop read names of the graph around them. */
function nestedReads(attribute: Buffer, depth: number): string[] {
  const reads: string[] = [];
  for (const entry of fieldsOf(attribute)) {
    if ((entry.number !== ATTRIBUTE.graph && entry.number !== ATTRIBUTE.graphs) || !entry.content) continue;
    for (const inner of fieldsOf(entry.content)) {
      if (inner.number === GRAPH.node) reads.push(...readNode(inner, depth + 1).reads);
      else if (inner.number === GRAPH.output) reads.push(textOf([...fieldsOf(inner.content!)], VALUE_NAME));
    }
  }
  return reads;
}

function textOf(fields: readonly Field[], number: number): string {
  return fields.find((field) => field.number === number)?.content?.toString() ?? '';
}

function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at++];
      if (byte === undefined) break;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError('The file is not an ONNX model: it ends inside a number.');
  };
  while (at < message.length) {
    const start = at;
    const key = readVarint();
    const wireType = key % 8;
    let content: Buffer | null = null;
    let value = 0;
    if (wireType === 0) value = readVarint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === LENGTH_DELIMITED) {
      const byteSize = readVarint();
      content = message.subarray(at, at + byteSize);
      at += byteSize;
    } else throw new RangeError('The file is not an ONNX model: unknown field kind.');
    if (at > message.length) throw new RangeError('The file is not an ONNX model: it ends inside a field.');
    yield { number: Math.floor(key / 8), bytes: message.subarray(start, at), content, value };
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
