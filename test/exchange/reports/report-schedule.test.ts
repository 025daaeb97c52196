import { ReportScheduleService } from '../../../src/exchange/reports/report-schedule.service.js';
import { nextRun } from '../../../src/exchange/reports/schedule-time.js';
import { viewerAs } from '../../support/asset-rows.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

describe('the next time of a rhythm', () => {
  it.each([
    ['a day', { every: 'DAY', day: null, hour: 6 }, '2026-11-24T05:59:59Z', '2026-11-24T06:00:00.000Z'],
    ['a day that has passed', { every: 'DAY', day: null, hour: 6 }, '2026-11-24T06:00:00Z', '2026-11-25T06:00:00.000Z'],
    ['a Monday', { every: 'WEEK', day: 1, hour: 0 }, '2026-11-24T12:00:00Z', '2026-11-30T00:00:00.000Z'],
    ['a Sunday', { every: 'WEEK', day: 7, hour: 23 }, '2026-11-29T22:00:00Z', '2026-11-29T23:00:00.000Z'],
    ['the first of the next year', { every: 'MONTH', day: 1, hour: 3 }, '2026-12-01T03:00:00Z', '2027-01-01T03:00:00.000Z'],
    ['the 28th', { every: 'MONTH', day: 28, hour: 3 }, '2027-02-01T00:00:00Z', '2027-02-28T03:00:00.000Z'],
  ] as const)('is %s', (_, rhythm, after, expected) => {
    expect(nextRun(rhythm, new Date(after)).toISOString()).toBe(expected);
  });
});

describe('a schedule', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await openTestApp();
  });
  afterAll(() => test?.close());

  it('makes a file when its time has come, once, and goes on', async () => {
    const { id: organizationId, keys } = test.organizations.main!;
    const create = (input: object) =>
      test.ask(
        'mutation ($input: ReportScheduleCreateInput!) { reportScheduleCreate(input: $input) { schedule { id name nextAt lastExportId } userErrors { code field } } }',
        { input: { name: 'Daily', format: 'HTML', every: 'DAY', hour: 6, ...input } },
        keys.ADMIN,
      );
    const { schedule } = (await create({})).reportScheduleCreate;
    expect(new Date(schedule.nextAt).getUTCHours()).toBe(6);
    for (const [input, code, field] of [
      [{}, 'CONFLICT', 'input.name'],
      [{ name: 'b', day: 3 }, 'BAD_USER_INPUT', 'input.day'],
      [{ name: 'b', every: 'WEEK' }, 'BAD_USER_INPUT', 'input.day'],
      [{ name: 'b', every: 'MONTH', day: 29 }, 'BAD_USER_INPUT', 'input.day'],
      [{ name: 'b', hour: 24 }, 'BAD_USER_INPUT', 'input.hour'],
      [{ name: ' ' }, 'BAD_USER_INPUT', 'input.name'],
    ] as const) {
      expect((await create(input)).reportScheduleCreate.userErrors).toEqual([{ code, field }]);
    }

    // Three days later, all of them missed.
    let now = new Date(new Date(schedule.nextAt).getTime() + 3 * 86_400_000 + 60_000);
    const made: object[] = [];
    const exports = {
      createIn: async (
        ...[tx, , request]: Parameters<import('../../../src/exchange/reports/report-export.service.js').ReportExportService['createIn']>
      ) => {
        made.push(request);
        const { id } = await tx.rows.reportExport.create({
          data: { organizationId, format: 'HTML', scope: {}, worst: 1, createdBy: organizationId, createdByName: 'x' },
          select: { id: true },
        });
        return { id };
      },
      wake: () => undefined,
    };
    const schedules = new ReportScheduleService(test.app.database, exports as never, test.app.reports, () => now);
    expect(await schedules.runDue(organizationId)).toBe(1);
    expect(await schedules.runDue(organizationId)).toBe(0);
    expect(made).toMatchObject([{ format: 'HTML', worst: 12, scope: {} }]);
    const [listed] = (await schedules.list(viewerAs(organizationId, 'VIEWER'), {})).edges;
    expect(listed!.node).toMatchObject({ name: 'Daily', lastExportId: expect.any(String) });
    expect(listed!.node.nextAt.getTime()).toBe(new Date(schedule.nextAt).getTime() + 4 * 86_400_000);
    now = listed!.node.nextAt;
    expect(await schedules.runDue(organizationId)).toBe(1);

    const remove = () =>
      test.ask(
        'mutation ($input: ReportScheduleDeleteInput!) { reportScheduleDelete(input: $input) { deletedId userErrors { code } } }',
        { input: { id: schedule.id } },
        keys.ADMIN,
      );
    expect((await remove()).reportScheduleDelete).toEqual({ deletedId: schedule.id, userErrors: [] });
    expect((await remove()).reportScheduleDelete.userErrors).toEqual([{ code: 'NOT_FOUND' }]);
  });

  it('runs by the clock of the queue', async () => {
    const { rows } = await test.app.database.asOwner(`SELECT name, cron, timezone FROM pgboss.schedule WHERE name = 'compliance-clock'`);
    expect(rows).toEqual([{ name: 'compliance-clock', cron: '*/5 * * * *', timezone: 'UTC' }]);
  });
});
