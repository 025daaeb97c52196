import { VitrineError } from '../../errors.js';
import { type ArchiveEntry, listArchive, readArchiveEntry } from '../../platform/files/archive.js';
import { readXml } from '../../platform/files/xml-events.js';
import type { FileTexts } from './file-texts.js';
import { cleanText, MAX_CHARACTERS } from './text-document.js';

/** What a document of an office program holds that is of use here: nothing of it is laid out. */
export interface OfficeDocument {
  text: string;
  texts: FileTexts;
  /** The picture that its program made of its first page, JPEG or PNG; null where there is none. */
  thumbnail: Buffer | null;
  warnings: string[];
}

/** Where the text lies, in this order: Word, PowerPoint, Excel (its texts, not its numbers), OpenDocument. */
const TEXT_PARTS = [
  /^word\/(document|footnotes|endnotes)\.xml$/,
  /^ppt\/(slides|notesSlides)\/[a-zA-Z]+\d+\.xml$/,
  /^xl\/sharedStrings\.xml$/,
  /^content\.xml$/,
];
const PROPERTIES = /^(docProps\/core|meta)\.xml$/;
const THUMBNAIL = /^(docProps\/thumbnail\.(jpe?g|png)|Thumbnails\/thumbnail\.png)$/i;
const MAX_PART_BYTE_SIZE = 64 * 1024 * 1024;
const MAX_THUMBNAIL_BYTE_SIZE = 16 * 1024 * 1024;
/** Elements whose text is seen by nobody, or stands elsewhere too. */
const UNSEEN: ReadonlySet<string> = new Set(['Fallback', 'tracked-changes', 'rPh', 'instrText', 'delText', 'binary-data']);
const BREAKS: Readonly<Record<string, string>> = { tab: '\t', br: '\n', cr: '\n', 'line-break': '\n', s: ' ' };
const PARAGRAPHS: ReadonlySet<string> = new Set(['p', 'h', 'si']);

/**
 * Reads documents of Office Open XML (ECMA-376) and OpenDocument (ISO 26300): their text up to 100,000 characters, what they say about themselves
 * and the picture that lies in them. Throws MEDIA_UNSUPPORTED (encrypted) and MEDIA_CORRUPT.
 */
export async function readOfficeDocument(filePath: string, fileName: string): Promise<OfficeDocument> {
  try {
    const listed = await listArchive(filePath, MAX_PART_BYTE_SIZE);
    const find = (name: RegExp) => listed.filter(({ entry }) => name.test(entry.name)).sort((a, b) => byNumber(a.entry.name, b.entry.name));
    const parts = TEXT_PARTS.flatMap(find);
    for (const { entry, error } of parts) if (error !== null) throw new Error(`${entry.name}: ${error.message}`);
    const isFlat = parts.some(({ entry }) => entry.name === 'content.xml');
    const pieces: string[] = [];
    let length = 0;
    for (const { entry } of parts) {
      if (length > MAX_CHARACTERS) break;
      const text = await textOf({ file: filePath, entry }, isFlat ? ['p', 'h'] : ['t'], MAX_CHARACTERS - length + 1);
      pieces.push(text);
      length += text.length;
    }
    const text = cleanText(pieces.join('\n').replace(/\n{3,}/g, '\n\n')).trim();
    const said = find(PROPERTIES).find(({ error }) => error === null);
    const picture = find(THUMBNAIL).find(({ entry, error }) => error === null && entry.byteSize <= MAX_THUMBNAIL_BYTE_SIZE);
    return {
      text: text
        .slice(0, MAX_CHARACTERS)
        .toWellFormed()
        .replace(/\ufffd$/, ''),
      texts: textsOf(said ? await propertiesOf({ file: filePath, entry: said.entry }).catch(() => new Map()) : new Map()),
      thumbnail: picture ? await bytesOf(filePath, picture.entry).catch(() => null) : null,
      warnings: text.length > MAX_CHARACTERS ? [`The text is longer than ${MAX_CHARACTERS} characters; only the first ones are kept.`] : [],
    };
  } catch (error) {
    throw new VitrineError('MEDIA_CORRUPT', `${fileName} cannot be read: the document is damaged. Save it again.`, {
      value: fileName,
      cause: error,
    });
  }
}

/** `slide2` before `slide10`. */
function byNumber(a: string, b: string): number {
  const numberIn = (name: string) => Number(/(\d+)\.xml$/.exec(name)?.[1] ?? 0);
  return numberIn(a) - numberIn(b);
}

/** The text inside elements of these names, with line ends behind paragraphs; reading stops where it is long enough. */
async function textOf(part: { file: string; entry: ArchiveEntry }, holders: readonly string[], maxLength: number): Promise<string> {
  let [text, unseen, held] = ['', 0, 0];
  for await (const events of readXml(part)) {
    for (const { opened, closed, text: said } of events) {
      if (opened !== undefined) {
        if (UNSEEN.has(opened.name)) unseen++;
        if (holders.includes(opened.name)) held++;
        // In OpenDocument a blank more is an element; in Word, `s` is nothing that has text.
        if (unseen === 0 && (opened.name !== 's' || holders.includes('p'))) text += BREAKS[opened.name] ?? '';
      } else if (closed !== undefined) {
        if (UNSEEN.has(closed)) unseen--;
        if (holders.includes(closed)) held--;
        if (unseen === 0 && PARAGRAPHS.has(closed)) text += '\n';
      } else if (unseen === 0 && held > 0) text += said ?? '';
    }
    if (text.length > maxLength) break;
  }
  return text;
}

/** Texts of the elements of a part by their names, in order. */
async function propertiesOf(part: { file: string; entry: ArchiveEntry }): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  let text = '';
  for await (const events of readXml(part)) {
    for (const { opened, closed, text: said } of events) {
      if (opened !== undefined) text = '';
      else if (closed !== undefined) {
        if (text.trim() !== '') found.set(closed, [...(found.get(closed) ?? []), text.trim()]);
        text = '';
      } else text += said ?? '';
    }
  }
  return found;
}

function textsOf(said: ReadonlyMap<string, readonly string[]>): FileTexts {
  const first = (...names: string[]) => names.flatMap((name) => said.get(name) ?? [])[0] ?? null;
  return {
    ...{ title: first('title'), description: first('description', 'subject'), copyright: null, make: null, model: null },
    keywords: ['keyword', 'keywords'].flatMap((name) => said.get(name) ?? []).flatMap((keywords) => keywords.split(/[;,]/)),
    creator: first('initial-creator', 'creator'),
    dates: { original: null, created: first('created', 'creation-date'), digitized: null, modified: first('modified', 'date') },
  };
}

async function bytesOf(file: string, entry: ArchiveEntry): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await readArchiveEntry(file, entry)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
