import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { declareJob } from '../../platform/jobs/job-declaration.js';
import type { JobQueue } from '../../platform/jobs/job-queue.js';
import type { Room } from '../../platform/rooms/room.js';
import type { ScopeFilters } from '../rules/rule-scope.js';
import { ALT_TEXT_READ, AltTextReadJob } from './alt-text-read.job.js';
import { AssetFindingsResolver } from './asset-findings.resolver.js';
import { ComplianceResolver } from './compliance.resolver.js';
import { toFinding } from './finding.types.js';
import { ComplianceService } from './compliance.service.js';

interface JudgementNeeds {
  database: Database;
  queue: JobQueue;
  embedding: EmbeddingService;
  scopes: ScopeFilters;
}

export function judgementsRoom({ database, queue, embedding, scopes }: JudgementNeeds) {
  const readAltTexts = (tx: OrganizationTx) => queue.enqueue(tx, ALT_TEXT_READ, [{ organizationId: tx.organizationId }]);
  const compliance = new ComplianceService(database, embedding, undefined, scopes, readAltTexts);
  const readJob = () => new AltTextReadJob({ database, embedding, judge: compliance });
  return {
    services: { compliance },
    resolvers: [new AssetFindingsResolver(compliance), new ComplianceResolver(compliance)],
    jobs: [declareJob({ kind: ALT_TEXT_READ, handler: readJob, followsLibrary: true })],
    nodes: {
      Finding: async (viewer, keys) => (await compliance.findFindings(viewer, keys)).map((finding) => finding && toFinding(finding)),
    },
    adopt: (organizationId) => compliance.adoptModel(organizationId),
  } satisfies Room;
}
