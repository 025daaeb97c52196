import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Embedder, openEmbedder, type TextEmbedding } from '../../../src/engines/embedding/embedder.js';
import { isVitrineError } from '../../../src/errors.js';
import { verifyModelFolder } from '../../../src/engines/embedding/model-check.js';
import { cosine } from '../../../src/engines/embedding/vector.js';

// The built-in model, read as any other folder would be.
const modelFolder = fileURLToPath(new URL('../../../models/vitrine-sketch', import.meta.url));

let embedder: Embedder;
let single: Embedder;
beforeAll(async () => {
  [embedder, single] = await Promise.all([
    openEmbedder({ modelFolder, provider: 'cpu', threads: 1 }),
    openEmbedder({ modelFolder, provider: 'cpu', threads: 1, maxImageBatch: 1 }),
  ]);
});
afterAll(() => Promise.all([embedder.close(), single.close()]));

/** Smooth coloured pictures, different for every seed, in the range that preprocessing gives. */
function pictures(count: number): Float32Array[] {
  const { width, height } = embedder.imageInput;
  return Array.from({ length: count }, (_, seed) =>
    Float32Array.from({ length: 3 * width * height }, (_, i) => {
      const [x, y, channel] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
      return 1.8 * Math.sin((x * ((seed % 5) + 1)) / 17 + (y * ((seed % 3) + 1)) / 11 + channel * (1 + (seed % 7)));
    }),
  );
}

describe('the built-in model', () => {
  it('passes its own manifest and runs', async () => {
    const check = await verifyModelFolder(modelFolder);
    expect(check).toMatchObject({
      ok: true,
      problems: [],
      modelId: path.basename(modelFolder),
      revision: embedder.info.revision,
      dimensions: embedder.info.dimensions,
    });
    expect(check.files.map((file) => file.path)).toEqual(
      expect.arrayContaining(['onnx/vision_model.onnx', 'onnx/text_model.onnx', 'tokenizer.json', 'preprocessor_config.json']),
    );
  });

  it('gives a picture the same vector whatever its batch', async () => {
    const together = (await embedder.embedImages(pictures(12))) as Float32Array[];
    const alone = (await single.embedImages(pictures(12))) as Float32Array[];
    for (const [i, vector] of together.entries()) {
      expect(cosine(vector, alone[i]!)).toBeGreaterThan(0.9999);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    }
    expect(cosine(together[0]!, together[1]!)).toBeLessThan(0.9999);
  });

  it('gives a text the same vector whatever its batch', async () => {
    const texts = ['a cat', 'a red bicycle on a blue background', 'two stars', `${'word '.repeat(100)}end`];
    const together = await embedder.embedTexts(texts);
    const alone: TextEmbedding[] = [];
    for (const text of texts) alone.push(...(await single.embedTexts([text])));
    for (const [i, { vector }] of together.entries()) expect(cosine(vector, alone[i]!.vector)).toBeGreaterThan(0.9999);
    expect(together.map(({ truncated }) => truncated)).toEqual([false, false, false, true]);
    expect(together[3]!.tokenCount).toBeGreaterThan(embedder.info.contextLength);
  });

  it('answers searches by text and by picture while a bulk load runs', async () => {
    const done: string[] = [];
    const drawn = pictures(17);
    const bulk = Array.from({ length: 10 }, () => embedder.embedImages(drawn.slice(1).map((pixels) => pixels.slice())));
    const whole = Promise.all(bulk).then((results) => {
      done.push('bulk');
      return results;
    });
    await bulk[0];
    await Promise.all([
      embedder.embedTexts(['a yellow balloon over a wall']).then(() => done.push('text')),
      embedder.embedImages(drawn.slice(0, 1), 'interactive').then(() => done.push('picture')),
    ]);
    expect(done.sort()).toEqual(['picture', 'text']);
    const results = await whole;
    expect(results.flat().filter((vector) => !isVitrineError(vector))).toHaveLength(160);
  });

  it('lets the process end in the middle of a batch', async () => {
    const script = `
      const { openEmbedder } = await import(${JSON.stringify(new URL('../../../dist/engines/embedding/embedder.js', import.meta.url).href)});
      const embedder = await openEmbedder({ modelFolder: ${JSON.stringify(modelFolder)}, provider: 'cpu' });
      const size = 3 * embedder.imageInput.width * embedder.imageInput.height;
      for (let i = 0; i < 20; i++) embedder.embedImages(Array.from({ length: 16 }, () => new Float32Array(size)));
      setTimeout(() => process.exit(0), 100);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    const [exitCode, signal] = await once(child, 'exit');
    expect({ exitCode, signal }).toEqual({ exitCode: 0, signal: null });
  });
});
