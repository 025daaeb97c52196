import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import type { ReportScheduleService } from './report-schedule.service.js';

/** What time alone brings about: rights and waivers end, reports are due. Runs every five minutes. */
export const COMPLIANCE_CLOCK: JobKind<object> = { name: 'compliance-clock', retryLimit: 0, expireInSeconds: 900 };
export const COMPLIANCE_CLOCK_CRON = '*/5 * * * *';

export interface ClockRooms {
  organizations: { listOrganizations(): Promise<{ id: string }[]> };
  compliance: { refreshExpired(organizationId: string): Promise<void> };
  schedules: ReportScheduleService;
}

export class ComplianceClockJob implements JobHandler<object> {
  readonly #rooms: ClockRooms;

  constructor(rooms: ClockRooms) {
    this.#rooms = rooms;
  }

  async run(_: object, { signal }: JobTurn): Promise<void> {
    const { organizations, compliance, schedules } = this.#rooms;
    for (const { id } of await organizations.listOrganizations()) {
      if (signal.aborted) return;
      await compliance.refreshExpired(id);
      await schedules.runDue(id);
    }
  }

  /** The next run does it. */
  async giveUp(): Promise<void> {}
}
