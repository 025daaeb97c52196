import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Embedder, openEmbedder } from '../../../src/engines/embedding/embedder.js';
import { TextTokenizer } from '../../../src/engines/embedding/tokenizer.js';
import { cosine } from '../../../src/engines/embedding/vector.js';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';

// CLIP's architecture with seeded random weights, and what PyTorch, PIL and Python's tokenizers made of the same inputs: bench/parity/reference.py.
const folder = fileURLToPath(new URL('../../fixtures/seeded-clip', import.meta.url));
interface Expected {
  pictures: { file: string; vector: number[] }[];
  texts: { text: string; tokens: number; ids: number[]; vector: number[] }[];
}

let expected: Expected;
let embedder: Embedder;
let analyzer: MediaAnalyzer;
beforeAll(async () => {
  expected = JSON.parse(await readFile(path.join(folder, 'expected.json'), 'utf8')) as Expected;
  analyzer = createMediaAnalyzer({ processes: 1 });
  embedder = await openEmbedder({ modelFolder: folder, provider: 'cpu', threads: 1 });
});
afterAll(() => Promise.all([embedder.close(), analyzer.close()]));

const apart = (vectors: number[][]) =>
  vectors.flatMap((one, i) => vectors.slice(i + 1).map((other) => cosine(Float32Array.from(one), Float32Array.from(other))));

describe('a CLIP in the Hugging Face layout', () => {
  it('embeds picture files as PyTorch does: shrunk, enlarged, turned, transparent, grey, palette, animated, wide, a long strip', async () => {
    const { pictures } = expected;
    const pixels = await Promise.all(pictures.map(({ file }) => analyzer.preprocess(path.join(folder, file), embedder.imageInput)));
    const vectors = (await embedder.embedImages(pixels)) as Float32Array[];
    const least = Object.fromEntries(
      pictures.map(({ file, vector }, i) => [path.basename(file), cosine(vectors[i]!, Float32Array.from(vector))]),
    );
    expect(Object.keys(least)).toHaveLength(9);
    expect(Object.entries(least).filter(([, value]) => !(value >= 0.9995))).toEqual([]);
    // The figure above means something only where other pictures come out elsewhere.
    expect(Math.max(...apart(pictures.map(({ vector }) => vector)))).toBeLessThan(0.98);
  });

  it('embeds texts as PyTorch does, whatever else is in their batch', async () => {
    const { texts } = expected;
    const vectors = await embedder.embedTexts(texts.map(({ text }) => text));
    const wrong = texts.filter(({ vector }, i) => !(cosine(vectors[i]!.vector, Float32Array.from(vector)) >= 0.9999));
    expect(wrong.map(({ text }) => text)).toEqual([]);
    expect(texts.length).toBeGreaterThan(40);
  });

  it('gives the token ids of the reference for emoji, other scripts, apostrophes and digits, and cuts at 77 with a word to the caller', async () => {
    const tokenizer = await TextTokenizer.open({
      tokenizerFile: path.join(folder, 'tokenizer.json'),
      tokenizerConfigFile: path.join(folder, 'tokenizer_config.json'),
      contextLength: embedder.info.contextLength,
    });
    const wanted = expected.texts.map(({ text, ids, tokens }) => ({ text, ids, tokenCount: tokens, truncated: tokens > 77 }));
    expect(wanted.map(({ text }) => ({ text, ...tokenizer.encode(text) }))).toEqual(wanted);
    const long = wanted.filter(({ truncated }) => truncated);
    expect(long.length).toBeGreaterThan(1);
    const answers = await embedder.embedTexts(long.map(({ text }) => text));
    expect(answers.map(({ truncated, tokenCount }) => ({ truncated, tokenCount }))).toEqual(
      long.map(({ tokenCount }) => ({ truncated: true, tokenCount })),
    );
  });
});
