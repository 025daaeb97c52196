import DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { type RequestContext, loaderOf, viewerOf } from '../../platform/graphql/context.js';
import { payload } from '../../platform/graphql/payload.js';
import { AssetsDeleteInput, AssetUpdateInput } from './asset.inputs.js';
import type { AssetFileService } from './asset-file.service.js';
import type { AssetService, VersionRow } from './asset.service.js';
import { Asset, AssetsDeletePayload, AssetUpdatePayload, AssetVersion, toAsset, toVersion } from './asset.types.js';

@Resolver(() => Asset)
export class AssetResolver {
  readonly #assets: AssetService;
  readonly #links: AssetFileService;

  constructor(assets: AssetService, links: AssetFileService) {
    this.#assets = assets;
    this.#links = links;
  }

  @Query(() => Asset, { nullable: true, description: 'One asset; null when there is none with this id.' })
  async asset(@Ctx() context: RequestContext, @Arg('id', () => ID, { description: 'Id of the asset.' }) id: string): Promise<Asset | null> {
    const row = await this.#assets.find(viewerOf(context), id);
    return row && toAsset(row);
  }

  @Mutation(() => AssetUpdatePayload, {
    description: 'Changes what is said about an asset; its rules are judged anew. Needs the role EDITOR.',
  })
  assetUpdate(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetUpdateInput, { description: 'The asset and the fields to change.' }) input: AssetUpdateInput,
  ) {
    return payload(async () => ({ asset: toAsset(await this.#assets.update(viewerOf(context), input)) }));
  }

  @Mutation(() => AssetsDeletePayload, { description: 'Deletes assets with their versions, vectors and findings. Needs the role EDITOR.' })
  assetsDelete(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetsDeleteInput, { description: 'The assets.' }) input: AssetsDeleteInput,
  ) {
    return payload(async () => ({ deletedIds: await this.#assets.delete(viewerOf(context), input.assets) }));
  }

  @FieldResolver(() => [String], { description: 'Its tags, in alphabetical order.' })
  async tags(@Ctx() context: RequestContext, @Root() asset: Asset): Promise<string[]> {
    const loader = loaderOf(context, AssetResolver.prototype.tags, () => {
      return new DataLoader<number, string | null>(async (ids) => {
        const names = await this.#assets.tagNames(viewerOf(context), ids);
        return ids.map((id) => names.get(id) ?? null);
      });
    });
    const names = (await loader.loadMany(asset.row.tag_ids)).filter((name): name is string => typeof name === 'string');
    return names.sort();
  }

  @FieldResolver(() => AssetVersion, { description: 'Its current file with what was measured in it.' })
  async currentVersion(@Ctx() context: RequestContext, @Root() asset: Asset): Promise<AssetVersion> {
    const loader = loaderOf(context, AssetResolver.prototype.currentVersion, () => {
      return new DataLoader<string, VersionRow | null>((ids) => this.#assets.findVersions(viewerOf(context), ids));
    });
    return toVersion((await loader.load(asset.row.current_version_id)) as VersionRow);
  }

  @FieldResolver(() => [AssetVersion], { description: 'All its files, newest first.' })
  async versions(@Ctx() context: RequestContext, @Root() asset: Asset): Promise<AssetVersion[]> {
    return (await this.#assets.listVersions(viewerOf(context), asset.row.id)).map(toVersion);
  }

  @FieldResolver(() => String, { description: 'Link to the current original, good for hours, for whoever holds it.' })
  originalUrl(@Ctx() context: RequestContext, @Root() asset: Asset): string {
    return this.#links.linkTo(viewerOf(context).organizationId, asset.row, 'original');
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'Link to a small WebP picture, good for hours; null where there is no picture.',
  })
  thumbnailUrl(@Ctx() context: RequestContext, @Root() asset: Asset): string | null {
    return asset.kind === 'IMAGE' || asset.width !== null
      ? this.#links.linkTo(viewerOf(context).organizationId, asset.row, 'thumbnail')
      : null;
  }
}
