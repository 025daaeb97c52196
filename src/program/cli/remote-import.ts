import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { AssetFields } from '../../library/assets/asset-fields.js';
import { VitrineError } from '../../errors.js';
import { readFileName } from '../../platform/files/file-name.js';
import { diskPathOf, fileFinderIn, listFolder } from '../../exchange/imports/folder-source.js';
import type { ItemSource, PathSource, PlannedItem } from '../../exchange/imports/import-source.js';
import type { ImportRequest } from '../../exchange/imports/import.service.js';
import { readManifest } from '../../exchange/imports/manifest.js';
import { type ApiAddress, callApi } from './api-client.js';
import type { ImportResult, Problem } from './import-result.js';
import { showProgress } from './progress.js';
import { type LargeFile, RESUMABLE_FROM_BYTE_SIZE, uploadOnce, uploadResumably } from './upload.js';

/** Files of one staged upload and one import on the server. */
const CHUNK = 50;
const PARALLEL_UPLOADS = 4;
const POLL_MS = 300;

interface UserError {
  code: string;
  field: string | null;
  message: string;
}

/** What is asked of every import of a run. */
export type ImportPolicy = Pick<ImportRequest, 'onDuplicate' | 'duplicateBy' | 'dryRun'> & { defaults: AssetFields };

/**
 * Imports a folder, manifest or archive of this machine, or an address, into a running server: uploads files a chunk at a time and has
 * each chunk imported. Safe to repeat: what arrived before comes back as a duplicate, and large files go on where they were.
 */
export async function importRemotely(address: ApiAddress, target: string, policy: ImportPolicy): Promise<ImportResult> {
  const items: PlannedItem[] = [];
  if (isAddress(target)) items.push({ label: target, source: { type: 'URL', url: target }, fields: {}, error: null });
  else if (isArchive(target)) return importArchive(address, target, policy);
  else for await (const item of listLocal(target)) items.push(item);
  const problems: Problem[] = items.flatMap(({ label, error }) =>
    error ? [{ label, state: 'REJECTED', code: error.code, message: error.message }] : [],
  );
  const counts: ImportResult['counts'] = problems.length > 0 ? { REJECTED: problems.length } : {};
  const open = items.filter((item) => item.error === null);
  const progress = showProgress('Importing');
  let done = problems.length;
  progress.update(done, items.length);
  for (let from = 0; from < open.length; from += CHUNK) {
    const outcomes = await importChunk(address, open.slice(from, from + CHUNK), policy);
    for (const outcome of outcomes) {
      counts[outcome.state] = (counts[outcome.state] ?? 0) + 1;
      if (['REJECTED', 'FAILED', 'CANCELLED'].includes(outcome.state)) problems.push(outcome);
    }
    done += outcomes.length;
    progress.update(done, items.length);
  }
  progress.stop();
  return { state: 'COMPLETED', error: null, counts, problems, notices: await listNotices(address) };
}

/** Whether the target is fetched rather than read from this machine's disk. */
export function isAddress(target: string): boolean {
  return /^https?:\/\//i.test(target);
}

export function isArchive(target: string): boolean {
  return path.extname(target).toLowerCase() === '.zip';
}

async function importArchive(address: ApiAddress, file: string, policy: ImportPolicy): Promise<ImportResult> {
  const [archive] = await stage(address, [await announcedFile({ type: 'PATH', path: file })]);
  const id = await begin(address, { archive: { upload: archive } }, policy);
  const progress = showProgress('Importing');
  try {
    for (;;) {
      const { assetImport } = await callApi<{
        assetImport: { state: string; finishedAt: string | null; error: ImportResult['error']; counts: Record<string, number> };
      }>(
        address,
        'query ($id: ID!) { assetImport(id: $id) { state finishedAt error { code message } counts { total pending created updated duplicate skipped rejected failed cancelled } } }',
        { id },
      );
      const { total = 0, pending = 0, ...states } = assetImport.counts;
      progress.update(total - pending, total);
      if (assetImport.finishedAt !== null) {
        const counts = Object.fromEntries(Object.entries(states).map(([state, count]) => [state.toUpperCase(), count]));
        const problems = await listItems(address, id, 'states: [REJECTED, FAILED, CANCELLED], ');
        return { state: assetImport.state, error: assetImport.error, counts, problems, notices: await listNotices(address) };
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    progress.stop();
  }
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
    file: fileFinderIn(folder),
    // The server decides what it fetches.
    url: (url) => ({ type: 'URL', url }),
  });
}

/** Files are uploaded, addresses handed on, and rows without a file become a manifest; one import each. */
async function importChunk(address: ApiAddress, items: PlannedItem[], policy: ImportPolicy): Promise<Problem[]> {
  const of = (type: ItemSource['type']) => items.filter(({ source }) => source?.type === type);
  const files = await Promise.all(of('PATH').map(async (item) => ({ item, announced: await announcedFile(item.source as PathSource) })));
  // An empty file cannot be announced as an upload: it is told apart here, as the server would.
  const [empty, full] = [
    files.filter(({ announced }) => announced.byteSize === 0),
    files.filter(({ announced }) => announced.byteSize > 0),
  ];
  const outcomes: Problem[] = empty.map(({ item }) => ({
    label: item.label,
    state: 'REJECTED',
    code: 'FILE_EMPTY',
    message: 'The file is empty (0 bytes).',
  }));
  const run = async (part: readonly PlannedItem[], source: () => Promise<object>) => {
    if (part.length === 0) return;
    const finished = await waitForItems(address, await begin(address, await source(), policy));
    outcomes.push(...finished.map((outcome, index) => ({ ...outcome, label: (part[index] as PlannedItem).label })));
  };
  await run(
    full.map(({ item }) => item),
    async () => {
      const ids = await stage(
        address,
        full.map(({ announced }) => announced),
      );
      return { uploads: full.map(({ item }, index) => ({ upload: ids[index], fields: item.fields })) };
    },
  );
  await run(of('URL'), async () => ({ urls: of('URL').map(({ source, fields }) => ({ url: (source as { url: string }).url, fields })) }));
  await run(of('ASSET'), async () => {
    const text = Buffer.from(
      of('ASSET')
        .map(({ fields }) => JSON.stringify(fields))
        .join('\n'),
    );
    const [manifest] = await stage(address, [{ fileName: 'rows.jsonl', byteSize: text.length, content: () => Readable.from([text]) }]);
    return { manifest: { upload: manifest } };
  });
  return outcomes;
}

interface Announced {
  fileName: string;
  byteSize: number;
  content: () => Readable;
  /** Of files that are sent so that they can go on. */
  large?: LargeFile;
}

async function announcedFile(source: PathSource): Promise<Announced> {
  const file = diskPathOf(source);
  const { size: byteSize, mtimeMs: modifiedAtMs } = await stat(file);
  const announced = { fileName: readFileName(source.fileName ?? source.path), byteSize, content: () => createReadStream(file) };
  return byteSize < RESUMABLE_FROM_BYTE_SIZE ? announced : { ...announced, large: { ...announced, path: source.path, modifiedAtMs } };
}

/** Announces and sends files, the large ones so that the next run can go on with them. @returns the ids of their staged uploads, in order */
async function stage(address: ApiAddress, files: readonly Announced[]): Promise<string[]> {
  const small = files.filter(({ large }) => large === undefined);
  const places = small.length === 0 ? [] : await announce(address, small);
  const ids = new Map<Announced, string>(small.map((file, index) => [file, (places[index] as Place).id]));
  const queue = [...files];
  await Promise.all(
    Array.from({ length: PARALLEL_UPLOADS }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        if (next.large !== undefined) ids.set(next, await uploadResumably(address, next.large));
        else await uploadOnce((places[small.indexOf(next)] as Place).url, next.fileName, next.content());
      }
    }),
  );
  return files.map((file) => ids.get(file) as string);
}

interface Place {
  id: string;
  url: string;
}

async function announce(address: ApiAddress, files: readonly Announced[]): Promise<Place[]> {
  const { stagedUploadCreate } = await callApi<{ stagedUploadCreate: { uploads: Place[] | null; userErrors: UserError[] } }>(
    address,
    'mutation ($input: StagedUploadCreateInput!) { stagedUploadCreate(input: $input) { uploads { id url } userErrors { code field message } } }',
    { input: { files: files.map(({ fileName, byteSize }) => ({ fileName, byteSize })) } },
  );
  return required(stagedUploadCreate.uploads, stagedUploadCreate.userErrors);
}

async function begin(address: ApiAddress, source: object, policy: ImportPolicy): Promise<string> {
  const given = Object.fromEntries(Object.entries(policy).filter(([, value]) => value != null));
  const { assetImportCreate } = await callApi<{ assetImportCreate: { import: { id: string } | null; userErrors: UserError[] } }>(
    address,
    'mutation ($input: AssetImportCreateInput!) { assetImportCreate(input: $input) { import { id } userErrors { code field message } } }',
    { input: { source, ...given } },
  );
  return required(assetImportCreate.import, assetImportCreate.userErrors).id;
}

async function waitForItems(address: ApiAddress, id: string): Promise<Problem[]> {
  for (;;) {
    const { assetImport } = await callApi<{ assetImport: { finishedAt: string | null } }>(
      address,
      'query ($id: ID!) { assetImport(id: $id) { finishedAt } }',
      { id },
    );
    if (assetImport.finishedAt !== null) return listItems(address, id, '');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Items of an import, all pages. @param filter arguments before the page's, such as `states: [FAILED], ` */
async function listItems(address: ApiAddress, id: string, filter: string): Promise<Problem[]> {
  const found: Problem[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const data: { assetImport: { items: { edges: { node: Problem }[]; pageInfo: { endCursor: string | null; hasNextPage: boolean } } } } =
      await callApi(
        address,
        `query ($id: ID!, $after: String) { assetImport(id: $id) { items(${filter}first: 100, after: $after) {
        pageInfo { endCursor hasNextPage } edges { node { label state code message } } } } }`,
        { id, after },
      );
    const { edges, pageInfo } = data.assetImport.items;
    found.push(...edges.map((edge) => edge.node));
    after = pageInfo.endCursor;
    more = pageInfo.hasNextPage;
  }
  return found;
}

/** What the server's model does not understand. */
async function listNotices(address: ApiAddress): Promise<string[]> {
  return (await callApi<{ embeddingModel: { notices: string[] } }>(address, '{ embeddingModel { notices } }', {})).embeddingModel.notices;
}

function required<T>(value: T | null, errors: UserError[]): T {
  const error = errors[0];
  if (error) throw new VitrineError('BAD_USER_INPUT', error.message, { ...(error.field !== null && { field: error.field }) });
  return value as T;
}
