import { type Readable, Transform } from 'node:stream';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { VitrineError } from '../../errors.js';
import { readFilePath } from './file-name.js';
import { decodeText } from './text-encoding.js';

/** Where one file lies in an archive: enough to read it without reading the list of all of them again. */
export interface ArchiveEntry {
  /** A label: never a path on this machine. */
  name: string;
  offset: number;
  packedByteSize: number;
  byteSize: number;
  method: number;
  flags: number;
  /** Of the unpacked bytes; absent in entries that were listed by earlier versions of the program. */
  crc32?: number;
}

export interface ListedEntry {
  entry: ArchiveEntry;
  /** Why this one cannot be imported. */
  error: VitrineError | null;
}

const MAX_ENTRIES = 1_000_000;
/** Deflate packs at most about 1,032 to 1; what comes near that is no picture. */
const MAX_RATIO = 500;
const RATIO_COUNTS_FROM = 10 * 1024 * 1024;
/** The kind of a file, in the upper half of what Unix writes about an entry; 0 where nothing was written. POSIX, sys/stat.h. */
const KIND_MASK = 0o170000;
const REGULAR_FILE = 0o100000;
const FOLDER = 0o040000;
const SYMBOLIC_LINK = 0o120000;

/**
 * All files of a ZIP archive, in its order; folders and hidden files are left out. Names are labels and are never used as paths.
 * @throws VitrineError ARCHIVE_INVALID: not a ZIP archive, too many entries, or entries that share bytes (how small bombs are made)
 */
export async function listArchive(file: string, maxByteSize: number): Promise<ListedEntry[]> {
  const zip = await open(file);
  try {
    if (zip.entryCount > MAX_ENTRIES) throw invalid(`it has ${zip.entryCount} entries; at most ${MAX_ENTRIES} are accepted`);
    const found: ListedEntry[] = [];
    await new Promise<void>((resolve, reject) => {
      zip.once('error', reject).once('end', resolve);
      zip.on('entry', (entry: yauzl.Entry) => {
        const listed = readEntry(entry, maxByteSize);
        if (listed !== null) found.push(listed);
        zip.readEntry();
      });
      zip.readEntry();
    });
    refuseOverlaps(found.map(({ entry }) => entry));
    return found;
  } catch (error) {
    throw error instanceof VitrineError ? error : invalid(DAMAGED, error);
  } finally {
    zip.close();
  }
}

/**
 * One file of an archive. Bytes that cannot be unpacked, are more or fewer than the archive says or do not fit its checksum end the stream
 * with ARCHIVE_INVALID. @throws VitrineError ARCHIVE_INVALID
 */
export async function readArchiveEntry(file: string, described: ArchiveEntry): Promise<Readable> {
  const { name, offset, packedByteSize, byteSize, method, flags } = described;
  const zip = await open(file);
  try {
    const entry = Object.assign(new yauzl.Entry(), {
      fileName: name,
      relativeOffsetOfLocalHeader: offset,
      compressedSize: packedByteSize,
      uncompressedSize: byteSize,
      compressionMethod: method,
      generalPurposeBitFlag: flags,
    });
    const stream = await new Promise<Readable>((resolve, reject) => {
      zip.openReadStream(entry, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    const checked = checksumOf(described);
    stream.once('close', () => zip.close()).once('error', (error) => checked.destroy(damaged(CUT, error)));
    checked.once('close', () => stream.destroy());
    return stream.pipe(checked);
  } catch (error) {
    zip.close();
    throw damaged(CUT, error);
  }
}

/** Passes bytes on, and ends with an error where they do not fit the checksum of their entry. */
function checksumOf({ crc32: expected }: ArchiveEntry): Transform {
  let found = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      found = crc32(chunk, found);
      done(null, chunk);
    },
    flush(done) {
      done(expected === undefined || found === expected ? null : damaged('its bytes do not fit their checksum (CRC-32)'));
    },
  });
}

const CUT = 'it is cut short, or has other bytes than the archive says';

function damaged(reason: string, cause?: unknown): VitrineError {
  return new VitrineError('ARCHIVE_INVALID', `This entry is damaged: ${reason}. Pack it again.`, { cause });
}

function open(file: string): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    // Names as bytes: one bad name must not end the reading of the rest.
    yauzl.open(file, { lazyEntries: true, autoClose: false, decodeStrings: false }, (error, zip) =>
      error ? reject(invalid(DAMAGED, error)) : resolve(zip),
    );
  });
}

function readEntry(entry: yauzl.Entry, maxByteSize: number): ListedEntry | null {
  const { generalPurposeBitFlag: flags, compressedSize: packedByteSize, uncompressedSize: byteSize } = entry;
  const name = nameOf(entry);
  if (kindOf(entry) === FOLDER) return null;
  if (name.endsWith('/') || name.split('/').some((part) => part.startsWith('.') || part === '__MACOSX')) {
    // `..` is a name to be refused, not a hidden file to be passed over.
    if (name.endsWith('/') || !name.split('/').includes('..')) return null;
  }
  const described: ArchiveEntry = {
    name,
    offset: entry.relativeOffsetOfLocalHeader,
    packedByteSize,
    byteSize,
    method: entry.compressionMethod,
    flags,
    crc32: entry.crc32,
  };
  return { entry: described, error: faultOf(entry, name, maxByteSize) };
}

const UTF8_FLAG = 0x800;

/**
 * UTF-8 where the flag or Info-ZIP's field for it says so, and where the name is UTF-8 without their saying so (macOS); else code page 437.
 */
function nameOf({ fileName, generalPurposeBitFlag: flags, extraFields }: yauzl.Entry): string {
  const bytes = fileName as unknown as Buffer;
  const isUtf8 = decodeText(bytes)?.encoding === 'UTF-8';
  return readFilePath(yauzl.getFileNameLowLevel(isUtf8 ? flags | UTF8_FLAG : flags & ~UTF8_FLAG, bytes, extraFields, false));
}

function faultOf(entry: yauzl.Entry, name: string, maxByteSize: number): VitrineError | null {
  if (yauzl.validateFileName(name) !== null)
    return new VitrineError(
      'ARCHIVE_INVALID',
      'The name of this entry leads out of the archive: it begins with "/" or a drive, or has ".." or "\\" in it.',
    );
  const kind = kindOf(entry);
  if (kind === SYMBOLIC_LINK)
    return new VitrineError('ARCHIVE_INVALID', 'This entry is a symbolic link, not a file. Pack the file that it points to in its place.');
  if (kind !== 0 && kind !== REGULAR_FILE)
    return new VitrineError(
      'ARCHIVE_INVALID',
      'This entry is a device, a pipe or a socket, not a file. Pack the archive again without it.',
    );
  if (entry.isEncrypted()) return new VitrineError('ARCHIVE_INVALID', 'This entry is encrypted. Pack it again without a password.');
  if (!entry.canDecodeFileData())
    return new VitrineError(
      'ARCHIVE_INVALID',
      `This entry is packed by method ${entry.compressionMethod}; stored and deflate are accepted.`,
    );
  const { compressedSize: packed, uncompressedSize: byteSize } = entry;
  if (byteSize > maxByteSize) return new VitrineError('FILE_TOO_LARGE', `The file has ${byteSize} bytes; the limit is ${maxByteSize}.`);
  if (byteSize > RATIO_COUNTS_FROM && byteSize > packed * MAX_RATIO)
    return new VitrineError(
      'ARCHIVE_INVALID',
      `This entry unpacks to ${Math.round(byteSize / Math.max(1, packed))} times its size, as archive bombs do.`,
    );
  return null;
}

function kindOf({ externalFileAttributes }: yauzl.Entry): number {
  return (externalFileAttributes >>> 16) & KIND_MASK;
}

function refuseOverlaps(entries: readonly ArchiveEntry[]): void {
  const sorted = [...entries].sort((a, b) => a.offset - b.offset);
  for (const [index, { offset, packedByteSize }] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined && offset + packedByteSize > next.offset) throw invalid('entries in it share bytes, as archive bombs do');
  }
}

const DAMAGED = 'it is no ZIP archive, is cut short, or its list of files is damaged';

function invalid(reason: string, cause?: unknown): VitrineError {
  return new VitrineError('ARCHIVE_INVALID', `The archive cannot be read: ${reason}.`, { cause });
}
