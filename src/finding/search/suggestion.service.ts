import { requireRole, type Viewer } from '../../viewer.js';
import type { Database } from '../../platform/database/database.js';
import { badInput } from '../../errors.js';
import { toGlobalId } from '../../platform/graphql/global-id.js';
import { normalText } from '../../platform/words/text-form.js';
import { nameKey } from '../../platform/words/words.js';
import { listBeginnings, listSuggestions, type SuggestionKind, type SuggestionRow } from './suggestion.queries.js';
import type { Suggestion } from './suggestion.types.js';

const MAX_TYPED = 100;
const MAX_SUGGESTIONS = 50;
const KINDS: readonly SuggestionKind[] = ['TAG', 'BRAND', 'COLLECTION', 'TITLE'];
const NODES = { TAG: 'Tag', BRAND: 'Brand', COLLECTION: 'Collection', TITLE: 'Asset' } as const;

/** What a caller may be about to type. */
export class SuggestionService {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws VitrineError BAD_USER_INPUT */
  async suggest(
    viewer: Viewer,
    { text, kinds, first }: { text: string; kinds?: SuggestionKind[] | null; first?: number | null },
  ): Promise<Suggestion[]> {
    requireRole(viewer, 'VIEWER');
    const typed = normalText(text).trim().toLowerCase();
    if (typed.length < 1 || typed.length > MAX_TYPED || typed.includes('\0') || !typed.isWellFormed())
      throw badInput('text', text, `1 to ${MAX_TYPED} characters`);
    if (kinds?.length === 0) throw badInput('kinds', [], 'at least one kind, or none at all for every kind');
    const limit = first ?? 10;
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_SUGGESTIONS)
      throw badInput('first', limit, `a whole number from 1 to ${MAX_SUGGESTIONS}`);
    const request = { typed, key: nameKey(text), kinds: kinds ?? KINDS, limit };
    const rows = await this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const beginnings = await listBeginnings(tx, request);
      // They come first whatever else there is.
      return beginnings.length === limit ? beginnings : listSuggestions(tx, request);
    });
    return rows.map(toSuggestion);
  }
}

function toSuggestion({ kind, text, key, place, similarity }: SuggestionRow): Suggestion {
  return { kind, text, place, similarity, id: toGlobalId(NODES[kind], key) };
}
