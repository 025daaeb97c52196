import ExifReader from 'exifreader';
import { decodeText } from '../../platform/files/text-encoding.js';

/** Datasets of IPTC-IIM 4.2, by the reader's names. */
const NAMES = {
  title: 'Object Name',
  headline: 'Headline',
  caption: 'Caption/Abstract',
  keywords: 'Keywords',
  byline: 'By-line',
  credit: 'Credit',
  copyright: 'Copyright Notice',
  city: 'City',
  country: 'Country/Primary Location Name',
  dateCreated: 'Date Created',
  timeCreated: 'Time Created',
  digitalDate: 'Digital Creation Date',
  digitalTime: 'Digital Creation Time',
} as const;
type Name = keyof typeof NAMES;

/** What an IPTC-IIM block says. */
export interface IptcDatasets {
  text(name: Name): string | null;
  list(name: Name): string[];
  /** Date and time as one text; null without a date. */
  dateOf(date: Name, time: Name): string | null;
}

/** One JPEG segment. */
const MAX_BYTE_SIZE = 65_000;

/** Null for bytes that are no such block: a Photoshop resource, or bare datasets as a TIFF has them. Never throws. */
export function readIptc(block: Uint8Array | undefined): IptcDatasets | null {
  if (block === undefined || block.length === 0 || block.length > MAX_BYTE_SIZE) return null;
  let tags: Partial<Record<string, { value: unknown } | { value: unknown }[]>>;
  try {
    tags = (ExifReader.load(asJpeg(Buffer.from(block)), { expanded: true, includeTags: { iptc: true } }).iptc ?? {}) as typeof tags;
  } catch {
    return null;
  }
  const list = (name: Name) =>
    [tags[NAMES[name]] ?? []]
      .flat()
      .flatMap(({ value }) => (Array.isArray(value) && decodeText(Uint8Array.from(value))?.text.trim()) || []);
  const text = (name: Name) => list(name)[0] ?? null;
  return {
    list,
    text,
    dateOf: (date, time) => {
      const [day, at] = [text(date), text(time)];
      return day !== null && at !== null ? `${day}T${at}` : day;
    },
  };
}

/** A JPEG of nothing but this block: the reader takes IPTC from files only. */
function asJpeg(block: Buffer): Buffer {
  const name = Buffer.from('Photoshop 3.0\0', 'latin1');
  const payload =
    block[0] === 0x1c ? Buffer.concat([name, asResource(block)]) : block.indexOf(name) === 0 ? block : Buffer.concat([name, block]);
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xed, 0, 0]);
  head.writeUInt16BE(payload.length + 2, 4);
  return Buffer.concat([head, payload, Buffer.from([0xff, 0xd9])]);
}

function asResource(datasets: Buffer): Buffer {
  const head = Buffer.from('8BIM\u0004\u0004\0\0\0\0\0\0', 'latin1');
  head.writeUInt32BE(datasets.length, 8);
  return Buffer.concat([head, datasets, Buffer.alloc(datasets.length % 2)]);
}
