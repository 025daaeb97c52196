import { toAsset } from '../../library/assets/asset.types.js';
import type { AssetPage } from './asset-page.js';
import type { AssetConnection } from './search.types.js';

/** A page of assets in the shape of the schema. */
export function toAssetConnection(page: AssetPage): AssetConnection {
  return {
    ...page,
    edges: page.edges.map((edge) => ({
      ...edge,
      node: toAsset(edge.node),
      matchedParts: edge.matchedParts.map(({ thumbnailOf, ...part }) => ({
        ...part,
        thumbnail: thumbnailOf === null ? null : { asset: edge.node, part: thumbnailOf },
      })),
    })),
  };
}
