import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readModelFolder } from '../../../src/engines/embedding/model-folder.js';
import { tinyPreprocessor, tinyTokenizer, type TinyClipOptions, writeTinyClip } from '../../support/tiny-clip.js';

const folders: string[] = [];
async function tinyClip(options: TinyClipOptions = {}): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vitrine-model-'));
  folders.push(folder);
  await writeTinyClip(folder, options);
  return folder;
}
const writeJson = (folder: string, name: string, value: unknown) => writeFile(path.join(folder, name), JSON.stringify(value));
const listed = (file: string, content: string) => ({
  path: file,
  byteSize: Buffer.byteLength(content),
  sha256: createHash('sha256').update(content).digest('hex'),
});

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

describe('readModelFolder', () => {
  it('reads everything from the model’s own files', async () => {
    const model = await readModelFolder(
      await tinyClip({ manifest: { id: 'tiny', license: 'MIT', prompts: { label: ['a {}'] }, metrics: { recallAt1: 0.5 }, name: 'more' } }),
    );
    expect(model).toMatchObject({
      modelId: 'tiny',
      modelType: 'clip',
      license: 'MIT',
      precision: 'fp32',
      combined: false,
      contextLength: 16,
      dimensions: 4,
      logitBias: null,
      promptPrefix: '',
      labelPrompts: ['a {}'],
      metrics: { recallAt1: 0.5 },
      imageInput: {
        width: 4,
        height: 4,
        resize: { mode: 'shortest-edge', size: 4 },
        centerCrop: true,
        resample: 'bicubic',
        mean: [0.5, 0.5, 0.5],
        std: [0.5, 0.5, 0.5],
        rescaleFactor: 1 / 255,
      },
    });
    expect(model.logitScale).toBeCloseTo(Math.exp(2.6592), 6);
    expect(model.revision).toMatch(/^[0-9a-f]{16}$/);
  });

  it('reads SigLIP: exact resize, 64 tokens, scale and bias for a sigmoid', async () => {
    const folder = await tinyClip({
      config: {
        model_type: 'siglip',
        projection_dim: undefined,
        logit_scale: 4.7,
        logit_bias: -12.9,
        text_config: {},
        vision_config: { hidden_size: 4 },
      },
    });
    await writeJson(folder, 'preprocessor_config.json', { do_resize: true, size: { height: 4, width: 4 }, resample: 2 });
    await unlink(path.join(folder, 'tokenizer_config.json'));
    const model = await readModelFolder(folder);
    expect(model).toMatchObject({ modelType: 'siglip', contextLength: 64, dimensions: 4, logitBias: -12.9 });
    expect(model.imageInput).toMatchObject({
      resize: { mode: 'exact', width: 4, height: 4 },
      centerCrop: false,
      resample: 'bilinear',
      mean: [0.5, 0.5, 0.5],
    });
    expect(model.imageOutputs).toContain('pooler_output');
    expect(model.logitScale).toBeCloseTo(109.95, 1);
  });

  it('reads old one-number sizes, no normalization, and the place where transformers 5 keeps the preprocessing', async () => {
    const folder = await tinyClip();
    await writeJson(folder, 'preprocessor_config.json', { size: 8, crop_size: 4, do_center_crop: true, do_normalize: false });
    expect((await readModelFolder(folder)).imageInput).toMatchObject({
      width: 4,
      resize: { mode: 'shortest-edge', size: 8 },
      mean: [0, 0, 0],
      std: [1, 1, 1],
    });
    await unlink(path.join(folder, 'preprocessor_config.json'));
    await writeJson(folder, 'processor_config.json', { image_processor: { size: 6, do_center_crop: false } });
    expect((await readModelFolder(folder)).imageInput).toMatchObject({
      width: 6,
      height: 6,
      resize: { mode: 'exact', width: 6, height: 6 },
    });
  });

  it('caps the context by the tokenizer’s limit where that is sane', async () => {
    const folder = await tinyClip({ config: { text_config: { max_position_embeddings: 514 } } });
    await writeJson(folder, 'tokenizer_config.json', { model_max_length: 128 });
    expect((await readModelFolder(folder)).contextLength).toBe(128);
    await writeJson(folder, 'tokenizer_config.json', { model_max_length: 1e30 });
    expect((await readModelFolder(folder)).contextLength).toBe(514);
  });

  it('chooses weights by precision, separate files before a combined one', async () => {
    const folder = await tinyClip();
    const onnx = (name: string) => path.join(folder, 'onnx', name);
    for (const stem of ['vision_model', 'text_model']) await rename(onnx(`${stem}.onnx`), onnx(`${stem}_quantized.onnx`));
    expect(await readModelFolder(folder)).toMatchObject({ precision: 'int8', combined: false });
    await writeFile(onnx('model_fp16.onnx'), 'x');
    expect(await readModelFolder(folder, { precision: 'fp16' })).toMatchObject({ precision: 'fp16', combined: true });
    await expect(readModelFolder(folder, { precision: 'fp32' })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('onnx/vision_model.onnx'),
    });
  });

  it('follows links, as the Hugging Face cache lays its files out', async () => {
    const folder = await tinyClip();
    const file = path.join(folder, 'tokenizer.json');
    const blob = path.join(await tinyClip(), 'blob');
    await rename(file, blob);
    await symlink(blob, file);
    await expect(readModelFolder(folder)).resolves.toMatchObject({ modelType: 'clip' });
  });
});

describe('the revision', () => {
  it('stays the same in another folder, and changes with anything that changes vectors', async () => {
    const revision = async (folder: string) => (await readModelFolder(folder)).revision;
    const first = await revision(await tinyClip());
    expect(await revision(await tinyClip())).toBe(first);
    expect(await revision(await tinyClip({ manifest: { id: 'renamed', license: 'MIT', metrics: { a: 1 } } }))).toBe(first);

    const changed = [
      await revision(await tinyClip({ textPooling: 'mean' })),
      await revision(await tinyClip({ manifest: { promptPrefix: 'a photo of ' } })),
    ];
    const preprocessing = await tinyClip();
    await writeJson(preprocessing, 'preprocessor_config.json', { ...tinyPreprocessor, image_mean: [0.5, 0.5, 0.51] });
    changed.push(await revision(preprocessing));
    const tokenizer = await tinyClip();
    await writeJson(tokenizer, 'tokenizer.json', { ...tinyTokenizer(), version: '2' });
    changed.push(await revision(tokenizer));
    const externalData = await tinyClip();
    await writeFile(path.join(externalData, 'onnx/vision_model.onnx_data'), 'weights');
    changed.push(await revision(externalData));
    expect(new Set([first, ...changed]).size).toBe(6);
  });
});

describe('broken model folders', () => {
  it.each(['config.json', 'preprocessor_config.json', 'tokenizer.json', 'onnx/vision_model.onnx', 'onnx/text_model.onnx'])(
    'names %s where it is missing',
    async (name) => {
      const folder = await tinyClip();
      await unlink(path.join(folder, name));
      await expect(readModelFolder(folder)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND', message: expect.stringContaining(name) });
    },
  );

  it('names a folder that is not there', async () => {
    await expect(readModelFolder(path.join(os.tmpdir(), 'no-such-model'))).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('no-such-model'),
    });
  });

  it('names file, sums and remedy where a checksum differs, and a listed file that is missing', async () => {
    const config = JSON.stringify({ model_type: 'clip' });
    const folder = await tinyClip({ manifest: { files: [listed('config.json', config)] } });
    await writeFile(path.join(folder, 'config.json'), config);
    await expect(readModelFolder(folder)).resolves.toBeDefined();
    await writeFile(path.join(folder, 'config.json'), config.replace('clip', 'clap'));
    const expected = listed('config.json', config).sha256;
    const found = listed('config.json', config.replace('clip', 'clap')).sha256;
    const error = await readModelFolder(folder).catch((cause: Error) => cause as Error & { code: string });
    expect(error).toMatchObject({ code: 'MODEL_CHECKSUM_MISMATCH' });
    for (const part of ['config.json', expected, found, 'Fetch the model again']) expect((error as Error).message).toContain(part);
    await writeJson(folder, 'manifest.json', { files: [listed('onnx/other.onnx', 'x')] });
    await expect(readModelFolder(folder)).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('onnx/other.onnx'),
    });
  });

  it.each(['../outside.json', '/etc/passwd', 'onnx/../../outside', 'onnx\\..\\..\\outside'])(
    'refuses a manifest that lists %s',
    async (name) => {
      const folder = await tinyClip({ manifest: { files: [listed(name, 'x')] } });
      await expect(readModelFolder(folder)).rejects.toMatchObject({ code: 'MODEL_INVALID', field: 'manifest.json:files.0.path' });
    },
  );

  const wrong: [string, unknown, string][] = [
    ['config.json', '{"model_type": ', 'config.json'],
    ['config.json', { model_type: 'bert' }, 'model_type'],
    ['config.json', { model_type: 'clip', projection_dim: -4 }, 'projection_dim'],
    ['config.json', { model_type: 'clip', text_config: { max_position_embeddings: 'many' } }, 'text_config.max_position_embeddings'],
    ['config.json', [], 'top level'],
    ['tokenizer.json', {}, 'model'],
    ['preprocessor_config.json', { ...tinyPreprocessor, size: { shortest_edge: 100_000 } }, 'size'],
    ['preprocessor_config.json', { ...tinyPreprocessor, size: { longest_edge: 4 } }, 'size'],
    ['preprocessor_config.json', { ...tinyPreprocessor, do_center_crop: false }, 'size'],
    ['preprocessor_config.json', { ...tinyPreprocessor, crop_size: 8 }, 'crop_size'],
    ['preprocessor_config.json', { ...tinyPreprocessor, resample: 5 }, 'resample'],
    ['preprocessor_config.json', { ...tinyPreprocessor, image_std: [1, 1, 0] }, 'image_std'],
    ['preprocessor_config.json', { ...tinyPreprocessor, image_mean: [0.5] }, 'image_mean'],
    ['preprocessor_config.json', { ...tinyPreprocessor, do_resize: false }, 'do_resize'],
    ['preprocessor_config.json', { ...tinyPreprocessor, do_pad: true }, 'do_pad'],
    ['manifest.json', { files: [{ path: 'config.json', byteSize: 1, sha256: 'abc' }] }, 'files.0.sha256'],
    ['manifest.json', { logitScale: 'large' }, 'logitScale'],
  ];
  it.each(wrong)('names the key: %s with %j', async (name, content, key) => {
    const folder = await tinyClip();
    await writeFile(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    await expect(readModelFolder(folder)).rejects.toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining(key) });
  });

  it('names an empty weights file', async () => {
    const folder = await tinyClip();
    await truncate(path.join(folder, 'onnx/text_model.onnx'), 0);
    await expect(readModelFolder(folder)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('text_model.onnx'),
    });
  });
});
