import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { isOutage, isVitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { RenditionRecipe } from '../../engines/media/rendition-recipe.js';
import type { ReportDocument, ReportPicture } from './report-document.js';
import { renderHtml } from './report-html.js';
import { renderPdf } from './report-pdf.js';
import { fetchRows, type FindingDetail, listDetails, listPictures, openRows, type ReportRow } from './report-row.queries.js';
import { openScope } from './report-scope.js';
import { canonicalReport, type ComplianceReport, type ReportOptions, type ReportScope, type ReportService } from './report.service.js';

export const REPORT_FORMATS = ['PDF', 'HTML', 'CSV', 'JSONL'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export const MEDIA_TYPES: Readonly<Record<ReportFormat, string>> = {
  PDF: 'application/pdf',
  HTML: 'text/html; charset=utf-8',
  CSV: 'text/csv; charset=utf-8',
  JSONL: 'application/jsonl; charset=utf-8',
};

/** Called with steps done and steps in all. */
export type Progress = (done: number, total: number) => Promise<void> | void;

const PICTURE: RenditionRecipe = {
  ...{ width: 640, height: 640, fit: 'INSIDE', format: 'JPEG', quality: 82, background: '#ffffff', colorSpace: 'SRGB' },
  ...{ densityDpi: null, focalPoint: null },
};

export interface WriterRooms {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  reports: ReportService;
}

/** Makes files of reports: PDF and HTML for people, CSV and JSON lines of every finding for programs. */
export class ReportWriter {
  readonly #rooms: WriterRooms;

  constructor(rooms: WriterRooms) {
    this.#rooms = rooms;
  }

  /**
   * Writes a report and lends the file to `use`, after which it is gone.
   * @throws VitrineError as {@link ReportService.report}
   */
  async write<T>(
    viewer: Viewer,
    scope: ReportScope,
    format: ReportFormat,
    options: ReportOptions,
    use: (file: { path: string; fileName: string; report: ComplianceReport }) => Promise<T>,
    onProgress: Progress = () => undefined,
  ): Promise<T> {
    const report = await this.#rooms.reports.report(viewer, scope, options);
    const folder = await mkdtemp(path.join(tmpdir(), 'vitrine-report-'));
    const file = path.join(folder, 'report');
    try {
      if (format === 'PDF' || format === 'HTML') {
        const document = await this.#illustrate(viewer.organizationId, report, onProgress);
        const content = format === 'PDF' ? await renderPdf(document) : renderHtml(document);
        await pipeline(Readable.from([content]), createWriteStream(file));
        await onProgress(document.steps, document.steps);
      } else {
        await onProgress(0, 1);
        await this.#rooms.database.asOrganization(viewer.organizationId, (tx) => writeRows(tx, report, scope, format, file));
      }
      return await use({ path: file, fileName: fileNameOf(report, format), report });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** What people need besides figures: the pictures of the worst assets, and what is wrong with them. */
  async #illustrate(organizationId: string, report: ComplianceReport, onProgress: Progress): Promise<ReportDocument & { steps: number }> {
    const { database } = this.#rooms;
    const { worstAssets } = report;
    const [details, versions] = await database.asOrganization(
      organizationId,
      async (tx) =>
        [
          await listDetails(
            tx,
            worstAssets.flatMap((asset) => asset.findings.map((finding) => finding.findingId)),
          ),
          await listPictures(
            tx,
            worstAssets.map((asset) => asset.versionId),
          ),
        ] as const,
    );
    const pictures = new Map<string, ReportPicture>();
    const steps = versions.length + 1;
    await onProgress(0, steps);
    for (const [n, version] of versions.entries()) {
      const picture = await this.#picture(version);
      if (picture !== null) pictures.set(version.id, picture);
      await onProgress(n + 1, steps);
    }
    return { report, pictures, details: new Map(details.map((detail: FindingDetail) => [detail.id, detail])), steps };
  }

  /** Null when the file is gone or cannot be decoded: a report does not fail for one picture, and waits for storage. */
  async #picture({ sha256, fileName }: { sha256: string; fileName: string }): Promise<ReportPicture | null> {
    const { files, media } = this.#rooms;
    try {
      const { bytes, width, height } = await files.withLocalFile(sha256, (localPath) => media.render(localPath, PICTURE, fileName));
      return { jpeg: bytes, width, height };
    } catch (error) {
      if (!isVitrineError(error) || isOutage(error)) throw error;
      return null;
    }
  }
}

/** Every finding in the scope, as it was after the report's link of the history. Written to a file at once: a cursor holds a connection. */
async function writeRows(
  tx: OrganizationTx,
  report: ComplianceReport,
  scope: ReportScope,
  format: 'CSV' | 'JSONL',
  file: string,
): Promise<void> {
  await openRows(tx, await openScope(tx, scope, report.history.sequence), scope);
  const rows = Readable.from(readRows(tx));
  if (format === 'CSV') {
    // Titles hold what strangers wrote: a cell that begins like a formula is made a text.
    const csv = stringify({ header: true, columns: [...COLUMNS], escape_formulas: true, bom: true });
    await pipeline(rows, csv, createWriteStream(file));
    return;
  }
  const lines = async function* (source: AsyncIterable<object>) {
    yield `${canonicalReport(report)}\n`;
    for await (const row of source) yield `${JSON.stringify({ type: 'finding', ...row })}\n`;
  };
  await pipeline(rows, lines, createWriteStream(file));
}

const COLUMNS = [
  ...[
    'brand',
    'assetId',
    'title',
    'fileName',
    'uploadedBy',
    'ruleKey',
    'ruleTitle',
    'ruleKind',
    'ruleRevision',
    'severity',
    'verdict',
    'message',
  ],
  ...['modelRevisionId', 'findingId', 'ruleId', 'waiverId'],
] as const;

async function* readRows(tx: OrganizationTx): AsyncGenerator<object> {
  for (;;) {
    const rows = await fetchRows(tx);
    if (rows.length === 0) return;
    yield* rows.map(toRow);
  }
}

function toRow(row: ReportRow): object {
  return {
    ...row,
    assetId: toGlobalId('Asset', row.assetId),
    findingId: toGlobalId('Finding', row.findingId),
    ruleId: toGlobalId('Rule', row.ruleId),
    waiverId: row.waiverId && toGlobalId('Waiver', row.waiverId),
  };
}

function fileNameOf({ scope, asOf }: ComplianceReport, format: ReportFormat): string {
  return `compliance-${scope.brandKey ?? 'all'}-${asOf.toISOString().slice(0, 16).replace(':', '')}.${format.toLowerCase()}`;
}

/** Opens what {@link ReportWriter.write} lent, to copy it. */
export function readReportFile(file: string): Readable {
  return createReadStream(file);
}
