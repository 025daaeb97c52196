import { z } from 'zod';
import { requireRole, type Viewer } from '../../viewer.js';
import type { AssetService } from '../../library/assets/asset.service.js';
import { toAsset } from '../../library/assets/asset.types.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { badInput, VitrineError } from '../../errors.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import { fromGlobalId, toGlobalId } from '../../platform/graphql/global-id.js';
import type { TagService } from '../../library/tags/tag.service.js';
import {
  countMatches,
  type DecidableMatch,
  decideMatches,
  holdMatches,
  listMatches,
  type MatchFilter,
  type MatchRow,
} from './match.queries.js';
import type { ConceptMatch } from './match.types.js';
import { readProbability } from './prompt.js';

const MAX_MATCHES_PER_CALL = 100;
const CURSOR_KEYS = z.tuple([cursorKey.number, cursorKey.id]);

export interface MatchSelection {
  concept?: string | null;
  asset?: string | null;
  purpose?: 'TAG' | 'MODERATION' | null;
  state?: 'OPEN' | 'ACCEPTED' | 'REJECTED' | null;
  level?: 'PROPOSAL' | 'REVIEW' | 'BLOCK' | null;
  minProbability?: number | null;
  first?: number | null;
  after?: string | null;
}

/** What the model saw, and what people say to it. */
export class MatchService {
  readonly #database: Database;
  readonly #assets: AssetService;
  readonly #tags: TagService;

  constructor(database: Database, assets: AssetService, tags: TagService) {
    this.#database = database;
    this.#assets = assets;
    this.#tags = tags;
  }

  /** Null when there is no such match about a current version. */
  async find(viewer: Viewer, id: string): Promise<ConceptMatch | null> {
    requireRole(viewer, 'VIEWER');
    const rows = await this.#database.asOrganization(viewer.organizationId, (tx) => listMatches(tx, { ids: [id] }, 1, null));
    return (await this.#withAssets(viewer, rows))[0] ?? null;
  }

  /** Matches, most probable first. @throws VitrineError BAD_USER_INPUT, CURSOR_MISMATCH */
  async list(
    viewer: Viewer,
    { concept, asset, first, after, minProbability, purpose, state, level }: MatchSelection,
  ): Promise<Connection<ConceptMatch>> {
    requireRole(viewer, 'VIEWER');
    const filter: MatchFilter = {
      ...(concept != null && { conceptId: fromGlobalId('Concept', concept, 'concept') }),
      ...(asset != null && { assetIds: [fromGlobalId('Asset', asset, 'asset')] }),
      ...(purpose != null && { purpose }),
      ...(state != null && { state }),
      ...(level != null && { level }),
      ...(minProbability != null && { minProbability: readProbability(minProbability, 'minProbability') }),
    };
    const page = readPage(first, after, 'conceptMatches', filter);
    const keys = readKeys(page, CURSOR_KEYS, after);
    const found = await this.#database.asOrganization(viewer.organizationId, async (tx) => ({
      rows: await listMatches(tx, filter, page.first + 1, keys),
      total: await countMatches(tx, filter),
    }));
    const connection = toConnection(
      page,
      found.rows,
      found.total,
      (row) => row,
      (row) => [row.probability, row.id],
    );
    const nodes = await this.#withAssets(
      viewer,
      connection.edges.map(({ node }) => node),
    );
    return { ...connection, edges: connection.edges.map((edge, index) => ({ ...edge, node: nodes[index] as ConceptMatch })) };
  }

  /** Cases for moderation that wait, most probable first. @throws VitrineError BAD_USER_INPUT, CURSOR_MISMATCH */
  async moderationQueue(
    viewer: Viewer,
    selection: Pick<MatchSelection, 'concept' | 'level' | 'first' | 'after'>,
  ): Promise<Connection<ConceptMatch>> {
    if (selection.level === 'PROPOSAL') throw badInput('level', selection.level, ['REVIEW', 'BLOCK']);
    return this.list(viewer, { ...selection, purpose: 'MODERATION', state: 'OPEN' });
  }

  /** Matches of each asset, most probable first, in the order of `assetIds`; rejected ones are left out. For loaders. */
  async matchesOfAssets(viewer: Viewer, assetIds: readonly string[]): Promise<ConceptMatch[][]> {
    const rows = await this.#database.asOrganization(viewer.organizationId, (tx) => listMatches(tx, { assetIds }, null, null));
    const matches = await this.#withAssets(
      viewer,
      rows.filter(({ state }) => state !== 'REJECTED'),
    );
    return assetIds.map((id) => matches.filter(({ asset }) => asset.row.id === id));
  }

  /**
   * Agrees: a proposed tag goes on its asset, and everything that follows from a tag happens. All or nothing; those accepted before stay so.
   * @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND
   */
  accept(viewer: Viewer, globalIds: readonly string[]): Promise<{ matches: ConceptMatch[] }> {
    return this.#decide(viewer, globalIds, 'ACCEPTED', async (tx, matches) => {
      const byTag = new Map<string, string[]>();
      for (const { tagName, assetId } of matches) if (tagName !== null) byTag.set(tagName, [...(byTag.get(tagName) ?? []), assetId]);
      if (byTag.size > 0) await this.#tags.addEach(tx, byTag);
    });
  }

  /** Disagrees, for this version for good. @throws VitrineError FORBIDDEN, BAD_USER_INPUT, NOT_FOUND, CONFLICT (tag accepted before) */
  reject(viewer: Viewer, globalIds: readonly string[]): Promise<{ matches: ConceptMatch[] }> {
    return this.#decide(viewer, globalIds, 'REJECTED', async () => undefined);
  }

  async #decide(
    viewer: Viewer,
    globalIds: readonly string[],
    state: 'ACCEPTED' | 'REJECTED',
    follow: (tx: OrganizationTx, matches: readonly MatchRow[]) => Promise<void>,
  ): Promise<{ matches: ConceptMatch[] }> {
    requireRole(viewer, 'EDITOR');
    const ids = readMatchIds(globalIds);
    const rows = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const asked = await listMatches(tx, { ids }, null, null);
      // Tags and assets are held before matches, as in an import: two calls cannot deadlock.
      await follow(tx, asked);
      const held = new Map((await holdMatches(tx, ids)).map((match) => [match.id, match]));
      for (const [index, id] of ids.entries()) checkDecision(held.get(id), state, `input.matches[${index}]`, globalIds[index] as string);
      await decideMatches(tx, ids, state, viewer.apiKeyName);
      const now = new Map((await listMatches(tx, { ids }, null, null)).map((row) => [row.id, row]));
      return ids.map((id) => now.get(id) as MatchRow);
    });
    return { matches: await this.#withAssets(viewer, rows) };
  }

  async #withAssets(viewer: Viewer, rows: readonly MatchRow[]): Promise<ConceptMatch[]> {
    if (rows.length === 0) return [];
    const assets = await this.#assets.findMany(
      viewer,
      rows.map(({ assetId }) => assetId),
    );
    return rows.flatMap((row, index) => {
      const asset = assets[index];
      if (!asset) return []; // deleted in between
      const { assetId: _assetId, versionId: _versionId, tagName, conceptId, ...shown } = row;
      const ids = { id: toGlobalId('ConceptMatch', row.id), conceptId: toGlobalId('Concept', conceptId) };
      return [{ ...shown, ...ids, tag: tagName, asset: toAsset(asset) }];
    });
  }
}

function readMatchIds(globalIds: readonly string[]): string[] {
  if (globalIds.length < 1 || globalIds.length > MAX_MATCHES_PER_CALL) {
    throw badInput('input.matches', globalIds.length, `1 to ${MAX_MATCHES_PER_CALL} matches a call`);
  }
  return globalIds.map((id, index) => fromGlobalId('ConceptMatch', id, `input.matches[${index}]`));
}

function checkDecision(match: DecidableMatch | undefined, state: 'ACCEPTED' | 'REJECTED', field: string, value: string): void {
  if (match === undefined) {
    throw new VitrineError(
      'NOT_FOUND',
      `${field}: there is no such match, or it is about an earlier version of its asset. Nothing was changed.`,
      {
        field,
        value,
      },
    );
  }
  if (state !== 'REJECTED' || match.state !== 'ACCEPTED' || match.tagName === null) return;
  const message = `${field}: this match was accepted, and its asset has the tag ${JSON.stringify(match.tagName)}. Take that away with assetTagsRemove.`;
  throw new VitrineError('CONFLICT', message, { field, value });
}
