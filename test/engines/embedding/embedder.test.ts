import { mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { isVitrineError } from '../../../src/errors.js';
import { type Embedder, openEmbedder } from '../../../src/engines/embedding/embedder.js';
import { EncoderThread } from '../../../src/engines/embedding/encoder-thread.js';
import { verifyModelFolder } from '../../../src/engines/embedding/model-check.js';
import type { Lane } from '../../../src/lane-queue.js';
import { readModelFolder } from '../../../src/engines/embedding/model-folder.js';
import type { ModelReference } from '../../../src/engines/embedding/model-registry.js';
import { cosine } from '../../../src/engines/embedding/vector.js';
import { picture, TINY_SIDE, type TinyClipOptions, writeTinyClip } from '../../support/tiny-clip.js';

const folders: string[] = [];
const opened: Embedder[] = [];
async function tinyClip(options: TinyClipOptions = {}): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vitrine-embedder-'));
  folders.push(folder);
  await writeTinyClip(folder, options);
  return folder;
}
async function open(modelFolder: string, options: Partial<Parameters<typeof openEmbedder>[0]> = {}): Promise<Embedder> {
  const embedder = await openEmbedder({ modelFolder, provider: 'cpu', threads: 1, ...options });
  opened.push(embedder);
  return embedder;
}
const onnx = (folder: string, name: string) => path.join(folder, 'onnx', name);
const plainVector = [1, 2, 3, 4].map((value) => Math.fround(value / Math.sqrt(30)));
const otherVector = [...plainVector].reverse();

afterAll(async () => {
  await Promise.all(opened.map((embedder) => embedder.close()));
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** Opened once: opening starts two worker threads. */
let embedder: Embedder;
beforeAll(async () => {
  embedder = await open(await tinyClip());
});

describe('embedImages', () => {
  it('gives vectors of length 1, in order, and says what the model is', async () => {
    const vectors = await embedder.embedImages([picture.plain(), picture.other(), picture.plain()]);
    expect(vectors.map((vector) => [...(vector as Float32Array)])).toEqual([plainVector, otherVector, plainVector]);
    expect(embedder.info).toMatchObject({
      dimensions: 4,
      provider: 'cpu',
      precision: 'fp32',
      contextLength: 16,
      modelType: 'clip',
      maxImageBatch: 32,
      threads: 1,
    });
    expect(await embedder.embedImages([])).toEqual([]);
  });

  it('fails only the picture at fault: NaN, zeros, a run that throws, pixels that are not finite', async () => {
    const broken = picture.plain();
    broken[5] = Number.NaN;
    const results = await embedder.embedImages([
      picture.plain(),
      picture.givesNaN(),
      picture.givesZeros(),
      picture.throws(),
      broken,
      picture.other(),
    ]);
    expect(results.map((result) => (isVitrineError(result) ? result.code : 'vector'))).toEqual([
      'vector',
      'MODEL_OUTPUT_INVALID',
      'MODEL_OUTPUT_INVALID',
      'EMBEDDING_FAILED',
      'EMBEDDING_FAILED',
      'vector',
    ]);
    expect([...(results[5] as Float32Array)]).toEqual(otherVector);
    expect((results[1] as Error).message).toContain('NaN');
    expect((results[2] as Error).message).toContain('zeros');
  });

  it('takes whole arrays over, copies views, and refuses what is empty or of another size', async () => {
    const whole = picture.plain();
    const shared = new Float32Array(2 * whole.length);
    await embedder.embedImages([whole, whole.length > 0 ? shared.subarray(0, 3 * TINY_SIDE * TINY_SIDE) : whole]);
    expect(whole).toHaveLength(0);
    expect(shared).toHaveLength(96);
    await expect(embedder.embedImages([whole])).rejects.toThrow('pixels[0] has 0 values');
    await expect(embedder.embedImages([picture.plain(), new Float32Array(5)])).rejects.toThrow('pixels[1] has 5 values, not 3 x 4 x 4');
  });

  it('feeds and reads float16 where the model wants that', async () => {
    const half = await open(await tinyClip({ halfPrecision: true }));
    const [vector] = await half.embedImages([picture.other()]);
    expect(cosine(vector as Float32Array, otherVector)).toBeGreaterThan(0.999999);
  });

  it('halves the batch when memory runs out', async () => {
    const tight = await open(await tinyClip({ memoryForOnePictureOnly: true }));
    const results = await tight.embedImages([picture.plain(), picture.other(), picture.plain(), picture.givesNaN(), picture.other()]);
    expect(results.map((result) => (isVitrineError(result) ? result.code : [...result]))).toEqual([
      plainVector,
      otherVector,
      plainVector,
      'MODEL_OUTPUT_INVALID',
      otherVector,
    ]);
  });
});

describe('embedTexts', () => {
  it('gives the same vector alone, among longer texts and from the cache', async () => {
    const [alone] = await embedder.embedTexts(['red cat']);
    const [again, long, twin] = await embedder.embedTexts(['red  cat\n', 'cat '.repeat(9), 'red cat']);
    const fresh = await open(embedder.info.folder);
    const [, together] = await fresh.embedTexts(['cat '.repeat(9), 'red cat']);
    for (const each of [again!, twin!, together!]) expect([...each.vector]).toEqual([...alone!.vector]);
    expect(alone).toMatchObject({ tokenCount: 4, truncated: false });
    expect(long).toMatchObject({ tokenCount: 11, truncated: false });
    alone!.vector.fill(0);
    expect((await embedder.embedTexts(['red cat']))[0]!.vector).toEqual(again!.vector);
  });

  it('keeps the padding for a model whose vectors depend on it', async () => {
    const padding = await open(await tinyClip({ textPooling: 'mean' }));
    const [alone] = await padding.embedTexts(['red']);
    const [, together] = await padding.embedTexts(['cat '.repeat(14), 'RED']);
    expect(cosine(alone!.vector, together!.vector)).toBeGreaterThan(0.999999);
  });

  it('puts the model’s prompt prefix before every text', async () => {
    const prefixed = await open(await tinyClip({ manifest: { promptPrefix: 'a red ' } }));
    expect((await prefixed.embedTexts(['cat']))[0]!.vector).toEqual((await embedder.embedTexts(['a red cat']))[0]!.vector);
    expect(prefixed.info.revision).not.toBe(embedder.info.revision);
  });

  it('refuses an empty text by its place and reads hostile ones', async () => {
    await expect(embedder.embedTexts(['cat', ' \u0000 '])).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'texts[1]' });
    const [huge, rtl, emoji] = await embedder.embedTexts(['cat'.repeat(200_000), 'قطة حمراء', '🐈‍⬛🐈‍⬛']);
    expect(huge!.truncated).toBe(true);
    expect([rtl!.vector.length, emoji!.vector.length]).toEqual([4, 4]);
  });
});

describe('openEmbedder', () => {
  it.each([{ combined: true }, { combined: true, externalWeights: true }, { externalWeights: true }])(
    'reads other layouts of the files: %p',
    async (layout) => {
      const other = await open(await tinyClip(layout));
      const [image] = await other.embedImages([picture.other()]);
      expect([...(image as Float32Array)]).toEqual(otherVector);
      expect((await other.embedTexts(['red cats']))[0]!.vector).toEqual((await embedder.embedTexts(['red cats']))[0]!.vector);
    },
  );

  it('fails at start where a named provider cannot be had', async () => {
    const folder = await tinyClip();
    const outcome = await open(folder, { provider: 'cuda' }).catch((error: Error) => error);
    // On a machine with that GPU it opens, and says so.
    if ('info' in outcome) expect(outcome.info.provider).toBe('cuda');
    else
      expect(outcome).toMatchObject({
        code: 'MODEL_PROVIDER_UNAVAILABLE',
        message: expect.stringContaining('choose provider cpu or auto'),
      });
    expect(['cpu', 'cuda']).toContain((await open(folder, { provider: 'auto' })).info.provider);
  });

  it('names a weights file that is truncated, foreign or the other encoder', async () => {
    const truncated = await tinyClip();
    await truncate(onnx(truncated, 'vision_model.onnx'), (await readFile(onnx(truncated, 'vision_model.onnx'))).length - 40);
    await expect(open(truncated)).rejects.toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining('vision_model.onnx') });
    const foreign = await tinyClip();
    await writeFile(onnx(foreign, 'text_model.onnx'), '<!doctype html><title>Not found</title>');
    await expect(open(foreign)).rejects.toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining('text_model.onnx') });
    const swapped = await tinyClip();
    await rename(onnx(swapped, 'text_model.onnx'), onnx(swapped, 'vision_model.onnx'));
    await writeFile(onnx(swapped, 'text_model.onnx'), await readFile(onnx(swapped, 'vision_model.onnx')));
    await expect(open(swapped)).rejects.toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining('image_embeds') });
  });

  it('names files that belong to different models', async () => {
    await expect(open(await tinyClip({ config: { projection_dim: 8 } }))).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/8 dimensions.* 4 /),
    });
    const size = await tinyClip();
    await writeFile(path.join(size, 'preprocessor_config.json'), JSON.stringify({ size: { height: 8, width: 8 }, do_center_crop: false }));
    await expect(open(size)).rejects.toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining('[3, 4, 4]') });
    const tokenizer = await tinyClip();
    const json = JSON.parse(await readFile(path.join(tokenizer, 'tokenizer.json'), 'utf8'));
    json.model.vocab['a</w>'] = 5_000;
    await writeFile(path.join(tokenizer, 'tokenizer.json'), JSON.stringify(json));
    await expect(open(tokenizer)).rejects.toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining('does not run') });
  });

  it('runs a SigLIP export: pooled outputs, a Unigram tokenizer, texts always padded to 64 with the end token', async () => {
    const siglip = await open(await tinyClip({ siglip: true }));
    expect(siglip.info).toMatchObject({ modelType: 'siglip', dimensions: 4, contextLength: 64, logitScale: 100, logitBias: -10 });
    expect(siglip.imageInput).toMatchObject({ centerCrop: false, resize: { mode: 'exact', width: TINY_SIDE, height: TINY_SIDE } });
    const [text, same, long] = await siglip.embedTexts(['Red cat!', 'red  CAT', 'red '.repeat(100)]);
    expect(text).toMatchObject({ tokenCount: 3, truncated: false });
    expect([...same!.vector]).toEqual([...text!.vector]);
    expect(long).toMatchObject({ tokenCount: 101, truncated: true });
    // Mean over 64 rows of the table: two words and 62 end tokens.
    const row = (id: number) => [0, 1, 2, 3].map((i) => (((id * 4 + i) * 7919) % 101) / 101);
    const mean = [0, 1, 2, 3].map((i) => (row(2)[i]! + row(3)[i]! + 62 * row(1)[i]!) / 64);
    expect(cosine(text!.vector, mean)).toBeCloseTo(1, 6);
    expect((await siglip.embedImages([picture.plain()])).map((vector) => [...(vector as Float32Array)])).toEqual([plainVector]);
  });

  it('lower-cases texts for a model that says so, and is another revision then', async () => {
    const manifest = { promptPrefix: 'a ', lowercase: true };
    const lower = await open(await tinyClip({ manifest }));
    const [upper, plain] = await lower.embedTexts(['RED CAT', 'red cat']);
    expect([...upper!.vector]).toEqual([...plain!.vector]);
    const usual = await readModelFolder(await tinyClip({ manifest: { promptPrefix: 'a ' } }));
    expect(usual.revision).not.toBe(lower.info.revision);
  });

  it('refuses work once closed', async () => {
    const closing = await open(await tinyClip());
    await closing.close();
    await expect(closing.embedImages([picture.plain()])).rejects.toMatchObject({
      code: 'MODEL_STOPPED',
      message: expect.stringContaining('closed'),
    });
    await expect(closing.embedTexts(['cat'])).rejects.toMatchObject({ code: 'MODEL_STOPPED' });
  });
});

describe('EncoderThread', () => {
  it('rejects what a dead worker had, waits before it starts another, and goes on', async () => {
    const model = await readModelFolder(await tinyClip());
    const thread = new EncoderThread({ side: 'image', model, provider: 'cpu', threads: 1, maxImageBatch: 1 }, 400);
    const openedAt = performance.now();
    await thread.open();
    // A request that the worker cannot understand is an uncaught exception there.
    const outcomes = await Promise.allSettled([
      thread.encode([picture.plain()], 'no such lane' as Lane),
      ...Array.from({ length: 20 }, () => thread.encode([picture.plain()], 'bulk')),
    ]);
    expect(outcomes[0]).toMatchObject({
      status: 'rejected',
      reason: { code: 'MODEL_STOPPED', message: expect.stringContaining('worker thread ended') },
    });
    expect(outcomes.filter((outcome) => outcome.status === 'rejected').length).toBeGreaterThan(1);
    const results = await Promise.all(Array.from({ length: 3 }, () => thread.encode([picture.plain()], 'bulk')));
    expect(results.flat().filter((result) => 'vector' in result)).toHaveLength(3);
    expect(performance.now() - openedAt).toBeGreaterThan(390);
    await thread.close();
  });
});

describe('verifyModelFolder', () => {
  it('compares with published figures, tells what differs, and skips what needs a picture that is not there', async () => {
    const folder = await tinyClip();
    const pictures = await mkdtemp(path.join(os.tmpdir(), 'vitrine-pictures-'));
    folders.push(pictures);
    await writeFile(path.join(pictures, 'plain.png'), 'a picture');
    const tolerance = { fp32: 0.001, fp16: 0.01, int8: 0.1 };
    const plain = { name: 'plain.png', sha256: createHash('sha256').update('a picture').digest('hex') };
    const text = (await embedder.embedTexts(['red cat']))[0]!.vector;
    const near = cosine(text, plainVector);
    const scale = Math.exp(2.6592);
    const reference = (kind: string, values: number[], more: object) =>
      ({ kind, source: 'a paper', values, tolerance, ...more }) as ModelReference;
    const check = await verifyModelFolder(folder, {
      pictures,
      preprocess: async () => picture.plain(),
      references: [
        reference('textVector', [...text.subarray(0, 2)], { text: 'red cat' }),
        reference('pictureVector', plainVector.slice(0, 3), { picture: plain }),
        reference('cosines', [near], { picture: plain, texts: ['red cat'] }),
        reference('logits', [near * scale], { picture: plain, texts: ['red cat'] }),
        reference('probabilities', [0.5, 0.5], { picture: plain, texts: ['red cat', 'RED CAT'] }),
        reference('logits', [near * scale + 1], { picture: plain, texts: ['red cat'] }),
        reference('cosines', [1], { picture: { name: 'gone.png', sha256: plain.sha256 }, texts: ['red cat'] }),
        reference('cosines', [1], { picture: { ...plain, sha256: 'a'.repeat(64) }, texts: ['red cat'] }),
      ],
    });
    expect(check.references.map(({ outcome }) => outcome)).toEqual([
      ...['EQUAL', 'EQUAL', 'EQUAL', 'EQUAL', 'EQUAL', 'DIFFERENT', 'SKIPPED', 'SKIPPED'],
    ]);
    expect(check.ok).toBe(false);
    expect(check.references[5]!.got[0]).toBeCloseTo(near * scale, 3);
    expect(check.references[6]!.reason).toContain('gone.png is not in that folder');
    expect(check.references[7]!.reason).toContain('another picture');
  });

  it('approves a good folder and lists what is wrong with a bad one', async () => {
    const good = await tinyClip();
    expect(await verifyModelFolder(good)).toMatchObject({
      ok: true,
      problems: [],
      dimensions: 4,
      revision: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    const bad = await tinyClip({ manifest: { files: [{ path: 'config.json', byteSize: 3, sha256: 'a'.repeat(64) }] } });
    expect(await verifyModelFolder(bad)).toMatchObject({
      ok: false,
      files: [{ path: 'config.json', status: 'mismatch' }],
      problems: [{ code: 'MODEL_CHECKSUM_MISMATCH' }],
    });
  });
});
