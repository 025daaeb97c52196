import ExifReader from 'exifreader';
import type { ExifFacts } from './exif.js';
import { cleanText } from './text-document.js';

/** What a picture says about itself, in the order XMP, IPTC-IIM, EXIF: the first that says something. Texts are as they stand, trimmed. */
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

/** Larger blocks are not read: no editor writes them, and parsing costs time. */
const MAX_BLOCK_BYTE_SIZE = 256 * 1024;
const MAX_KEPT_BYTE_SIZE = 64 * 1024;
/** One JPEG segment. */
const MAX_IPTC_BYTE_SIZE = 65_000;
const MAX_TEXT_LENGTH = 10_000;
const MAX_KEYWORDS = 200;
const MAX_KEYWORD_LENGTH = 300;
/** What cameras write where a person would describe the picture. */
const CAMERA_NOISE =
  /^(olympus digital camera|sony dsc|(minolta |konica minolta )?digital camera|samsung( camera pictures)?|dcim.*|default|untitled|image)$/i;

interface Blocks {
  xmp?: Uint8Array | undefined;
  iptc?: Uint8Array | undefined;
  exif: ExifFacts | null;
}

/**
 * Reads the metadata blocks of a picture. Never throws: what cannot be read says nothing. Null when there is nothing at all.
 * Sources: XMP part 1 and 2, IPTC Photo Metadata Standard 2023.2, IIM 4.2; the order is that of the Metadata Working Group's guidelines.
 */
export function readEmbeddedMetadata({ xmp, iptc, exif }: Blocks): EmbeddedMetadata | null {
  const inXmp = read(xmp, MAX_BLOCK_BYTE_SIZE, (block) => ExifReader.load(toBuffer(block), { expanded: true }).xmp) as Tags | null;
  const inIptc = read(iptc, MAX_IPTC_BYTE_SIZE, (block) => ExifReader.load(asJpeg(block), { expanded: true }).iptc) as Tags | null;
  const first = (...values: (string | null)[]) => values.find((value) => value !== null) ?? null;
  const found: EmbeddedMetadata = {
    title: first(text(inXmp?.title), text(inIptc?.['Object Name']), text(inXmp?.Headline), text(inIptc?.Headline)),
    description: first(text(inXmp?.description), text(inIptc?.['Caption/Abstract']), withoutNoise(exif?.description ?? null)),
    altText: text(inXmp?.AltTextAccessibility),
    keywords: listOf(inXmp?.subject) ?? listOf(inIptc?.Keywords) ?? [],
    creator: first(joined(inXmp?.creator), joined(inIptc?.['By-line']), exif?.creator ?? null),
    credit: first(text(inXmp?.Credit), text(inIptc?.Credit)),
    copyright: first(text(inXmp?.rights), text(inIptc?.['Copyright Notice']), exif?.copyright ?? null),
    usageTerms: text(inXmp?.UsageTerms),
    city: first(text(inXmp?.City), text(inIptc?.City)),
    country: first(text(inXmp?.Country), text(inIptc?.['Country/Primary Location Name'])),
    createdOn: first(text(inXmp?.DateCreated), text(inIptc?.['Date Created'])),
    xmp: xmp === undefined || xmp.length > MAX_KEPT_BYTE_SIZE ? null : cleanText(new TextDecoder().decode(xmp)),
  };
  const says = Object.values(found).some((value) => value !== null && !(Array.isArray(value) && value.length === 0));
  return says ? found : null;
}

interface Tag {
  value?: unknown;
  description?: unknown;
  attributes?: { lang?: unknown };
}
type Tags = Record<string, Tag | Tag[] | undefined>;

function read<T>(block: Uint8Array | undefined, maxByteSize: number, parse: (block: Uint8Array) => T): T | null {
  if (block === undefined || block.length === 0 || block.length > maxByteSize) return null;
  try {
    return parse(block) ?? null;
  } catch {
    return null;
  }
}

/** The text of a tag. Of one in several languages the default, else the first. */
function text(tag: Tag | Tag[] | undefined): string | null {
  if (tag === undefined) return null;
  const tags = Array.isArray(tag) ? tag : Array.isArray(tag.value) && tag.value.every(isTag) ? (tag.value as Tag[]) : [tag];
  const chosen = tags.find(({ attributes }) => attributes?.lang === 'x-default') ?? tags[0];
  return chosen === undefined ? null : clean(chosen.description ?? chosen.value, MAX_TEXT_LENGTH);
}

function listOf(tag: Tag | Tag[] | undefined): string[] | null {
  if (tag === undefined) return null;
  const tags = Array.isArray(tag) ? tag : Array.isArray(tag.value) && tag.value.every(isTag) ? (tag.value as Tag[]) : [tag];
  const texts = tags.slice(0, MAX_KEYWORDS).flatMap(({ description, value }) => clean(description ?? value, MAX_KEYWORD_LENGTH) ?? []);
  return texts.length === 0 ? null : [...new Set(texts)];
}

function joined(tag: Tag | Tag[] | undefined): string | null {
  return listOf(tag)?.join(', ') ?? null;
}

function isTag(value: unknown): value is Tag {
  return value !== null && typeof value === 'object' && ('value' in value || 'description' in value);
}

function clean(value: unknown, maxLength: number): string | null {
  if (typeof value !== 'string') return null;
  return cleanText(value.slice(0, maxLength).toWellFormed()).normalize('NFC').trim() || null;
}

function withoutNoise(description: string | null): string | null {
  return description !== null && CAMERA_NOISE.test(description.trim()) ? null : description;
}

function toBuffer(block: Uint8Array): Buffer {
  return Buffer.from(block.buffer, block.byteOffset, block.byteLength);
}

/** A JPEG of nothing but this Photoshop block: the reader takes IPTC from files only. */
function asJpeg(block: Uint8Array): Buffer {
  const name = Buffer.from('Photoshop 3.0\0', 'latin1');
  const content = toBuffer(block);
  const payload = content.subarray(0, name.length).equals(name) ? content : Buffer.concat([name, content]);
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xed, 0, 0]);
  head.writeUInt16BE(payload.length + 2, 4);
  return Buffer.concat([head, payload, Buffer.from([0xff, 0xd9])]);
}
