import type { OrganizationTx } from '../../platform/database/database.js';
import type { MediaFacts } from '../../engines/media/media-facts.js';
import { type FileColumns, findByContent, findByLikeness, findByPixels, type KnownContent, type LikePicture } from './duplicate.queries.js';

/** What to do with a file that is a duplicate. */
export type OnDuplicate = 'RETURN_EXISTING' | 'REJECT' | 'KEEP_BOTH' | 'NEW_VERSION';
/** The same bytes; the same pixels in other bytes; a picture that looks the same. */
export type DuplicateBy = 'EXACT' | 'PIXELS' | 'NEAR';

export interface DuplicatePolicy {
  onDuplicate: OnDuplicate;
  by: readonly DuplicateBy[];
}

/** Bits of the 64-bit perceptual hash that may differ in near-duplicates; the bands of its index find no more than this. */
export const NEAR_DISTANCE = 4;

export interface Duplicate {
  by: DuplicateBy;
  assetId: string;
  versionId: string;
  /** Differing bits of 64; 0 unless `by` is NEAR. */
  distance: number;
}

/** A picture as it is compared with another. Width and height in pixels. */
export interface ComparedPicture {
  sha256: string;
  fileName: string;
  width: number;
  height: number;
}
export type PicturePair = readonly [ComparedPicture, ComparedPicture];

/** Which pairs of pictures with like hashes were found to show the same, by {@link pairKey}. */
export type Comparisons = ReadonlyMap<string, boolean>;

/** The same for both orders. */
export function pairKey(sha256: string, other: string): string {
  return sha256 < other ? `${sha256} ${other}` : `${other} ${sha256}`;
}

/** Pictures have to be compared first, with nothing locked: then all is to be done again. Ends the transaction. */
export class PicturesNotCompared extends Error {
  readonly pairs: readonly PicturePair[];

  constructor(pairs: readonly PicturePair[]) {
    super('pictures with like hashes have to be compared first');
    this.pairs = pairs;
  }
}

interface Content {
  sha256: string;
  fileName: string;
  facts: MediaFacts | null;
}

/** What the library, and the batch so far, has of the contents of one batch. */
export class KnownContents {
  readonly #by: ReadonlySet<DuplicateBy>;
  readonly #exact: (KnownContent & FileColumns)[];
  readonly #pixels: KnownContent[];
  readonly #near: LikePicture[];
  readonly #compared: Comparisons;

  private constructor(
    policy: DuplicatePolicy,
    compared: Comparisons,
    exact: (KnownContent & FileColumns)[],
    pixels: KnownContent[],
    near: LikePicture[],
  ) {
    this.#compared = compared;
    this.#by = new Set(policy.by);
    this.#exact = exact;
    this.#pixels = pixels;
    this.#near = near;
  }

  /** Call it with the locks of {@link contentLocks} held. @throws PicturesNotCompared pairs that `compared` does not have */
  static async load(
    tx: OrganizationTx,
    policy: DuplicatePolicy,
    contents: readonly Content[],
    compared: Comparisons,
  ): Promise<KnownContents> {
    const hashes = (by: DuplicateBy, pick: (facts: MediaFacts) => string | null) =>
      policy.by.includes(by) ? [...new Set(contents.flatMap(({ facts }) => (facts === null ? [] : (pick(facts) ?? []))))] : [];
    const pixels = hashes('PIXELS', (facts) => facts.pixelHash);
    const near = hashes('NEAR', nearHash);
    const like = near.length === 0 ? [] : await findByLikeness(tx, near, NEAR_DISTANCE);
    if (near.length > 0) {
      const missing = listPairs(contents, like).filter(([one, other]) => !compared.has(pairKey(one.sha256, other.sha256)));
      if (missing.length > 0) throw new PicturesNotCompared(missing);
    }
    return new KnownContents(
      policy,
      compared,
      await findByContent(tx, [...new Set(contents.map(({ sha256 }) => sha256))]),
      pixels.length === 0 ? [] : await findByPixels(tx, pixels),
      like,
    );
  }

  /** The best duplicate of a content that is not `except`'s: bytes before pixels before likeness. Bytes count always. */
  find({ sha256, facts }: Pick<Content, 'sha256' | 'facts'>, except: string | undefined): Duplicate | null {
    const found = (by: DuplicateBy, row: { asset_id: string; version_id: string }, distance = 0): Duplicate => ({
      by,
      assetId: row.asset_id,
      versionId: row.version_id,
      distance,
    });
    const exact = this.#exact.filter((row) => row.sha256 === sha256 && row.asset_id !== except);
    if (exact[0] !== undefined) return found('EXACT', exact[0]);
    if (facts === null) return null;
    const pixels = this.#by.has('PIXELS') && facts.pixelHash !== null;
    const same = pixels ? this.#pixels.find((row) => row.sha256 === facts.pixelHash && row.asset_id !== except) : undefined;
    if (same !== undefined) return found('PIXELS', same);
    const hash = this.#by.has('NEAR') ? nearHash(facts) : null;
    if (hash === null) return null;
    const [nearest] = this.#near
      .filter((row) => row.asset_id !== except)
      .map((row) => ({ row, distance: hammingDistance(row.perceptual_hash, hash) }))
      .filter(({ row, distance }) => distance <= NEAR_DISTANCE && this.#compared.get(pairKey(sha256, row.sha256)) === true)
      .sort((a, b) => a.distance - b.distance);
    return nearest === undefined ? null : found('NEAR', nearest.row, nearest.distance);
  }

  /** The version of this asset that has these very bytes. */
  versionOf(assetId: string, sha256: string): (FileColumns & { version_id: string }) | null {
    return this.#exact.find((row) => row.sha256 === sha256 && row.asset_id === assetId) ?? null;
  }

  /** Number for a further copy of these bytes: 0 for the first. */
  nextCopy(sha256: string): number {
    return this.#exact.reduce((next, row) => (row.sha256 === sha256 ? Math.max(next, row.copy + 1) : next), 0);
  }

  /** What a later row of the same batch must see. */
  add({ sha256, facts, fileName }: Content, asset: FileColumns & { id: string; current_version_id: string }): void {
    const row = { asset_id: asset.id, version_id: asset.current_version_id };
    this.#exact.push({ ...fileOf(asset), ...row, sha256, copy: this.nextCopy(sha256) });
    if (facts?.pixelHash) this.#pixels.push({ ...row, sha256: facts.pixelHash, copy: 0 });
    const hash = facts === null ? null : nearHash(facts);
    const { width, height } = facts ?? {};
    if (hash !== null)
      this.#near.push({ ...row, perceptual_hash: hash, sha256, fileName, width: width as number, height: height as number });
  }
}

/** Pairs whose hashes are near: of these contents with pictures of the library, and with one another. */
function listPairs(contents: readonly Content[], like: readonly LikePicture[]): PicturePair[] {
  const pictures = contents.flatMap(({ sha256, fileName, facts }) => {
    const hash = facts === null ? null : nearHash(facts);
    return hash === null ? [] : [{ sha256, fileName, width: facts?.width as number, height: facts?.height as number, hash }];
  });
  const known = like.map(({ perceptual_hash: hash, ...picture }) => ({ ...picture, hash }));
  const pairs = new Map<string, PicturePair>();
  for (const [index, picture] of pictures.entries()) {
    for (const other of [...known, ...pictures.slice(0, index)]) {
      if (other.sha256 !== picture.sha256 && hammingDistance(other.hash, picture.hash) <= NEAR_DISTANCE)
        pairs.set(pairKey(picture.sha256, other.sha256), [picture, other]);
    }
  }
  return [...pairs.values()];
}

/** What an asset has of the file that is its current one. */
export function fileOf({ kind, media_type, file_name, byte_size, width, height }: FileColumns): FileColumns {
  return { kind, media_type, file_name, byte_size, width, height };
}

/** Keys to lock before {@link KnownContents.load}, so that two workers with the same content come one after the other. */
export function contentLocks(policy: DuplicatePolicy, contents: readonly Pick<Content, 'sha256' | 'facts'>[]): string[] {
  return contents.flatMap(({ sha256, facts }) => [
    `content ${sha256}`,
    ...(policy.by.includes('PIXELS') && facts?.pixelHash ? [`pixels ${facts.pixelHash}`] : []),
    // Likeness has no key of its own: batches that look for it are written one at a time.
    ...(policy.by.includes('NEAR') ? ['likeness'] : []),
  ]);
}

/** Null for what has too little structure to be told apart by it: even areas, simple ramps, texts. */
function nearHash({ perceptualHash }: MediaFacts): string | null {
  if (perceptualHash === null) return null;
  const set = hammingDistance(perceptualHash, '0'.repeat(16));
  return set < 16 || set > 48 ? null : perceptualHash;
}

function hammingDistance(a: string, b: string): number {
  let bits = BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
  let distance = 0;
  for (; bits !== 0n; bits &= bits - 1n) distance += 1;
  return distance;
}
