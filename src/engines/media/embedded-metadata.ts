import { decodeText } from '../../platform/files/text-encoding.js';
import type { ExifFacts } from './exif.js';
import { type FileDates, type FileTexts, isoDate, takenAtOf } from './file-texts.js';
import { keywordsOf } from './hierarchical-keywords.js';
import { type IptcDatasets, readIptc } from './iptc.js';
import { cleanText } from './text-document.js';
import { XmpPacket } from './xmp-packet.js';

/** What a file says about itself, in the order XMP, IPTC-IIM, EXIF: the first that says something. Texts are as they stand, trimmed. */
export interface EmbeddedMetadata {
  title: string | null;
  description: string | null;
  /** IPTC 2021: Alt Text (Accessibility). */
  altText: string | null;
  keywords: string[];
  creator: string | null;
  credit: string | null;
  copyright: string | null;
  usageTerms: string | null;
  city: string | null;
  country: string | null;
  /** As it stands, such as `2024-05-06T12:00:00+02:00` or `20240506`. */
  createdOn: string | null;
  /** The XMP packet as text, up to 64 KiB; null when there is none or it is larger. */
  xmp: string | null;
}

const MAX_KEPT_BYTE_SIZE = 64 * 1024;
const MAX_TEXT_LENGTH = 10_000;
const MAX_KEYWORDS = 200;
const MAX_KEYWORD_LENGTH = 300;
/** What cameras write where a person would describe the picture. */
const CAMERA_NOISE =
  /^(olympus digital camera|sony dsc|(minolta |konica minolta )?digital camera|samsung( camera pictures)?|dcim.*|default|untitled|image)$/i;

/** Where a file says something about itself. */
export interface MetadataBlocks {
  xmp?: Uint8Array | undefined;
  iptc?: Uint8Array | undefined;
  /** EXIF, or the tags of a video or document. */
  texts: FileTexts | null;
}

export interface SelfDescription {
  exif: ExifFacts | null;
  /** Null when nothing is said at all. */
  embedded: EmbeddedMetadata | null;
  /**
   * How a picture came to be, by its own word: the code of IPTC's digital source type, such as `trainedAlgorithmicMedia`. A claim, not a
   * measurement: whoever edits the file can change it. Source: NewsCodes scheme digitalsourcetype.
   */
  digitalSourceType: string | null;
}

/**
 * Reads the metadata blocks of a file. Never throws: what cannot be read says nothing.
 * Sources: XMP part 1 and 2, IPTC Photo Metadata Standard 2023.2, IIM 4.2; the order is that of the Metadata Working Group's guidelines.
 */
export function describeItself({ xmp: packet, iptc: block, texts }: MetadataBlocks): SelfDescription {
  const xmp = XmpPacket.read(packet);
  const iptc = readIptc(block);
  const takenAt = takenAtOf([...(texts === null ? [] : [texts.dates]), datesOf(xmp, iptc)]);
  const source = xmp?.text('Iptc4xmpExt:DigitalSourceType');
  return {
    exif: texts === null && takenAt === null ? null : exifFacts(texts, takenAt),
    embedded: embeddedIn(xmp, iptc, texts, packet),
    digitalSourceType: (source && /([A-Za-z][A-Za-z0-9]{0,99})\/?$/.exec(source)?.[1]) ?? null,
  };
}

function embeddedIn(
  xmp: XmpPacket | null,
  iptc: IptcDatasets | null,
  texts: FileTexts | null,
  packet: Uint8Array | undefined,
): EmbeddedMetadata | null {
  const first = (...values: (string | null | undefined)[]) => {
    for (const value of values) {
      const text = value && clean(value, MAX_TEXT_LENGTH);
      if (text) return text;
    }
    return null;
  };
  const joined = (values: readonly string[] | undefined) => (values === undefined || values.length === 0 ? null : values.join(', '));
  const found: EmbeddedMetadata = {
    title: first(xmp?.text('dc:title'), iptc?.text('title'), xmp?.text('photoshop:Headline'), iptc?.text('headline'), texts?.title),
    description: first(xmp?.text('dc:description'), iptc?.text('caption'), withoutNoise(texts?.description)),
    altText: first(xmp?.text('Iptc4xmpCore:AltTextAccessibility')),
    keywords: tidied([keywordsOf(xmp), iptc?.list('keywords') ?? [], texts?.keywords ?? []].find((list) => list.length > 0) ?? []),
    creator: first(joined(xmp?.list('dc:creator')), joined(iptc?.list('byline')), texts?.creator),
    credit: first(xmp?.text('photoshop:Credit'), iptc?.text('credit')),
    copyright: first(xmp?.text('dc:rights'), iptc?.text('copyright'), texts?.copyright),
    usageTerms: first(xmp?.text('xmpRights:UsageTerms')),
    city: first(xmp?.text('photoshop:City'), iptc?.text('city')),
    country: first(xmp?.text('photoshop:Country'), iptc?.text('country')),
    createdOn: first(xmp?.text('photoshop:DateCreated'), iptc?.text('dateCreated')),
    xmp: packet === undefined || packet.length > MAX_KEPT_BYTE_SIZE ? null : clean(decodeText(packet)?.text ?? '', MAX_KEPT_BYTE_SIZE),
  };
  const says = Object.values(found).some((value) => value !== null && !(Array.isArray(value) && value.length === 0));
  return says ? found : null;
}

function datesOf(xmp: XmpPacket | null, iptc: IptcDatasets | null): FileDates {
  const first = (...values: (string | null | undefined)[]) => values.find((value) => isoDate(value ?? null) !== null) ?? null;
  return {
    original: first(xmp?.text('exif:DateTimeOriginal'), xmp?.text('xmpDM:shotDate')),
    created: first(xmp?.text('photoshop:DateCreated'), iptc?.dateOf('dateCreated', 'timeCreated')),
    digitized: first(xmp?.text('xmp:CreateDate'), xmp?.text('exif:DateTimeDigitized'), iptc?.dateOf('digitalDate', 'digitalTime')),
    modified: first(xmp?.text('xmp:ModifyDate'), xmp?.text('tiff:DateTime')),
  };
}

function exifFacts(texts: FileTexts | null, takenAt: string | null): ExifFacts {
  const { make = null, model = null, description = null, copyright = null, creator = null } = texts ?? {};
  const kept = Object.entries({ make, model, description, copyright, creator }).map(([name, text]) => [
    name,
    text === null ? null : clean(text, MAX_TEXT_LENGTH),
  ]);
  return { takenAt, ...Object.fromEntries(kept) } as ExifFacts;
}

function tidied(keywords: readonly string[]): string[] {
  return [...new Set(keywords.slice(0, MAX_KEYWORDS).flatMap((keyword) => clean(keyword, MAX_KEYWORD_LENGTH) ?? []))];
}

/** Characters that stand for what could not be read say nothing. */
function clean(text: string, maxLength: number): string | null {
  return cleanText(text.slice(0, maxLength).toWellFormed()).replaceAll('\ufffd', '').normalize('NFC').trim() || null;
}

function withoutNoise(description: string | null | undefined): string | null {
  return description != null && CAMERA_NOISE.test(description.trim()) ? null : (description ?? null);
}
