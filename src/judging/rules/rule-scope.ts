import type { OrganizationTx } from '../../platform/database/database.js';
import type { Sql } from '../../platform/database/sql.js';

/** A scope as it was given: a filter of the search in the words of the API. */
export type RuleScope = Record<string, unknown>;

/** What rules need of the filters of the search. */
export interface ScopeFilters {
  /**
   * A scope from outside, without what says nothing; null when nothing is left.
   * @throws VitrineError BAD_USER_INPUT naming the condition that is wrong, or that cannot be part of a scope
   */
  read(tx: OrganizationTx, scope: object, field: string): Promise<RuleScope | null>;
  /** The scope as a condition on an asset `a`; what it names and is gone since matches nothing. */
  compile(tx: OrganizationTx, scope: RuleScope): Promise<Sql>;
}
