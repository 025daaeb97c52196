import { badInput, VitrineError } from '../../errors.js';
import { type MediaLimits, openImage } from './identify.js';
import { findMark, MARK_EDGE_PX } from '../mark-finding/mark-finder.js';
import type { MarkSighting } from '../mark-finding/mark-sighting.js';
import { loadOpenCv } from '../pixels/open-cv.js';
import { onWhite, type RawPicture } from '../pixels/raw-picture.js';
import { fitWithin, pipelineOf, pixelsOf } from './source-picture.js';
import { findWatermarks } from '../mark-finding/watermark-finder.js';

/** The file of a mark: SVG, or PNG and the like with transparency or a plain ground. */
export interface MarkFile {
  id: string;
  path: string;
  fileName: string;
  /** Looked for faint and repeated, upright; see watermark-finder.ts. */
  isWatermark?: boolean;
}

/** Longest edge of a picture while marks are looked for in it: a mark of 3% of it is still found. */
const SCAN_EDGE_PX = 1024;
/** Drawn larger first, so that cropping leaves enough pixels. */
const DRAWING_EDGE_PX = 512;

/** Finds a mark in a file; its sightings may lie on one another. Runs in the decoder process. @throws VitrineError MEDIA_*; BAD_USER_INPUT for a mark that cannot be used */
export async function scanForMark(filePath: string, fileName: string, mark: MarkFile, limits: MediaLimits): Promise<MarkSighting[]> {
  const source = await openImage(filePath, fileName, limits);
  const size = fitWithin(source.width, source.height, SCAN_EDGE_PX);
  const enough = source.base.width >= size.width && source.base.height >= size.height;
  const decoded = enough ? source.base : await source.decodeAt(size.width, size.height);
  const fits = decoded.width === size.width && decoded.height === size.height;
  const picture = fits ? decoded : await pixelsOf(pipelineOf(decoded).resize(size.width, size.height, { fit: 'fill' }));
  const template = { id: mark.id, picture: await readMark(mark, limits) };
  const { cv } = await loadOpenCv();
  const flat = onWhite(picture);
  const found = mark.isWatermark
    ? findWatermarks(cv, flat, [template]).map((sighting) => ({
        ...sighting,
        ...{ box: sighting.boxes[0]!, stretch: 1, colors: [], clearSpace: null },
      }))
    : findMark(cv, flat, template);
  const scale = source.width / size.width;
  return found.map((sighting) => ({ ...sighting, widthPx: sighting.widthPx * scale, heightPx: sighting.heightPx * scale }));
}

/** The mark alone: what is not it is transparent, and cut away at the edges. */
export async function readMark({ path, fileName, isWatermark }: MarkFile, limits: MediaLimits): Promise<RawPicture> {
  const source = await openImage(path, fileName, limits);
  const size = source.isVector
    ? scaledTo(source.width, source.height, DRAWING_EDGE_PX)
    : fitWithin(source.width, source.height, DRAWING_EDGE_PX);
  const drawn = withAlpha(await pixelsOf(pipelineOf(await source.decodeAt(size.width, size.height)).ensureAlpha()), fileName);
  if (isWatermark) strengthen(drawn);
  const box = opaqueBox(drawn);
  if (box === null) throw unusable(fileName, 'is empty: every pixel of it is transparent');
  const cropped = pipelineOf(drawn).extract(box);
  const edge = scaledTo(box.width, box.height, MARK_EDGE_PX);
  return pixelsOf(cropped.resize(edge.width, edge.height, { fit: 'fill' }));
}

function scaledTo(width: number, height: number, edgePx: number): { width: number; height: number } {
  const scale = edgePx / Math.max(width, height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** A picture without transparency gets it where it has the colour of its border, which must be plain. */
function withAlpha(picture: RawPicture, fileName: string): RawPicture {
  const { data, width, height } = picture;
  for (let at = 3; at < data.length; at += 4) if (data[at]! < 250) return picture;
  const border: number[] = [];
  for (let x = 0; x < width; x++) border.push(x, (height - 1) * width + x);
  for (let y = 0; y < height; y++) border.push(y * width, y * width + width - 1);
  const ground = [0, 1, 2].map(
    (channel) => border.map((pixel) => data[pixel * 4 + channel]!).sort((one, other) => one - other)[border.length >> 1]!,
  );
  const far = (pixel: number) => Math.max(...ground.map((value, channel) => Math.abs(data[pixel * 4 + channel]! - value)));
  if (border.filter((pixel) => far(pixel) > 24).length > 0.02 * border.length)
    throw unusable(fileName, 'has neither transparency nor a plain ground around it');
  const result = new Uint8Array(data);
  for (let pixel = 0; pixel < width * height; pixel++) result[pixel * 4 + 3] = Math.min(255, Math.max(0, (far(pixel) - 12) * 6));
  return { ...picture, data: result };
}

/** A watermark's file may be as faint as it is laid over pictures. */
function strengthen({ data }: RawPicture): void {
  let most = 0;
  for (let at = 3; at < data.length; at += 4) most = Math.max(most, data[at]!);
  for (let at = 3; at < data.length; at += 4) data[at] = most === 0 ? 0 : Math.round((data[at]! * 255) / most);
}

function opaqueBox({ data, width, height }: RawPicture): { left: number; top: number; width: number; height: number } | null {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[(y * width + x) * 4 + 3]! < 32) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < left ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function unusable(fileName: string, how: string): VitrineError {
  return badInput(
    'input.asset',
    fileName,
    'an SVG, or a picture of the mark with transparency or on a plain ground',
    `${fileName} ${how}. Give the mark as SVG, or as PNG with transparency.`,
  );
}
