import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encodeOnnx, type OnnxGraph, type OnnxNode, rawValues } from '../support/onnx-file.js';

export const TINY_SIDE = 4;
export const TINY_DIMENSIONS = 4;
const END_TOKEN = '<|endoftext|>';
const BEGIN_TOKEN = '<|startoftext|>';
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789'];

/** What the tiny image encoder does with a picture whose pixels all have this value. */
export const picture = {
  plain: () => filled(0),
  other: () => filled(1),
  givesNaN: () => filled(2),
  givesZeros: () => filled(3),
  /** Reads beyond the encoder's table, so that the whole run throws. */
  throws: () => filled(9),
};

export interface TinyClipOptions {
  /** `mean` makes text vectors depend on padding, `max` does not. */
  textPooling?: 'max' | 'mean';
  /** Every run with more than one picture asks for more memory than there is. */
  memoryForOnePictureOnly?: boolean;
  combined?: boolean;
  /** As SigLIP exports are: pooled outputs, no projection, no attention mask, Unigram tokenizer, texts padded to 64, exact resize. */
  siglip?: boolean;
  /** The image encoder's table lies in a file of its own beside the model, as weights over 2 GiB have to. */
  externalWeights?: boolean;
  /** The vector of a plain grey picture, which every model is tried with at start, is NaN. */
  greyGivesNaN?: boolean;
  /** Pictures and vectors go in and out as float16, as in exports without kept input types. */
  halfPrecision?: boolean;
  config?: Record<string, unknown>;
  manifest?: Record<string, unknown>;
}

/** Writes a complete model folder in the Hugging Face layout whose encoders are tables of four vectors. */
export async function writeTinyClip(folder: string, options: TinyClipOptions = {}): Promise<void> {
  await mkdir(path.join(folder, 'onnx'), { recursive: true });
  const json = (name: string, value: unknown) => writeFile(path.join(folder, name), JSON.stringify(value));
  if (options.siglip) return writeTinySiglip(folder, json);
  await json('config.json', {
    model_type: 'clip',
    projection_dim: TINY_DIMENSIONS,
    logit_scale_init_value: 2.6592,
    text_config: { max_position_embeddings: 16 },
    ...options.config,
  });
  await json('preprocessor_config.json', tinyPreprocessor);
  await json('tokenizer.json', tinyTokenizer());
  await json('tokenizer_config.json', { model_max_length: 16, pad_token: END_TOKEN });
  if (options.manifest) await json('manifest.json', options.manifest);
  const image = options.halfPrecision ? withHalfEdges(imageGraph(false)) : imageGraph(options.memoryForOnePictureOnly ?? false);
  if (options.greyGivesNaN) image.initializers[0]!.values[0] = -1;
  const text = textGraph(options.textPooling ?? 'max');
  if (options.externalWeights) {
    const table = image.initializers[0]!;
    table.externalFile = options.combined ? 'model.onnx_data' : 'vision_model.onnx_data';
    await writeFile(path.join(folder, 'onnx', table.externalFile), rawValues(table));
  }
  if (options.combined) {
    await writeFile(
      path.join(folder, 'onnx/model.onnx'),
      encodeOnnx({
        nodes: [...image.nodes, ...text.nodes],
        initializers: [...image.initializers, ...text.initializers],
        inputs: [...text.inputs, ...image.inputs],
        outputs: [...image.outputs, ...text.outputs],
      }),
    );
    return;
  }
  await writeFile(path.join(folder, 'onnx/vision_model.onnx'), encodeOnnx(image));
  await writeFile(path.join(folder, 'onnx/text_model.onnx'), encodeOnnx(text));
}

async function writeTinySiglip(folder: string, json: (name: string, value: unknown) => Promise<void>): Promise<void> {
  // As transformers.js writes it: what equals transformers' defaults is left out, and so are scale and bias.
  await json('config.json', {
    model_type: 'siglip',
    text_config: { model_type: 'siglip_text_model' },
    vision_config: { model_type: 'siglip_vision_model' },
  });
  await json('preprocessor_config.json', {
    ...{ do_normalize: true, do_rescale: true, do_resize: true, resample: 3, rescale_factor: 1 / 255 },
    ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5], image_processor_type: 'SiglipImageProcessor' },
    size: { height: TINY_SIDE, width: TINY_SIDE },
  });
  await json('tokenizer.json', tinyUnigram());
  await json('tokenizer_config.json', {
    model_max_length: 64,
    pad_token: '</s>',
    eos_token: '</s>',
    unk_token: '<unk>',
    tokenizer_class: 'SiglipTokenizer',
  });
  await json('manifest.json', { logitScale: 100, logitBias: -10 });
  const pooled = (graph: OnnxGraph): OnnxGraph => {
    const rename = (name: string) => (name.endsWith('_embeds') ? 'pooler_output' : name);
    return {
      ...graph,
      nodes: graph.nodes.map((node) => ({ ...node, outputs: node.outputs.map(rename) })),
      outputs: graph.outputs.map((value) => ({ ...value, name: rename(value.name) })),
    };
  };
  await writeFile(path.join(folder, 'onnx/vision_model.onnx'), encodeOnnx(pooled(imageGraph(false))));
  await writeFile(path.join(folder, 'onnx/text_model.onnx'), encodeOnnx(pooled(textGraph('mean'))));
}

/** A SentencePiece Unigram tokenizer as converted for transformers.js: `<unk>` 0 and `</s>` 1, which ends and pads every text. */
export function tinyUnigram(): Record<string, unknown> {
  const pieces: [string, number][] = [
    ['<unk>', 0],
    ['</s>', 0],
    ['\u2581red', -1],
    ['\u2581cat', -1],
    ['\u2581', -3],
    ...LETTERS.map((letter): [string, number] => [letter, -4]),
  ];
  const added = (id: number, content: string) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    version: '1.0',
    added_tokens: [added(0, '<unk>'), added(1, '</s>')],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Lowercase' },
        { type: 'Replace', pattern: { Regex: '[!.,;:]' }, content: '' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Strip', strip_left: true, strip_right: true },
      ],
    },
    pre_tokenizer: { type: 'Metaspace', replacement: '\u2581', add_prefix_space: true, prepend_scheme: 'always' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }],
      special_tokens: { '</s>': { id: '</s>', ids: [1], tokens: ['</s>'] } },
    },
    decoder: { type: 'Metaspace', replacement: '\u2581', add_prefix_space: true, prepend_scheme: 'always' },
    model: { type: 'Unigram', unk_id: 0, vocab: pieces },
  };
}

export const tinyPreprocessor = {
  image_processor_type: 'CLIPImageProcessor',
  do_resize: true,
  size: { shortest_edge: TINY_SIDE },
  resample: 3,
  do_center_crop: true,
  crop_size: { height: TINY_SIDE, width: TINY_SIDE },
  do_normalize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
};

/** A byte-pair tokenizer built as CLIP's is, with the words `red`, `cat` and `cats`. */
export function tinyTokenizer(): Record<string, unknown> {
  const merges = [
    ['r', 'e'],
    ['re', 'd</w>'],
    ['c', 'a'],
    ['ca', 't</w>'],
    ['ca', 't'],
    ['cat', 's</w>'],
  ];
  const tokens = [...LETTERS, ...LETTERS.map((letter) => `${letter}</w>`), ...merges.map((pair) => pair.join('')), BEGIN_TOKEN, END_TOKEN];
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const special = (content: string) => ({
    id: vocab[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    version: '1.0',
    added_tokens: [special(BEGIN_TOKEN), special(END_TOKEN)],
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }, { type: 'Lowercase' }],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: '[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+' }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [END_TOKEN, vocab[END_TOKEN]],
      cls: [BEGIN_TOKEN, vocab[BEGIN_TOKEN]],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: END_TOKEN,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}

export function tinyTokenId(token: string): number {
  return (tinyTokenizer().model as { vocab: Record<string, number> }).vocab[token]!;
}

/** Mean of all pixels, taken as the row of a table; the square root of that row: row 2 gives NaN, row 3 zeros, row 9 is not there. */
export function imageGraph(memoryForOnePictureOnly: boolean): OnnxGraph {
  const table = [1, 4, 9, 16, 16, 9, 4, 1, -1, 1, 1, 1, 0, 0, 0, 0];
  const nodes: OnnxNode[] = [
    { op: 'ReduceMean', inputs: ['pixel_values'], outputs: ['mean'], ints: { axes: [1, 2, 3], keepdims: 0 } },
    { op: 'Cast', inputs: ['mean'], outputs: ['row'], ints: { to: 7 } },
    { op: 'Gather', inputs: ['table', 'row'], outputs: ['picked'] },
    { op: 'Sqrt', inputs: ['picked'], outputs: [memoryForOnePictureOnly ? 'roots' : 'image_embeds'] },
  ];
  const initializers: OnnxGraph['initializers'] = [{ name: 'table', type: 'float', dims: [4, TINY_DIMENSIONS], values: table }];
  if (memoryForOnePictureOnly) {
    nodes.push(
      { op: 'Shape', inputs: ['mean'], outputs: ['batch'] },
      { op: 'Sub', inputs: ['batch', 'one'], outputs: ['surplus'] },
      { op: 'Mul', inputs: ['surplus', 'huge'], outputs: ['length'] },
      { op: 'ConstantOfShape', inputs: ['length'], outputs: ['ballast'] },
      { op: 'ReduceSum', inputs: ['ballast'], outputs: ['nothing'], ints: { keepdims: 0 } },
      { op: 'Add', inputs: ['roots', 'nothing'], outputs: ['image_embeds'] },
    );
    initializers.push(
      { name: 'one', type: 'int64', dims: [1], values: [1] },
      { name: 'huge', type: 'int64', dims: [1], values: [2 ** 46] },
    );
  }
  return {
    nodes,
    initializers,
    inputs: [{ name: 'pixel_values', type: 'float', shape: ['batch', 3, TINY_SIDE, TINY_SIDE] }],
    outputs: [{ name: 'image_embeds', type: 'float', shape: ['batch', TINY_DIMENSIONS] }],
  };
}

/** The same graph with float16 at its input and output. */
function withHalfEdges(graph: OnnxGraph): OnnxGraph {
  const rename = (names: string[]) => names.map((name) => (name === 'pixel_values' || name === 'image_embeds' ? `${name}_float` : name));
  return {
    ...graph,
    nodes: [
      { op: 'Cast', inputs: ['pixel_values'], outputs: ['pixel_values_float'], ints: { to: 1 } },
      ...graph.nodes.map((node) => ({ ...node, inputs: rename(node.inputs), outputs: rename(node.outputs) })),
      { op: 'Cast', inputs: ['image_embeds_float'], outputs: ['image_embeds'], ints: { to: 10 } },
    ],
    inputs: graph.inputs.map((value) => ({ ...value, type: 'float16' })),
    outputs: graph.outputs.map((value) => ({ ...value, type: 'float16' })),
  };
}

/** A vector per token, the largest value or the mean of them over the text. */
export function textGraph(pooling: 'max' | 'mean'): OnnxGraph {
  const tokens = Object.keys((tinyTokenizer().model as { vocab: Record<string, number> }).vocab).length;
  const values = Array.from({ length: tokens * TINY_DIMENSIONS }, (_, i) => ((i * 7919) % 101) / 101);
  return {
    nodes: [
      { op: 'Gather', inputs: ['vocabulary', 'input_ids'], outputs: ['tokens'] },
      {
        op: pooling === 'max' ? 'ReduceMax' : 'ReduceMean',
        inputs: ['tokens'],
        outputs: ['text_embeds'],
        ints: { axes: [1], keepdims: 0 },
      },
    ],
    initializers: [{ name: 'vocabulary', type: 'float', dims: [tokens, TINY_DIMENSIONS], values }],
    inputs: [{ name: 'input_ids', type: 'int64', shape: ['texts', 'length'] }],
    outputs: [{ name: 'text_embeds', type: 'float', shape: ['texts', TINY_DIMENSIONS] }],
  };
}

function filled(value: number): Float32Array {
  return new Float32Array(3 * TINY_SIDE * TINY_SIDE).fill(value);
}
