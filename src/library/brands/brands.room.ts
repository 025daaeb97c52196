import type { Database } from '../../platform/database/database.js';
import type { Room } from '../../platform/rooms/room.js';
import { AssetBrandResolver } from './asset-brand.resolver.js';
import { BrandResolver } from './brand.resolver.js';
import { BrandService, type PaletteJudge } from './brand.service.js';
import { toBrand } from './brand.types.js';

export function brandsRoom({ database, judge }: { database: Database; judge: PaletteJudge }) {
  const brands = new BrandService(database, judge);
  return {
    services: { brands },
    resolvers: [new BrandResolver(brands), new AssetBrandResolver(brands)],
    nodes: {
      Brand: async (viewer, keys) => (await brands.findBrands(viewer, keys)).map((brand) => brand && toBrand(brand)),
    },
  } satisfies Room;
}
