import ExifReader from 'exifreader';
import { decodeText } from '../../platform/files/text-encoding.js';
import type { FileTexts } from './file-texts.js';

/** The few facts of a camera or scanner that a version keeps; null where the file does not tell. */
export interface ExifFacts {
  /** ISO 8601, a year or a month alone where no more is known; local time without a zone unless the file tells its offset. */
  takenAt: string | null;
  make: string | null;
  model: string | null;
  description: string | null;
  copyright: string | null;
  creator: string | null;
}

const DATES = {
  original: ['DateTimeOriginal', 'OffsetTimeOriginal'],
  digitized: ['DateTimeDigitized', 'OffsetTimeDigitized'],
  modified: ['DateTime', 'OffsetTime'],
} as const;
const TEXTS = ['ImageDescription', 'Make', 'Model', 'Artist', 'Copyright'] as const;
/** What Windows writes, in UTF-16. */
const WINDOWS = ['XPTitle', 'XPComment', 'XPAuthor', 'XPKeywords', 'XPSubject'] as const;
const READ = [...TEXTS, ...WINDOWS, ...Object.values(DATES).flat()];
/** One JPEG segment; other formats could hold more, and no camera writes it. */
const MAX_BLOCK_BYTE_SIZE = 512 * 1024;

/** Reads an EXIF block ("Exif\0\0" + TIFF structure, or the bare structure). Never throws: what cannot be read is null. Source: Exif 3.0, §4.6. */
export function readExif(block: Uint8Array | undefined): FileTexts | null {
  if (block === undefined || block.length > MAX_BLOCK_BYTE_SIZE) return null;
  const start = block[0] === 0x45 && block[1] === 0x78 ? 6 : 0;
  let tags: Partial<Record<string, { value: unknown; description: string }>>;
  try {
    const options = { expanded: true, includeTags: { exif: READ } } as const;
    tags = (ExifReader.load(Buffer.from(block.subarray(start)), options).exif ?? {}) as typeof tags;
  } catch {
    return null;
  }
  // Of the copyright of a photographer and an editor, parted by NUL, the first that is there.
  const text = (name: string) =>
    [tags[name]?.value].flat().flatMap((value) => (typeof value === 'string' && textOf(value)) || [])[0] ?? null;
  const windows = (name: (typeof WINDOWS)[number]) => tags[name]?.description.trim() || null;
  const date = ([name, offset]: readonly [string, string]) => {
    const said = text(name);
    return said === null ? null : said + (/^\d{4}:\d\d:\d\d \d\d:\d\d:\d\d$/.test(said) ? (text(offset) ?? '') : '');
  };
  const title = windows('XPTitle');
  // Windows writes a title into both.
  const description = [text('ImageDescription'), windows('XPSubject'), windows('XPComment')].find(
    (said) => said !== null && said !== title,
  );
  return {
    title,
    description: description ?? null,
    keywords: windows('XPKeywords')?.split(';') ?? [],
    creator: text('Artist') ?? windows('XPAuthor'),
    copyright: text('Copyright'),
    make: text('Make'),
    model: text('Model'),
    dates: { original: date(DATES.original), created: null, digitized: date(DATES.digitized), modified: date(DATES.modified) },
  };
}

/** The reader gives a character for each byte where a text is no UTF-8. */
function textOf(value: string): string | null {
  const isBytes = /^[\0-\xff]*$/.test(value);
  return (isBytes ? decodeText(Buffer.from(value, 'latin1'))?.text : value)?.trim() || null;
}
