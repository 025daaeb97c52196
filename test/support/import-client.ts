import type { TestApp } from '../support/test-app.js';

export interface ImportEnd {
  id: string;
  state: string;
  error: { code: string; message: string } | null;
  counts: Record<string, number>;
  items: {
    position: number;
    label: string;
    state: string;
    assetId: string | null;
    code: string | null;
    message: string | null;
    field: string | null;
  }[];
}

const OPERATION =
  'id state finishedAt error { code message } counts { total pending created updated duplicate skipped rejected failed cancelled }';

/** Stages files and sends their bytes, as a client does. @returns ids of the staged uploads, in order */
export async function stageFiles(test: TestApp, key: string, files: readonly { fileName: string; content: Buffer }[]): Promise<string[]> {
  const { stagedUploadCreate } = await test.ask(
    'mutation ($input: StagedUploadCreateInput!) { stagedUploadCreate(input: $input) { uploads { id url } userErrors { message } } }',
    { input: { files: files.map(({ fileName, content }) => ({ fileName, byteSize: content.length })) } },
    key,
  );
  if (stagedUploadCreate.userErrors.length > 0) throw new Error(JSON.stringify(stagedUploadCreate.userErrors));
  const uploads = stagedUploadCreate.uploads as { id: string; url: string }[];
  for (const [index, { url }] of uploads.entries()) {
    const answer = await fetch(url, { method: 'PUT', body: new Uint8Array(files[index]?.content as Buffer) });
    if (!answer.ok) throw new Error(`PUT answered ${answer.status}: ${await answer.text()}`);
  }
  return uploads.map(({ id }) => id);
}

/** @returns the payload of assetImportCreate */
export async function createImport(
  test: TestApp,
  key: string,
  input: object,
): Promise<{ import: { id: string } | null; userErrors: { code: string; field: string | null; message: string }[] }> {
  const data = await test.ask(
    `mutation ($input: AssetImportCreateInput!) { assetImportCreate(input: $input) { import { ${OPERATION} } userErrors { code field message } } }`,
    { input },
    key,
  );
  return data.assetImportCreate;
}

/** Asks for an import until it is over; then its items, all pages. */
export async function awaitImport(test: TestApp, key: string, id: string, timeoutMs = 60_000): Promise<ImportEnd> {
  for (const began = Date.now(); Date.now() - began < timeoutMs; await new Promise((resolve) => setTimeout(resolve, 40))) {
    const { assetImport } = await test.ask(`query ($id: ID!) { assetImport(id: $id) { ${OPERATION} } }`, { id }, key);
    if (assetImport.finishedAt === null) continue;
    return { ...assetImport, items: await listItems(test, key, id) };
  }
  const seen = JSON.stringify(test.logLines.filter((line) => Number(line.level) >= 40).slice(-5));
  throw new Error(`the import was not over after ${timeoutMs} ms; log: ${seen}`);
}

/** Begins an import that must be accepted, and waits for its end. */
export async function runImport(test: TestApp, key: string, input: object): Promise<ImportEnd> {
  const { import: begun, userErrors } = await createImport(test, key, input);
  if (begun === null) throw new Error(JSON.stringify(userErrors));
  return awaitImport(test, key, begun.id);
}

async function listItems(test: TestApp, key: string, id: string): Promise<ImportEnd['items']> {
  const items: ImportEnd['items'] = [];
  for (let after: string | null = null, more = true; more; ) {
    const data: {
      assetImport: { items: { edges: { node: ImportEnd['items'][number] }[]; pageInfo: { endCursor: string; hasNextPage: boolean } } };
    } = await test.ask(
      `query ($id: ID!, $after: String) { assetImport(id: $id) { items(first: 100, after: $after) {
          pageInfo { endCursor hasNextPage } edges { node { position label state assetId code message field } } } } }`,
      { id, after },
      key,
    );
    const page = data.assetImport.items;
    items.push(...page.edges.map(({ node }) => node));
    more = page.pageInfo.hasNextPage;
    after = page.pageInfo.endCursor;
  }
  return items;
}
