import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { EmbeddingService } from './embedding.service.js';

/** Builds an organisation's approximate index, or drops it, after its library changed. */
export const VECTOR_INDEX: JobKind<{ organizationId: string }> = { name: 'vector-index', retryLimit: 3, expireInSeconds: 6 * 3600 };

export class VectorIndexJob implements JobHandler<{ organizationId: string }> {
  readonly #embedding: EmbeddingService;

  constructor(embedding: EmbeddingService) {
    this.#embedding = embedding;
  }

  async run({ organizationId }: { organizationId: string }): Promise<void> {
    await this.#embedding.maintainVectorIndex(organizationId);
  }

  async giveUp(): Promise<void> {
    // Search compares every vector meanwhile; the next import or start tries again.
  }
}
