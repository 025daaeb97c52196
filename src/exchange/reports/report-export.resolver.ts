import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import type { ExportRow, ReportExportService } from './report-export.service.js';
import {
  ComplianceReportExportCreateInput,
  ComplianceReportExportCreatePayload,
  ReportExport,
  ReportExportConnection,
  ReportExportsArgs,
  toReportExport,
} from './report-export.types.js';
import { readScope } from './report-view.js';

@Resolver()
export class ReportExportResolver {
  readonly #exports: ReportExportService;

  constructor(exports: ReportExportService) {
    this.#exports = exports;
  }

  @Query(() => ReportExport, { nullable: true, description: 'A report that is made into a file; null when there is none with this id.' })
  async complianceReportExport(@Ctx() context: RequestContext, @Arg('id', () => ID, { description: 'Id of the export.' }) id: string) {
    const row = await this.#exports.find(viewerOf(context), fromGlobalId('ReportExport', id, 'id'));
    return row && this.#show(context, row);
  }

  @Query(() => ReportExportConnection, { description: 'Reports that were made into files, newest first.' })
  async complianceReportExports(@Ctx() context: RequestContext, @Args(() => ReportExportsArgs) args: ReportExportsArgs) {
    const page = await this.#exports.list(viewerOf(context), args);
    return { ...page, edges: page.edges.map(({ cursor, node }) => ({ cursor, node: this.#show(context, node) })) };
  }

  @Mutation(() => ComplianceReportExportCreatePayload, {
    description: 'Has a report made into a file. Ask the query `complianceReportExport` until it is COMPLETED. Needs the role EDITOR.',
  })
  complianceReportExportCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => ComplianceReportExportCreateInput, { description: 'Which report.' }) input: ComplianceReportExportCreateInput,
  ) {
    return payload(async () => {
      const { format, worst, asOf } = input;
      const row = await this.#exports.create(viewerOf(context), {
        scope: readScope(input, 'input.scope'),
        format,
        worst,
        ...(asOf != null && { asOf }),
      });
      return { export: this.#show(context, row) };
    });
  }

  #show(context: RequestContext, row: ExportRow): ReportExport {
    return toReportExport(row, this.#exports.linkTo(viewerOf(context).organizationId, row));
  }
}
