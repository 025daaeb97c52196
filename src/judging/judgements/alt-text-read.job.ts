import type { Database, OrganizationTx } from '../../platform/database/database.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import { listUnreadAltTexts, removeOldAltTexts } from './alt-text.queries.js';

/** Has the model read alternative texts that a rule compares with their pictures. */
export const ALT_TEXT_READ: JobKind<{ organizationId: string }> = { name: 'alt-text-read', retryLimit: 3, expireInSeconds: 3600 };

const BATCH_SIZE = 256;

export interface AltTextReadRooms {
  database: Database;
  embedding: Pick<EmbeddingService, 'modelOf'>;
  judge: { judgeVersions(tx: OrganizationTx, versionIds: readonly string[]): Promise<void> };
}

export class AltTextReadJob implements JobHandler<{ organizationId: string }> {
  readonly #rooms: AltTextReadRooms;

  constructor(rooms: AltTextReadRooms) {
    this.#rooms = rooms;
  }

  /** What was read stays; killed in between, the next run goes on with what is missing. */
  async run({ organizationId }: { organizationId: string }, turn: JobTurn): Promise<void> {
    const { database, embedding, judge } = this.#rooms;
    const model = await embedding.modelOf(organizationId);
    for (;;) {
      const unread = await database.asOrganization(organizationId, (tx) => listUnreadAltTexts(tx, model.revision.id, BATCH_SIZE));
      if (unread.length === 0) break;
      await model.readAltTexts(
        organizationId,
        unread.map(({ text }) => text),
      );
      await database.asOrganization(organizationId, (tx) =>
        judge.judgeVersions(
          tx,
          unread.map(({ versionId }) => versionId),
        ),
      );
      await turn.next();
    }
    await database.asOrganization(organizationId, removeOldAltTexts);
  }

  async giveUp(): Promise<void> {
    // The rules answer NOT_EVALUATED; the next change, import or start tries again.
  }
}
