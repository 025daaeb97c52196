import type { EmbeddedMetadata } from './embedded-metadata.js';
import type { Appearance } from '../../vocabulary/appearance.js';
import type { ExifFacts } from './exif.js';
import type { MediaKind } from './file-types.js';
import type { PalettePatch } from './palette.js';

/**
 * Which facts this program measures: counted up when one is added or measured otherwise. Versions of an earlier revision are measured
 * again in the background. 2: luminance grid, clipped shares, name of the ICC profile, density, digital source type.
 * 3: channels and pages of TIFF, forms in PDF, pixels of videos that are not square, what files say about themselves. 4: palette, exposure and luminance grid of what is seen, where parts are see-through; appearance.
 */
export const FACTS_REVISION = 4;

/** What was measured in one file. Null where it does not apply (a text has no width) or cannot be told. */
export interface MediaFacts {
  kind: MediaKind;
  mediaType: string;
  /** Usual extension of the media type, without the dot. */
  extension: string;
  byteSize: number;
  /** Pixels after EXIF rotation; natural size in CSS pixels for SVG and for the first page of a PDF; of what stands for it for other documents. */
  width: number | null;
  height: number | null;
  hasAlpha: boolean | null;
  /** As libvips names it: srgb, b-w, cmyk, rgb16, grey16, lab... */
  colorSpace: string | null;
  /** Bits a channel. */
  bitDepth: number | null;
  hasIccProfile: boolean | null;
  /** What the ICC profile calls itself, such as `sRGB IEC61966-2.1`. */
  iccProfile: string | null;
  /** Pixels per inch that the file asks to be printed at; says nothing about how many pixels there are. */
  densityDpi: number | null;
  /** Frames or pages in the file; colours, hashes and the like are of the first. 1 for text. */
  pageCount: number;
  /** Of a video; null where the container does not say. */
  durationMs: number | null;
  /** Frames a second of a video. */
  frameRate: number | null;
  /** Whether it could not be looked into here for want of a tool: it is measured again at the next start. */
  isUnseen: boolean;
  /** Keys of what else it has to be found by, in order: see part-key.ts. */
  parts: string[];
  /** EXIF orientation 1 to 8, already applied to width, height and every picture made from the file. */
  orientation: number | null;
  /** Variance of the Laplacian of luma at 1024 pixels or less: low when blurred. Compare pictures of one kind only. */
  sharpness: number | null;
  /** Mean luma of what is seen, 0 (black) to 1 (white). */
  exposure: number | null;
  /** Shares (0 to 1) of the pixels that are seen that are black, or white, without detail (luma up to 5, from 250). */
  shadowShare: number | null;
  highlightShare: number | null;
  /** What it is made like; null for a text. */
  appearance: Appearance | null;
  /** Darkest and lightest luminance of 16 × 16 cells: see luminanceGridOf. */
  luminanceGrid: Uint8Array | null;
  /** At most 12 colours of what is seen, largest share first; shares sum to 1. Empty for text. */
  palette: PalettePatch[];
  /** 64-bit DCT hash, 16 hex digits. */
  perceptualHash: string | null;
  /** SHA-256 of size and decoded pixels; only up to 4 megapixels (it needs a full decode) and not for SVG, else null. */
  pixelHash: string | null;
  /** Text of a document, at most 100,000 characters. */
  text: string | null;
  exif: ExifFacts | null;
  /** What the file says about itself in XMP, IPTC and EXIF; null when it says nothing. */
  embedded: EmbeddedMetadata | null;
  /** IPTC digital source type by the file's own word, such as `trainedAlgorithmicMedia`. */
  digitalSourceType: string | null;
  warnings: string[];
}
