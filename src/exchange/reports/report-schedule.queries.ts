import type { OrganizationTx } from '../../platform/database/database.js';
import { sql } from '../../platform/database/sql.js';
import type { ReportScope } from './report-source.queries.js';
import type { ReportFormat } from './report-writer.js';
import type { Rhythm } from './schedule-time.js';

export interface ScheduleRow extends Rhythm {
  id: string;
  name: string;
  format: ReportFormat;
  scope: ReportScope;
  worst: number;
  nextAt: Date;
  lastExportId: string | null;
  createdBy: string;
  createdByName: string;
  createdAt: Date;
}

/** Schedules whose time has come, locked; those that another worker has in hand are left out. */
export function lockDueSchedules(tx: OrganizationTx, now: Date): Promise<ScheduleRow[]> {
  return tx.query<ScheduleRow>(sql`
    SELECT id, name, format, scope, worst, every, day, hour, next_at AS "nextAt", last_export_id AS "lastExportId", created_by AS "createdBy",
      created_by_name AS "createdByName", created_at AS "createdAt"
    FROM report_schedule WHERE organization_id = ${tx.organizationId}::uuid AND next_at <= ${now}::timestamptz ORDER BY next_at, id FOR UPDATE SKIP LOCKED`);
}
