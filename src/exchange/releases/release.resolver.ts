import DataLoader from 'dataloader';
import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { Asset } from '../../library/assets/asset.types.js';
import { toFinding } from '../../judging/judgements/finding.types.js';
import { loaderOf, type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { fromGlobalId } from '../../platform/graphql/global-id.js';
import { payload } from '../../platform/graphql/payload.js';
import type { ReleaseRow, ReleaseService } from './release.service.js';
import { AssetApproveInput, AssetApprovePayload, AssetWithdrawInput, AssetWithdrawPayload, Release, toRelease } from './release.types.js';

@Resolver(() => Asset)
export class ReleaseResolver {
  readonly #releases: ReleaseService;

  constructor(releases: ReleaseService) {
    this.#releases = releases;
  }

  @FieldResolver(() => Release, {
    description: 'Whether its current version may be used. A new file is never approved by the approval of an older one.',
  })
  async release(@Ctx() context: RequestContext, @Root() asset: Asset): Promise<Release> {
    const loader = loaderOf(context, ReleaseResolver, () => {
      return new DataLoader<string, ReleaseRow | null>((ids) => this.#releases.releasesOf(viewerOf(context), ids));
    });
    return toRelease(await loader.load(asset.row.current_version_id));
  }

  @Mutation(() => AssetApprovePayload, {
    description:
      'Approves the current version of an asset. Refused while a rule of severity BLOCKER is broken, waits for a review or could not be judged. Needs the role EDITOR.',
  })
  async assetApprove(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetApproveInput, { description: 'Which asset.' }) input: AssetApproveInput,
  ) {
    const { release, blockers, obstacles, userErrors } = await payload(() =>
      this.#releases.approve(viewerOf(context), fromGlobalId('Asset', input.asset, 'input.asset'), input.reason, input.presets),
    );
    return {
      release: release ? toRelease(release) : null,
      blockers: (blockers ?? []).map(toFinding),
      userErrors: [...userErrors, ...(obstacles ?? [])],
    };
  }

  @Mutation(() => AssetWithdrawPayload, {
    description: 'Says that the current version of an asset must not be used, approved or not. Needs the role EDITOR.',
  })
  assetWithdraw(
    @Ctx() context: RequestContext,
    @Arg('input', () => AssetWithdrawInput, { description: 'Which asset, and why.' }) input: AssetWithdrawInput,
  ) {
    return payload(async () => {
      const id = fromGlobalId('Asset', input.asset, 'input.asset');
      return { release: toRelease(await this.#releases.withdraw(viewerOf(context), id, input.reason)) };
    });
  }
}
