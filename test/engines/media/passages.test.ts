import { MAX_PASSAGES, passagesOf } from '../../../src/engines/media/passages.js';
import { cpuMs } from '../../support/cpu-time.js';

const cut = (text: string, { from, length }: { from: number; length: number }) =>
  Array.from(text)
    .slice(from, from + length)
    .join('');

it('ends passages where sentences, paragraphs and list items do, and reads words without Markdown', () => {
  const text = '# Summer menu\n\nWe serve **fresh** [apple pie](http://x.y/z) every day. It is good.\n\n- A red bicycle\n- A boat\n';
  const { passages, isCut } = passagesOf(text);
  expect(passages.map(({ words }) => words)).toEqual([
    'Summer menu',
    'We serve fresh apple pie every day. It is good.',
    'A red bicycle',
    'A boat',
  ]);
  expect(isCut).toBe(false);
  expect(cut(text, passages[1]!)).toContain('[apple pie](http://x.y/z)');
});

it('counts in characters, so that PostgreSQL cuts out the same', () => {
  const text = '🍎🍎 Äpfel sind rot. 𝒜 sentence after four astral letters.\n\nالسلام عليكم.\n\n苹果是红色的。自行车也是。';
  const { passages } = passagesOf(text);
  expect(passages.map((passage) => cut(text, passage)).join('')).toBe(text);
  expect(passages.length).toBeGreaterThan(2);
});

it('passes over what has no words, and cuts what has no sentences', () => {
  expect(passagesOf('').passages).toEqual([]);
  expect(passagesOf(' \n\n *** \n\n --- \n').passages).toEqual([]);
  const long = 'word '.repeat(200);
  const { passages } = passagesOf(long);
  expect(passages.map((passage) => cut(long, passage)).join('')).toBe(long);
  for (const { length, words } of passages) {
    expect(length).toBeLessThanOrEqual(160);
    expect(words).toMatch(/^word( word)*$/);
  }
  const solid = 'x'.repeat(1000);
  expect(passagesOf(solid).passages.map(({ length }) => length)).toEqual([160, 160, 160, 160, 160, 160, 40]);
});

it('stops at 256 passages and says so', () => {
  const { passages, isCut } = passagesOf(
    'One more sentence of some length that stands here for a whole passage, all alone, and goes on.\n\n'.repeat(400),
  );
  expect([passages.length, isCut]).toEqual([MAX_PASSAGES, true]);
});

it('takes no more time than the text is long', () => {
  for (const text of [
    '#'.repeat(100_000),
    '[('.repeat(50_000),
    '\n \n '.repeat(25_000),
    `${'a. '.repeat(33_000)}`,
    `[${'!['.repeat(40_000)}`,
  ]) {
    const started = cpuMs();
    passagesOf(text);
    expect(cpuMs() - started).toBeLessThan(2_000);
  }
});
