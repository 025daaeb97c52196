import { ArgsType, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { connectionOf, DEFAULT_PAGE_SIZE } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { IdOf, Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';
import { ReportFormatType } from './report-export.types.js';
import type { ScheduleRow } from './report-schedule.queries.js';
import { ReportScopeInput } from './report-scope.types.js';

export const ScheduleEvery = { DAY: 'DAY', WEEK: 'WEEK', MONTH: 'MONTH' } as const;
registerEnumType(ScheduleEvery, {
  name: 'ReportScheduleEvery',
  description: 'How often a report is made.',
  valuesConfig: {
    DAY: { description: 'Every day.' },
    WEEK: { description: 'On a day of the week.' },
    MONTH: { description: 'On a day of the month.' },
  },
});

@InputType({ description: 'A report to make into a file again and again.' })
export class ReportScheduleCreateInput {
  @Field(() => String, { description: 'Name, 1 to 200 characters, unique.' })
  name!: string;

  @Field(() => ID, { nullable: true, description: 'The brand. Null: all brands.' })
  brand?: string | null;

  @Field(() => ReportScopeInput, { nullable: true, description: 'Only a part of its assets or rules.' })
  scope?: ReportScopeInput | null;

  @Field(() => ReportFormatType, { description: 'What kind of file.' })
  format!: keyof typeof ReportFormatType;

  @Field(() => Int, { defaultValue: 12, description: 'How many of the worst assets to show in PDF and HTML, 0 to 100.' })
  worst!: number;

  @Field(() => ScheduleEvery, { description: 'How often.' })
  every!: keyof typeof ScheduleEvery;

  @Field(() => Int, { nullable: true, description: 'WEEK: 1 (Monday) to 7. MONTH: 1 to 28. DAY: nothing.' })
  day?: number | null;

  @Field(() => Int, { defaultValue: 6, description: 'Hour of the day, UTC, 0 to 23.' })
  hour!: number;
}

@InputType({ description: 'Which schedule to delete.' })
export class ReportScheduleDeleteInput {
  @Field(() => ID, { description: 'The schedule.' })
  id!: string;
}

@ObjectType({ implements: Node, description: 'A report that is made into a file at fixed times.' })
export class ReportSchedule implements Node {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @Field(() => String, { description: 'Its name.' })
  name!: string;

  @Field(() => ReportFormatType, { description: 'What kind of file.' })
  format!: keyof typeof ReportFormatType;

  @Field(() => ScheduleEvery, { description: 'How often.' })
  every!: keyof typeof ScheduleEvery;

  @Field(() => Int, { nullable: true, description: 'Day of the week (1 Monday to 7) or of the month; null for DAY.' })
  day!: number | null;

  @Field(() => Int, { description: 'Hour of the day, UTC.' })
  hour!: number;

  @Field(() => Date, {
    description: 'When it is made next. A worker looks every five minutes; times that were missed are made up for once.',
  })
  nextAt!: Date;

  @IdOf('ReportExport', { description: 'The latest export.', nullable: true })
  lastExportId!: string | null;

  @Field(() => String, { description: 'Name of the API key that made it.' })
  createdByName!: string;
}

export const ReportScheduleConnection = connectionOf(ReportSchedule, 'ReportSchedule');

@ObjectType({ description: 'What `reportScheduleCreate` did.' })
export class ReportScheduleCreatePayload {
  @Field(() => ReportSchedule, { nullable: true, description: 'The schedule; null when there are `userErrors`.' })
  schedule?: ReportSchedule;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ObjectType({ description: 'What `reportScheduleDelete` did.' })
export class ReportScheduleDeletePayload {
  @Field(() => ID, { nullable: true, description: 'Id of the schedule that is gone; null when there are `userErrors`.' })
  deletedId?: string;

  @Field(() => [UserError], { description: 'Why nothing was changed; empty on success.' })
  userErrors!: UserError[];
}

@ArgsType()
export class ReportSchedulesArgs {
  @Field(() => Int, { defaultValue: DEFAULT_PAGE_SIZE, description: 'Rows a page, 1 to 100.' })
  first!: number;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after. Null: from the beginning.' })
  after?: string | null;
}

export function toReportSchedule({ id, name, format, every, day, hour, nextAt, lastExportId, createdByName }: ScheduleRow): ReportSchedule {
  return Object.assign(new ReportSchedule(), {
    ...{ id: toGlobalId('ReportSchedule', id), name, format, every, day, hour, nextAt, createdByName },
    lastExportId: lastExportId && toGlobalId('ReportExport', lastExportId),
  });
}
