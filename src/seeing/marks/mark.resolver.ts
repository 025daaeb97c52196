import DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { Asset } from '../../library/assets/asset.types.js';
import { Brand } from '../../library/brands/brand.types.js';
import { loaderOf, type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import { BrandMarkCreateInput, BrandMarkDeleteInput } from './mark.inputs.js';
import type { MarkRow, MarkService, SightingRow } from './mark.service.js';
import { BrandMark, BrandMarkCreatePayload, BrandMarkDeletePayload, MarkSightingNode, toBrandMark, toMarkSighting } from './mark.types.js';

@Resolver(() => Brand)
export class MarkResolver {
  readonly #marks: MarkService;

  constructor(marks: MarkService) {
    this.#marks = marks;
  }

  @Mutation(() => BrandMarkCreatePayload, {
    description:
      'Names the file of an asset a mark of a brand; the brand’s pictures are searched for it in the background. Needs the role ADMIN.',
  })
  brandMarkCreate(
    @Ctx() context: RequestContext,
    @Arg('input', () => BrandMarkCreateInput, { description: 'Brand, asset and name.' }) input: BrandMarkCreateInput,
  ) {
    return payload(async () => ({ mark: toBrandMark(await this.#marks.create(viewerOf(context), input)) }));
  }

  @Mutation(() => BrandMarkDeletePayload, { description: 'Deletes a mark with all its sightings, never its asset. Needs the role ADMIN.' })
  brandMarkDelete(
    @Ctx() context: RequestContext,
    @Arg('input', () => BrandMarkDeleteInput, { description: 'Which one.' }) input: BrandMarkDeleteInput,
  ) {
    return payload(async () => {
      await this.#marks.delete(viewerOf(context), input.id);
      return { deletedId: input.id };
    });
  }

  @FieldResolver(() => [BrandMark], { description: 'Its marks (logos), by name.' })
  async marks(@Ctx() context: RequestContext, @Root() brand: Brand): Promise<BrandMark[]> {
    const loader = loaderOf(context, MarkResolver.prototype.marks, () => {
      return new DataLoader<string, MarkRow[]>((ids) => this.#marks.marksOfBrands(viewerOf(context), ids));
    });
    return (await loader.load(fromGlobalId('Brand', brand.id, 'brand'))).map(toBrandMark);
  }
}

/** What an asset has of this room. */
@Resolver(() => Asset)
export class AssetMarksResolver {
  readonly #marks: MarkService;

  constructor(marks: MarkService) {
    this.#marks = marks;
  }

  @FieldResolver(() => [MarkSightingNode], {
    description: 'Marks of its brand found in its current file, the most confident first; empty as long as it was not searched.',
  })
  async marksFound(@Ctx() context: RequestContext, @Root() asset: Asset): Promise<MarkSightingNode[]> {
    const loader = loaderOf(context, AssetMarksResolver, () => {
      return new DataLoader<string, SightingRow[]>((ids) => this.#marks.sightingsInVersions(viewerOf(context), ids));
    });
    return (await loader.load(asset.row.current_version_id)).map(toMarkSighting);
  }
}
