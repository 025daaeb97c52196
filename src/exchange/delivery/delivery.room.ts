import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { ComplianceService } from '../../judging/judgements/compliance.service.js';
import type { AssetService } from '../../library/assets/asset.service.js';
import type { Database } from '../../platform/database/database.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { Signer } from '../../platform/http/signed-token.js';
import type { Room } from '../../platform/rooms/room.js';
import { AssetRenditionsResolver } from './asset-renditions.resolver.js';
import { DeliveryResolver } from './delivery.resolver.js';
import { DeliveryService } from './delivery.service.js';
import { DescribedCopies } from './described-copies.js';
import { RenditionService } from './rendition.service.js';
import { VersionFiles } from './version-files.js';

interface DeliveryNeeds {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  signer: Signer;
  baseUrl: () => string;
  temporaryFolder: string;
  assets: AssetService;
  compliance: ComplianceService;
}

export function deliveryRoom({ database, files, media, signer, baseUrl, temporaryFolder, assets, compliance }: DeliveryNeeds) {
  const renditions = new RenditionService(database, files, media);
  const copies = new DescribedCopies({ database, files, media, temporaryFolder });
  const versionFiles = new VersionFiles(files, renditions, copies);
  const delivery = new DeliveryService({ database, versionFiles, assets, compliance, signer, baseUrl });
  return {
    services: { renditions, copies, delivery },
    resolvers: [new AssetRenditionsResolver(delivery), new DeliveryResolver(delivery)],
    openFile: (token) => delivery.open(token),
  } satisfies Room;
}
