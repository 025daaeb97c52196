import type { Database } from '../../platform/database/database.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import { tileKeyOf, tilesOf } from '../media/tiles.js';
import { findTileRows, listPictures, replaceParts, setTileRows } from './version-part.queries.js';

/** Lists the tiles of pictures that were imported when large pictures were cut otherwise, or not at all. */
export const TILE_LISTING: JobKind<{ organizationId: string }> = { name: 'tile-listing', retryLimit: 3, expireInSeconds: 3600 };

const BATCH_SIZE = 500;

export interface TileListingRooms {
  database: Database;
  /** Called when pictures have other tiles than before; may be done again. */
  afterListing(organizationId: string): Promise<void>;
}

/**
 * Where a picture's tiles lie follows from its size, so no file is opened here: they are listed, and what is listed without a vector is work
 * left for every model revision. Tiles that are no longer made go, with their vectors.
 */
export class TileListingJob implements JobHandler<{ organizationId: string }> {
  readonly #rooms: TileListingRooms;
  readonly #rows: number;
  readonly #batchSize: number;

  /** @param rows as tilesOf has it */
  constructor(rooms: TileListingRooms, rows: number, batchSize = BATCH_SIZE) {
    this.#rooms = rooms;
    this.#rows = rows;
    this.#batchSize = batchSize;
  }

  /** Whether the library was listed by another number of rows, or never. */
  async isNeeded(organizationId: string): Promise<boolean> {
    return (await this.#rooms.database.asOrganization(organizationId, findTileRows)) !== this.#rows;
  }

  /** Every batch is one transaction; killed in between, the next run begins again and finds most as it should be. */
  async run({ organizationId }: { organizationId: string }, { signal }: JobTurn): Promise<void> {
    const { database, afterListing } = this.#rooms;
    for (let after: string | null = null; ; ) {
      if (signal.aborted) throw new Error('the worker is stopping');
      const from: string | null = after;
      after = await database.asOrganization(organizationId, async (tx) => {
        const pictures = await listPictures(tx, from, this.#batchSize);
        const wanted = pictures.map(({ id, width, height }) => ({ id, parts: tilesOf(width, height, this.#rows).map(tileKeyOf) }));
        await replaceParts(
          tx,
          wanted.filter(({ parts }, index) => parts.join(' ') !== pictures[index]!.parts.join(' ')),
        );
        return pictures.at(-1)?.id ?? null;
      });
      if (after === null) break;
    }
    await database.asOrganization(organizationId, (tx) => setTileRows(tx, this.#rows));
    await afterListing(organizationId);
  }

  async giveUp(): Promise<void> {
    // Pictures are found by their wholes meanwhile; the next start tries again.
  }
}
