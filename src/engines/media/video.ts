import type { Metadata } from 'sharp';
import { z } from 'zod';
import { isVitrineError, VitrineError } from '../../errors.js';
import type { FileTexts } from './file-texts.js';
import { differenceOf, MAX_FRAMES, SAME_FRAME_DIFFERENCE, sketchOf } from './picture-parts.js';
import type { RawPicture } from '../pixels/raw-picture.js';
import { fitWithin, type SourcePicture } from './source-picture.js';
import { runTool, type VideoTools } from './system-tool.js';
import { videoTexts } from './video-tags.js';

/** What the container says, and the frames that were chosen. */
export interface Video {
  /** Square pixels, after rotation. */
  width: number;
  height: number;
  durationMs: number | null;
  /** Frames a second. */
  frameRate: number | null;
  /** In order of time, at least one. The first, which is the first that shows something, stands for the whole. */
  frames: { timeMs: number; picture: SourcePicture }[];
  texts: FileTexts;
  warnings: string[];
}

/** The same with what frames are taken by. */
interface VideoFacts extends Pick<Video, 'width' | 'height' | 'durationMs' | 'frameRate' | 'texts'> {
  /** Number of the stream in its file. */
  stream: number;
  /** How its light is coded, where that is of high dynamic range. */
  transfer: string | null;
}

const FRAME_EDGE_PX = 512;
/** Frames taken out before those that repeat are left out. */
const MAX_TAKEN = 60;
/** Change of picture from 0 to 1, as ffmpeg's `scene` measures it, from which on another shot begins. */
const SCENE_CHANGE = 0.3;
/** Longer ones are looked at by their key frames alone, which encoders put where shots begin. */
const EVERY_FRAME_UP_TO_MS = 60_000;
const UNKNOWN_DURATION_S = 60;
/** No format has pixels longer than this; a film would become a line. */
const MAX_PIXEL_ASPECT = 8;
/** How light is coded in films of high dynamic range: PQ and HLG, by the names that ffmpeg gives them. */
const HDR_TRANSFERS: ReadonlySet<string> = new Set(['smpte2084', 'arib-std-b67']);
/** Nits of white: ITU-R BT.2408. */
const WHITE_NITS = 203;
/** Standard deviation of the 32 × 32 sketch below which a frame is plain: black, a fade. */
const PLAIN = 6;
/** Only files, whatever a playlist or container refers to; one allocation is no larger than this. */
const SAFE = ['-protocol_whitelist', 'file', '-max_alloc', '268435456'];

const probed = z.object({
  format: z.object({ duration: z.coerce.number().optional(), tags: z.record(z.string(), z.string()).optional() }).optional(),
  streams: z
    .array(
      z.object({
        width: z.int().min(1).optional(),
        height: z.int().min(1).optional(),
        index: z.int().min(0),
        duration: z.coerce.number().optional(),
        sample_aspect_ratio: z.string().optional(),
        color_transfer: z.string().optional(),
        disposition: z.object({ attached_pic: z.int() }).optional(),
        avg_frame_rate: z.string().optional(),
        side_data_list: z.array(z.object({ rotation: z.number().optional() })).optional(),
      }),
    )
    .default([]),
});

/**
 * Reads a video by the system's ffprobe and ffmpeg, within `timeoutMs` in all.
 * Throws VIDEO_TOOL_MISSING, MEDIA_CORRUPT, MEDIA_TOO_MANY_PIXELS and MEDIA_TIMEOUT.
 */
export async function readVideo(
  filePath: string,
  fileName: string,
  tools: VideoTools,
  { maxPixels, timeoutMs }: { maxPixels: number; timeoutMs: number },
): Promise<Video> {
  const until = performance.now() + timeoutMs;
  try {
    const facts = await probe(filePath, fileName, tools, timeoutMs / 2);
    if (facts.width * facts.height > maxPixels) {
      throw new VitrineError(
        'MEDIA_TOO_MANY_PIXELS',
        `${fileName} has ${facts.width} × ${facts.height} pixels; the limit is ${maxPixels}.`,
        {
          value: facts.width * facts.height,
          allowed: `at most ${maxPixels} pixels`,
        },
      );
    }
    const { frames, wasStopped } = await takeFrames(filePath, tools, facts, Math.max(1, until - performance.now()));
    if (frames.length === 0) throw new VitrineError('MEDIA_CORRUPT', 'no frame can be decoded');
    const kept = await choose(frames);
    const { width, height, durationMs, frameRate, texts } = facts;
    return {
      ...{ width, height, durationMs, frameRate, texts },
      frames: kept.map(({ timeMs, picture }) => ({ timeMs, picture: sourceOf(picture) })),
      warnings: wasStopped ? ['It takes long to decode: only its beginning can be found by what it shows.'] : [],
    };
  } catch (error) {
    if (!isVitrineError(error, 'MEDIA_CORRUPT')) throw error;
    throw new VitrineError('MEDIA_CORRUPT', `${fileName} cannot be decoded as a video (${error.message}). Export it again.`, {
      value: fileName,
      cause: error,
    });
  }
}

async function probe(filePath: string, fileName: string, { ffprobe }: VideoTools, timeoutMs: number): Promise<VideoFacts> {
  const told = 'index,width,height,duration,avg_frame_rate,sample_aspect_ratio,color_transfer';
  const fields = `format=duration:format_tags:stream=${told}:stream_disposition=attached_pic:stream_side_data=rotation`;
  const args = ['-v', 'error', ...SAFE, '-select_streams', 'v', '-show_entries', fields, '-of', 'json', `file:${filePath}`];
  const { stdout, wasStopped } = await runTool(ffprobe, args, { timeoutMs, maxByteSize: 1_000_000 });
  if (wasStopped) throw new VitrineError('MEDIA_TIMEOUT', `${fileName} takes too long to read.`, { value: fileName });
  const parsed = probed.safeParse(parseJson(stdout.toString()));
  const streams = parsed.data?.streams ?? [];
  // A cover is a stream of one picture; it stands for the film only where there is no other.
  const stream = streams.find(({ disposition }) => disposition?.attached_pic !== 1) ?? streams[0];
  if (stream?.width === undefined || stream.height === undefined) throw new VitrineError('MEDIA_CORRUPT', 'there is no picture in it');
  const seconds = parsed.data?.format?.duration ?? stream.duration;
  const [frames, per] = (stream.avg_frame_rate ?? '').split('/').map(Number);
  const rate = frames && per ? frames / per : null;
  const isTurned = Math.abs(stream.side_data_list?.find(({ rotation }) => rotation !== undefined)?.rotation ?? 0) % 180 === 90;
  const shownWidth = Math.max(1, Math.round(stream.width * pixelAspectOf(stream.sample_aspect_ratio)));
  return {
    stream: stream.index,
    transfer: HDR_TRANSFERS.has(stream.color_transfer ?? '') ? stream.color_transfer! : null,
    width: isTurned ? stream.height : shownWidth,
    height: isTurned ? shownWidth : stream.height,
    durationMs: seconds !== undefined && seconds >= 0 && seconds < 2_000_000 ? Math.round(seconds * 1000) : null,
    frameRate: rate !== null && rate > 0 && rate < 10_000 ? Math.round(rate * 1000) / 1000 : null,
    texts: videoTexts(parsed.data?.format?.tags ?? {}),
  };
}

/** Width of a pixel by its height; 1 where the file says nothing sensible. */
function pixelAspectOf(ratio: string | undefined): number {
  const [width, height] = (ratio ?? '').split(':').map(Number);
  const aspect = width && height ? width / height : 1;
  return aspect >= 1 / MAX_PIXEL_ASPECT && aspect <= MAX_PIXEL_ASPECT ? aspect : 1;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

interface Taken {
  timeMs: number;
  picture: RawPicture;
}

/** The first frame, those where a shot begins, and at least twenty over the whole length. */
async function takeFrames(
  filePath: string,
  { ffmpeg }: VideoTools,
  facts: VideoFacts,
  timeoutMs: number,
): Promise<{ frames: Taken[]; wasStopped: boolean }> {
  const seconds = (facts.durationMs ?? UNKNOWN_DURATION_S * 1000) / 1000;
  const [shortest, longest] = [seconds / MAX_TAKEN, seconds / 20];
  const since = 't-prev_selected_t';
  const select = `isnan(prev_selected_t)+gt(scene,${SCENE_CHANGE})*gte(${since},${shortest})+gte(${since},${longest})`;
  const { width, height } = fitWithin(facts.width, facts.height, FRAME_EDGE_PX);
  const byteSize = width * height * 3;
  const args = [
    ...['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'info', '-threads', '1', ...SAFE],
    ...((facts.durationMs ?? 0) > EVERY_FRAME_UP_TO_MS ? ['-skip_frame', 'nokey'] : []),
    ...['-i', `file:${filePath}`, '-map', `0:${facts.stream}`, '-an', '-sn', '-dn'],
    ...[
      '-vf',
      `select='${select}',scale=${width}:${height},${toneMapped(facts.transfer)}format=rgb24,showinfo`,
      '-vsync',
      'vfr',
      '-frames:v',
      String(MAX_TAKEN),
    ],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
  ];
  const { stdout, stderr, wasStopped } = await runTool(ffmpeg, args, { timeoutMs, maxByteSize: byteSize * (MAX_TAKEN + 1) });
  const times = [...stderr.matchAll(/\bpts_time:\s*(-?[\d.]+)/g)].map((match) => Math.max(0, Math.round(Number(match[1]) * 1000)));
  const frames: Taken[] = [];
  for (let index = 0; (index + 1) * byteSize <= stdout.length; index++) {
    const data = new Uint8Array(stdout.subarray(index * byteSize, (index + 1) * byteSize));
    frames.push({ timeMs: times[index] ?? Math.round(index * longest * 1000), picture: { data, width, height, channels: 3 } });
  }
  return { frames, wasStopped };
}

/** Filters that bring light of high dynamic range to what a screen of sRGB shows: up to white as it is, above it rolled off. */
function toneMapped(transfer: string | null): string {
  if (transfer === null) return '';
  const linear = `zscale=tin=${transfer}:pin=bt2020:min=bt2020nc:t=linear:npl=${WHITE_NITS}`;
  return `format=yuv444p10le,${linear},format=gbrpf32le,zscale=p=bt709,tonemap=mobius:desat=0,zscale=t=bt709:m=gbr:r=pc,`;
}

/** Without frames that repeat or are plain, and not too many: spread over what is left. */
async function choose(frames: readonly Taken[]): Promise<Taken[]> {
  const seen: Uint8Array[] = [];
  const distinct: Taken[] = [];
  for (const frame of frames) {
    const sketch = await sketchOf(frame.picture);
    if (deviationOf(sketch) < PLAIN || distinct.some(({ timeMs }) => timeMs === frame.timeMs)) continue;
    if (seen.some((other) => differenceOf(other, sketch) <= SAME_FRAME_DIFFERENCE)) continue;
    seen.push(sketch);
    distinct.push(frame);
  }
  if (distinct.length === 0) return frames.slice(0, 1);
  if (distinct.length <= MAX_FRAMES) return distinct;
  return Array.from({ length: MAX_FRAMES }, (_, i) => distinct[Math.round((i * (distinct.length - 1)) / (MAX_FRAMES - 1))] as Taken);
}

function deviationOf(values: Uint8Array): number {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    squares += values[i]! ** 2;
  }
  return Math.sqrt(Math.max(0, squares / values.length - (sum / values.length) ** 2));
}

function sourceOf(base: RawPicture): SourcePicture {
  const { width, height } = base;
  return {
    ...{ width, height, base, isWhole: true, isVector: false, warnings: [], decodeRegion: null, more: null },
    metadata: { format: 'raw' } as unknown as Metadata,
    decodeAt: () => Promise.reject(new Error('a frame is decoded once')),
  };
}
