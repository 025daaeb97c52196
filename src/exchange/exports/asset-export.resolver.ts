import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import type { AssetExportService } from './asset-export.service.js';
import { AssetExportCreateInput, AssetExportCreatePayload } from './asset-export.types.js';

@Resolver()
export class AssetExportResolver {
  readonly #exports: AssetExportService;

  constructor(exports: AssetExportService) {
    this.#exports = exports;
  }

  @Mutation(() => AssetExportCreatePayload, {
    description: 'A link to a ZIP archive of files with what is said about them, good for a day. Needs the role EDITOR.',
  })
  assetExportCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetExportCreateInput, { description: 'Which assets, and how.' }) input: AssetExportCreateInput,
  ) {
    return payload(async () => ({ export: await this.#exports.create(viewerOf(context), input) }));
  }
}
