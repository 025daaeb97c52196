import type { CombinedError } from 'urql';
import { client } from '../graphql/client';
import { type CardFragment, LibraryPageDocument, type LibraryPageQuery } from '../graphql/operations';
import { type LibrarySearch, variablesOf, writeAddress } from './search';

// Two screens at 1400 × 900.
const PAGE_SIZE = 50;

export interface LoadedAssets {
  items: readonly CardFragment[];
  search: LibraryPageQuery['assets']['search'] | null;
  /** The first page is on its way: nothing is known yet. */
  starting: boolean;
  hasMore: boolean;
  error: CombinedError | null;
}

/**
 * The pages of one view, as far as they were scrolled to. Each page stays subscribed to the cache by itself, so that an edit touches one page
 * and not the list as a whole.
 */
export class AssetPages {
  /** Where the person was: the asset that has the focus when they come back. */
  active: string | null = null;
  readonly #variables;
  readonly #pages: LibraryPageQuery['assets'][] = [];
  readonly #listeners = new Set<() => void>();
  #loading = false;
  #loaded: LoadedAssets = { items: [], search: null, starting: true, hasMore: false, error: null };

  constructor(search: LibrarySearch) {
    this.#variables = variablesOf(search);
    this.loadMore();
  }

  readonly current = (): LoadedAssets => this.#loaded;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Asks for the next page, unless it is asked for already. */
  readonly loadMore = (): void => {
    const last = this.#pages.at(-1);
    if (this.#loading || (last !== undefined && !last.pageInfo.hasNextPage)) return;
    this.#loading = true;
    const place = this.#pages.length;
    const variables = { ...this.#variables, first: PAGE_SIZE, after: last?.pageInfo.endCursor ?? null };
    client.query(LibraryPageDocument, variables, { requestPolicy: 'network-only' }).subscribe(({ data, error, stale }) => {
      if (stale && this.#pages[place] === undefined) return;
      if (place >= this.#pages.length) this.#loading = false;
      if (data?.assets) this.#pages[place] = data.assets;
      this.#publish(data?.assets ? null : (error ?? null));
    });
  };

  #publish(error: CombinedError | null): void {
    const seen = new Set<string>();
    // An asset that moved between two pages while they were read is shown where it was first.
    const items = this.#pages.flatMap((page) => page.edges.map(({ node }) => node)).filter(({ id }) => !seen.has(id) && seen.add(id));
    const hasMore = this.#pages.at(-1)?.pageInfo.hasNextPage ?? false;
    this.#loaded = { items, search: this.#pages[0]?.search ?? null, starting: this.#pages.length === 0 && error === null, hasMore, error };
    for (const listener of this.#listeners) listener();
  }
}

const KEPT_VIEWS = 6;
const KEPT_MS = 5 * 60_000;
const views = new Map<string, { pages: AssetPages; since: number }>();
let last: { search: LibrarySearch; pages: AssetPages } | null = null;

/** The pages of a view: those of an earlier visit while they are fresh, so that going back finds everything where it was. */
export function pagesOf(search: LibrarySearch): AssetPages {
  const name = writeAddress({ ...search });
  const known = views.get(name);
  const entry =
    known && Date.now() - known.since < KEPT_MS && known.pages.current().error === null
      ? known
      : { pages: new AssetPages(search), since: Date.now() };
  views.delete(name);
  views.set(name, entry);
  for (const oldest of [...views.keys()].slice(0, Math.max(0, views.size - KEPT_VIEWS))) views.delete(oldest);
  last = { search, pages: entry.pages };
  return entry.pages;
}

/** The view an asset was opened from. */
export const lastView = () => last;

/** After something came in or was deleted: no kept view is right any more. */
export function forgetViews(): void {
  views.clear();
}
