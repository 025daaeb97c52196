import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { type Detector, openDetector } from '../../../src/seeing/detection/detector.js';
import { DetectorLibrary } from '../../../src/seeing/detection/detector-library.js';
import { readDetectorFolder } from '../../../src/engines/embedding/detector-manifest.js';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import { type TinyDetectorOptions, writeTinyDetector } from '../../support/tiny-detector.js';

let folder: string;
let media: MediaAnalyzer;
let picture: string;
const opened: Detector[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-detector-'));
  media = createMediaAnalyzer({ processes: 1, timeoutMs: 60_000 });
  picture = path.join(folder, 'squares.png');
  // Half as large in the network's 64 pixels, below 16 rows of ground: the squares are whole windows of the detector.
  await sharp({ create: { width: 128, height: 64, channels: 3, background: '#ffffff' } })
    .composite([
      { input: { create: { width: 32, height: 32, channels: 3, background: '#ff0000' } }, left: 64, top: 16 },
      { input: { create: { width: 32, height: 32, channels: 3, background: '#0000ff' } }, left: 0, top: 32 },
    ])
    .png()
    .toFile(picture);
});
afterAll(async () => {
  for (const detector of opened) await detector.close();
  await media.close();
  await rm(folder, { recursive: true, force: true });
});

async function detect(name: string, options: TinyDetectorOptions) {
  const own = path.join(folder, name);
  await writeTinyDetector(own, options);
  const detector = await openDetector(await readDetectorFolder(own), { provider: 'cpu', threads: 1 });
  opened.push(detector);
  const found = await detector.detect(await media.preprocess(picture, detector.imageInput), { width: 128, height: 64 });
  return found.map(({ class: name, confidence, box: { left, top, width, height } }) => ({
    name,
    confidence: Math.round(confidence * 10) / 10,
    box: [left, top, width, height].map((share) => Math.round(share * 1000) / 1000),
  }));
}

const RED = { name: 'red square', confidence: 1, box: [0.5, 0.25, 0.25, 0.5] };
const BLUE = { name: 'blue square', confidence: 1, box: [0, 0.5, 0.25, 0.5] };

describe('openDetector', () => {
  it.each<[string, TinyDetectorOptions]>([
    ['classes first, as YOLOv8 exports', {}],
    ['boxes first with an objectness, as YOLOv5 exports', { layout: 'BOXES_FIRST' }],
    ['rows of pixels in BGR', { nhwcBgr: true }],
  ])('finds each square once, in its place: %s', async (name, options) => {
    const found = await detect(name, options);
    expect(found).toHaveLength(2);
    expect(found).toEqual(expect.arrayContaining([RED, BLUE]));
  });

  it('thins out overlapping boxes of one class by the overlap that the manifest allows', async () => {
    const all = await detect('crowded', { manifest: { thresholds: { confidence: 0.3, overlap: 0.9 } } });
    expect(all.length).toBeGreaterThan(6);
    expect(await detect('strict', { manifest: { thresholds: { confidence: 0.3, overlap: 0.3 }, maxDetections: 1 } })).toHaveLength(1);
    // What is less sure than the threshold is not kept.
    expect(await detect('sure', { manifest: { thresholds: { confidence: 0.9, overlap: 0.9 } } })).toHaveLength(2);
  });

  it('stretches where the network was trained so', async () => {
    const found = await detect('stretched', { manifest: { input: { width: 64, height: 64, resize: 'STRETCH' } } });
    // 32 × 32 pixels of 128 × 64 are 16 × 32 of the network's: two windows above each other are full of it.
    const red = found.filter(({ name, confidence }) => name === 'red square' && confidence === 1).map(({ box }) => box);
    expect(red.sort((one, other) => one[1]! - other[1]!)).toEqual([
      [0.5, 0.25, 0.25, 0.25],
      [0.5, 0.5, 0.25, 0.25],
    ]);
  });

  it('reads boxes that the network has thinned out itself', async () => {
    const found = await detect('final', { layout: 'END_TO_END' });
    expect(found).toEqual([
      { name: 'blue square', confidence: 0.9, box: [0, 0, 0.5, 1] },
      { name: 'red square', confidence: 0.6, box: [0.25, 0, 0.75, 0.5] },
    ]);
  });

  it('refuses a network that gives something else than its manifest says, and says what it gives', async () => {
    const own = path.join(folder, 'three-classes');
    await writeTinyDetector(own, { manifest: { classes: ['a', 'b', 'c'] } });
    await expect(openDetector(await readDetectorFolder(own), { provider: 'cpu', threads: 1 })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/gives \[1, 6, 49\]; a detector of 3 classes with the output layout CLASSES_FIRST gives \[1, 7, n\]/),
    });
    await writeTinyDetector(own, { manifest: { input: { width: 96, height: 96 } } });
    await expect(openDetector(await readDetectorFolder(own), { provider: 'cpu', threads: 1 })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
    await writeFile(path.join(own, 'model.onnx'), 'not a model');
    await expect(openDetector(await readDetectorFolder(own), { provider: 'cpu', threads: 1 })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
  });
});

describe('readDetectorFolder', () => {
  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ['an unknown key', { colour: 1 }, 'MODEL_INVALID', /colour/],
    ['a width that no network has', { input: { width: 1, height: 64 } }, 'MODEL_INVALID', /input\.width/],
    ['another layout', { output: { layout: 'SIDEWAYS' } }, 'MODEL_INVALID', /output\.layout/],
    ['a class twice', { classes: ['a', 'a'] }, 'MODEL_INVALID', /classes/],
    ['a file outside', { file: '../model.onnx' }, 'MODEL_INVALID', /file/],
    ['a file that is not there', { file: 'other.onnx' }, 'MODEL_NOT_FOUND', /other\.onnx/],
    ['another checksum', { sha256: '0'.repeat(64) }, 'MODEL_CHECKSUM_MISMATCH', /0{64}/],
  ])('refuses %s', async (name, manifest, code, words) => {
    const own = path.join(folder, `bad ${name}`);
    await writeTinyDetector(own, { manifest });
    await expect(readDetectorFolder(own)).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
  });

  it('gives another revision to other weights, thresholds or classes, and none to another title', async () => {
    const revisionOf = async (options: TinyDetectorOptions) => {
      const own = path.join(folder, 'revision');
      await writeTinyDetector(own, options);
      return (await readDetectorFolder(own)).revision;
    };
    const first = await revisionOf({});
    expect(await revisionOf({ manifest: { title: 'Another title' } })).toBe(first);
    const others = [
      { layout: 'BOXES_FIRST' },
      { manifest: { thresholds: { confidence: 0.4 } } },
      { manifest: { classes: ['a', 'b'] } },
    ] as const;
    for (const options of others) expect(await revisionOf(options)).not.toBe(first);
  });
});

it('DetectorLibrary takes copies, chooses the first, and keeps to what it began with until the next start', async () => {
  const source = path.join(folder, 'source');
  await writeTinyDetector(source);
  const place = path.join(folder, 'detectors');
  const library = new DetectorLibrary(place);
  expect(await library.inUse()).toBeNull();
  await library.add(source, await readDetectorFolder(source));
  await rm(source, { recursive: true });
  expect([await library.list(), await library.chosen(), await library.inUse()]).toEqual([['squares'], 'squares', null]);
  expect(await new DetectorLibrary(place).inUse()).toMatchObject({ id: 'squares', path: path.join(place, 'squares', 'model.onnx') });
  await library.choose(null);
  expect(await new DetectorLibrary(place).inUse()).toBeNull();
  await expect(library.describe('gone')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND', message: expect.stringContaining('squares') });
});

it('models/nms/nms.onnx is what scripts/write-nms-model.js writes', async () => {
  const { nmsModel } = (await import(path.resolve('scripts/write-nms-model.js'))) as { nmsModel(): Buffer };
  expect(await readFile('models/nms/nms.onnx')).toEqual(nmsModel());
});
