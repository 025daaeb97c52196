import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../../config.js';
import { badInput, VitrineError } from '../../errors.js';
import { MANIFEST_FORMATS, type ManifestFormat } from '../../exchange/exports/export-manifest.js';
import type { Logger } from '../../log.js';
import { type LibraryApi, openLibraryApi, readFilterOption, required } from './library-api.js';
import { asOwner } from './owner.js';
import { readTarget } from './output-file.js';
import { showProgress } from './progress.js';

export interface ExportOptions {
  out: string;
  filter?: string;
  asset?: string[];
  rendition?: string;
  manifest?: string;
  withMetadata?: boolean;
}

interface Request {
  filter?: object | null;
  assets?: string[];
  rendition: string | null;
  manifest: ManifestFormat;
  withMetadata: boolean;
}

/** `vitrine export`: files and a manifest as a ZIP archive. The archive has its name only when it is whole. */
export async function exportCommand(config: Config, log: Logger, options: ExportOptions): Promise<void> {
  const target = await readTarget(options.out);
  const request = readRequest(options);
  const part = `${target}.part`;
  const api = await openLibraryApi(config, log);
  try {
    const byteSize = await write(api, request, part);
    await rename(part, target);
    process.stdout.write(`${target} (${(byteSize / 1e6).toFixed(1)} MB)\n`);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await api.close();
  }
}

function readRequest({ filter, asset, rendition, manifest = 'jsonl', withMetadata = false }: ExportOptions): Request {
  if (filter !== undefined && asset !== undefined) throw badInput('--asset', asset, 'either --filter or --asset');
  const format = manifest.toUpperCase() as ManifestFormat;
  if (!MANIFEST_FORMATS.includes(format)) throw badInput('--manifest', manifest, 'jsonl or csv');
  const selection = asset === undefined ? { filter: readFilterOption(filter ?? '{}') } : { assets: asset };
  return { ...selection, rendition: rendition ?? null, manifest: format, withMetadata };
}

/** @returns bytes written */
async function write({ app, call }: LibraryApi, request: Request, file: string): Promise<number> {
  const { assetExportCreate: made } = await call<{
    assetExportCreate: { export: { url: string; assets: number; byteSize: number } | null; userErrors: [] };
  }>(
    'mutation ($input: AssetExportCreateInput!) { assetExportCreate(input: $input) { export { url assets byteSize } userErrors { code field message } } }',
    { input: request },
  );
  const { url, byteSize } = required(made.export, made.userErrors);
  const progress = showProgress('Writing');
  let written = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      written += chunk.length;
      progress.update(Math.min(written, byteSize), byteSize);
      done(null, chunk);
    },
  });
  try {
    await pipeline(
      app === null ? await fetched(url) : await app.assetExports.archive(await asOwner(app), request),
      count,
      createWriteStream(file),
    );
  } finally {
    progress.stop();
  }
  return written;
}

async function fetched(url: string): Promise<Readable> {
  const response = await fetch(url);
  if (!response.ok || response.body === null)
    throw new VitrineError('SERVER_UNREACHABLE', `The archive could not be fetched (${response.status}).`);
  return Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
}
