import { z } from 'zod';
import { requireRole, type Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput } from '../../errors.js';
import type { JsonInput } from '../../platform/database/sql.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import type { ByteRange, OpenedFile } from '../../platform/http/file-delivery.js';
import type { Signer } from '../../platform/http/signed-token.js';
import type { JobKind, JobQueue } from '../../platform/jobs/job-queue.js';
import { type ExportRow, listExports } from './report-export.queries.js';
import { MEDIA_TYPES, type ReportFormat } from './report-writer.js';
import type { ReportScope, ReportService } from './report.service.js';

export type { ExportRow };

export const REPORT_EXPORT: JobKind<{ organizationId: string; exportId: string }> = {
  name: 'report-export',
  retryLimit: 2,
  expireInSeconds: 3600,
};

const CURSOR_KEYS = z.tuple([cursorKey.exactMoment, cursorKey.id]);

export interface ExportRequest {
  scope: ReportScope;
  format: ReportFormat;
  worst?: number | null;
  asOf?: Date | null;
}

/** Reports as files: asked for here, made by a job, delivered through signed links. */
export class ReportExportService {
  readonly #database: Database;
  readonly #queue: JobQueue;
  readonly #files: FileStore;
  readonly #signer: Signer;
  readonly #baseUrl: () => string;
  readonly #reports: Pick<ReportService, 'requireScope'>;

  constructor(
    database: Database,
    queue: JobQueue,
    files: FileStore,
    signer: Signer,
    baseUrl: () => string,
    reports: Pick<ReportService, 'requireScope'>,
  ) {
    this.#database = database;
    this.#queue = queue;
    this.#files = files;
    this.#signer = signer;
    this.#baseUrl = baseUrl;
    this.#reports = reports;
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND naming what the scope names and is not there */
  async create(viewer: Viewer, request: ExportRequest): Promise<ExportRow> {
    requireRole(viewer, 'EDITOR');
    const make = async (tx: OrganizationTx) => {
      const row = await this.createIn(tx, viewer, request);
      await this.#reports.requireScope(tx, request.scope, request.asOf);
      return row;
    };
    const row = await this.#database.asOrganization(viewer.organizationId, make, viewer);
    this.wake();
    return row;
  }

  /** Has the worker of this process look at once for what {@link createIn} added. */
  wake(): void {
    this.#queue.wake(REPORT_EXPORT);
  }

  /** {@link create} in the caller's transaction; the job waits for it to commit, and finds out whether what the scope names is there. */
  async createIn(
    tx: OrganizationTx,
    by: { apiKeyId: string; apiKeyName: string },
    { scope, format, worst, asOf }: ExportRequest,
  ): Promise<ExportRow> {
    const count = worst ?? 12;
    if (!Number.isInteger(count) || count < 0 || count > 100) throw badInput('input.worst', worst, 'a whole number from 0 to 100');
    if (asOf != null && !(asOf.getTime() <= Date.now())) throw badInput('input.asOf', asOf, 'a moment that is not in the future');
    const { organizationId } = tx;
    const { id } = await tx.rows.reportExport.create({
      data: {
        ...{ organizationId, format, worst: count, askedAsOf: asOf ?? null, createdBy: by.apiKeyId, createdByName: by.apiKeyName },
        scope: scope as unknown as JsonInput,
      },
      select: { id: true },
    });
    await this.#queue.enqueue(tx, REPORT_EXPORT, [{ organizationId, exportId: id }]);
    return (await listExports(tx, { id }, 1, null))[0] as ExportRow;
  }

  async find(viewer: Viewer, id: string): Promise<ExportRow | null> {
    const rows = await this.#database.asOrganization(viewer.organizationId, (tx) => listExports(tx, { id }, 1, null));
    return rows[0] ?? null;
  }

  /** Newest first. */
  list(viewer: Viewer, { first, after }: { first?: number | null; after?: string | null }): Promise<Connection<ExportRow>> {
    const page = readPage(first, after, 'complianceReportExports');
    const keys = readKeys(page, CURSOR_KEYS, after);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const rows = await listExports(tx, {}, page.first + 1, keys);
      const identity = (row: ExportRow): ExportRow => row;
      return toConnection(page, rows, await tx.rows.reportExport.count(), identity, (row) => [row.position, row.id]);
    });
  }

  /** A link that works without a key, for hours; null until the file is made. */
  linkTo(organizationId: string, { id, state }: ExportRow): string | null {
    if (state !== 'COMPLETED') return null;
    return `${this.#baseUrl()}/files/${this.#signer.signForPages({ t: 'report', o: organizationId, i: id }).token}`;
  }

  /** Null when the link is forged or expired, or is none of a report. */
  async open(token: string): Promise<OpenedFile | null> {
    const claim = (await this.#signer.verify(token)) as { t?: string; o: string; i: string } | null;
    if (claim?.t !== 'report') return null;
    const [row] = await this.#database.asOrganization(claim.o, (tx) => listExports(tx, { id: claim.i }, 1, null));
    if (row === undefined || row.sha256 === null) return null;
    const { sha256, fileName, byteSize, format } = row;
    return {
      open: (range?: ByteRange) => this.#files.openRead(sha256, range),
      mediaType: MEDIA_TYPES[format],
      byteSize: Number(byteSize),
      fileName: fileName ?? 'report',
      disposition: 'inline',
      etag: sha256,
    };
  }
}
