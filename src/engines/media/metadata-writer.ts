import { rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { isVitrineError, VitrineError } from '../../errors.js';
import type { MediaLimits } from './identify.js';
import { runExifTool } from './exif-tool.js';

/** What is to be said in a file. Of the first four, null and an empty list clear what the file says; of the others null leaves it. */
export interface WrittenMetadata {
  title: string | null;
  description: string | null;
  altText: string | null;
  keywords: readonly string[];
  creator: string | null;
  credit: string | null;
  copyright: string | null;
  usageTerms: string | null;
  city: string | null;
  country: string | null;
  /** Code of IPTC's digital source type, such as `trainedAlgorithmicMedia`. */
  digitalSourceType: string | null;
}

/** A copy to make of a file: the same but for what it says about itself. */
export interface MetadataCopy {
  /** On this machine, and only read; null makes an XMP file of the metadata alone (a sidecar). */
  source: string | null;
  /** Of the source; XMP where there is none. */
  mediaType: string;
  /** An empty folder; the copy is `copyName(mediaType)` in it. */
  folder: string;
  metadata: WrittenMetadata;
  /** For messages. */
  fileName: string;
}

/** Counted up by hand whenever the same metadata begin to be written otherwise. */
export const METADATA_WRITER = 2;
export const XMP = 'application/rdf+xml';

/** Types that carry XMP, and what else is written into them. */
const WRITABLE: Record<string, { extension: string; exif?: true; iptc?: true; info?: true }> = {
  'image/jpeg': { extension: 'jpg', exif: true, iptc: true },
  'image/png': { extension: 'png', exif: true },
  'image/webp': { extension: 'webp', exif: true },
  'image/tiff': { extension: 'tif', exif: true, iptc: true },
  'image/gif': { extension: 'gif' },
  'image/avif': { extension: 'avif', exif: true },
  'image/heic': { extension: 'heic', exif: true },
  'image/heif': { extension: 'heif', exif: true },
  'application/pdf': { extension: 'pdf', info: true },
  'video/mp4': { extension: 'mp4' },
  'video/x-m4v': { extension: 'm4v' },
  'video/quicktime': { extension: 'mov' },
  [XMP]: { extension: 'xmp' },
};

const SOURCE_TYPES = 'http://cv.iptc.org/newscodes/digitalsourcetype/';
const MAX_OUTPUT_BYTE_SIZE = 64 * 1024;
/** So that the tool ends before the decoder process that waits for it is ended. */
const TIME_SHARE = 0.9;

/** Where other programs keep the same: cleared with what is said anew, so that nothing that was taken away is delivered from there. */
const SECOND_HOMES = {
  title: ['IFD0:XPTitle', 'XMP-acdsee:Caption', 'PNG:Title', 'ItemList:Title', 'Keys:Title', 'Keys:DisplayName', 'UserData:Title'],
  description: [
    ...['IFD0:XPComment', 'IFD0:XPSubject', 'EXIF:UserComment', 'XMP-exif:UserComment', 'XMP-tiff:ImageDescription', 'XMP-acdsee:Notes'],
    ...['PNG:Description', 'PNG:Comment', 'ItemList:Description', 'ItemList:LongDescription', 'ItemList:Comment'],
    ...['Keys:Description', 'Keys:Comment', 'UserData:Description', 'UserData:Comment', 'UserData:Information'],
  ],
  keywords: [
    ...['XMP-lr:HierarchicalSubject', 'XMP-lr:WeightedFlatSubject', 'XMP-digiKam:TagsList', 'XMP-microsoft:LastKeywordXMP'],
    ...['XMP-microsoft:LastKeywordIPTC', 'XMP-acdsee:Keywords', 'XMP-acdsee:Categories', 'XMP-mediapro:CatalogSets'],
    ...['XMP-expressionmedia:CatalogSets', 'XMP-pdf:Keywords', 'IFD0:XPKeywords', 'ItemList:Keyword', 'Keys:Keywords'],
    ...['IPTC:SupplementalCategories', 'XMP-photoshop:SupplementalCategories', 'XMP-prism:Keyword'],
  ],
  creator: [
    ...['IFD0:XPAuthor', 'XMP-tiff:Artist', 'XMP-acdsee:Author', 'XMP-pdf:Author', 'PNG:Author', 'ItemList:Artist', 'ItemList:Author'],
    ...['Keys:Author', 'Keys:Artist', 'UserData:Author', 'UserData:Artist'],
  ],
  copyright: ['XMP-tiff:Copyright', 'XMP-pdf:Copyright', 'PNG:Copyright', 'ItemList:Copyright', 'Keys:Copyright', 'UserData:Copyright'],
} as const;

/** Whether files of this type can carry metadata. */
export function carriesMetadata(mediaType: string): boolean {
  return Object.hasOwn(WRITABLE, mediaType);
}

/** Name of a copy; its ending is how the tool knows the type. */
export function copyName(mediaType: string): string {
  return `copy.${WRITABLE[mediaType]?.extension}`;
}

/**
 * Makes the copy with ExifTool, a program of its own, which reads the untrusted file. Runs in the decoder process. What is not said anew
 * stays as it was, pixels included. Sources: IPTC Photo Metadata Standard 2023.2, guidelines of the Metadata Working Group.
 * @throws VitrineError METADATA_TOOL_MISSING; METADATA_NOT_WRITABLE when the type cannot carry metadata or the file is too damaged
 */
export async function writeMetadata({ source, mediaType, folder, metadata, fileName }: MetadataCopy, limits: MediaLimits): Promise<void> {
  const type = WRITABLE[mediaType];
  if (type === undefined) throw notWritable(fileName, `files of type ${mediaType} cannot carry metadata`);
  const target = path.join(folder, copyName(mediaType));
  const named = path.join(folder, `source.${type.extension}`);
  // What a decoder process left that died of the same file.
  for (const left of [target, named]) await rm(left, { force: true });
  // Minor damages passed over, values as entities so that none can be taken for an option.
  const args = ['-m', '-E', '-q', '-charset', 'exif=UTF8'];
  if (source === null) args.push(...inXmp(metadata), target);
  else {
    await symlink(path.resolve(source), named);
    const iptc = type.iptc === true && (await hasIptc(source));
    args.push(
      ...withoutSecondHomes(metadata),
      ...inXmp(metadata),
      ...(type.exif ? inExif(metadata) : []),
      ...(iptc ? inIptc(metadata) : []),
      ...(type.info ? inPdf(metadata) : []),
    );
    args.push('-o', target, named);
  }
  await run(args, limits, fileName);
  if ((await stat(target).catch(() => null)) === null) throw notWritable(fileName, 'the tool made no copy of it');
  await rm(named, { force: true });
}

async function run(args: readonly string[], { timeoutMs }: MediaLimits, fileName: string): Promise<void> {
  const allowedMs = timeoutMs * TIME_SHARE;
  try {
    const { wasStopped } = await runExifTool(args, { timeoutMs: allowedMs, maxByteSize: MAX_OUTPUT_BYTE_SIZE });
    if (wasStopped) throw new VitrineError('MEDIA_TIMEOUT', `${fileName} took longer than ${allowedMs / 1000} s to be given its metadata.`);
  } catch (error) {
    if (!isVitrineError(error, 'MEDIA_CORRUPT')) throw error;
    throw notWritable(fileName, 'the file, or what it holds of metadata, is damaged', error);
  }
}

async function hasIptc(file: string): Promise<boolean> {
  const found = await sharp(file, { limitInputPixels: false })
    .metadata()
    .catch(() => null);
  return found?.iptc !== undefined;
}

type Values = readonly (string | null)[];

/** Takes away whatever is there, all languages of a text included, and says these. */
function replace(tag: string, ...values: Values): string[] {
  return [`-${tag}=`, ...values.flatMap((value) => (value === null || value === '' ? [] : `-${tag}=${entities(value)}`))];
}

/** Says it, or leaves what is there. */
function sayIfKnown(tag: string, value: string | null): string[] {
  return value === null || value === '' ? [] : replace(tag, value);
}

/** Names of the file's own that the library does not know stay, there too. */
function withoutSecondHomes({ creator, copyright }: WrittenMetadata): string[] {
  const { title, description, keywords } = SECOND_HOMES;
  const cleared = [
    ...title,
    ...description,
    ...keywords,
    ...(creator ? SECOND_HOMES.creator : []),
    ...(copyright ? SECOND_HOMES.copyright : []),
  ];
  return cleared.map((tag) => `-${tag}=`);
}

function inXmp(said: WrittenMetadata): string[] {
  return [
    ...replace('XMP-dc:Title', said.title),
    // Where there is no title, readers take the headline for one.
    ...(said.title ? [] : replace('XMP-photoshop:Headline')),
    ...replace('XMP-dc:Description', said.description),
    ...replace('XMP-iptcCore:AltTextAccessibility', said.altText),
    ...replace('XMP-dc:Subject', ...said.keywords),
    ...sayIfKnown('XMP-dc:Creator', said.creator),
    ...sayIfKnown('XMP-photoshop:Credit', said.credit),
    ...sayIfKnown('XMP-dc:Rights', said.copyright),
    ...sayIfKnown('XMP-xmpRights:UsageTerms', said.usageTerms),
    ...sayIfKnown('XMP-photoshop:City', said.city),
    ...sayIfKnown('XMP-photoshop:Country', said.country),
    ...sayIfKnown('XMP-iptcExt:DigitalSourceType', said.digitalSourceType && SOURCE_TYPES + said.digitalSourceType),
  ];
}

function inExif(said: WrittenMetadata): string[] {
  return [
    ...replace('EXIF:ImageDescription', said.description),
    ...sayIfKnown('EXIF:Artist', said.creator),
    ...sayIfKnown('EXIF:Copyright', said.copyright),
  ];
}

/** Only where there is such a block already, which is brought to UTF-8 as a whole. */
function inIptc(said: WrittenMetadata): string[] {
  return [
    // Lists that are copied would be added to.
    ...[
      '-tagsFromFile',
      '@',
      '-IPTC:All',
      '--IPTC:Keywords',
      '--IPTC:SupplementalCategories',
      ...(said.creator ? ['--IPTC:By-line'] : []),
      '-IPTC:CodedCharacterSet=UTF8',
    ],
    ...replace('IPTC:ObjectName', said.title),
    ...(said.title ? [] : replace('IPTC:Headline')),
    ...replace('IPTC:Caption-Abstract', said.description),
    ...replace('IPTC:Keywords', ...said.keywords),
    ...sayIfKnown('IPTC:By-line', said.creator),
    ...sayIfKnown('IPTC:Credit', said.credit),
    ...sayIfKnown('IPTC:CopyrightNotice', said.copyright),
    ...sayIfKnown('IPTC:City', said.city),
    ...sayIfKnown('IPTC:Country-PrimaryLocationName', said.country),
  ];
}

function inPdf(said: WrittenMetadata): string[] {
  return [
    ...replace('PDF:Title', said.title),
    ...replace('PDF:Subject', said.description),
    ...replace('PDF:Keywords', ...said.keywords),
    ...sayIfKnown('PDF:Author', said.creator),
  ];
}

/** Everything that is no letter, digit or space as a character reference: see -E of ExifTool. */
function entities(text: string): string {
  return text.toWellFormed().replace(/[^\p{L}\p{N} ]/gu, (char) => `&#x${(char.codePointAt(0) as number).toString(16)};`);
}

function notWritable(fileName: string, reason: string, cause?: unknown): VitrineError {
  return new VitrineError('METADATA_NOT_WRITABLE', `Metadata cannot be written into ${fileName}: ${reason}.`, { value: fileName, cause });
}
