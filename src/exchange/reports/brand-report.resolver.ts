import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { Brand } from '../../library/brands/brand.types.js';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import type { ReportService } from './report.service.js';
import { ComplianceReport } from './report.types.js';
import { toReport } from './report-view.js';

/** What a brand has of this room. */
@Resolver(() => Brand)
export class BrandReportResolver {
  readonly #reports: ReportService;

  constructor(reports: ReportService) {
    this.#reports = reports;
  }

  @FieldResolver(() => ComplianceReport, {
    description: 'How its assets keep its published rules; the same as the query `complianceReport`.',
  })
  async complianceReport(
    @Ctx() context: RequestContext,
    @Root() brand: Brand,
    @Arg('worst', () => Int, { defaultValue: 10, description: 'How many of the worst assets to name, 0 to 100.' }) worst: number,
  ): Promise<ComplianceReport> {
    return toReport(await this.#reports.reportInParts(viewerOf(context), { brandId: fromGlobalId('Brand', brand.id, 'brand') }, { worst }));
  }
}
