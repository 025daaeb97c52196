import { z } from 'zod';
import { requireRole, type Viewer } from '../../viewer.js';
import type { Database } from '../../platform/database/database.js';
import type { JsonInput } from '../../platform/database/sql.js';
import { badInput, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import type { ReportExportService } from './report-export.service.js';
import { lockDueSchedules, type ScheduleRow } from './report-schedule.queries.js';
import type { ReportScope, ReportService } from './report.service.js';
import type { ReportFormat } from './report-writer.js';
import { nextRun, type Rhythm } from './schedule-time.js';

export type { ScheduleRow };

export interface NewSchedule extends Rhythm {
  name: string;
  format: ReportFormat;
  scope: ReportScope;
  worst: number;
}

/** Reports that are made into files at fixed times. */
export class ReportScheduleService {
  readonly #database: Database;
  readonly #exports: ReportExportService;
  readonly #reports: Pick<ReportService, 'requireScope'>;
  readonly #clock: () => Date;

  constructor(
    database: Database,
    exports: ReportExportService,
    reports: Pick<ReportService, 'requireScope'>,
    clock: () => Date = () => new Date(),
  ) {
    this.#database = database;
    this.#exports = exports;
    this.#reports = reports;
    this.#clock = clock;
  }

  async find(viewer: Viewer, id: string): Promise<ScheduleRow | null> {
    const { organizationId } = viewer;
    const row = await this.#database.asOrganization(organizationId, (tx) =>
      tx.rows.reportSchedule.findFirst({ where: { organizationId, id } }),
    );
    return row as unknown as ScheduleRow | null;
  }

  /** By name. */
  list(viewer: Viewer, { first, after }: { first?: number | null; after?: string | null }): Promise<Connection<ScheduleRow>> {
    const page = readPage(first, after, 'reportSchedules');
    const [start] = readKeys(page, z.tuple([cursorKey.text]), after) ?? [''];
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const { organizationId } = tx;
      const rows = await tx.rows.reportSchedule.findMany({
        where: { organizationId, name: { gt: start } },
        orderBy: { name: 'asc' },
        take: page.first + 1,
      });
      const total = await tx.rows.reportSchedule.count({ where: { organizationId } });
      return toConnection(
        page,
        rows as unknown as ScheduleRow[],
        total,
        (row) => row,
        (row) => [row.name],
      );
    });
  }

  /** @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND naming what the scope names and is not there, CONFLICT when the name is taken */
  async create(viewer: Viewer, input: NewSchedule): Promise<ScheduleRow> {
    requireRole(viewer, 'ADMIN');
    const name = input.name.normalize('NFC').trim();
    if (name === '' || [...name].length > 200 || name.includes('\0') || !name.isWellFormed())
      throw badInput('input.name', input.name, '1 to 200 characters');
    const { every, day, hour, worst } = input;
    if (!Number.isInteger(hour) || hour < 0 || hour > 23) throw badInput('input.hour', hour, 'a whole hour from 0 to 23, UTC');
    if (every === 'DAY' ? day !== null : day === null || day < 1 || day > (every === 'WEEK' ? 7 : 28))
      throw badInput('input.day', day, every === 'DAY' ? 'nothing, for DAY' : every === 'WEEK' ? '1 (Monday) to 7' : '1 to 28');
    if (!Number.isInteger(worst) || worst < 0 || worst > 100) throw badInput('input.worst', worst, 'a whole number from 0 to 100');
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      await this.#reports.requireScope(tx, input.scope);
      const [made] = await tx.rows.reportSchedule.createManyAndReturn({
        data: [
          {
            ...{
              organizationId: tx.organizationId,
              name,
              format: input.format,
              worst,
              every,
              day,
              hour,
              nextAt: nextRun(input, this.#clock()),
            },
            ...{ createdBy: viewer.apiKeyId, createdByName: viewer.apiKeyName, scope: input.scope as unknown as JsonInput },
          },
        ],
        skipDuplicates: true,
      });
      if (made === undefined)
        throw new VitrineError('CONFLICT', `input.name: there is a schedule ${JSON.stringify(name)} already. Choose another name.`, {
          field: 'input.name',
          value: name,
        });
      return made as unknown as ScheduleRow;
    });
  }

  /** Files that were made stay. @throws VitrineError FORBIDDEN, NOT_FOUND */
  async delete(viewer: Viewer, id: string): Promise<void> {
    requireRole(viewer, 'ADMIN');
    const { organizationId } = viewer;
    const { count } = await this.#database.asOrganization(organizationId, (tx) =>
      tx.rows.reportSchedule.deleteMany({ where: { organizationId, id } }),
    );
    if (count === 0) throw new VitrineError('NOT_FOUND', 'input.id: there is no such schedule.', { field: 'input.id', value: id });
  }

  /** Begins what is due, once each, however many times were missed. @returns number of reports begun */
  async runDue(organizationId: string): Promise<number> {
    const now = this.#clock();
    const begun = await this.#database.asOrganization(organizationId, async (tx) => {
      const due = await lockDueSchedules(tx, now);
      for (const schedule of due) {
        const by = { apiKeyId: schedule.createdBy, apiKeyName: schedule.createdByName };
        const { id } = await this.#exports.createIn(tx, by, schedule);
        await tx.rows.reportSchedule.updateMany({
          where: { organizationId, id: schedule.id },
          data: { nextAt: nextRun(schedule, now), lastExportId: id },
        });
      }
      return due.length;
    });
    if (begun > 0) this.#exports.wake();
    return begun;
  }
}
