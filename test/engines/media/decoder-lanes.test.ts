import sharp from 'sharp';
import { VitrineError } from '../../../src/errors.js';
import { createMediaAnalyzer, type MediaAnalyzer, type MediaAnalyzerOptions } from '../../../src/engines/media/media-analyzer.js';
import type { ImageInputSpec } from '../../../src/engines/media/model-input.js';
import type { RenditionRecipe } from '../../../src/engines/media/rendition-recipe.js';
import { WaitingRequest } from '../../../src/waiting-request.js';
import { pictureFolder, slowSvg, wavesImage } from './support/pictures.js';

const folder = pictureFolder();
const pools: MediaAnalyzer[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));
afterAll(() => folder.remove());

function open(options: Partial<MediaAnalyzerOptions> = {}): MediaAnalyzer {
  const pool = createMediaAnalyzer({ processes: 1, timeoutMs: 300_000, ...options });
  pools.push(pool);
  return pool;
}
/** Pictures that would take minutes: nothing but the pool ends them. */
const endless = folder.file('endless.svg', slowSvg(5000));
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
let small: string;
beforeAll(async () => {
  small = folder.file('small.png', await wavesImage(40, 30).png().toBuffer());
});
const RECIPE: RenditionRecipe = {
  ...{ width: 20, height: 20, fit: 'INSIDE', format: 'PNG', quality: 80, background: null },
  ...{ colorSpace: 'SRGB', densityDpi: null, focalPoint: null },
};
const INPUT: ImageInputSpec = {
  ...{ width: 4, height: 4, resize: { mode: 'exact', width: 4, height: 4 }, centerCrop: false, resample: 'bilinear' },
  ...{ mean: [0, 0, 0], std: [1, 1, 1], rescaleFactor: 1 / 255 },
};

/** What has become of a promise. */
function watch(promise: Promise<unknown>): { outcome: string } {
  const watched = { outcome: 'open' };
  promise.then(
    () => (watched.outcome = 'done'),
    (error: VitrineError) => (watched.outcome = error.code),
  );
  return watched;
}

it('has a place for what somebody waits for while bulk work fills all others, and bulk work never takes it', async () => {
  const pool = open({ processes: 2 });
  const people = pool.inLane('interactive');
  const held = [0, 1].map((i) => watch(pool.analyze(endless, { fileName: `endless-${i}.svg` })));
  const behind = watch(pool.analyze(small, { fileName: 'behind.png' }));
  for (let i = 0; i < 3; i++) {
    const [{ facts }, rendition, pixels] = await Promise.all([
      people.analyze(small, { fileName: 'small.png' }),
      people.render(small, RECIPE),
      people.preprocess(small, INPUT),
    ]);
    expect([facts.width, rendition.width, pixels.length]).toEqual([40, 20, 48]);
  }
  expect([...held, behind].map(({ outcome }) => outcome)).toEqual(['open', 'open', 'open']);
  expect(pool.pids()).toHaveLength(3);
});

it.each(['interactive', 'bulk'] as const)('starts no further process where all work is %s', async (lane) => {
  const pool = open({ processes: 2 });
  const media = pool.inLane(lane);
  for (let i = 0; i < 2; i++) {
    await Promise.all(Array.from({ length: 6 }, () => media.analyze(small, { fileName: 'small.png' })));
    expect(pool.pids()).toHaveLength(2);
  }
});

it('contains a hostile picture in the reserved place: bulk work and the next picture go on', async () => {
  const pool = open({ maxMemoryBytes: 220 * 1024 * 1024 });
  const people = pool.inLane('interactive');
  const held = watch(pool.analyze(endless, { fileName: 'endless.svg' }));
  await people.analyze(small, { fileName: 'small.png' });
  const [ordinary, reserve] = pool.pids();
  // Interlaced, so that all of it has to be held: 6,000 × 6,000 × 4 bytes × 2.
  const wide = sharp({ create: { width: 6000, height: 6000, channels: 4, background: '#00800080' } });
  const hostile = folder.file('wide.png', await wide.toColourspace('rgb16').png({ progressive: true, compressionLevel: 1 }).toBuffer());
  const [refused, next] = [people.analyze(hostile, { fileName: 'wide.png' }), people.analyze(small, { fileName: 'next.png' })];
  await expect(refused).rejects.toMatchObject({ code: 'MEDIA_DECODER_CRASHED', message: expect.stringContaining('wide.png') });
  expect((await next).facts.width).toBe(40);
  expect([held.outcome, pool.pids()[0], pool.pids().includes(reserve!)]).toEqual(['open', ordinary, false]);
});

it('searches a picture mark by mark: others have their turn in between', async () => {
  const pool = open();
  const mark = (name: string, body: string) => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g fill="#b01030">${body}</g></svg>`;
    return { id: name, path: folder.file(`${name}.svg`, svg), fileName: `${name}.svg` };
  };
  const marks = [
    mark('ring', '<path d="M50 2a48 48 0 1 0 .1 0zM50 16a34 34 0 1 1-.1 0z"/><path d="M40 30h20v50H40z"/>'),
    mark('stair', '<path d="M5 70h20v25H5zM30 50h20v45H30zM55 28h20v67H55zM80 5h15v90H80z"/>'),
  ];
  const placed = await Promise.all(marks.map(({ path }) => sharp(path, { density: 200 }).resize(90, 90).png().toBuffer()));
  const ground = sharp({ create: { width: 300, height: 150, channels: 3, background: '#f4f1ea' } });
  const picture = await ground
    .composite(placed.map((input, index) => ({ input, left: 30 + 140 * index, top: 30 })))
    .png()
    .toBuffer();
  const order: string[] = [];
  const scan = pool.findMarks(folder.file('both.png', picture), marks).then((found) => {
    order.push('scan');
    return found;
  });
  const between = pool.analyze(small, { fileName: 'small.png' }).then(() => order.push('between'));
  const [found] = await Promise.all([scan, between]);
  expect(order).toEqual(['between', 'scan']);
  expect(found.map(({ markId }) => markId).sort()).toEqual(['ring', 'stair']);
  expect(await pool.findMarks(small, [])).toEqual([]);
});

describe('a request that is given up', () => {
  const reason = new VitrineError('TIMEOUT', 'given up');

  it('takes its picture out of the queue at once, and no other', async () => {
    const pool = open();
    const held = watch(pool.analyze(endless, { fileName: 'endless.svg' }));
    const [leaving, staying] = [new WaitingRequest(), new WaitingRequest()];
    const queued = [leaving, staying].map((request) => watch(request.run(() => pool.analyze(small, { fileName: 'small.png' }))));
    await leaving.giveUp(reason);
    await wait(0);
    expect([held, ...queued].map(({ outcome }) => outcome)).toEqual(['open', 'TIMEOUT', 'open']);
    await expect(leaving.run(() => pool.analyze(small, { fileName: 'late.png' }))).rejects.toBe(reason);
  });

  it('ends its picture at work, and with it the process where it does not end by itself', async () => {
    const pool = open();
    await pool.analyze(small, { fileName: 'small.png' });
    const [before] = pool.pids();
    const request = new WaitingRequest();
    const atWork = request.run(() => pool.analyze(endless, { fileName: 'endless.svg' }));
    const next = pool.analyze(small, { fileName: 'next.png' });
    void request.giveUp(reason);
    await expect(atWork).rejects.toBe(reason);
    expect((await next).facts.width).toBe(40);
    expect(pool.pids()).not.toContain(before);
  });

  it('leaves a process that has its picture done in a moment', async () => {
    const pool = open();
    await pool.analyze(small, { fileName: 'small.png' });
    const [before] = pool.pids();
    const request = new WaitingRequest();
    const atWork = request.run(() => pool.analyze(small, { fileName: 'small.png' }));
    void request.giveUp(reason);
    await expect(atWork).rejects.toBe(reason);
    await pool.analyze(small, { fileName: 'next.png' });
    expect(pool.pids()).toEqual([before]);
  });
});
