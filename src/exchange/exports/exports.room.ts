import type { Room } from '../../platform/rooms/room.js';
import { AssetExportResolver } from './asset-export.resolver.js';
import { AssetExportService } from './asset-export.service.js';

export function exportsRoom(needs: ConstructorParameters<typeof AssetExportService>[0]) {
  const assetExports = new AssetExportService(needs);
  return { services: { assetExports }, resolvers: [new AssetExportResolver(assetExports)] } satisfies Room;
}
