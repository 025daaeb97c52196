import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import ZipStream from 'zip-stream';
import { describeFile } from '../../library/assets/embedded-fields.js';
import type { DescribedCopies } from '../delivery/described-copies.js';
import type { RecipeChoice } from '../delivery/recipe.js';
import type { FoundRendition, RenditionService } from '../delivery/rendition.service.js';
import { isOutage, isVitrineError, VitrineError } from '../../errors.js';
import { splitFileName } from '../../platform/files/file-name.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { carriesMetadata } from '../../engines/media/metadata-writer.js';
import type { ExportedAsset } from './asset-export.queries.js';
import { EntryNames } from './entry-names.js';
import { ExportManifest, type ExportProblem, type ManifestFormat, toManifestRow } from './export-manifest.js';
import { TemporaryLines } from './temporary-lines.js';

export interface ArchiveRooms {
  files: FileStore;
  renditions: RenditionService;
  copies: DescribedCopies;
  temporaryFolder: string;
}

export interface ArchiveRequest {
  organizationId: string;
  manifest: ManifestFormat;
  /** Null: originals. */
  rendition: RecipeChoice | null;
  withMetadata: boolean;
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
      await manifest.add(assetId, toManifestRow(asset, file, source.fileName));
      const problem = 'error' in source ? source.error : source.problem;
      if (problem !== undefined) await report({ assetId, file, code: problem.code, message: problem.message });
      if (!('error' in source)) {
        const { stream, store, sidecar } = source;
        await append(zip, stream, { name: file, date: asset.created_at, store }, signal);
        const besides = sidecar && `files/${names.next(`${path.posix.basename(file)}.xmp`)}`;
        if (besides) await append(zip, sidecar, { name: besides, date: asset.created_at, store: false }, signal);
      }
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

interface OpenedSource {
  stream: Readable;
  store: boolean;
  /** XMP of what could not be written into the file itself. */
  sidecar?: Readable;
  /** What is not as it was asked for, though the file is there. */
  problem?: VitrineError;
}
type Source = { fileName: string } & (OpenedSource | { error: VitrineError });

/** The bytes of an asset, or why there are none: a file that is missing must not end the archive. Storage that is away does. */
async function openSource(rooms: ArchiveRooms, request: ArchiveRequest, asset: ExportedAsset): Promise<Source> {
  const { files, renditions } = rooms;
  const { sha256, byte_size: byteSize, media_type: mediaType, file_name: fileName, kind } = asset.version;
  try {
    if (request.rendition === null) {
      const stored = await files.byteSizeOf(sha256);
      if (stored === null) throw new VitrineError('FILE_NOT_FOUND', 'The file is not in storage.');
      if (stored !== byteSize) throw new VitrineError('FILE_UNREADABLE', `The file in storage has ${stored} bytes instead of ${byteSize}.`);
      const openPlain = () => files.openRead(sha256);
      const store = !PACKED_WHEN.test(mediaType) || byteSize > PACKED_UP_TO;
      if (!request.withMetadata) return { fileName, stream: await openPlain(), store };
      return { fileName, ...(await openDescribed(rooms, asset, null, openPlain, store)) };
    }
    if (kind !== 'IMAGE') throw new VitrineError('MEDIA_UNSUPPORTED', 'Renditions are made of pictures only.');
    const made = await renditions.provide(request.organizationId, { ...asset.version, asset_id: asset.id }, request.rendition, 'bulk');
    const renditionName = `${splitFileName(fileName).stem}${path.extname(made.name)}`;
    const openPlain = async () => {
      const found = await files.openRendition(sha256, made.name);
      if (found === null) throw new VitrineError('FILE_NOT_FOUND', 'The rendition was removed a moment ago.');
      return found.stream;
    };
    if (!request.withMetadata) return { fileName: renditionName, stream: await openPlain(), store: true };
    return { fileName: renditionName, ...(await openDescribed(rooms, asset, made, openPlain, true)) };
  } catch (error) {
    if (!isVitrineError(error) || isOutage(error)) throw error;
    return { fileName, error };
  }
}

/** A copy with metadata; where there can be none, the file as it is with an XMP file. */
async function openDescribed(
  { copies }: ArchiveRooms,
  asset: ExportedAsset,
  rendition: FoundRendition | null,
  openPlain: () => Promise<Readable>,
  store: boolean,
): Promise<OpenedSource> {
  const { version } = asset;
  const metadata = describeFile({ ...asset, digital_source_type: version.digital_source_type });
  try {
    return { stream: await copies.openOnce({ version, rendition }, metadata, version.file_name), store };
  } catch (error) {
    if (!isVitrineError(error) || isOutage(error)) throw error;
    const sidecar = await copies.openOnce(null, metadata, version.file_name);
    // That a type carries no metadata is no problem; that this file does not take them is one.
    const problem = rendition === null && !carriesMetadata(version.media_type) ? {} : { problem: error };
    return { stream: await openPlain(), store, sidecar, ...problem };
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
