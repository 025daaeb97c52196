import { APPEARANCE_EDGE_PX, appearanceOf } from '../pixels/appearance.js';
import type { Appearance } from '../../vocabulary/appearance.js';
import { describeItself } from './embedded-metadata.js';
import { readExif } from './exif.js';
import { perceptualHashOf, pixelHashOf, sharpnessOf } from './fingerprints.js';
import { readIccName } from './icc-profile.js';
import type { MediaFacts } from './media-facts.js';
import type { DetectedMedia } from './media-type.js';
import { paletteOf } from './palette.js';
import { lumaOf, onWhite, type RawPicture, seeThrough } from '../pixels/raw-picture.js';
import { fitWithin, shrunk, type SourcePicture } from './source-picture.js';
import { tiffExif } from './tiff-exif.js';
import { luminanceGridOf, toneOf } from '../pixels/tone.js';

export const FACTS_EDGE_PX = 1024;
const PALETTE_EDGE_PX = 128;
const BITS_OF_DEPTH: Record<string, number> = {
  uchar: 8,
  char: 8,
  ushort: 16,
  short: 16,
  uint: 32,
  int: 32,
  float: 32,
  complex: 64,
  double: 64,
  dpcomplex: 128,
};

/** The facts of a file in which nothing is to be seen. */
export function noPicture(byteSize: number, media: DetectedMedia): MediaFacts {
  return {
    kind: media.kind,
    mediaType: media.mediaType,
    extension: media.extension,
    byteSize,
    width: null,
    height: null,
    hasAlpha: null,
    colorSpace: null,
    bitDepth: null,
    hasIccProfile: null,
    iccProfile: null,
    densityDpi: null,
    pageCount: 1,
    durationMs: null,
    frameRate: null,
    isUnseen: false,
    parts: [],
    orientation: null,
    sharpness: null,
    exposure: null,
    shadowShare: null,
    highlightShare: null,
    appearance: null,
    luminanceGrid: null,
    palette: [],
    perceptualHash: null,
    pixelHash: null,
    text: null,
    exif: null,
    embedded: null,
    digitalSourceType: null,
    warnings: [],
  };
}

/** What facts are measured on: opaque, and at most {@link FACTS_EDGE_PX} long. */
export function workingPicture(base: RawPicture): Promise<RawPicture> {
  return within(onWhite(base), FACTS_EDGE_PX);
}

async function within(picture: RawPicture, edgePx: number): Promise<RawPicture> {
  const size = fitWithin(picture.width, picture.height, edgePx);
  return size.width === picture.width && size.height === picture.height ? picture : shrunk(picture, size.width, size.height);
}

/** @param working the picture on white: what people see who are shown it alone; colours and light are those of its own pixels, though */
export async function measure(source: SourcePicture, working: RawPicture): Promise<Partial<MediaFacts>> {
  const { metadata } = source;
  const luma = lumaOf(working);
  const smallSize = fitWithin(working.width, working.height, PALETTE_EDGE_PX);
  const small = await shrunk(working, smallSize.width, smallSize.height);
  const alpha = seeThrough(source.base);
  const seen = alpha && (await within(alpha, FACTS_EDGE_PX));
  return {
    width: source.width,
    height: source.height,
    hasAlpha: metadata.hasAlpha ?? false,
    colorSpace: metadata.space ?? null,
    bitDepth: metadata.bitsPerSample ?? BITS_OF_DEPTH[metadata.depth ?? ''] ?? null,
    hasIccProfile: metadata.hasProfile ?? false,
    iccProfile: readIccName(metadata.icc),
    densityDpi: source.isVector ? null : (metadata.density ?? null),
    pageCount: source.more?.count ?? 1,
    orientation: metadata.orientation ?? null,
    sharpness: sharpnessOf(luma, working.width, working.height),
    ...(seen ? toneOf(lumaOf(seen), seen) : toneOf(luma)),
    appearance: appearanceOf(await within(working, APPEARANCE_EDGE_PX)),
    luminanceGrid: luminanceGridOf(seen ?? working),
    palette: paletteOf(seen ? await shrunk(seen, smallSize.width, smallSize.height) : small),
    // Two documents with one cover are not the same, nor are two animations that begin alike.
    perceptualHash: source.more?.kind === 'PAGE' ? null : perceptualHashOf(lumaOf(await shrunk(small, 32, 32))),
    pixelHash: source.isWhole && source.more === null ? pixelHashOf(source.base) : null,
  };
}

/** What its file says goes before what its pixels look like: cameras write which they are, phones that it is of a screen. */
export function appearanceBy(
  { isVector }: SourcePicture,
  measured: Appearance | null,
  { exif, embedded }: Partial<MediaFacts>,
): Appearance | null {
  if (isVector) return 'DRAWING';
  const said = JSON.stringify([exif ?? null, embedded ?? null]);
  if (/"[^"]*screen ?shot[^"]*"/i.test(said)) return 'SCREENSHOT';
  return exif?.make && exif.model && measured === 'UNSURE' ? 'PHOTOGRAPH' : measured;
}

/** What a picture says about itself; a drawing says nothing. */
export async function describePicture(filePath: string, { mediaType }: DetectedMedia, { metadata, isVector }: SourcePicture) {
  if (isVector) return {};
  const exif = metadata.exif ?? (mediaType === 'image/tiff' ? await tiffExif(filePath) : undefined);
  return describeItself({ xmp: metadata.xmp, iptc: metadata.iptc, texts: readExif(exif) });
}
