import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { normalizeText, TextTokenizer } from '../../../src/engines/embedding/tokenizer.js';
import { tinyTokenId, tinyTokenizer } from '../../support/tiny-clip.js';
import { cpuMs } from '../../support/cpu-time.js';

let folder: string;
let tokenizer: TextTokenizer;
const ids = (...tokens: string[]) => tokens.map(tinyTokenId);
const begin = '<|startoftext|>';
const end = '<|endoftext|>';

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'vitrine-tokenizer-'));
  await writeFile(path.join(folder, 'tokenizer.json'), JSON.stringify(tinyTokenizer()));
  tokenizer = await TextTokenizer.open({ tokenizerFile: path.join(folder, 'tokenizer.json'), tokenizerConfigFile: null, contextLength: 6 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('TextTokenizer', () => {
  it('merges byte pairs between begin and end token, lower-cased', () => {
    expect(tokenizer.encode('Red  CATS\n')).toEqual({ ids: ids(begin, 'red</w>', 'cats</w>', end), tokenCount: 4, truncated: false });
    expect(tokenizer.encode('cat b4').ids).toEqual(ids(begin, 'cat</w>', 'b</w>', '4</w>', end));
  });

  it('keeps the end token last when it truncates, and says so', () => {
    const encoded = tokenizer.encode('cat red cat red cat red');
    expect(encoded).toEqual({ ids: ids(begin, 'cat</w>', 'red</w>', 'cat</w>', 'red</w>', end), tokenCount: 8, truncated: true });
    expect(tokenizer.encode('cat red cat red').truncated).toBe(false);
  });

  it('bounds the work for huge texts', () => {
    const startedAt = cpuMs();
    const encoded = tokenizer.encode('cat'.repeat(1_000_000));
    expect(cpuMs() - startedAt).toBeLessThan(1_000);
    expect(encoded.truncated).toBe(true);
    expect(encoded.ids).toHaveLength(6);
  });

  it('pads with the end token where no file names another', () => {
    expect(tokenizer.padTokenId).toBe(tinyTokenId(end));
  });

  it('refuses a file that is no tokenizer', async () => {
    const file = path.join(folder, 'broken.json');
    for (const content of ['{', '{}', '{"model":{"type":"Sorcery"}}']) {
      await writeFile(file, content);
      await expect(TextTokenizer.open({ tokenizerFile: file, tokenizerConfigFile: null, contextLength: 6 })).rejects.toMatchObject({
        code: 'MODEL_INVALID',
      });
    }
  });
});

describe('normalizeText', () => {
  it('gives one spelling to texts that look the same', () => {
    expect(normalizeText('cafe\u0301')).toBe('caf\u00e9');
    expect(normalizeText('  red\u0000\u0007\t cat\u200b\ufeff ')).toBe('red cat');
    expect(normalizeText('\u202egnp.exe\u202c')).toBe('gnp.exe');
    expect(normalizeText('half \ud83d surrogate')).toBe('half \ufffd surrogate');
  });

  it('keeps emoji sequences and right-to-left text', () => {
    expect(normalizeText('👩‍💻 ❤️')).toBe('👩‍💻 ❤️');
    expect(normalizeText('قطة حمراء')).toBe('قطة حمراء');
  });

  it.each(['', '   ', '\u0000\u0001', '\u200b\u202e'])('refuses %j, which has nothing to read', (text) => {
    expect(() => normalizeText(text, 'texts[3]')).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'texts[3]' }));
  });
});
