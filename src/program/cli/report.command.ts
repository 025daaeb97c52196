import { createWriteStream } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { App } from '../../app.js';
import type { Config } from '../../config.js';
import { badInput, VitrineError } from '../../errors.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import type { Logger } from '../../log.js';
import { REPORT_FORMATS, type ReportFormat } from '../../exchange/reports/report-writer.js';
import { findBrand, type LibraryApi, openLibraryApi } from './library-api.js';
import { readTarget } from './output-file.js';
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
  const target = await readTarget(options.out);
  const request = readRequest(options);
  const api = await openLibraryApi(config, log);
  try {
    const brand = request.brand === undefined ? null : (await findBrand(api, request.brand)).id;
    if (api.app === null) await reportRemotely(api, brand, request, target);
    else await reportHere(api.app, brand, request, target);
  } finally {
    await api.close();
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

async function reportHere(app: App, brand: string | null, { format, worst, asOf }: Request, target: string): Promise<void> {
  const progress = showProgress('Writing');
  await app.reportWriter
    .write(
      await asOwner(app),
      brand === null ? {} : { brandId: fromGlobalId('Brand', brand, '--brand') },
      format,
      { worst, asOf: asOf ?? null },
      ({ path: made }) => copyFile(made, target),
      (done, total) => progress.update(done, total),
    )
    .finally(() => progress.stop());
}

interface RemoteExport {
  id: string;
  state: string;
  steps: number;
  stepsDone: number;
  url: string | null;
  errorMessage: string | null;
}

async function reportRemotely(api: LibraryApi, brand: string | null, { format, asOf, worst }: Request, target: string): Promise<void> {
  const fields = 'id state steps stepsDone url errorMessage';
  const { complianceReportExportCreate: created } = await api.call<{
    complianceReportExportCreate: { export: RemoteExport | null; userErrors: { message: string; field: string | null }[] };
  }>(
    `mutation ($input: ComplianceReportExportCreateInput!) { complianceReportExportCreate(input: $input) { export { ${fields} } userErrors { field message } } }`,
    { input: { brand, format, worst, ...(asOf && { asOf }) } },
  );
  if (created.export === null) throw new VitrineError('BAD_USER_INPUT', created.userErrors[0]?.message ?? 'The report was refused.');
  const progress = showProgress('Writing');
  let made: RemoteExport = created.export;
  try {
    while (made.state !== 'COMPLETED') {
      if (made.state === 'FAILED') throw new VitrineError('INTERNAL', made.errorMessage ?? 'The report could not be made.');
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const answer = await api.call<{ complianceReportExport: RemoteExport }>(
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
