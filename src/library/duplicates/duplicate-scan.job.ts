import { LRUCache } from 'lru-cache';
import type { Database } from '../../platform/database/database.js';
import type { EmbeddingService } from '../../engines/embedding/embedding.service.js';
import { isOutage, isVitrineError } from '../../errors.js';
import type { FileStore } from '../../platform/files/file-store.js';
import type { JobHandler, JobKind } from '../../platform/jobs/job-queue.js';
import type { JobTurn } from '../../platform/jobs/job-turn.js';
import { compareFrames, findCrop, findTurn, MINIATURE_SIDE, type Planes, toPlanes } from '../../engines/pixels/alignment.js';
import { TURNS } from '../../engines/pixels/turn.js';
import { turnedHash } from '../../engines/media/fingerprints.js';
import type { MediaAnalyzer } from '../../engines/media/media-analyzer.js';
import {
  type Candidate,
  EVEN,
  listCandidates,
  listUnscanned,
  type NewPair,
  type Probe,
  saveScan,
  type ScanVersion,
} from './duplicate.queries.js';
import { relationOf } from './relation.js';
import { squeezedPicture } from './squeezed-picture.js';

/** Compares pictures that are new with the rest of the library. */
export const DUPLICATE_SCAN: JobKind<{ organizationId: string }> = { name: 'duplicate-scan', retryLimit: 3, expireInSeconds: 3600 };

const BATCH_SIZE = 16;
const CANDIDATES = { maxHashDistance: 12, byHash: 20, byTurnedHash: 10, byVector: 12 };
/** 12 KB each. */
const KEPT_MINIATURES = 2_000;
/** 100 KB each: a picture of the batch meets one candidate after the other. */
const KEPT_PLANES = 100;
const RENDITION = 'miniature.raw';

function probeOf({ versionId, perceptualHash: hash }: ScanVersion): Probe {
  return hash === null || hash === EVEN
    ? { versionId, hash: null, turned: [] }
    : { versionId, hash, turned: TURNS.map((turn) => turnedHash(hash, turn)) };
}

export interface DuplicateScanRooms {
  database: Database;
  files: FileStore;
  media: MediaAnalyzer;
  embedding: EmbeddingService;
}

export class DuplicateScanJob implements JobHandler<{ organizationId: string }> {
  readonly #rooms: DuplicateScanRooms;
  readonly #miniatures = new LRUCache<string, Uint8Array>({ max: KEPT_MINIATURES });
  readonly #planes = new LRUCache<string, Planes>({ max: KEPT_PLANES });

  constructor(rooms: DuplicateScanRooms) {
    this.#rooms = rooms;
  }

  /** Every batch is one transaction; killed in between, the next run goes on with what is missing. */
  async run({ organizationId }: { organizationId: string }, turn: JobTurn): Promise<void> {
    const { database, embedding } = this.#rooms;
    const modelRevisionId = (await embedding.modelOf(organizationId)).revision.id;
    for (;;) {
      const [versions, candidates] = await database.asOrganization(organizationId, async (tx) => {
        const unscanned = await listUnscanned(tx, modelRevisionId, BATCH_SIZE);
        return [unscanned, unscanned.length === 0 ? [] : await listCandidates(tx, modelRevisionId, unscanned.map(probeOf), CANDIDATES)];
      });
      if (versions.length === 0) return;
      const pairs = await this.#compare(versions, candidates);
      const ids = versions.map(({ versionId }) => versionId);
      await database.asOrganization(organizationId, (tx) => saveScan(tx, modelRevisionId, ids, pairs));
      await turn.next();
    }
  }

  async giveUp(): Promise<void> {
    // What is not scanned stays counted as such; the next import or start tries again.
  }

  async #compare(versions: readonly ScanVersion[], candidates: readonly Candidate[]): Promise<NewPair[]> {
    const byId = new Map(versions.map((version) => [version.versionId, version]));
    const pairs = new Map<string, NewPair>();
    for (const candidate of candidates) {
      const scanned = byId.get(candidate.of) as ScanVersion;
      const [a, b] = scanned.versionId < candidate.versionId ? [scanned, candidate] : [candidate, scanned];
      const key = `${a.versionId} ${b.versionId}`;
      if (pairs.has(key)) continue;
      const [first, second] = [await this.#planesOf(a), await this.#planesOf(b)];
      if (first === null || second === null) continue;
      const { samePixels, hashDistance, cosine, nearness } = candidate;
      const sameSize = a.width === b.width && a.height === b.height;
      const found = relationOf({
        ...{ samePixels, sameSize, nearness, frames: compareFrames(first, second) },
        ...{ turn: () => findTurn(first, second), crop: () => findCrop(first, second) },
      });
      // Comparing keeps the thread: requests that this process serves have their turn in between.
      await new Promise(setImmediate);
      if (found === null) continue;
      const { relation, frames, turn, crop } = found;
      pairs.set(key, {
        ...{ version_a: a.versionId, version_b: b.versionId, asset_a: a.assetId, asset_b: b.assetId, relation },
        ...{ hash_distance: hashDistance, cosine },
        ...{ lightness: frames.lightness, edges: frames.edges, color_distance: frames.colorDistance },
        turn,
        crop: crop && { of: crop.of === 'first' ? 'a' : 'b', ...crop.box, lightness: crop.lightness, colorDistance: crop.colorDistance },
      });
    }
    return [...pairs.values()];
  }

  /** Made once per content and kept beside the file. Null for a picture that cannot be decoded any more. */
  async #planesOf({ sha256, fileName, width, height }: ScanVersion): Promise<Planes | null> {
    const ready = this.#planes.get(sha256);
    if (ready !== undefined) return ready;
    const data = this.#miniatures.get(sha256) ?? (await this.#readMiniature(sha256)) ?? (await this.#makeMiniature(sha256, fileName));
    if (data === null) return null;
    this.#miniatures.set(sha256, data);
    const planes = toPlanes({ data, width, height });
    this.#planes.set(sha256, planes);
    return planes;
  }

  async #readMiniature(sha256: string): Promise<Uint8Array | null> {
    const rendition = await this.#rooms.files.openRendition(sha256, RENDITION);
    if (rendition === null) return null;
    const parts: Buffer[] = [];
    for await (const part of rendition.stream) parts.push(part as Buffer);
    return new Uint8Array(Buffer.concat(parts));
  }

  async #makeMiniature(sha256: string, fileName: string): Promise<Uint8Array | null> {
    const { files, media } = this.#rooms;
    try {
      const data = await files.withLocalFile(sha256, (path) => squeezedPicture(media, path, fileName, MINIATURE_SIDE));
      await files.putRendition(sha256, RENDITION, Buffer.from(data));
      return data;
    } catch (error) {
      if (!isVitrineError(error) || isOutage(error)) throw error;
      return null;
    }
  }
}
