import { PassThrough, Readable } from 'node:stream';
import ZipStream from 'zip-stream';
import type { RecipeChoice } from '../delivery/recipe.js';
import type { RenditionService } from '../delivery/rendition.service.js';
import { isVitrineError, VitrineError } from '../errors.js';
import type { FileStore } from '../files/file-store.js';
import { toGlobalId } from '../graphql/global-id.js';
import type { ExportedAsset } from './asset-export.queries.js';
import { EntryNames } from './entry-names.js';
import { ExportManifest, type ExportProblem, type ManifestFormat, toManifestRow } from './export-manifest.js';
import { TemporaryLines } from './temporary-lines.js';

export interface ArchiveRooms {
  files: FileStore;
  renditions: RenditionService;
  temporaryFolder: string;
}

export interface ArchiveRequest {
  organizationId: string;
  manifest: ManifestFormat;
  /** Null: originals. */
  rendition: RecipeChoice | null;
}

/** Says how many assets are written. */
export type ExportProgress = (done: number) => void;

const MANIFEST_NAMES: Record<ManifestFormat, string> = { JSONL: 'manifest.jsonl', CSV: 'manifest.csv' };
/** Texts shrink; pictures are packed already. */
const PACKED_WHEN = /^(text\/|image\/svg\+xml$)/;
const PACKED_UP_TO = 10 * 1024 * 1024;

/**
 * A ZIP archive of assets: `files/…`, then a manifest that an import takes back, then `problems.jsonl` where something is not as in the
 * library. It is made while it is read, one file after the other, no faster than the reader takes it; a reader that goes away ends it.
 */
export function streamArchive(
  rooms: ArchiveRooms,
  request: ArchiveRequest,
  assets: AsyncIterable<ExportedAsset>,
  onProgress: ExportProgress = () => {},
): Readable {
  const zip = new ZipStream({ zlib: { level: 6 } });
  const output = new PassThrough();
  const gone = new AbortController();
  output.once('close', () => gone.abort());
  zip.pipe(output);
  fill(zip, rooms, request, assets, onProgress, gone.signal).catch((error: Error) => output.destroy(error));
  return output;
}

async function fill(
  zip: ZipStream,
  rooms: ArchiveRooms,
  request: ArchiveRequest,
  assets: AsyncIterable<ExportedAsset>,
  onProgress: ExportProgress,
  signal: AbortSignal,
): Promise<void> {
  const rows = await TemporaryLines.create(rooms.temporaryFolder);
  const problems = await TemporaryLines.create(rooms.temporaryFolder);
  const manifest = new ExportManifest(rows);
  const report = (problem: ExportProblem) => problems.add(JSON.stringify(problem));
  const names = new EntryNames();
  try {
    let done = 0;
    for await (const asset of assets) {
      signal.throwIfAborted();
      const assetId = toGlobalId('Asset', asset.id);
      const source = await openSource(rooms, request, asset);
      const file = `files/${names.next(source.fileName)}`;
      await manifest.add(assetId, toManifestRow(asset, file));
      if ('error' in source) await report({ assetId, file, code: source.error.code, message: source.error.message });
      else await append(zip, source.stream, { name: file, date: asset.created_at, store: source.store }, signal);
      done += 1;
      onProgress(done);
    }
    await append(zip, manifest.read(request.manifest, report), { name: MANIFEST_NAMES[request.manifest], store: false }, signal);
    if (problems.count > 0) await append(zip, Readable.from(withEnds(problems.read())), { name: 'problems.jsonl', store: false }, signal);
    zip.finalize();
  } finally {
    await Promise.all([rows.close(), problems.close()]);
  }
}

async function* withEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

type Source = { fileName: string } & ({ stream: Readable; store: boolean } | { error: VitrineError });

/** The bytes of an asset, or why there are none: a file that is missing must not end the archive. Storage that is away does. */
async function openSource(
  { files, renditions }: ArchiveRooms,
  { organizationId, rendition }: ArchiveRequest,
  { id, version }: ExportedAsset,
): Promise<Source> {
  const { sha256, byte_size: byteSize, media_type: mediaType, file_name: fileName } = version;
  try {
    if (rendition === null) {
      const stored = await files.byteSizeOf(sha256);
      if (stored === null) throw new VitrineError('FILE_NOT_FOUND', 'The file is not in storage.');
      if (stored !== byteSize) throw new VitrineError('FILE_UNREADABLE', `The file in storage has ${stored} bytes instead of ${byteSize}.`);
      return { fileName, stream: await files.openRead(sha256), store: !PACKED_WHEN.test(mediaType) || byteSize > PACKED_UP_TO };
    }
    if (version.kind !== 'IMAGE') throw new VitrineError('MEDIA_UNSUPPORTED', 'Renditions are made of pictures only.');
    const { name } = await renditions.provide(organizationId, { ...version, asset_id: id }, rendition);
    const made = await files.openRendition(sha256, name);
    if (made === null) throw new VitrineError('FILE_NOT_FOUND', 'The rendition was removed a moment ago.');
    return { fileName: fileName.replace(/(\.[^.]*)?$/, name.slice(name.lastIndexOf('.'))), stream: made.stream, store: true };
  } catch (error) {
    if (!isVitrineError(error) || error.code === 'STORAGE_UNAVAILABLE' || error.code === 'DATABASE_UNREACHABLE') throw error;
    return { fileName, error };
  }
}

/** Adds one file and waits until its last byte is taken. */
async function append(
  zip: ZipStream,
  source: Readable,
  data: { name: string; date?: Date; store: boolean },
  signal: AbortSignal,
): Promise<void> {
  const broken = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      // The archive holds a part of this file and says that it is whole: it has to break off.
      source.once('error', reject);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: broken.signal });
      zip.entry(source, data, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    broken.abort();
    if (!source.destroyed) source.destroy();
  }
}
