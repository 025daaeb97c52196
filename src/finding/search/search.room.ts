import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import type { ComplianceService } from '../../judging/judgements/compliance.service.js';
import type { TagService } from '../../library/tags/tag.service.js';
import type { StagedUploadService } from '../../library/uploads/staged-upload.service.js';
import type { Database } from '../../platform/database/database.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { Room } from '../../platform/rooms/room.js';
import type { CalibrationService } from '../../seeing/concepts/calibration.service.js';
import { FilterService } from './filter.service.js';
import { QueryReader } from './query-reader.service.js';
import { AssetConnectionResolver, SearchReportResolver, SearchResolver } from './search.resolver.js';
import { SearchService } from './search.service.js';
import { SuggestionResolver } from './suggestion.resolver.js';
import { SuggestionService } from './suggestion.service.js';

interface SearchNeeds {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  embedding: EmbeddingService;
  tags: TagService;
  uploads: StagedUploadService;
  calibration: CalibrationService;
  compliance: ComplianceService;
}

export function searchRoom({ database, files, media, embedding, tags, uploads, calibration, compliance }: SearchNeeds) {
  const reader = new QueryReader({ database, calibration, uploads, files, media });
  const search = new SearchService(database, embedding, new FilterService(embedding, tags, compliance), calibration, reader);
  return {
    services: { search },
    resolvers: [
      new AssetConnectionResolver(),
      new SearchReportResolver(),
      new SearchResolver(search),
      new SuggestionResolver(new SuggestionService(database)),
    ],
  } satisfies Room;
}
