import { createWriteStream } from 'node:fs';
import { copyFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createApp } from '../app.js';
import type { Config } from '../config.js';
import { badInput, isVitrineError, VitrineError } from '../errors.js';
import type { Logger } from '../log.js';
import { REPORT_FORMATS, type ReportFormat } from '../reports/report-writer.js';
import { type ApiAddress, callApi, readLocalAddress } from './api-client.js';
import { asOwner } from './owner.js';
import { showProgress } from './progress.js';

export interface ReportCommandOptions {
  brand?: string;
  format?: string;
  out: string;
  asOf?: string;
  worst?: string;
}

interface Request {
  brand: string | undefined;
  format: ReportFormat;
  asOf: Date | undefined;
  worst: number;
}

const POLL_MS = 300;

/** `vitrine report`: a compliance report as a file. In this process, or by the server that is named or has the data folder open. */
export async function reportCommand(config: Config, log: Logger, options: ReportCommandOptions): Promise<void> {
  const target = path.resolve(options.out);
  if ((await stat(path.dirname(target)).catch(() => null))?.isDirectory() !== true)
    throw new VitrineError('FILE_NOT_FOUND', `There is no folder ${path.dirname(target)} to write to.`, {
      field: '--out',
      value: options.out,
    });
  const request = readRequest(options);
  const { server, apiKey } = config.client;
  if (server !== undefined && apiKey !== undefined) await reportRemotely({ server, apiKey }, request, target);
  else {
    const app = await createApp(config, log).catch(async (error: unknown) => {
      const local = isVitrineError(error, 'DATA_FOLDER_LOCKED') ? await readLocalAddress(config.dataFolder) : null;
      if (local === null) throw error;
      return local;
    });
    if ('server' in app) await reportRemotely(app, request, target);
    else {
      try {
        const owner = await asOwner(app);
        const brandId =
          request.brand === undefined
            ? undefined
            : await findBrand(request.brand, async (after) => app.brands.listBrands(owner, 100, after));
        const progress = showProgress('Writing');
        await app.reportWriter
          .write(
            owner,
            { ...(brandId !== undefined && { brandId }) },
            request.format,
            { worst: request.worst, asOf: request.asOf ?? null },
            ({ path: made }) => copyFile(made, target),
            (done, total) => progress.update(done, total),
          )
          .finally(() => progress.stop());
      } finally {
        await app.stop();
      }
    }
  }
  process.stdout.write(`${target}\n`);
}

function readRequest({ brand, format, out, asOf, worst = '12' }: ReportCommandOptions): Request {
  const chosen = (format ?? path.extname(out).slice(1)).toUpperCase();
  if (!REPORT_FORMATS.includes(chosen as ReportFormat))
    throw badInput(
      '--format',
      format ?? path.extname(out),
      REPORT_FORMATS.map((name) => name.toLowerCase()),
    );
  const at = asOf === undefined ? undefined : new Date(asOf);
  if (at !== undefined && Number.isNaN(at.getTime())) throw badInput('--as-of', asOf, 'a moment such as 2026-11-24T06:30:00Z');
  if (!/^\d{1,3}$/.test(worst) || Number(worst) > 100) throw badInput('--worst', worst, 'a whole number from 0 to 100');
  return { brand, format: chosen as ReportFormat, asOf: at, worst: Number(worst) };
}

interface BrandPage {
  edges: { node: { id: string; key: string } }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

async function findBrand(key: string, list: (after: string | null) => Promise<BrandPage>): Promise<string> {
  const known: string[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const page: BrandPage = await list(after);
    const found = page.edges.find(({ node }) => node.key === key);
    if (found) return found.node.id;
    known.push(...page.edges.map(({ node }) => node.key));
    ({ hasNextPage: more, endCursor: after } = page.pageInfo);
  }
  throw new VitrineError(
    'NOT_FOUND',
    `--brand: there is no brand with the key ${JSON.stringify(key)}. There are: ${known.slice(0, 20).join(', ') || 'none'}.`,
    {
      field: '--brand',
      value: key,
    },
  );
}

interface RemoteExport {
  id: string;
  state: string;
  steps: number;
  stepsDone: number;
  url: string | null;
  errorMessage: string | null;
}

async function reportRemotely(address: ApiAddress, { brand, format, asOf, worst }: Request, target: string): Promise<void> {
  const pageOf = async (after: string | null): Promise<BrandPage> =>
    (
      await callApi<{ brands: BrandPage }>(
        address,
        'query ($after: String) { brands(first: 100, after: $after) { edges { node { id key } } pageInfo { hasNextPage endCursor } } }',
        { after },
      )
    ).brands;
  const brandId = brand === undefined ? null : await findBrand(brand, pageOf);
  const fields = 'id state steps stepsDone url errorMessage';
  const { complianceReportExportCreate: created } = await callApi<{
    complianceReportExportCreate: { export: RemoteExport | null; userErrors: { message: string; field: string | null }[] };
  }>(
    address,
    `mutation ($input: ComplianceReportExportCreateInput!) { complianceReportExportCreate(input: $input) { export { ${fields} } userErrors { field message } } }`,
    { input: { brand: brandId, format, worst, ...(asOf && { asOf }) } },
  );
  if (created.export === null) throw new VitrineError('BAD_USER_INPUT', created.userErrors[0]?.message ?? 'The report was refused.');
  const progress = showProgress('Writing');
  let made: RemoteExport = created.export;
  try {
    while (made.state !== 'COMPLETED') {
      if (made.state === 'FAILED') throw new VitrineError('INTERNAL', made.errorMessage ?? 'The report could not be made.');
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const answer = await callApi<{ complianceReportExport: RemoteExport }>(
        address,
        `query ($id: ID!) { complianceReportExport(id: $id) { ${fields} } }`,
        { id: made.id },
      );
      made = answer.complianceReportExport;
      progress.update(made.stepsDone, made.steps);
    }
  } finally {
    progress.stop();
  }
  const response = await fetch(made.url as string);
  if (!response.ok || response.body === null)
    throw new VitrineError('SERVER_UNREACHABLE', `The file could not be fetched (${response.status}).`);
  await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), createWriteStream(target)).catch(
    async (error: unknown) => {
      await rm(target, { force: true });
      throw error;
    },
  );
}
