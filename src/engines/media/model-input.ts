import type { Sharp } from 'sharp';
import { badInput } from '../../errors.js';
import { onWhite, type RawPicture } from '../pixels/raw-picture.js';
import { resample, type ResampleFilter, type SourceBox } from '../pixels/resample.js';
import { pipelineOf, pixelsOf, type SourcePicture } from './source-picture.js';

/** What a model wants to see, as its preprocessor_config.json says it. Sizes in pixels, colours in RGB order. */
export interface ImageInputSpec {
  width: number;
  height: number;
  resize: { mode: 'shortest-edge'; size: number } | { mode: 'exact'; width: number; height: number };
  /** Cuts width × height out of the middle after the resize. */
  centerCrop: boolean;
  resample: ResampleFilter;
  /**
   * Pictures longer than this many times their short side are not cropped but shown whole, on a ground of the mean colour, which
   * the model takes for nothing. Absent: never.
   */
  letterboxBeyond?: number;
  /** Every picture is shown whole, its proportions kept, on a ground of this grey (a byte): as detectors want it. Absent: never. */
  letterboxGround?: number;
  mean: readonly [number, number, number];
  std: readonly [number, number, number];
  /** Usually 1 / 255: value = (byte × rescaleFactor − mean) / std. */
  rescaleFactor: number;
}

/** Where the model's picture lies: the source is resized to width × height, then `crop` is cut out. */
export interface Geometry {
  width: number;
  height: number;
  crop: { left: number; top: number; width: number; height: number };
}

const kernels = { bicubic: 'cubic', bilinear: 'linear', lanczos: 'lanczos3', nearest: 'nearest' } as const;
/** Source pixels around a region, so that the filter sees the same neighbours as in the whole picture. */
const regionMarginPx = 8;

/** Throws BAD_USER_INPUT for a spec that cannot be met, naming the field. */
export function checkInputSpec(spec: ImageInputSpec): void {
  const size = (field: string, value: number) => {
    if (!Number.isInteger(value) || value < 1 || value > 4096) throw badInput(field, value, 'a whole number of pixels from 1 to 4096');
  };
  size('width', spec.width);
  size('height', spec.height);
  if (!(spec.resample in kernels)) throw badInput('resample', spec.resample, Object.keys(kernels));
  if (spec.mean.length !== 3 || spec.std.length !== 3 || spec.std.some((value) => !(value > 0)))
    throw badInput('std', spec.std, 'three numbers above 0, as many as in mean');
  if (spec.letterboxBeyond !== undefined && !(spec.letterboxBeyond >= 1))
    throw badInput('letterboxBeyond', spec.letterboxBeyond, 'a ratio of at least 1');
  if (!(spec.rescaleFactor > 0)) throw badInput('rescaleFactor', spec.rescaleFactor, 'a number above 0, usually 1/255');
  if (spec.resize.mode === 'shortest-edge') {
    size('resize.size', spec.resize.size);
    if (!spec.centerCrop) throw badInput('centerCrop', false, 'true with shortest-edge, or every picture would get its own shape');
    if (spec.resize.size < Math.max(spec.width, spec.height))
      throw badInput('resize.size', spec.resize.size, `at least ${Math.max(spec.width, spec.height)}, the crop's size`);
  } else {
    size('resize.width', spec.resize.width);
    size('resize.height', spec.resize.height);
    const fits = spec.centerCrop
      ? spec.resize.width >= spec.width && spec.resize.height >= spec.height
      : spec.resize.width === spec.width && spec.resize.height === spec.height;
    if (!fits) throw badInput('resize', spec.resize, 'the input size, or at least that with a centre crop');
  }
}

/**
 * The model's input: Float32Array of 3 × height × width (channel first). Colours as 8-bit sRGB, alpha on white, the long side
 * and the crop rounded as the original CLIP preprocessing does (torchvision: truncated size, halves to even).
 */
export async function makeModelInput(source: SourcePicture, spec: ImageInputSpec): Promise<Float32Array> {
  const long = Math.max(source.width, source.height) / Math.min(source.width, source.height);
  if (spec.letterboxGround !== undefined || (spec.letterboxBeyond !== undefined && long > spec.letterboxBeyond))
    return letterboxed(source, spec);
  const geometry = geometryOf(source.width, source.height, spec);
  return normalise(await cropped(source, geometry, spec.resample), spec);
}

async function letterboxed(source: SourcePicture, spec: ImageInputSpec): Promise<Float32Array> {
  const scale = Math.min(spec.width / source.width, spec.height / source.height);
  const width = Math.max(1, Math.round(source.width * scale));
  const height = Math.max(1, Math.round(source.height * scale));
  const whole = { width, height, crop: { left: 0, top: 0, width, height } };
  const inner = normalise(await cropped(source, whole, spec.resample), { ...spec, width, height });
  // Zero is the mean colour once normalised.
  const out = new Float32Array(3 * spec.width * spec.height);
  const { letterboxGround: ground } = spec;
  if (ground !== undefined) {
    const area = spec.width * spec.height;
    for (const [channel, mean] of spec.mean.entries())
      out.fill((ground * spec.rescaleFactor - mean) / spec.std[channel]!, channel * area, (channel + 1) * area);
  }
  const left = Math.floor((spec.width - width) / 2);
  const top = Math.floor((spec.height - height) / 2);
  for (let row = 0; row < 3 * height; row++) {
    const channel = Math.floor(row / height);
    const to = (channel * spec.height + top + (row % height)) * spec.width + left;
    out.set(inner.subarray(row * width, (row + 1) * width), to);
  }
  return out;
}

export function geometryOf(sourceWidth: number, sourceHeight: number, spec: ImageInputSpec): Geometry {
  const short = Math.min(sourceWidth, sourceHeight);
  const side = (length: number, size: number) => (length === short ? size : Math.max(size, Math.trunc((size * length) / short)));
  const { resize } = spec;
  const width = resize.mode === 'exact' ? resize.width : side(sourceWidth, resize.size);
  const height = resize.mode === 'exact' ? resize.height : side(sourceHeight, resize.size);
  return {
    width,
    height,
    crop: {
      left: halfToEven((width - spec.width) / 2),
      top: halfToEven((height - spec.height) / 2),
      width: spec.width,
      height: spec.height,
    },
  };
}

function halfToEven(value: number): number {
  return value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value);
}

async function cropped(source: SourcePicture, geometry: Geometry, filter: ResampleFilter): Promise<RawPicture> {
  const { width, height, crop } = geometry;
  const { base } = source;
  if (width <= base.width && height <= base.height) return pixelsOf(reduce(onWhite(base), width, height, filter).extract(crop));
  const reduced = !source.isWhole && (base.width < source.width || base.height < source.height);
  if (!reduced || source.isVector)
    return resample(onWhite(base), boxOf(crop, base.width / width, base.height / height), crop.width, crop.height, filter);

  // A very long picture: reduced to the working size, its short side would be smaller than the model wants.
  if (crop.width === width && crop.height === height) {
    const partly = onWhite(await source.decodeAt(Math.min(width, source.width), Math.min(height, source.height)));
    return resample(partly, { left: 0, top: 0, width: partly.width, height: partly.height }, width, height, filter);
  }
  const box = boxOf(crop, source.width / width, source.height / height);
  const margin = Math.ceil(regionMarginPx * Math.max(1, source.width / width, source.height / height));
  const left = Math.max(0, Math.floor(box.left) - margin);
  const top = Math.max(0, Math.floor(box.top) - margin);
  const right = Math.min(source.width, Math.ceil(box.left + box.width) + margin);
  const bottom = Math.min(source.height, Math.ceil(box.top + box.height) + margin);
  const region = onWhite(await source.decodeRegion!(left, top, right - left, bottom - top));
  return resample(region, { ...box, left: box.left - left, top: box.top - top }, crop.width, crop.height, filter);
}

/** For making a picture smaller only: enlarging, libvips shifts it by part of a pixel. */
export function reduce(picture: RawPicture, width: number, height: number, filter: ResampleFilter): Sharp {
  return pipelineOf(picture).resize(width, height, { fit: 'fill', kernel: kernels[filter] });
}

function boxOf(crop: Geometry['crop'], scaleX: number, scaleY: number): SourceBox {
  return { left: crop.left * scaleX, top: crop.top * scaleY, width: crop.width * scaleX, height: crop.height * scaleY };
}

/** The numbers that a model takes, of spec.width × spec.height pixels whose first is at `left`, `top`. */
export function normalise({ data, width, channels }: RawPicture, spec: ImageInputSpec, left = 0, top = 0): Float32Array {
  const area = spec.width * spec.height;
  const out = new Float32Array(3 * area);
  for (let channel = 0; channel < 3; channel++) {
    const table = new Float32Array(256);
    for (let byte = 0; byte < 256; byte++) table[byte] = (byte * spec.rescaleFactor - spec.mean[channel]!) / spec.std[channel]!;
    for (let row = 0, to = channel * area; row < spec.height; row++) {
      let from = ((top + row) * width + left) * channels + channel;
      for (const end = to + spec.width; to < end; to++, from += channels) out[to] = table[data[from]!]!;
    }
  }
  return out;
}
