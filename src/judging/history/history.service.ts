import { z } from 'zod';
import type { Viewer } from '../../viewer.js';
import type { Database, OrganizationTx } from '../../platform/database/database.js';
import { cursorKey, type Connection, readKeys, readPage, toConnection } from '../../platform/graphql/connection.js';
import {
  type BrokenLink,
  checkLinks,
  countFindingChanges,
  countUnlinkedRows,
  countUnrecordedFindings,
  countWrongSums,
  findHistoryHead,
  type FindingChange,
  type HistoryHead,
  holdHistory,
  listFindingChanges,
  recountSums,
} from './history.queries.js';

export type { FindingChange, HistoryHead };

export interface Verification {
  intact: boolean;
  links: number;
  /** Where the chain ends: to be noted elsewhere, because a chain that is cut short is intact as far as it goes. */
  head: HistoryHead;
  broken: BrokenLink[];
  /** Rows of history that belong to no link. */
  unlinkedRows: number;
  /** Findings that are not as their history says. */
  unrecordedFindings: number;
  /** Sums that lists, filters and facets read, and rows below them, that are not as counting says. They are no history: {@link HistoryService.recount}. */
  wrongSums: number;
}

const LINKS_AT_ONCE = 500;
const MAX_REPORTED = 100;

/** What happened to findings. It is written by the database itself, in the transaction of the change (migration 0035). */
export class HistoryService {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Changes of the findings of an asset, newest first. */
  listChanges(
    viewer: Viewer,
    { first, after, ...filter }: { assetId: string; ruleId?: string; first?: number | null; after?: string | null },
  ): Promise<Connection<FindingChange>> {
    const page = readPage(first, after, 'findingHistory', filter);
    const keys = readKeys(page, z.tuple([cursorKey.bigInteger, cursorKey.bigInteger]), after);
    return this.#database.asOrganization(viewer.organizationId, async (tx) => {
      const rows = await listFindingChanges(tx, filter, page.first + 1, keys);
      const identity = (row: FindingChange): FindingChange => row;
      return toConnection(page, rows, await countFindingChanges(tx, filter), identity, (row) => [row.sequence, row.id]);
    });
  }

  /** The end of the chain, held still until the transaction ends; see {@link holdHistory}. */
  hold(tx: OrganizationTx): Promise<HistoryHead> {
    return holdHistory(tx);
  }

  /** The last link up to a moment, in the caller's transaction. */
  findHead(tx: OrganizationTx, asOf: Date): Promise<HistoryHead> {
    return findHistoryHead(tx, asOf);
  }

  head(viewer: Viewer): Promise<HistoryHead> {
    return this.#database.asOrganization(viewer.organizationId, holdHistory);
  }

  /** Recomputes the whole chain. @param onProgress called with the number of links checked so far and the number there are */
  async verify(organizationId: string, onProgress: (checked: number, total: number) => void = () => undefined): Promise<Verification> {
    const head = await this.#database.asOrganization(organizationId, holdHistory);
    const broken: BrokenLink[] = [];
    let links = 0;
    for (let next = 1; next <= head.sequence; ) {
      const part = await this.#database.asOrganization(organizationId, (tx) => checkLinks(tx, next, LINKS_AT_ONCE));
      if (part.checked === 0) {
        broken.push({ sequence: head.sequence, fault: 'MISSING_LINK' });
        break;
      }
      links += part.checked;
      broken.push(...part.broken);
      next = part.last + 1;
      onProgress(links, head.sequence);
    }
    const [unlinkedRows, unrecordedFindings, wrongSums] = await this.#database.asOrganization(organizationId, async (tx) => [
      await countUnlinkedRows(tx),
      await countUnrecordedFindings(tx),
      await countWrongSums(tx),
    ]);
    const intact = broken.length === 0 && unlinkedRows === 0 && unrecordedFindings === 0 && wrongSums === 0;
    return { intact, links, head, broken: broken.slice(0, MAX_REPORTED), unlinkedRows, unrecordedFindings, wrongSums };
  }

  /** Makes the sums that lists, filters and facets read anew. */
  recount(organizationId: string): Promise<void> {
    return this.#database.asOrganization(organizationId, recountSums);
  }
}
