import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, sql } from '../../platform/database/sql.js';
import type { ReportScope } from './report-source.queries.js';

export type ExportState = 'QUEUED' | 'RUNNING' | 'COMPLETED' | 'FAILED';

export interface ExportRow {
  id: string;
  state: ExportState;
  format: 'PDF' | 'HTML' | 'CSV' | 'JSONL';
  scope: ReportScope;
  worst: number;
  askedAsOf: Date | null;
  asOf: Date | null;
  historyHash: string | null;
  stepsDone: number;
  steps: number;
  sha256: string | null;
  byteSize: number | null;
  fileName: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  createdBy: string;
  createdByName: string;
  createdAt: Date;
  finishedAt: Date | null;
  /** `createdAt` as text with all its digits, for cursors. */
  position: string;
}

/** Newest first; `after` holds moment and id of the row before. */
export function listExports(
  tx: OrganizationTx,
  { id }: { id?: string },
  limit: number,
  after: readonly [string, string] | null,
): Promise<ExportRow[]> {
  return tx.query<ExportRow>(sql`
    SELECT id, state, format, scope, worst, asked_as_of AS "askedAsOf", as_of AS "asOf", history_hash AS "historyHash", steps_done AS "stepsDone", steps,
      sha256, byte_size AS "byteSize", file_name AS "fileName", error_code AS "errorCode", error_message AS "errorMessage", created_by AS "createdBy",
      created_by_name AS "createdByName", created_at AS "createdAt", finished_at AS "finishedAt", created_at::text AS position
    FROM report_export WHERE organization_id = ${tx.organizationId}::uuid ${id ? sql`AND id = ${id}::uuid` : empty}
      ${after ? sql`AND (created_at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)` : empty}
    ORDER BY created_at DESC, id DESC LIMIT ${limit}`);
}
