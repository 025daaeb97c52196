import DataLoader from 'dataloader';
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { Asset } from '../../library/assets/asset.types.js';
import { loaderOf, type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import type { ComplianceService, FindingRecord } from './compliance.service.js';
import { Finding, toFinding } from './finding.types.js';

/** What an asset has of this room. */
@Resolver(() => Asset)
export class AssetFindingsResolver {
  readonly #compliance: ComplianceService;

  constructor(compliance: ComplianceService) {
    this.#compliance = compliance;
  }

  @FieldResolver(() => [Finding], { description: 'What the published rules of its brand say about its current version, worst first.' })
  async findings(@Ctx() context: RequestContext, @Root() asset: Asset): Promise<Finding[]> {
    const loader = loaderOf(context, AssetFindingsResolver, () => {
      return new DataLoader<string, FindingRecord[]>((ids) => this.#compliance.findingsOfAssets(viewerOf(context), ids));
    });
    return (await loader.load(asset.row.id)).map(toFinding);
  }
}
