import { ArgsType, Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { connectionOf, DEFAULT_PAGE_SIZE } from '../../platform/graphql/connection.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { Node } from '../../platform/graphql/node.js';
import { UserError } from '../../platform/graphql/payload.js';
import { DateTime, SafeInt } from '../../platform/graphql/scalars.js';
import type { ExportRow, ExportState } from './report-export.queries.js';
import { ReportScopeInput } from './report-scope.types.js';

export const ReportFormatType = { PDF: 'PDF', HTML: 'HTML', CSV: 'CSV', JSONL: 'JSONL' } as const;
registerEnumType(ReportFormatType, {
  name: 'ReportFormat',
  description: 'What kind of file a report becomes.',
  valuesConfig: {
    PDF: { description: 'For people, on A4 pages: cover, charts, tables, and the worst assets with what is wrong drawn on them.' },
    HTML: { description: 'The same as one page that stands on its own.' },
    CSV: { description: 'One line per finding, for spreadsheets; cells that begin like formulas are made texts.' },
    JSONL: { description: 'The report as canonical JSON in the first line, then one line per finding.' },
  },
});

export const ExportStateType: { readonly [S in ExportState]: S } = {
  QUEUED: 'QUEUED',
  RUNNING: 'RUNNING',
  COMPLETED: 'COMPLETED',
  FAILED: 'FAILED',
};
registerEnumType(ExportStateType, {
  name: 'ReportExportState',
  description: 'How far an export is.',
  valuesConfig: {
    QUEUED: { description: 'Waits for a worker.' },
    RUNNING: { description: 'Is being made.' },
    COMPLETED: { description: 'The file is there.' },
    FAILED: { description: 'There will be no file; `errorMessage` says why.' },
  },
});

@InputType({ description: 'Which report to make a file of.' })
export class ComplianceReportExportCreateInput {
  @Field(() => ID, { nullable: true, description: 'The brand. Null: all brands.' })
  brand?: string | null;

  @Field(() => ReportScopeInput, { nullable: true, description: 'Only a part of its assets or rules.' })
  scope?: ReportScopeInput | null;

  @Field(() => ReportFormatType, { description: 'What kind of file.' })
  format!: keyof typeof ReportFormatType;

  @Field(() => DateTime, { nullable: true, description: 'A moment of the past. Null: that of making it.' })
  asOf?: Date | null;

  @Field(() => Int, { defaultValue: 12, description: 'How many of the worst assets to show in PDF and HTML, 0 to 100.' })
  worst!: number;
}

@ObjectType({ implements: Node, description: 'A report that is made into a file.' })
export class ReportExport implements Node {
  @Field(() => ID, { description: 'Global id.' })
  id!: string;

  @Field(() => ExportStateType, { description: 'How far it is.' })
  state!: ExportState;

  @Field(() => ReportFormatType, { description: 'What kind of file.' })
  format!: keyof typeof ReportFormatType;

  @Field(() => Int, { description: 'Steps of the work that are done.' })
  stepsDone!: number;

  @Field(() => Int, { description: 'Steps of the work in all; 0 before it is known.' })
  steps!: number;

  @Field(() => Date, { nullable: true, description: 'The moment that the report is about; null until it is made.' })
  asOf!: Date | null;

  @Field(() => String, { nullable: true, description: 'Hash of the link of the history that the report is the state after.' })
  historyHash!: string | null;

  @Field(() => String, { nullable: true, description: 'Name of the file; null until it is made.' })
  fileName!: string | null;

  @Field(() => SafeInt, { nullable: true, description: 'Size of the file in bytes; null until it is made.' })
  byteSize!: number | null;

  @Field(() => String, { nullable: true, description: 'Link to the file, good for hours, for whoever holds it; null until it is made.' })
  url!: string | null;

  @Field(() => String, { nullable: true, description: 'Why there is no file, as a code.' })
  errorCode!: string | null;

  @Field(() => String, { nullable: true, description: 'Why there is no file, for people.' })
  errorMessage!: string | null;

  @Field(() => String, { description: 'Name of the API key that asked for it.' })
  createdByName!: string;

  @Field(() => Date, { description: 'When it was asked for.' })
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When it was made, or failed.' })
  finishedAt!: Date | null;
}

export const ReportExportConnection = connectionOf(ReportExport, 'ReportExport');

@ObjectType({ description: 'What `complianceReportExportCreate` did.' })
export class ComplianceReportExportCreatePayload {
  @Field(() => ReportExport, { nullable: true, description: 'The export, which a worker makes; null when there are `userErrors`.' })
  export?: ReportExport;

  @Field(() => [UserError], { description: 'Why nothing was begun; empty on success.' })
  userErrors!: UserError[];
}

@ArgsType()
export class ReportExportsArgs {
  @Field(() => Int, { defaultValue: DEFAULT_PAGE_SIZE, description: 'Rows a page, 1 to 100.' })
  first!: number;

  @Field(() => String, { nullable: true, description: 'Cursor of the row to start after. Null: from the beginning.' })
  after?: string | null;
}

export function toReportExport(row: ExportRow, url: string | null): ReportExport {
  const {
    state,
    format,
    stepsDone,
    steps,
    asOf,
    historyHash,
    fileName,
    byteSize,
    errorCode,
    errorMessage,
    createdByName,
    createdAt,
    finishedAt,
  } = row;
  return Object.assign(new ReportExport(), {
    ...{ id: toGlobalId('ReportExport', row.id), state, format, stepsDone, steps, asOf, historyHash, fileName, byteSize, url },
    ...{ errorCode, errorMessage, createdByName, createdAt, finishedAt },
  });
}
