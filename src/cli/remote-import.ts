import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { AssetFields } from '../assets/asset-fields.js';
import { VitrineError } from '../errors.js';
import { listFolder, resolveInside } from '../imports/folder-source.js';
import type { PlannedItem } from '../imports/import-source.js';
import { readManifest } from '../imports/manifest.js';
import { type ApiAddress, callApi } from './api-client.js';
import type { ImportResult, Problem } from './import-result.js';
import { showProgress } from './progress.js';

/** Files of one staged upload and one import on the server. */
const CHUNK = 50;
const PARALLEL_UPLOADS = 4;
const POLL_MS = 300;

interface UserError {
  code: string;
  field: string | null;
  message: string;
}

/**
 * Imports a folder or manifest of this machine into a running server: uploads the files a chunk at a time and has each chunk imported.
 * Safe to repeat: what arrived before comes back as a duplicate.
 */
export async function importRemotely(address: ApiAddress, target: string, defaults: AssetFields): Promise<ImportResult> {
  const items: PlannedItem[] = [];
  for await (const item of listLocal(target)) items.push(item);
  const problems: Problem[] = items.flatMap(({ label, error }) =>
    error ? [{ label, state: 'REJECTED', code: error.code, message: error.message }] : [],
  );
  const counts: ImportResult['counts'] = problems.length > 0 ? { REJECTED: problems.length } : {};
  const count = (state: string) => {
    counts[state] = (counts[state] ?? 0) + 1;
  };
  const open = items.filter((item) => item.error === null);
  const progress = showProgress('Importing');
  let done = problems.length;
  progress.update(done, items.length);
  for (let from = 0; from < open.length; from += CHUNK) {
    const outcomes = await importChunk(address, open.slice(from, from + CHUNK), defaults);
    for (const outcome of outcomes) {
      count(outcome.state);
      if (['REJECTED', 'FAILED', 'CANCELLED'].includes(outcome.state)) problems.push(outcome);
    }
    done += outcomes.length;
    progress.update(done, items.length);
  }
  progress.stop();
  return { state: 'COMPLETED', error: null, counts, problems };
}

async function* listLocal(target: string): AsyncGenerator<PlannedItem> {
  if ((await stat(target)).isDirectory()) {
    yield* listFolder(target);
    return;
  }
  const folder = path.dirname(target);
  const manifest = {
    fileName: target,
    open: async () => createReadStream(target),
    withPath: <T>(use: (file: string) => Promise<T>) => use(target),
  };
  yield* readManifest(manifest, {
    file: async (file) => ({ type: 'PATH', path: await resolveInside([folder], file, 'file', 'file') }),
    // The server decides what it fetches.
    url: (url) => ({ type: 'URL', url }),
  });
}

async function importChunk(address: ApiAddress, items: PlannedItem[], defaults: AssetFields): Promise<Problem[]> {
  const files = await Promise.all(
    items.map(async (item) => {
      const file = (item.source as { path: string }).path;
      return { item, file, byteSize: (await stat(file)).size };
    }),
  );
  // An empty file cannot be announced as an upload: it is told apart here, as the server would.
  const empty = files.filter(({ byteSize }) => byteSize === 0);
  const full = files.filter(({ byteSize }) => byteSize > 0);
  const outcomes: Problem[] = empty.map(({ item }) => ({
    label: item.label,
    state: 'REJECTED',
    code: 'FILE_EMPTY',
    message: 'The file is empty (0 bytes).',
  }));
  if (full.length === 0) return outcomes;
  const { stagedUploadCreate } = await callApi<{
    stagedUploadCreate: { uploads: { id: string; url: string }[] | null; userErrors: UserError[] };
  }>(
    address,
    'mutation ($input: StagedUploadCreateInput!) { stagedUploadCreate(input: $input) { uploads { id url } userErrors { code field message } } }',
    { input: { files: full.map(({ file, byteSize }) => ({ fileName: path.basename(file), byteSize })) } },
  );
  const uploads = required(stagedUploadCreate.uploads, stagedUploadCreate.userErrors);
  const queue = full.map(({ file }, index) => ({ file, url: (uploads[index] as { url: string }).url }));
  await Promise.all(
    Array.from({ length: PARALLEL_UPLOADS }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await upload(next.file, next.url);
    }),
  );
  const { assetImportCreate } = await callApi<{ assetImportCreate: { import: { id: string } | null; userErrors: UserError[] } }>(
    address,
    'mutation ($input: AssetImportCreateInput!) { assetImportCreate(input: $input) { import { id } userErrors { code field message } } }',
    { input: { source: { uploads: full.map(({ item }, index) => ({ upload: uploads[index]?.id, fields: item.fields })) }, defaults } },
  );
  const { id } = required(assetImportCreate.import, assetImportCreate.userErrors);
  const finished = await waitForItems(address, id);
  return [...outcomes, ...finished.map((item, index) => ({ ...item, label: (full[index] as { item: PlannedItem }).item.label }))];
}

async function upload(file: string, url: string): Promise<void> {
  const response = await fetch(url, { method: 'PUT', body: createReadStream(file) as unknown as BodyInit, duplex: 'half' } as RequestInit);
  if (response.ok) return;
  const { error } = (await response.json().catch(() => ({ error: null }))) as { error: { code: string; message: string } | null };
  throw new VitrineError(
    'STORAGE_UNAVAILABLE',
    `${path.basename(file)} could not be uploaded: ${error?.message ?? `the server answered ${response.status}`}`,
  );
}

async function waitForItems(address: ApiAddress, id: string): Promise<Problem[]> {
  for (;;) {
    const { assetImport } = await callApi<{ assetImport: { finishedAt: string | null; items: { edges: { node: Problem }[] } } }>(
      address,
      `query ($id: ID!) { assetImport(id: $id) { finishedAt items(first: ${CHUNK}) { edges { node { label state code message } } } } }`,
      { id },
    );
    if (assetImport.finishedAt !== null) return assetImport.items.edges.map((edge) => edge.node);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function required<T>(value: T | null, errors: UserError[]): T {
  const error = errors[0];
  if (error) throw new VitrineError('BAD_USER_INPUT', error.message, { ...(error.field !== null && { field: error.field }) });
  return value as T;
}
