import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { Database } from '../../platform/database/database.js';
import type { FileStore } from '../../platform/files/file-store.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { Room } from '../../platform/rooms/room.js';
import { DUPLICATE_SCAN, DuplicateScanJob } from './duplicate-scan.job.js';
import { PictureComparer } from './picture-comparer.js';
import { DuplicateResolver } from './duplicate.resolver.js';
import { DuplicateService } from './duplicate.service.js';

interface DuplicateNeeds {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  embedding: EmbeddingService;
}

export function duplicatesRoom({ database, files, media, embedding }: DuplicateNeeds) {
  const duplicates = new DuplicateService(database, embedding);
  const scan = () => new DuplicateScanJob({ database, files, media, embedding });
  return {
    services: { duplicates, comparer: new PictureComparer(files, media) },
    resolvers: [new DuplicateResolver(duplicates)],
    jobs: [declareJob({ kind: DUPLICATE_SCAN, handler: scan, followsLibrary: true })],
  } satisfies Room;
}
