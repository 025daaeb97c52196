import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { createMediaAnalyzer, type MediaAnalyzer } from '../../../src/engines/media/media-analyzer.js';
import type { ImageInputSpec } from '../../../src/engines/media/model-input.js';
import { runTool } from '../../../src/engines/media/system-tool.js';
import { ffmpegFile, hasFfmpeg, makeVideo } from '../../support/video-file.js';

let folder: string;
let media: MediaAnalyzer;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vitrine-video-'));
  media = createMediaAnalyzer({ processes: 1, timeoutMs: 60_000 });
});
afterAll(async () => {
  await media.close();
  await rm(folder, { recursive: true, force: true });
});

const input: ImageInputSpec = {
  ...{ width: 16, height: 16, resize: { mode: 'exact', width: 16, height: 16 }, centerCrop: false, resample: 'bilinear' },
  ...{ mean: [0, 0, 0], std: [1, 1, 1], rescaleFactor: 1 / 255 },
};
/** A frame of one colour with a square in its middle, so that it is not plain. */
const frame = (background: string, width = 160, height = 120) =>
  sharp({ create: { width, height, channels: 3, background } })
    .composite([{ input: { create: { width: 60, height: 60, channels: 3, background: '#ffffff' } }, gravity: 'centre' }])
    .png()
    .toBuffer();
const black = () =>
  sharp({ create: { width: 160, height: 120, channels: 3, background: '#000000' } })
    .png()
    .toBuffer();

async function analyze(fileName: string, content: Buffer, analyzer = media) {
  const file = path.join(folder, fileName);
  await writeFile(file, content);
  return analyzer.analyze(file, { fileName, input, thumbnail: { maxEdgePx: 64 } });
}

/** Head of an MP4 file: enough to be taken for one. */
const mp4Head = Buffer.from([0, 0, 0, 0x18, ...Buffer.from('ftypisom'), 0, 0, 2, 0, ...Buffer.from('isommp41')]);

it('without ffmpeg a video is kept, unseen, and says why by a code', async () => {
  const analyzer = createMediaAnalyzer({ processes: 1, videoTools: { ffmpeg: 'no-such-ffmpeg', ffprobe: '/no/such/ffprobe' } });
  try {
    const { facts, pixels, thumbnail, parts } = await analyze('a.mp4', mp4Head, analyzer);
    expect(facts).toMatchObject({ kind: 'VIDEO', mediaType: 'video/mp4', extension: 'mp4', width: null, isUnseen: true, parts: [] });
    expect(facts.warnings).toEqual([expect.stringMatching(/^VIDEO_TOOL_MISSING: .*ffprobe is not installed/)]);
    expect([pixels, thumbnail, parts]).toEqual([null, null, []]);
    expect(await analyzer.modelInputs(path.join(folder, 'a.mp4'), input)).toEqual({ pixels: null, parts: [] });
  } finally {
    await analyzer.close();
  }
});

it('a tool is stopped when its time or output is over, and gets no environment', async () => {
  const limits = { timeoutMs: 10_000, maxByteSize: 1000 };
  expect((await runTool('/bin/sh', ['-c', 'env'], limits)).stdout.toString()).not.toMatch(/HOME|VITRINE|DATABASE/);
  const endless = await runTool('/bin/sh', ['-c', 'while :; do echo 0123456789; done'], limits);
  expect(endless.wasStopped).toBe(true);
  expect(endless.stdout.length).toBeLessThanOrEqual(1000);
  const slow = await runTool('/bin/sleep', ['60'], { timeoutMs: 200, maxByteSize: 10 });
  expect(slow.wasStopped).toBe(true);
  await expect(runTool('/bin/sh', ['-c', 'echo "it broke" >&2; exit 3'], limits)).rejects.toMatchObject({
    code: 'MEDIA_CORRUPT',
    message: 'its content is damaged',
    cause: 'it broke',
  });
});

// Where ffmpeg is missing these show as skipped.
const withFfmpeg = hasFfmpeg ? describe : describe.skip;
withFfmpeg('with ffmpeg', () => {
  it.each(['mp4', 'webm', 'mkv', 'mov'] as const)(
    'of a %s: size, length, rate, and a frame of each shot with its time',
    async (extension) => {
      const content = makeVideo(
        [await black(), await frame('#ff0000'), await frame('#0000ff'), await frame('#00a000'), await frame('#0000ff')],
        extension,
      );
      const { facts, pixels, thumbnail, parts } = await analyze(`film.${extension}`, content);
      expect(facts).toMatchObject({
        kind: 'VIDEO',
        extension,
        width: 160,
        height: 120,
        pageCount: 1,
        isUnseen: false,
        warnings: [],
        perceptualHash: null,
      });
      expect(Math.abs(facts.durationMs! - 5000)).toBeLessThan(200);
      expect(facts.frameRate).toBeCloseTo(10, 0);
      // Black shows nothing, the last shot repeats the third; red stands for the whole.
      const times = facts.parts.map((part) => Number(part.split(':')[1]));
      expect(times).toHaveLength(2);
      expect(times[0]! >= 1900 && times[0]! <= 2400 && times[1]! >= 2900 && times[1]! <= 3400).toBe(true);
      const corner = (made: Float32Array | null) => [0, 1, 2].map((channel) => (made as Float32Array)[channel * 256]! > 0.4);
      expect([corner(pixels), ...parts.map((part) => corner(part.pixels))]).toEqual([
        [true, false, false],
        [false, false, true],
        [false, true, false],
      ]);
      for (const picture of [thumbnail, parts[0]!.thumbnail])
        expect(await sharp(picture as Buffer).metadata()).toMatchObject({ format: 'webp', width: 64, height: 48 });
      const again = await media.modelInputs(path.join(folder, `film.${extension}`), input);
      expect(again.parts.map(({ part }) => part)).toEqual(facts.parts);
    },
  );

  it('what is cut off, no video at all, too large or refers elsewhere is refused or shown as far as it goes', async () => {
    await expect(analyze('head.mp4', mp4Head)).rejects.toMatchObject({
      code: 'MEDIA_CORRUPT',
      message: expect.stringContaining('head.mp4'),
    });
    const noise = Buffer.concat([mp4Head, Buffer.alloc(50_000, 0x37)]);
    const refused = await analyze('noise.mp4', noise).catch((error) => error);
    expect([refused.code, refused.message.includes(folder)]).toEqual(['MEDIA_CORRUPT', false]);
    const content = makeVideo([await frame('#ff0000'), await frame('#0000ff')], 'mkv');
    const { facts } = await analyze('cut.mkv', content.subarray(0, Math.floor(content.length * 0.6)));
    expect(facts).toMatchObject({ width: 160, height: 120 });
    const small = createMediaAnalyzer({ processes: 1, maxPixels: 1000 });
    try {
      await expect(analyze('large.mkv', content, small)).rejects.toMatchObject({ code: 'MEDIA_TOO_MANY_PIXELS' });
    } finally {
      await small.close();
    }
    const list = '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n';
    await expect(analyze('list.mp4', Buffer.from(list))).rejects.toMatchObject({ code: 'MEDIA_TYPE_MISMATCH' });
    await expect(analyze('film.png', content)).rejects.toMatchObject({ code: 'MEDIA_TYPE_MISMATCH' });
  });

  it('of a film that takes too long what was decoded in time is shown, with a warning', async () => {
    const slow = path.join(folder, 'slow-ffmpeg');
    await writeFile(slow, '#!/bin/sh\nffmpeg "$@"\nexec sleep 60\n', { mode: 0o755 });
    const hurried = createMediaAnalyzer({ processes: 1, timeoutMs: 16_000, videoTools: { ffmpeg: slow, ffprobe: 'ffprobe' } });
    try {
      const { facts } = await analyze('hurried.mp4', makeVideo([await frame('#ff0000'), await frame('#0000ff')]), hurried);
      expect(facts.parts).toHaveLength(1);
      expect(facts.warnings).toEqual([expect.stringMatching(/^It takes long to decode/)]);
    } finally {
      await hurried.close();
    }
  });
});

const pattern = (size: string) => ['-f', 'lavfi', '-i', `testsrc=s=${size}:r=10:d=1`];
const mpeg4 = ['-c:v', 'mpeg4', '-q:v', '3'];

(hasFfmpeg ? describe : describe.skip)('what a film shows', () => {
  it.each([
    ['wide pixels', '320x240', '64/45', { width: 455, height: 240 }],
    ['narrow pixels', '720x480', '8/9', { width: 640, height: 480 }],
    ['square pixels', '320x240', '1/1', { width: 320, height: 240 }],
  ])('is measured as it is shown: %s', async (_, size, aspect, shown) => {
    const film = ffmpegFile([...pattern(size), '-vf', `setsar=${aspect}`, ...mpeg4], 'mp4');
    const { facts, thumbnail } = await analyze('a.mp4', film);
    expect(facts).toMatchObject(shown);
    const small = await sharp(thumbnail!).metadata();
    expect(small.width / small.height).toBeCloseTo(shown.width / shown.height, 1);
  });

  it('turned films have their pixels turned too', async () => {
    const film = ffmpegFile([...pattern('320x240'), '-vf', 'setsar=2/1', ...mpeg4], 'mp4');
    // The matrix in the header of the track: ISO/IEC 14496-12, 8.3.2.
    const matrix = film.indexOf('tkhd') + 44;
    for (const [index, value] of [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000].entries()) film.writeInt32BE(value, matrix + index * 4);
    expect((await analyze('a.mp4', film)).facts).toMatchObject({ width: 240, height: 640 });
  });

  it('is the film and not the cover in the same file', async () => {
    const film = makeVideo([await frame('#00ff00')]);
    const cover = await frame('#ff0000', 90, 160);
    const args = ['-i', '{0}', '-i', '{1}', '-map', '1', '-map', '0', '-c', 'copy', '-disposition:v:0', 'attached_pic'];
    const { facts, thumbnail } = await analyze('a.mp4', ffmpegFile(args, 'mp4', [film, cover]));
    expect(facts).toMatchObject({ width: 160, height: 120 });
    const [red, green] = await sharp(thumbnail!).raw().toBuffer();
    expect(red).toBeLessThan(60);
    expect(green).toBeGreaterThan(200);
  });

  it.each(['smpte2084', 'arib-std-b67'])('is white where a film of high dynamic range (%s) has white', async (transfer) => {
    // 203 nits, the white of such films, beside black: 58% of the signal in PQ, 75% in HLG.
    const signal = transfer === 'smpte2084' ? 0.58 : 0.75;
    const white = `geq=lum='if(lt(X,80),64,${Math.round(64 + 876 * signal)})':cb=512:cr=512`;
    const tags = ['-color_trc', transfer, '-color_primaries', 'bt2020', '-colorspace', 'bt2020nc', '-color_range', 'tv'];
    const source = ['-f', 'lavfi', '-i', 'color=c=black:s=160x120:r=5:d=1,format=yuv420p10le'];
    const film = ffmpegFile([...source, '-vf', white, '-c:v', 'ffv1', ...tags], 'mkv');
    const { facts, thumbnail } = await analyze('a.mkv', film);
    expect(facts.warnings).toEqual([]);
    const { data, info } = await sharp(thumbnail!).raw().toBuffer({ resolveWithObject: true });
    const at = (x: number) => data[(Math.floor(info.height / 2) * info.width + Math.floor(info.width * x)) * info.channels]!;
    expect(at(0.25)).toBeLessThan(12);
    expect(at(0.75)).toBeGreaterThan(200);
  });
});
