import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import { pictureFolder, pngClaiming, slowSvg, wavesImage } from './support/pictures.js';

const folder = pictureFolder();
let analyzer: MediaAnalyzer;
beforeAll(() => {
  analyzer = createMediaAnalyzer({ processes: 2 });
});
afterAll(async () => {
  await analyzer.close();
  folder.remove();
});

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const analyze = (name: string, bytes: Uint8Array | string) => analyzer.analyze(folder.file('probe', bytes), { fileName: name });

describe('facts', () => {
  it('of a photograph: size after rotation, colours, hashes, EXIF', async () => {
    const jpeg = await wavesImage(300, 200)
      .withExif({
        IFD0: { Make: 'Vitrine', Model: 'Test 1', ImageDescription: 'Waves', Copyright: 'CC0', Artist: 'Nobody' },
        IFD2: { DateTimeOriginal: '2024:05:06 07:08:09', OffsetTimeOriginal: '+02:00' },
      })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const file = folder.file('photo.jpg', jpeg);
    const { facts, pixels, thumbnail, timings } = await analyzer.analyze(file, { fileName: 'photo.jpg', thumbnail: { maxEdgePx: 60 } });
    expect(facts).toMatchObject({
      kind: 'IMAGE',
      mediaType: 'image/jpeg',
      extension: 'jpg',
      byteSize: jpeg.length,
      width: 200,
      height: 300,
      hasAlpha: false,
      colorSpace: 'srgb',
      bitDepth: 8,
      pageCount: 1,
      orientation: 6,
      text: null,
      warnings: [],
    });
    expect(facts.exif).toEqual({
      takenAt: '2024-05-06T07:08:09+02:00',
      make: 'Vitrine',
      model: 'Test 1',
      description: 'Waves',
      copyright: 'CC0',
      creator: 'Nobody',
    });
    expect(facts.exposure).toBeGreaterThan(0.4);
    expect(facts.exposure).toBeLessThan(0.6);
    expect(facts.sharpness).toBeGreaterThan(0);
    expect(facts.perceptualHash).toMatch(/^[0-9a-f]{16}$/);
    expect(facts.pixelHash).toMatch(/^[0-9a-f]{64}$/);
    expect(facts.palette.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(pixels).toBeNull();
    expect(await sharp(thumbnail!).metadata()).toMatchObject({ format: 'webp', width: 40, height: 60 });
    expect(timings.decodeMs).toBeGreaterThan(0);
    expect(timings.preprocessMs).toBe(0);
  });

  it('give a PNG and a lossless WebP of one picture the same pixel hash', async () => {
    const png = await analyze('a.png', await wavesImage(80, 60).png().toBuffer());
    const webp = await analyze('a.webp', await wavesImage(80, 60).webp({ lossless: true }).toBuffer());
    expect(webp.facts.pixelHash).toBe(png.facts.pixelHash);
    expect(webp.facts.perceptualHash).toBe(png.facts.perceptualHash);
  });

  it('of a flat drawing name its colours exactly, of what is seen', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="20" height="20" fill="#e4002b"/><rect x="20" width="10" height="20" fill="#1b4fd0"/></svg>';
    const { facts } = await analyze('mark.svg', svg);
    expect(facts).toMatchObject({ mediaType: 'image/svg+xml', width: 40, height: 20, hasAlpha: true, pixelHash: null });
    expect(facts.palette.map(({ hex, share }) => [hex, Math.round(share * 100)])).toEqual([
      ['#e4002b', 67],
      ['#1b4fd0', 33],
    ]);
  });

  it('of 16-bit, grey, CMYK, transparent and animated pictures', async () => {
    const flat = (background: string) => sharp({ create: { width: 30, height: 20, channels: 3, background } });
    expect((await analyze('a.png', await flat('#fff').toColourspace('rgb16').png().toBuffer())).facts).toMatchObject({
      colorSpace: 'rgb16',
      bitDepth: 16,
      exposure: 1,
    });
    expect((await analyze('a.png', await flat('#000').toColourspace('b-w').png().toBuffer())).facts).toMatchObject({
      colorSpace: 'b-w',
      exposure: 0,
      sharpness: 0,
    });
    expect((await analyze('a.jpg', await flat('#f00').toColourspace('cmyk').jpeg().toBuffer())).facts).toMatchObject({
      colorSpace: 'cmyk',
    });
    const clear = sharp({ create: { width: 9, height: 9, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } });
    expect((await analyze('a.png', await clear.png().toBuffer())).facts).toMatchObject({ hasAlpha: true, exposure: null, palette: [] });
    const frames = sharp(Buffer.concat([Buffer.alloc(1200, 255), Buffer.alloc(1200, 0)]), {
      raw: { width: 20, height: 40, channels: 3, pageHeight: 20 },
    });
    const animated = (await analyze('a.gif', await frames.gif({ delay: [70, 70] }).toBuffer())).facts;
    expect(animated).toMatchObject({
      pageCount: 2,
      parts: ['frame:70'],
      width: 20,
      height: 20,
      exposure: 1,
      pixelHash: null,
      warnings: [],
    });
  });

  it('of a 1 × 10,000 picture', async () => {
    const line = sharp({ create: { width: 1, height: 10_000, channels: 3, background: '#123456' } });
    const { facts, thumbnail } = await analyzer.analyze(folder.file('line.png', await line.png().toBuffer()), {
      fileName: 'line.png',
      thumbnail: { maxEdgePx: 100 },
    });
    expect(facts).toMatchObject({ width: 1, height: 10_000, palette: [{ hex: '#123456', share: 1 }] });
    expect(await sharp(thumbnail!).metadata()).toMatchObject({ width: 1, height: 100 });
  });

  // Two halves, #e02010 and #1040d0, kept as Display P3 and compressed without loss by libheif's heif-enc from our own drawing.
  const heic = readFileSync(new URL('./fixtures/two-halves-display-p3.heic', import.meta.url));

  it('of a HEIC picture: its colours in sRGB, whatever profile it has', async () => {
    const { facts, thumbnail } = await analyzer.analyze(folder.file('halves.heic', heic), {
      fileName: 'halves.heic',
      thumbnail: { maxEdgePx: 64 },
    });
    expect(facts).toMatchObject({ mediaType: 'image/heic', width: 128, height: 96, hasAlpha: false, warnings: [] });
    const channels = facts.palette.map(({ hex }) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));
    for (const wanted of [
      [0xe0, 0x20, 0x10],
      [0x10, 0x40, 0xd0],
    ]) {
      expect(channels.some((found) => found.every((value, index) => Math.abs(value - wanted[index]!) <= 2))).toBe(true);
    }
    expect(await sharp(thumbnail as Buffer).metadata()).toMatchObject({ format: 'webp', width: 64, height: 48 });
  });

  it('of a damaged HEIC picture is an error that says so', async () => {
    await expect(analyze('short.heic', heic.subarray(0, heic.length - 300))).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    // In the boxes before the pixels: HEVC itself has no checksum, and a decoder conceals what it cannot read.
    const garbled = Buffer.from(heic).fill(0x5a, 40, 400);
    await expect(analyze('garbled.heic', garbled)).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
  });

  it('of text: without control characters, at most 100,000 characters', async () => {
    const { facts, pixels, thumbnail } = await analyze('notes.md', '\ufeff# Brand\r\n\u0007\u001b[31mred\u202e text');
    expect(facts).toMatchObject({ kind: 'DOCUMENT', mediaType: 'text/markdown', width: null, palette: [], text: '# Brand\n[31mred text' });
    expect([pixels, thumbnail]).toEqual([null, null]);
    const long = (await analyze('long.txt', 'ä€😀'.repeat(60_000))).facts;
    expect(long.text!.length).toBeGreaterThan(99_990);
    expect(long.text!.length).toBeLessThanOrEqual(100_000);
    expect(long.text).not.toMatch(/\ufffd/);
    expect(long.warnings[0]).toMatch(/100000 characters/);
  });

  it('of text in Windows-1252, which is read with a warning; signs for lost characters are left out', async () => {
    const { facts } = await analyze('notes.txt', Buffer.from('Grüße aus Zürich \x80', 'latin1'));
    expect(facts).toMatchObject({ text: 'Grüße aus Zürich €', warnings: [expect.stringContaining('Windows-1252')] });
    expect((await analyze('lost.txt', 'Gr\ufffd\ufffde')).facts.text).toBe('Gre');
  });
});

describe('bad files', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const)(
    'a truncated %s is corrupt, even where its beginning could be shown',
    async (format) => {
      const whole = await wavesImage(400, 300).toFormat(format).toBuffer();
      await expect(analyze(`cut.${format}`, whole.subarray(0, Math.floor(whole.length * 0.9)))).rejects.toMatchObject({
        code: 'MEDIA_CORRUPT',
        message: expect.stringContaining(`cut.${format}`),
      });
    },
  );

  it('a header that claims 20,000 × 20,000 pixels is refused at once, with size and limit', async () => {
    const file = folder.file('bomb.png', pngClaiming(20_000, 20_000));
    await analyze('warm.png', await wavesImage(20, 20).png().toBuffer());
    const start = performance.now();
    await expect(analyzer.analyze(file, { fileName: 'bomb.png' })).rejects.toMatchObject({
      code: 'MEDIA_TOO_MANY_PIXELS',
      message: expect.stringMatching(/20,000 × 20,000 = 400,000,000.*100,000,000/),
    });
    expect(performance.now() - start).toBeLessThan(1000);
    await expect(analyze('lie.png', pngClaiming(5_000, 5_000))).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    await expect(analyze('zero.png', pngClaiming(0, 10))).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    const inside = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><image href="data:image/png;base64,${pngClaiming(20_000, 20_000).toString('base64')}"/></svg>`;
    await expect(analyze('inside.svg', inside)).rejects.toMatchObject({ code: 'MEDIA_TOO_MANY_PIXELS' });
  });

  it.each([
    ['empty.png', '', 'FILE_EMPTY'],
    ['text.png', 'only text', 'MEDIA_TYPE_MISMATCH'],
    ['script.svg', '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>1</script></svg>', 'MEDIA_UNSUPPORTED'],
    [
      'outside.svg',
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><image href="http://127.0.0.1/a.png"/></svg>',
      'MEDIA_UNSUPPORTED',
    ],
    ['cut.svg', '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect', 'MEDIA_CORRUPT'],
    ['entity.svg', '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">&nothing;</svg>', 'MEDIA_CORRUPT'],
    ['program.exe', Buffer.from('4d5a90000300000004000000ffff0000', 'hex'), 'MEDIA_UNSUPPORTED'],
  ])('%s', async (name, bytes, code) => {
    await expect(analyze(name, bytes)).rejects.toMatchObject({ name: 'VitrineError', code, message: expect.stringContaining(name) });
  });

  it('a missing file, a folder and a file over the byte limit', async () => {
    await expect(analyzer.analyze(path.join(import.meta.dirname, 'gone.png'), { fileName: 'gone.png' })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
    await expect(analyzer.analyze(import.meta.dirname, { fileName: 'folder.png' })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    const small = createMediaAnalyzer({ processes: 1, maxByteSize: 100 });
    await expect(small.analyze(folder.file('big.txt', 'x'.repeat(101)), { fileName: 'big.txt' })).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
    });
    await small.close();
  });

  it('a path that ends like libvips options is only a path', async () => {
    const file = folder.file('odd.jpg[fail_on=none]', await wavesImage(40, 30).jpeg().toBuffer());
    expect((await analyzer.analyze(file, { fileName: 'odd.jpg' })).facts.width).toBe(40);
  });

  it('never names a path of this machine', async () => {
    const whole = await wavesImage(100, 80).jpeg().toBuffer();
    const file = folder.file('secret-place.bin', whole.subarray(0, 900));
    const error = await analyzer.analyze(file, { fileName: 'a.jpg' }).catch((reason: Error) => reason);
    expect((error as Error).message).not.toContain('secret-place');
  });
});

describe('decoder processes', () => {
  it('stops a file at the time limit and goes on with the next', async () => {
    const quick = createMediaAnalyzer({ processes: 1, timeoutMs: 400 });
    try {
      const small = folder.file('after.png', await wavesImage(20, 20).png().toBuffer());
      await quick.analyze(small, { fileName: 'first.png' });
      const [before] = quick.pids();
      const slow = quick.analyze(folder.file('slow.svg', slowSvg(200)), { fileName: 'slow.svg' });
      const after = quick.analyze(small, { fileName: 'after.png' });
      await expect(slow).rejects.toMatchObject({ code: 'MEDIA_TIMEOUT', message: expect.stringMatching(/slow\.svg.*0\.4 s/) });
      expect((await after).facts.width).toBe(20);
      expect(quick.pids()).not.toContain(before);
      await wait(50);
      expect(isAlive(before!)).toBe(false);
    } finally {
      await quick.close();
    }
  });

  it('stops a file at the memory limit and says so', async () => {
    const tight = createMediaAnalyzer({ processes: 1, maxMemoryBytes: 220 * 1024 * 1024 });
    try {
      // Interlaced, so that libpng has to hold all of it: 6,000 × 6,000 × 4 bytes × 2.
      const wide = sharp({ create: { width: 6000, height: 6000, channels: 4, background: '#00800080' } });
      const file = folder.file('wide.png', await wide.toColourspace('rgb16').png({ progressive: true, compressionLevel: 1 }).toBuffer());
      await expect(tight.analyze(file, { fileName: 'wide.png' })).rejects.toMatchObject({
        code: 'MEDIA_DECODER_CRASHED',
        message: expect.stringMatching(/wide\.png.*220 MiB/),
      });
      expect(
        (await tight.analyze(folder.file('s.png', await wavesImage(20, 20).png().toBuffer()), { fileName: 's.png' })).facts.width,
      ).toBe(20);
    } finally {
      await tight.close();
    }
  });

  it('loses no file when a decoder is killed at work', async () => {
    const pool = createMediaAnalyzer({ processes: 2 });
    try {
      const slow = folder.file('busy.svg', slowSvg(4));
      const files = Array.from({ length: 8 }, (_, i) => pool.analyze(slow, { fileName: `busy-${i}.svg` }));
      await files[0];
      const victim = pool.pids()[0]!;
      process.kill(victim, 'SIGKILL');
      const results = await Promise.all(files);
      expect(results.map(({ facts }) => facts.width)).toEqual(Array(8).fill(1000));
      expect(pool.pids()).not.toContain(victim);
    } finally {
      await pool.close();
    }
  });

  /** Whether a decoder has started and is at its file: it has computed for longer than starting takes. */
  const isAtWork = (pid: number) => {
    try {
      const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ').slice(11, 13).map(Number);
      return user! + system! > 250;
    } catch {
      return false;
    }
  };
  const small = async (pool: MediaAnalyzer) =>
    (await pool.analyze(folder.file('s.png', await wavesImage(20, 20).png().toBuffer()), { fileName: 's.png' })).facts.width;

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux.each([
    ['of itself', 'SIGSEGV', 2],
    ['by a kill from outside', 'SIGKILL', 6],
  ] as const)(
    'gives up on a file whose decoder ends %s every time',
    async (_, signal, times) => {
      const pool = createMediaAnalyzer({ processes: 1, timeoutMs: 120_000 });
      try {
        const poison = pool.analyze(folder.file('poison.svg', slowSvg(500)), { fileName: 'poison.svg' });
        let isDone = false;
        const outcome = expect(poison)
          .rejects.toMatchObject({ code: 'MEDIA_DECODER_CRASHED' })
          .finally(() => {
            isDone = true;
          });
        const ended = new Set<number>();
        while (!isDone) {
          for (const pid of pool.pids().filter((pid) => !ended.has(pid) && isAtWork(pid))) {
            ended.add(pid);
            process.kill(pid, signal);
          }
          await wait(30);
        }
        await outcome;
        expect(ended.size).toBe(times);
        expect(await small(pool)).toBe(20);
      } finally {
        await pool.close();
      }
    },
    240_000,
  );

  it('blames no file for decoders that are ended before they have started', async () => {
    const pool = createMediaAnalyzer({ processes: 1 });
    try {
      const waiting = pool.analyze(folder.file('s.png', await wavesImage(20, 20).png().toBuffer()), { fileName: 's.png' });
      let isDone = false;
      const outcome = expect(waiting)
        .rejects.toMatchObject({ code: 'DECODERS_STOPPED' })
        .finally(() => {
          isDone = true;
        });
      while (!isDone) {
        for (const pid of pool.pids()) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
        await wait(30);
      }
      await outcome;
      expect(await small(pool)).toBe(20);
    } finally {
      await pool.close();
    }
  });

  it('close ends them and rejects what is left', async () => {
    const pool = createMediaAnalyzer({ processes: 1 });
    const file = folder.file('busy.svg', slowSvg(50));
    const outcomes = Promise.allSettled([pool.analyze(file, { fileName: 'a.svg' }), pool.analyze(file, { fileName: 'b.svg' })]);
    await wait(50);
    const pids = pool.pids();
    await pool.close();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(pool.analyze(file, { fileName: 'c.svg' })).rejects.toMatchObject({ name: 'VitrineError' });
  });

  it('end by themselves when the server dies, and hold none of its environment', async () => {
    const module = path.resolve(import.meta.dirname, '../../../dist/engines/media/media-analyzer.js');
    const picture = folder.file('s.png', await wavesImage(20, 20).png().toBuffer());
    const script = `const { createMediaAnalyzer } = await import(${JSON.stringify(module)});
      const pool = createMediaAnalyzer({ processes: 2 });
      await Promise.all([1, 2].map(() => pool.analyze(${JSON.stringify(picture)}, { fileName: 's.png' })));
      console.log(JSON.stringify(pool.pids()));
      setInterval(() => {}, 1000);`;
    const server = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, VITRINE_TEST_SECRET: 'not-for-decoders' },
    });
    const pids = await new Promise<number[]>((resolve) => server.stdout.once('data', (line) => resolve(JSON.parse(String(line)))));
    expect(pids).toHaveLength(2);
    expect(pids.every(isAlive)).toBe(true);
    if (process.platform === 'linux') {
      expect(readFileSync(`/proc/${server.pid}/environ`, 'utf8')).toContain('not-for-decoders');
      for (const pid of pids) expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('not-for-decoders');
    }
    server.kill('SIGKILL');
    for (let i = 0; i < 500 && pids.some(isAlive); i++) await wait(20);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('end by themselves when the server dies while they start', async () => {
    const module = path.resolve(import.meta.dirname, '../../../dist/engines/media/media-analyzer.js');
    const script = `const { createMediaAnalyzer } = await import(${JSON.stringify(module)});
      const pool = createMediaAnalyzer({ processes: 4 });
      for (let i = 0; i < 4; i++) pool.analyze('/nowhere', { fileName: 'a' }).catch(() => {});
      process.stdout.write(JSON.stringify(pool.pids()), () => process.kill(process.pid, 'SIGKILL'));`;
    const server = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pids = await new Promise<number[]>((resolve) => server.stdout.once('data', (line) => resolve(JSON.parse(String(line)))));
    expect(pids).toHaveLength(4);
    for (let i = 0; i < 500 && pids.some(isAlive); i++) await wait(20);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('refuses nonsense limits', () => {
    expect(() => createMediaAnalyzer({ processes: 0 })).toThrow(/processes/);
  });
});
