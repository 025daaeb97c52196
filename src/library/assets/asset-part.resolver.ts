import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import { type RequestContext, viewerOf } from '../../platform/graphql/context.js';
import { placeOfPart } from '../../engines/media/part-key.js';
import { MatchedPart } from './asset-part.types.js';
import type { AssetFileService } from './asset-file.service.js';
import { AssetPart, AssetVersion } from './asset.types.js';

@Resolver(() => AssetVersion)
export class AssetVersionPartsResolver {
  readonly #links: AssetFileService;

  constructor(links: AssetFileService) {
    this.#links = links;
  }

  @FieldResolver(() => [AssetPart], {
    description: 'Frames and pages that can be found by what they show, beside the first, in order; at most 100.',
  })
  parts(@Ctx() context: RequestContext, @Root() { row }: AssetVersion): AssetPart[] {
    const { organizationId } = viewerOf(context);
    return row.parts.flatMap((part) => {
      const place = placeOfPart(part);
      if (place?.kind !== 'FRAME' && place?.kind !== 'PAGE') return [];
      const thumbnailUrl = this.#links.linkTo(organizationId, { current_version_id: row.id }, `part ${part}`);
      return [{ timeMs: place.kind === 'FRAME' ? place.timeMs : null, page: place.kind === 'PAGE' ? place.page : null, thumbnailUrl }];
    });
  }
}

@Resolver(() => MatchedPart)
export class MatchedPartResolver {
  readonly #links: AssetFileService;

  constructor(links: AssetFileService) {
    this.#links = links;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: 'Link to a small WebP picture of the frame or page, good for hours; null for other parts.',
  })
  thumbnailUrl(@Ctx() context: RequestContext, @Root() { thumbnail }: MatchedPart): string | null {
    return thumbnail && this.#links.linkTo(viewerOf(context).organizationId, thumbnail.asset, `part ${thumbnail.part}`);
  }
}
