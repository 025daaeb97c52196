import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import type { ReportScheduleService } from './report-schedule.service.js';
import {
  ReportScheduleConnection,
  ReportScheduleCreateInput,
  ReportScheduleCreatePayload,
  ReportScheduleDeleteInput,
  ReportScheduleDeletePayload,
  ReportSchedulesArgs,
  toReportSchedule,
} from './report-schedule.types.js';
import { readScope } from './report-view.js';

@Resolver()
export class ReportScheduleResolver {
  readonly #schedules: ReportScheduleService;

  constructor(schedules: ReportScheduleService) {
    this.#schedules = schedules;
  }

  @Query(() => ReportScheduleConnection, { description: 'Reports that are made at fixed times, by name.' })
  async reportSchedules(@Ctx() context: RequestContext, @Args(() => ReportSchedulesArgs) args: ReportSchedulesArgs) {
    const page = await this.#schedules.list(viewerOf(context), args);
    return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: toReportSchedule(node) })) };
  }

  @Mutation(() => ReportScheduleCreatePayload, {
    description: 'Has a report made into a file again and again; `complianceReportExports` lists the files. Needs the role ADMIN.',
  })
  reportScheduleCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => ReportScheduleCreateInput, { description: 'Which report, and when.' }) input: ReportScheduleCreateInput,
  ) {
    return payload(async () => {
      const { name, format, worst, every, day, hour } = input;
      const schedule = { name, format, worst, every, day: day ?? null, hour, scope: readScope(input, 'input.scope') };
      return { schedule: toReportSchedule(await this.#schedules.create(viewerOf(context), schedule)) };
    });
  }

  @Mutation(() => ReportScheduleDeletePayload, { description: 'Ends a schedule; files that were made stay. Needs the role ADMIN.' })
  reportScheduleDelete(
    @Ctx() context: RequestContext,
    @Arg('input', () => ReportScheduleDeleteInput, { description: 'Which one.' }) input: ReportScheduleDeleteInput,
  ) {
    return payload(async () => {
      await this.#schedules.delete(viewerOf(context), fromGlobalId('ReportSchedule', input.id, 'input.id'));
      return { deletedId: input.id };
    });
  }
}
