import type { OrganizationTx } from '../../platform/database/database.js';
import { empty, join, type Sql, sql } from '../../platform/database/sql.js';
import { type PassingVector, passingScoreStatement, probabilityStatement, type ScoreScope } from './score.queries.js';

/** Which assets are in a group: by what the model sees, by a tag, or by a metadata field. */
export type GroupMembers = { vectors: readonly PassingVector[] } | { tagId: number } | { metadataKey: string; equals: string | null };

export interface BiasRequest {
  conceptId: string;
  modelRevisionId: number;
  rivalSetId: number;
  /** Probability from which the concept counts as seen. */
  threshold: number;
  /** By a UUID of the caller's; for groups by vectors it is the `conceptId` of those. */
  groups: readonly { key: string; members: GroupMembers }[];
}

export interface GroupCount {
  /** Null: all pictures that have a score. */
  key: string | null;
  pictures: number;
  hits: number;
  /** Of the pictures, those in another group as well. */
  shared: number;
}

/** How often the concept is seen in each group and in the whole library, over current versions with a score. One statement. */
export function countHits(tx: OrganizationTx, { groups, threshold, conceptId, ...rest }: BiasRequest): Promise<GroupCount[]> {
  const scope: ScoreScope = { ...rest, organizationId: tx.organizationId, conceptIds: [conceptId], versionIds: null };
  const passing = groups.flatMap(({ members }) => ('vectors' in members ? members.vectors : []));
  const selects = [
    // At even odds against common things and the other groups together.
    ...(passing.length > 0
      ? [sql`SELECT g.concept_id AS key, g.version_id FROM (${passingScoreStatement(scope, passing)}) g WHERE g.score >= 0`]
      : []),
    ...groups.flatMap(({ key, members }) => ('vectors' in members ? [] : [selectMembers(tx, key, members)])),
  ];
  return tx.query<GroupCount>(sql`
    WITH seen AS MATERIALIZED (SELECT p.version_id, p.probability >= ${threshold}::float8 AS hit FROM (${probabilityStatement(scope)}) p),
    member AS MATERIALIZED (SELECT m.key, s.version_id, s.hit FROM (${join(selects, ' UNION ')}) m JOIN seen s ON s.version_id = m.version_id),
    often AS (SELECT version_id FROM member GROUP BY version_id HAVING count(*) > 1)
    SELECT key, count(*) AS pictures, count(*) FILTER (WHERE hit) AS hits, count(o.version_id) AS shared
    FROM member LEFT JOIN often o USING (version_id) GROUP BY key
    UNION ALL SELECT NULL, count(*), count(*) FILTER (WHERE hit), 0 FROM seen`);
}

function selectMembers(tx: OrganizationTx, key: string, members: Exclude<GroupMembers, { vectors: unknown }>): Sql {
  const condition =
    'tagId' in members
      ? sql`a.tag_ids @> ARRAY[${members.tagId}::int]`
      : sql`a.metadata ? ${members.metadataKey} ${members.equals === null ? empty : sql`AND a.metadata ->> ${members.metadataKey} = ${members.equals}`}`;
  return sql`SELECT ${key}::uuid AS key, a.current_version_id AS version_id FROM asset a WHERE a.organization_id = ${tx.organizationId}::uuid AND ${condition}`;
}
