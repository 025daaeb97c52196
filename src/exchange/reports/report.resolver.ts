import { Args, Ctx, Query, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import type { ReportService } from './report.service.js';
import { ComplianceReport } from './report.types.js';
import { ReportArgs } from './report-scope.types.js';
import { readScope, toReport } from './report-view.js';

@Resolver()
export class ReportResolver {
  readonly #reports: ReportService;

  constructor(reports: ReportService) {
    this.#reports = reports;
  }

  @Query(() => ComplianceReport, {
    description: 'How assets keep the published rules of their brands, now or at a moment of the past.',
  })
  async complianceReport(@Ctx() context: RequestContext, @Args(() => ReportArgs) args: ReportArgs) {
    return toReport(await this.#reports.reportInParts(viewerOf(context), readScope(args), args));
  }
}
