import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { rasterizeSvg } from '../../../src/engines/media/rasterize-svg.js';
import { COLOUR_SYNONYMS, NAMED_COLOURS, parseHex } from '../../../src/program/samples/colours.js';
import { drawObjectSvg, listObjects } from '../../../src/program/samples/objects.js';
import { drawTrainingScene } from '../../../src/program/samples/training-scene.js';

const RESTRICTED = ['cigarette', 'knife', 'gun', 'beer glass'];

describe('objects', () => {
  it('are at least 45, with names of their own, and hold what the guidelines prohibit', () => {
    const names = listObjects().map((object) => object.name);
    expect(names.length).toBeGreaterThanOrEqual(45);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(RESTRICTED));
    expect(Object.keys(NAMED_COLOURS).length).toBeGreaterThanOrEqual(24);
    for (const colour of Object.keys(COLOUR_SYNONYMS)) expect(NAMED_COLOURS).toHaveProperty([colour]);
  });

  it('each show enough of their colour on their background, and look unlike each other', async () => {
    const seen = new Map<string, string>();
    for (const { name } of listObjects()) {
      const svg = drawObjectSvg({ object: name, colour: 'red', background: 'white', seed: 3, size: 64 });
      expect(svg).not.toMatch(/NaN|undefined|<text/);
      const pixels = await rasterizeSvg(svg, { format: 'raw' });
      expect(pixels).toHaveLength(64 * 64 * 3);
      let red = 0;
      let white = 0;
      for (let i = 0; i < pixels.length; i += 3) {
        const [r, g, b] = [pixels[i]!, pixels[i + 1]!, pixels[i + 2]!];
        if (r > 170 && g < 90 && b < 90) red += 1;
        if (r > 250 && g > 250 && b > 250) white += 1;
      }
      // A cigarette's filter is its smallest coloured part of all objects.
      expect([name, red > 64 * 64 * 0.012, white > 64 * 64 * 0.2]).toEqual([name, true, true]);
      const hash = createHash('sha256').update(pixels).digest('hex');
      expect([name, seen.get(hash)]).toEqual([name, undefined]);
      seen.set(hash, name);
    }
  });

  it('are the same for the same seed and vary with another', () => {
    const draw = (seed: number) => drawObjectSvg({ object: 'car', colour: '#aa1122', background: 'sky blue', seed, size: 100 });
    expect(draw(1)).toBe(draw(1));
    expect(draw(1)).not.toBe(draw(2));
    expect(draw(1)).toContain('#aa1122');
    expect(draw(1)).toContain(NAMED_COLOURS['sky blue']);
  });

  it('name what is allowed when an object or colour is unknown', () => {
    const request = { object: 'unicorn', colour: 'red', background: 'white', seed: 1, size: 64 };
    expect(() => drawObjectSvg(request)).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'object', allowed: expect.arrayContaining(['apple']) }),
    );
    expect(() => drawObjectSvg({ ...request, object: 'car', colour: 'constructor' })).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'colour' }),
    );
  });
});

describe('training scenes', () => {
  const scenes = Array.from({ length: 800 }, (_, seed) => drawTrainingScene(seed));

  it('depend on the seed alone', () => {
    for (const seed of [0, 7, 4_000_000_000]) expect(drawTrainingScene(seed)).toEqual(drawTrainingScene(seed));
    expect(new Set(scenes.map((scene) => scene.svg)).size).toBe(scenes.length);
  });

  it('show every object, colour and layout', () => {
    expect(new Set(scenes.flatMap((scene) => scene.objects))).toEqual(new Set(listObjects().map((object) => object.name)));
    expect(new Set(scenes.flatMap((scene) => scene.colours))).toEqual(new Set(Object.keys(NAMED_COLOURS)));
    expect(new Set(scenes.map((scene) => scene.layout)).size).toBe(8);
  });

  it('carry captions that name only what is drawn', () => {
    const patterns = listObjects().map(({ name }) => ({ name, pattern: new RegExp(`\\b${name}\\b`) }));
    const synonyms = new Map(listObjects().map((object) => [object.name, object.synonyms]));
    const wrong: string[] = [];
    for (const scene of scenes) {
      expect(scene.captions).toContain(scene.caption);
      const text = scene.captions.join('\n');
      expect(text).not.toMatch(/undefined|NaN| {2}|\ba [aeiou]/);
      // Another object's name may be part of what is drawn or of its synonyms ("glass of wine"); the sun shines in landscapes.
      const drawn = [
        ...scene.objects,
        ...scene.objects.flatMap((object) => synonyms.get(object)!),
        scene.layout === 'landscape' ? 'sun' : '',
      ].join(' ');
      for (const { name, pattern } of patterns) if (pattern.test(text) && !drawn.includes(name)) wrong.push(`${name} in: ${text}`);
    }
    expect(wrong).toEqual([]);
  });

  it('have the background colour they state in a corner of plain pictures', async () => {
    const plain = scenes.filter((scene) => scene.layout === 'object' && scene.background.style === 'plain').slice(0, 40);
    expect(plain).toHaveLength(40);
    for (const scene of plain) {
      const pixels = await rasterizeSvg(scene.svg, { width: scene.width, height: scene.height, format: 'raw' });
      const named = parseHex(NAMED_COLOURS[scene.background.colour]!);
      for (const [i, channel] of named.entries()) expect(Math.abs(pixels[i]! - channel)).toBeLessThanOrEqual(16);
    }
  });
});

describe('rasterizeSvg', () => {
  const svg = drawObjectSvg({ object: 'apple', colour: 'red', background: 'yellow', seed: 1, size: 120 });

  it.each(['png', 'jpeg', 'webp'] as const)('writes %s of the asked size, twice the same', async (format) => {
    const bytes = await rasterizeSvg(svg, { width: 90, height: 60, format });
    expect(await sharp(bytes).metadata()).toMatchObject({ format, width: 90, height: 60 });
    expect(await rasterizeSvg(svg, { width: 90, height: 60, format })).toEqual(bytes);
  });

  it('keeps the proportions with one side, and draws vectors sharply when enlarging', async () => {
    expect(await sharp(await rasterizeSvg(svg, { width: 240, format: 'png' })).metadata()).toMatchObject({ width: 240, height: 240 });
    const edge = await rasterizeSvg(
      '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="5" height="10" fill="#000"/></svg>',
      { width: 200, height: 200, format: 'raw' },
    );
    const row = Array.from({ length: 200 }, (_, x) => edge[(100 * 200 + x) * 3]!);
    expect(row.filter((value) => value > 8 && value < 247).length).toBeLessThanOrEqual(6);
  });

  it('puts transparency on white for formats without it', async () => {
    const empty = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>';
    expect([...(await rasterizeSvg(empty, { format: 'raw' }))]).toEqual(Array.from({ length: 48 }, () => 255));
  });
});
