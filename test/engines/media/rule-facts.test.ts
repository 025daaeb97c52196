import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { readIccName } from '../../../src/engines/media/icc-profile.js';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import { toneOf, GRID_SIDE, luminanceGridOf } from '../../../src/engines/pixels/tone.js';

const rgb = (width: number, height: number, at: (x: number, y: number) => [number, number, number]) => ({
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => at(Math.floor(i / 3) % width, Math.floor(i / 3 / width))[i % 3]!),
  ...{ width, height, channels: 3 as const },
});
const cell = (grid: Uint8Array, x: number, y: number) => [grid[2 * (GRID_SIDE * y + x)], grid[2 * (GRID_SIDE * y + x) + 1]];

describe('luminanceGridOf', () => {
  it('codes the luminance of a colour as the grey that has it', () => {
    // WCAG: red has a luminance of 0.2126, which is the grey 127; blue 0.0722, the grey 76.
    const grid = luminanceGridOf(rgb(32, 32, (x) => (x < 16 ? [255, 0, 0] : [0, 0, 255])));
    expect([cell(grid, 0, 0), cell(grid, 15, 15)]).toEqual([
      [127, 127],
      [76, 76],
    ]);
    for (const grey of [0, 1, 10, 11, 119, 254, 255])
      expect(cell(luminanceGridOf(rgb(16, 16, () => [grey, grey, grey])), 5, 5)).toEqual([grey, grey]);
  });

  it('tells the dark and the light of each cell, and forgives single pixels', () => {
    const grid = luminanceGridOf(
      rgb(320, 160, (x, y) => (x === 3 && y === 3 ? [255, 255, 255] : x < 20 && y < 10 && x % 2 ? [200, 200, 200] : [20, 20, 20])),
    );
    expect(cell(grid, 0, 0)).toEqual([20, 200]);
    expect(cell(grid, 1, 0)).toEqual([20, 20]);
  });

  it.each([
    [1, 1],
    [3, 40],
    [4000, 2],
  ])('covers pictures of %i x %i', (width, height) => {
    const grid = luminanceGridOf(rgb(width, height, () => [77, 77, 77]));
    expect([...new Set(grid)]).toEqual([77]);
  });
});

it('what is see-through has neither luminance nor tone', () => {
  // left half see-through, right half black
  const picture = {
    data: Uint8Array.from({ length: 64 * 64 * 4 }, (_, i) => (i % 4 === 3 && Math.floor(i / 4) % 64 >= 32 ? 255 : 0)),
    ...{ width: 64, height: 64, channels: 4 as const },
  };
  const grid = luminanceGridOf(picture);
  expect([cell(grid, 0, 0), cell(grid, 15, 15)]).toEqual([
    [255, 0],
    [0, 0],
  ]);
  const luma = Uint8Array.from({ length: 64 * 64 }, (_, i) => (i % 64 >= 32 ? 0 : 255));
  expect(toneOf(luma, picture)).toEqual({ exposure: 0, shadowShare: 1, highlightShare: 0 });
  expect(toneOf(luma, { ...picture, data: new Uint8Array(64 * 64 * 4) })).toEqual({
    exposure: null,
    shadowShare: null,
    highlightShare: null,
  });
});

it('toneOf takes the mean, and counts luma up to 5 and from 250', () => {
  expect(toneOf(Uint8Array.from([0, 5, 6, 100, 249, 250, 255, 128, 128, 128]))).toEqual({
    exposure: 0.4898,
    shadowShare: 0.2,
    highlightShare: 0.2,
  });
});

describe('readIccName', () => {
  const profile = (tag: Buffer, at = 144, count = 1) => {
    const header = Buffer.alloc(144);
    header.writeUInt32BE(count, 128);
    header.write('desc', 132, 'latin1');
    header.writeUInt32BE(at, 136);
    header.writeUInt32BE(tag.length, 140);
    return Buffer.concat([header, tag]);
  };
  const ascii = (name: string, length = name.length + 1) => {
    const tag = Buffer.alloc(40 + name.length);
    tag.write('desc', 0, 'latin1');
    tag.writeUInt32BE(length, 8);
    tag.write(name, 12, 'latin1');
    return tag;
  };
  it('reads version 2, and what is cut off or lies is null', () => {
    expect(readIccName(profile(ascii('Coated FOGRA39')))).toBe('Coated FOGRA39');
    expect(readIccName(profile(ascii('Name', 0xffffffff)))).toBe('Name');
    expect(readIccName(profile(ascii('Name'), 0xfffffff0))).toBeNull();
    expect(readIccName(profile(ascii('Name'), 144, 0))).toBeNull();
    expect(readIccName(profile(ascii('')))).toBeNull();
    expect(readIccName(profile(ascii('Name')).subarray(0, 150))).toBeNull();
    expect(readIccName(undefined)).toBeNull();
  });
});

describe('a measured file', () => {
  let folder: string;
  let media: MediaAnalyzer;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'vitrine-rule-facts-'));
    media = createMediaAnalyzer({ processes: 1 });
  });
  afterAll(async () => {
    await media.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('has the facts that rules judge by', async () => {
    const file = path.join(folder, 'a.jpg');
    const xmp = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;
    await sharp({ create: { width: 64, height: 64, channels: 3, background: '#000' } })
      .withMetadata({ density: 300 })
      .withIccProfile('p3')
      .withXmp(xmp)
      .jpeg()
      .toFile(file);
    const { facts } = await media.analyze(file, { fileName: 'a.jpg' });
    expect(facts).toMatchObject({
      ...{ hasIccProfile: true, densityDpi: 300, digitalSourceType: 'digitalCapture', shadowShare: 1, highlightShare: 0 },
    });
    expect(facts.iccProfile).toMatch(/p3/i);
    expect([...facts.luminanceGrid!]).toEqual(Array(512).fill(0));
  });

  it('has none of them where there is no picture', async () => {
    const file = path.join(folder, 'a.txt');
    await writeFile(file, 'words');
    const { facts } = await media.analyze(file, { fileName: 'a.txt' });
    expect(facts).toMatchObject({ luminanceGrid: null, shadowShare: null, iccProfile: null, densityDpi: null, digitalSourceType: null });
  });
});
