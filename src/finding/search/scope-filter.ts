import type { RuleScope, ScopeFilters } from '../../judging/rules/rule-scope.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import type { Sql } from '../../platform/database/sql.js';
import { badInput } from '../../errors.js';
import type { TagFamily } from '../../library/tags/tag.queries.js';
import type { TagService } from '../../library/tags/tag.service.js';
import { listTagNames, plainFilter, readFilter, refuseConditions, walkFilter } from '../../library/filters/filter.js';
import type { AssetFilter } from '../../library/filters/filter.inputs.js';
import { collectionExists, compileFilter, refusedIn } from './filter.queries.js';

/** Filters of the search as scopes of rules: of the asset alone, so that it is known in the moment of a change which assets come in or go out. */
export class AssetScopeFilters implements ScopeFilters {
  readonly #tags: Pick<TagService, 'findFamilies'>;

  constructor(tags: Pick<TagService, 'findFamilies'>) {
    this.#tags = tags;
  }

  async read(tx: OrganizationTx, scope: object, field: string): Promise<RuleScope | null> {
    const checked = readFilter(scope as AssetFilter, field);
    const families = await this.#families(tx, checked);
    for (const { name, field: at } of listTagNames(checked, field)) {
      if (!families.has(name)) throw badInput(at, name, 'a tag that exists (see the query `tags`)');
    }
    refuseConditions(checked, field, refusedIn('scope'), 'a scope');
    for (const { filter, path } of walkFilter(checked, field)) {
      if (filter.rights?.states != null)
        throw badInput(
          `${path}.rights.states`,
          filter.rights.states,
          'fixed days',
          `${path}.rights.states: a scope cannot ask this: it changes with the day. Use \`usableOn\`.`,
        );
      if (filter.collection != null && !(await collectionExists(tx, filter.collection)))
        throw badInput(`${path}.collection`, filter.collection, 'a collection that exists');
    }
    return plainFilter(scope);
  }

  async compile(tx: OrganizationTx, scope: RuleScope): Promise<Sql> {
    const filter = readFilter(scope as AssetFilter);
    const tags = await this.#families(tx, filter);
    const context = {
      organizationId: tx.organizationId,
      modelRevisionId: 0,
      tags: { get: (name: string) => tags.get(name) ?? NO_TAG },
      today: '',
    };
    return compileFilter(filter, context, { asset: 'a' });
  }

  async #families(tx: OrganizationTx, filter: AssetFilter | null): Promise<Map<string, TagFamily>> {
    const names = [...new Set(listTagNames(filter).map((tag) => tag.name))];
    return names.length === 0 ? new Map() : this.#tags.findFamilies(tx, names);
  }
}

/** A tag that has gone since. */
export const NO_TAG: TagFamily = { id: null, descendantIds: [] };
