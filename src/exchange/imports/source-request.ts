import type { Viewer } from '../../viewer.js';
import { type AssetFields, parseAssetFields } from '../../library/assets/asset-fields.js';
import { badInput } from '../../errors.js';
import type { ImportBuckets } from '../../platform/files/import-buckets.js';
import { resolveInside } from './folder-source.js';
import type { ColumnMapping, ImportSource } from './import-source.js';
import { readPublicUrl, type UrlPolicy } from './public-url.js';
import type { StagedUploadService } from '../../library/uploads/staged-upload.service.js';

type Columns = { column: string; field?: string | null }[] | null | undefined;

/** Where a caller wants files from: exactly one of these is set. */
export interface SourceRequest {
  uploads?: { uploadId: string; fields?: unknown }[] | null;
  folder?: string | null;
  bucket?: { name: string; prefix?: string | null; manifest?: string | null; columns?: Columns } | null;
  urls?: { url: string; fields?: unknown }[] | null;
  archive?: { path?: string | null; uploadId?: string | null; columns?: Columns } | null;
  manifest?: { path?: string | null; uploadId?: string | null; fileUploadIds?: string[] | null; columns?: Columns } | null;
}

const MAX_ROWS = 1000;
const MAX_COLUMNS = 100;
const SOURCES = ['uploads', 'folder', 'bucket', 'urls', 'archive', 'manifest'] as const;

/** Checks sources that callers ask for. */
export class SourceReader {
  readonly #uploads: StagedUploadService;
  readonly #roots: readonly string[];
  readonly #urlPolicy: UrlPolicy;
  readonly #buckets: ImportBuckets;

  constructor(uploads: StagedUploadService, roots: readonly string[], urlPolicy: UrlPolicy, buckets: ImportBuckets) {
    this.#uploads = uploads;
    this.#roots = roots;
    this.#urlPolicy = urlPolicy;
    this.#buckets = buckets;
  }

  /**
   * @param extraRoots folders that the caller may read beside the configured ones
   * @throws VitrineError BAD_USER_INPUT, NOT_FOUND, FORBIDDEN, FILE_NOT_FOUND, URL_REFUSED naming the field
   */
  async read(viewer: Viewer, request: SourceRequest, extraRoots: readonly string[]): Promise<ImportSource> {
    const roots = [...extraRoots, ...this.#roots];
    const given = SOURCES.filter((name) => request[name] != null);
    if (given.length !== 1) {
      const message = `input.source: exactly one of ${SOURCES.join(', ')} is needed, not ${given.length}.`;
      throw badInput('input.source', given, `exactly one of ${SOURCES.join(', ')}`, message);
    }
    if (request.uploads != null) return this.#readUploads(viewer, request.uploads);
    if (request.urls != null) return { type: 'URLS', urls: this.#readUrls(request.urls) };
    if (request.folder != null)
      return { type: 'FOLDER', folder: await resolveInside(roots, request.folder, 'folder', 'input.source.folder') };
    if (request.bucket != null) return this.#readBucket(request.bucket);
    if (request.archive != null) return this.#readArchive(viewer, request.archive, roots);
    return this.#readManifest(viewer, request.manifest as NonNullable<SourceRequest['manifest']>, roots);
  }

  async #readUploads(viewer: Viewer, uploads: NonNullable<SourceRequest['uploads']>): Promise<ImportSource> {
    checkCount('input.source.uploads', uploads.length);
    const checked = uploads.map(({ uploadId, fields }, index) => ({
      uploadId,
      fields: readFields(fields, `input.source.uploads[${index}].fields`),
    }));
    const ids = checked.map(({ uploadId }) => uploadId);
    await this.#uploads.requireReceived(viewer, ids, (index) => `input.source.uploads[${index}].upload`);
    return { type: 'UPLOADS', uploads: checked };
  }

  #readUrls(urls: NonNullable<SourceRequest['urls']>) {
    checkCount('input.source.urls', urls.length);
    return urls.map(({ url, fields }, index) => {
      const at = `input.source.urls[${index}]`;
      return { url: readPublicUrl(url, this.#urlPolicy, `${at}.url`).href, fields: readFields(fields, `${at}.fields`) };
    });
  }

  #readBucket({ name, prefix, manifest, columns }: NonNullable<SourceRequest['bucket']>): ImportSource {
    const field = 'input.source.bucket';
    const start = prefix ?? '';
    this.#buckets.requireAllowed(name, start, `${field}.prefix`);
    if (manifest == null) {
      if (columns != null) throw badInput(`${field}.columns`, columns, 'nothing without a manifest');
      return { type: 'BUCKET', bucket: name, prefix: start };
    }
    const key = `${start}${manifest}`;
    this.#buckets.requireAllowed(name, key, `${field}.manifest`);
    if (!/\.(jsonl|ndjson|csv|xlsx)$/i.test(key))
      throw badInput(`${field}.manifest`, manifest, 'a key that ends in .jsonl, .ndjson, .csv or .xlsx');
    return { type: 'BUCKET_MANIFEST', bucket: name, key, ...readColumns(columns, `${field}.columns`) };
  }

  async #readArchive(
    viewer: Viewer,
    { path, uploadId, columns }: NonNullable<SourceRequest['archive']>,
    roots: readonly string[],
  ): Promise<ImportSource> {
    const field = 'input.source.archive';
    const mapping = readColumns(columns, `${field}.columns`);
    if ((path == null) === (uploadId == null)) throw badInput(field, null, 'either path or upload');
    if (path != null) return { type: 'ARCHIVE', archive: { path: await resolveInside(roots, path, 'file', `${field}.path`) }, ...mapping };
    await this.#uploads.requireReceived(viewer, [uploadId as string], () => `${field}.upload`);
    return { type: 'ARCHIVE', archive: { uploadId: uploadId as string }, ...mapping };
  }

  async #readManifest(
    viewer: Viewer,
    { path, uploadId, fileUploadIds, columns }: NonNullable<SourceRequest['manifest']>,
    roots: readonly string[],
  ): Promise<ImportSource> {
    const field = 'input.source.manifest';
    const mapping = readColumns(columns, `${field}.columns`);
    if ((path == null) === (uploadId == null)) throw badInput(field, null, 'either path or upload');
    if (path != null) return { type: 'MANIFEST', path: await resolveInside(roots, path, 'file', `${field}.path`), ...mapping };
    await this.#uploads.requireReceived(viewer, [uploadId as string], () => `${field}.upload`);
    const files = await this.#uploads.requireReceived(viewer, fileUploadIds ?? [], (index) => `${field}.files[${index}]`);
    const named = files.map((file) => ({ uploadId: file.id, fileName: file.file_name }));
    return { type: 'MANIFEST_UPLOAD', uploadId: uploadId as string, files: named, ...mapping };
  }
}

function checkCount(field: string, count: number): void {
  if (count < 1 || count > MAX_ROWS) throw badInput(field, count, `1 to ${MAX_ROWS} entries; use a manifest for more`);
}

function readFields(fields: unknown, path: string): AssetFields {
  return fields == null ? {} : parseAssetFields(fields, path);
}

/** Absent when nothing is renamed, so that the request of before stays the same one. */
function readColumns(columns: Columns, field: string): { columns?: ColumnMapping } {
  if (columns == null || columns.length === 0) return {};
  if (columns.length > MAX_COLUMNS) throw badInput(field, columns.length, `up to ${MAX_COLUMNS} columns`);
  for (const [index, { column, field: target }] of columns.entries()) {
    for (const text of [column, target ?? ''])
      if (text.length > 200 || text.includes('\0') || !text.isWellFormed())
        throw badInput(`${field}[${index}]`, text, 'a name of up to 200 characters');
  }
  return { columns: Object.fromEntries(columns.map(({ column, field: target }) => [column, target ?? null])) };
}
