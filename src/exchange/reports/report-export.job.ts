import type { Viewer } from '../../viewer.js';
import type { Database } from '../../platform/database/database.js';
import { isVitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { JobHandler } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import { type ExportRow, listExports } from './report-export.queries.js';
import { readReportFile, type ReportWriter } from './report-writer.js';

interface Data {
  organizationId: string;
  exportId: string;
}

const MAX_BYTE_SIZE = 20_000_000_000;

/** Makes the file of an export and puts it into the file store. Tried again after a crash it makes the file anew. */
export class ReportExportJob implements JobHandler<Data> {
  readonly #database: Database;
  readonly #files: FileStore;
  readonly #writer: ReportWriter;

  constructor(database: Database, files: FileStore, writer: ReportWriter) {
    this.#database = database;
    this.#files = files;
    this.#writer = writer;
  }

  async run({ organizationId, exportId }: Data, { signal }: JobTurn): Promise<void> {
    const [row] = await this.#database.asOrganization(organizationId, (tx) => listExports(tx, { id: exportId }, 1, null));
    if (row === undefined || row.finishedAt !== null) return;
    await this.#update(organizationId, exportId, { state: 'RUNNING', stepsDone: 0 });
    const viewer: Viewer = { organizationId, apiKeyId: row.createdBy, apiKeyName: row.createdByName, role: 'VIEWER' };
    try {
      await this.#make(viewer, row, signal);
    } catch (error) {
      // What the request got wrong does not get better by trying again.
      if (!isVitrineError(error) || !['NOT_FOUND', 'BAD_USER_INPUT'].includes(error.code)) throw error;
      await this.#fail(organizationId, exportId, error.code, error.message);
    }
  }

  giveUp({ organizationId, exportId }: Data): Promise<void> {
    return this.#fail(
      organizationId,
      exportId,
      'INTERNAL',
      'The report could not be made; the log of the worker says why. Ask for it again.',
    );
  }

  async #make(viewer: Viewer, { id, scope, format, worst, askedAsOf }: ExportRow, signal: AbortSignal): Promise<void> {
    const { organizationId } = viewer;
    const onProgress = async (stepsDone: number, steps: number) => {
      if (signal.aborted) throw new Error('the worker is stopping');
      await this.#update(organizationId, id, { stepsDone, steps });
    };
    const use = async ({
      path,
      fileName,
      report,
    }: {
      path: string;
      fileName: string;
      report: { asOf: Date; history: { hash: string | null } };
    }) => {
      const { sha256, byteSize } = await this.#files.put(readReportFile(path), { maxByteSize: MAX_BYTE_SIZE });
      return { sha256, byteSize: BigInt(byteSize), fileName, asOf: report.asOf, historyHash: report.history.hash };
    };
    const made = await this.#writer.write(viewer, scope, format, { worst, asOf: askedAsOf }, use, onProgress);
    await this.#database.asOrganization(organizationId, async (tx) => {
      const [row] = await listExports(tx, { id }, 1, null);
      const steps = Math.max(row?.steps ?? 0, 1);
      await tx.rows.reportExport.updateMany({
        where: { organizationId, id },
        data: { ...made, state: 'COMPLETED', finishedAt: new Date(), steps, stepsDone: steps },
      });
    });
  }

  async #update(organizationId: string, id: string, data: { state?: string; stepsDone?: number; steps?: number }): Promise<void> {
    await this.#database.asOrganization(organizationId, (tx) => tx.rows.reportExport.updateMany({ where: { organizationId, id }, data }));
  }

  async #fail(organizationId: string, id: string, errorCode: string, errorMessage: string): Promise<void> {
    await this.#database.asOrganization(organizationId, (tx) =>
      tx.rows.reportExport.updateMany({
        where: { organizationId, id, finishedAt: null },
        data: { state: 'FAILED', errorCode, errorMessage, finishedAt: new Date() },
      }),
    );
  }
}
