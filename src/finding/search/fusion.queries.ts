import { empty, join, raw, type Sql, sql } from '../../platform/database/sql.js';
import { compileFilter } from './filter.queries.js';
import type { WordQuery } from './word-query.js';
import { type CandidateRequest, excluding, selectCandidates, selectPassages } from './candidate.queries.js';

/** Channels by which an asset can be found. */
export type Channel = 'MEANING' | 'NAME' | 'TAGS' | 'TEXT' | 'VISUAL';

/** Cosine distances at which a query's pictures are cut; see CalibrationService. */
export interface DistanceCut {
  /** Beyond it an asset is not in the list. */
  keep: number;
  /** Without any asset as near as this, no picture is. */
  match: number;
}

export interface ResultRequest extends CandidateRequest {
  /** Words to be found in names, texts and tags too; null: pictures only. */
  words?: WordQuery | null;
  /** Every text with the words is a result, not the best {@link RANKED_TEXTS} alone: for work on what matches, which nobody looks through. */
  allTexts?: boolean;
  /** Null: every candidate is a result. */
  cut?: DistanceCut | null;
  /** Distance within which a passage of text is about the query; null: passages are left out. */
  passageCut?: number | null;
  /** What places are read from; null: from what is found now. A walk keeps those of its start. */
  ladders?: Ladders | null;
}

/** Values at the first, second, fourth, eighth … place and at the last one of each channel when a walk began; the best last. */
export interface Ladders {
  /** Cosine distances, negated. */
  visual: number[];
  /** Weights of full text. */
  text: number[];
  /** Cosine distances of passages, negated. */
  meaning: number[];
}

/** Reciprocal rank fusion with the constant of Cormack, Clarke and Büttcher (SIGIR 2009). */
const RRF_CONSTANT = 60;
/**
 * Texts that words are ranked in: a word that stands in more cannot tell them apart, and the best of them are what anybody looks at. A power of two, and one
 * text more, which shows as one rung more of the ladder: see {@link hasMoreTexts}.
 */
export const RANKED_TEXTS = 1024;
/** More than all channels together can give: what is called so comes first. */
const NAMED = 1;

/**
 * What a search finds, as a SELECT of (asset_id, version_id, distance, part, passage, relevance, channels, best, passed, ladders): `relevance`
 * orders it, least first; `part` is the picture that was nearest (null: the whole), `passage` the nearest text, where one was near enough;
 * `best` is the least distance of any candidate, cut or not; `passed` counts candidates under an APPROXIMATE strategy.
 * The filter and the exclusions stand in every channel. One statement, to be the body of a CTE.
 */
export function selectResults(request: ResultRequest): Sql {
  const { words = null, cut = null, passageCut = null } = request;
  const part = (row: string) => raw(`CASE WHEN ${row}.part_distance <= ${row}.distance THEN ${row}.part END AS part`);
  // OFFSET 0: pulled up, a distance that is named twice would be computed twice.
  if (words === null && cut === null && request.strategy.mode === 'EXACT') {
    return sql`SELECT c.asset_id, c.version_id, c.distance, ${part('c')}, NULL::text AS passage, c.distance AS relevance, ARRAY['VISUAL'] AS channels,
      NULL::float8 AS best, NULL::bigint AS passed, NULL::jsonb AS ladders
      FROM (${selectCandidates(request)} OFFSET 0) c`;
  }
  // What the cut drops anyway need not be kept. Under an APPROXIMATE strategy all that passed must be counted.
  const near = cut && request.strategy.mode === 'EXACT' ? { maxDistance: Math.min(cut.keep, request.maxDistance ?? cut.keep) } : {};
  const visual = sql`
    candidate AS MATERIALIZED (${selectCandidates({ ...request, ...near })}),
    level AS MATERIALIZED (SELECT min(distance) AS best, count(*) AS passed FROM candidate),
    visual AS (SELECT c.* FROM candidate c, level l ${cut ? sql`WHERE l.best <= ${cut.match}::float8 AND c.distance <= ${cut.keep}::float8` : sql``})`;
  if (words === null) {
    return sql`WITH ${visual}
      SELECT v.asset_id, v.version_id, v.distance, ${part('v')}, NULL::text AS passage, v.distance AS relevance, ARRAY['VISUAL'] AS channels,
        l.best, l.passed, NULL::jsonb AS ladders
      FROM visual v, level l`;
  }
  const [meant, meaning] =
    passageCut === null
      ? [empty, empty]
      : [
          sql`, meant AS (${selectPassages(request, passageCut)})`,
          sql`UNION ALL SELECT asset_id, version_id, 'MEANING', -distance, part FROM meant`,
        ];
  // Most queries name nothing and are in no text: their list is that of the pictures, and costs no more. Where words do find something, only
  // the few assets that they find are fused; all others have one place.
  return sql`WITH ${visual}, ${wordChannels(request, words)} ${meant},
    worded_row AS MATERIALIZED (
      SELECT asset_id, version_id, 'TEXT' AS channel, weight::float8 AS value, NULL::text AS passage FROM worded
      UNION ALL SELECT asset_id, version_id, 'TAGS', NULL, NULL FROM tagged
      UNION ALL SELECT asset_id, version_id, 'NAME', NULL, NULL FROM named
      ${meaning}
    ),
    ladder AS MATERIALIZED (${selectLadders(request)}),
    placed AS (
      SELECT c.asset_id, c.version_id, NULL::float8 AS distance, NULL::text AS part, c.passage, c.channel,
        CASE c.channel WHEN 'TEXT' THEN ${raw(place('c.value', 'l.text'))} WHEN 'MEANING' THEN ${raw(place('c.value', 'l.meaning'))} ELSE 1 END AS place
      FROM worded_row c, ladder l
      UNION ALL SELECT c.asset_id, c.version_id, c.distance, ${part('c')}, NULL, 'VISUAL', ${raw(place('-c.distance', 'l.visual'))}
      FROM visual c, ladder l WHERE c.asset_id IN (SELECT asset_id FROM worded_row)
    )
    SELECT f.*, l.best, l.passed, CASE WHEN EXISTS (SELECT 1 FROM worded_row) THEN (SELECT to_jsonb(d) FROM ladder d) END AS ladders FROM (
      SELECT asset_id, (array_agg(version_id))[1] AS version_id, min(distance) AS distance, max(part) AS part, max(passage) AS passage,
        -(sum(${reciprocal('place')} ORDER BY channel) + CASE WHEN bool_or(channel = 'NAME') THEN ${NAMED} ELSE 0 END)::float8 AS relevance,
        array_agg(channel ORDER BY channel) AS channels
      FROM placed GROUP BY asset_id
      UNION ALL SELECT c.asset_id, c.version_id, c.distance, ${part('c')}, NULL,
        CASE WHEN EXISTS (SELECT 1 FROM worded_row) THEN -${reciprocal(place('-c.distance', 'l.visual'))} ELSE c.distance END, ARRAY['VISUAL']
      FROM visual c, ladder l WHERE NOT EXISTS (SELECT 1 FROM worded_row w WHERE w.asset_id = c.asset_id)
    ) f, level l`;
}

/**
 * Places must not move while somebody walks through the pages: when an asset of an earlier page goes, all behind it would move up, and one
 * would be behind the cursor unseen. So a place is read from the values that stood at certain places when the walk began.
 */
function selectLadders({ ladders = null }: ResultRequest): Sql {
  if (ladders !== null)
    return sql`SELECT ${ladders.visual}::float8[] AS visual, ${ladders.text}::float8[] AS text, ${ladders.meaning}::float8[] AS meaning`;
  const rungs = (name: keyof Ladders, from: string) => sql`
    COALESCE((SELECT array_agg(r.value ORDER BY r.value) FROM (
      SELECT c.value, row_number() OVER (ORDER BY c.value DESC) AS n, count(*) OVER () AS total FROM ${raw(from)}) r
      WHERE r.n & (r.n - 1) = 0 OR r.n = r.total), '{}')::float8[] AS ${raw(name)}`;
  const words = (channel: Channel) => `worded_row c WHERE c.channel = '${channel}'`;
  // Where words find nothing there is nothing to fuse: the pictures need no places.
  return sql`SELECT ${rungs('visual', '(SELECT -distance AS value FROM visual) c WHERE EXISTS (SELECT 1 FROM worded_row)')},
    ${rungs('text', words('TEXT'))}, ${rungs('meaning', words('MEANING'))}`;
}

/** Whether the words stood in more texts than were ranked. */
export function hasMoreTexts({ text }: Ladders): boolean {
  return text.length > Math.log2(RANKED_TEXTS) + 1;
}

/** The place of a value by the rungs of its ladder: 1 at the best one, doubling from rung to rung, straight between two. Equal values share the best. */
function place(value: string, ladder: string): string {
  return `(SELECT CASE
    WHEN r.above = 0 THEN 1
    WHEN r.below = 0 THEN power(2, r.above - 1) + ${ladder}[1] - ${value}
    ELSE power(2, r.above - 1) * (1 + (${ladder}[r.below + 1] - ${value}) / NULLIF(${ladder}[r.below + 1] - ${ladder}[r.below], 0)) END
    FROM (SELECT b.below, cardinality(${ladder}) - b.below AS above FROM (SELECT width_bucket(${value}, ${ladder}) AS below) b) r)`;
}

function reciprocal(place: string): Sql {
  return raw(`(1 / (${RRF_CONSTANT} + ${place})::float8)`);
}

/** `worded`, `tagged` and `named`: assets whose texts have all the words, whose tags together do, and which are called exactly so. */
function wordChannels(request: ResultRequest, { alternatives, name }: WordQuery): Sql {
  const { filter, context, exclude = [] } = request;
  const organization = sql`${context.organizationId}::uuid`;
  const allowed = sql`a.organization_id = ${organization} AND ${join(
    [compileFilter(filter, context, { asset: 'a' }), ...(exclude.length > 0 ? [sql`a.id <> ALL(${exclude}::uuid[])`] : [])],
    ' AND ',
  )}`;
  const excluded = excluding(request, sql`a.current_version_id`);
  const passes = join([allowed, ...excluded], ' AND ');
  const nothing = sql`SELECT NULL::uuid AS asset_id, NULL::uuid AS version_id, NULL::real AS weight WHERE FALSE`;
  if (alternatives.length === 0) return sql`worded AS (${nothing}), tagged AS (${nothing}), ${called(name, organization, allowed)}`;
  const query = sql`${alternatives.map((terms) => `(${terms.join(' & ')})`).join(' | ')}::tsquery`;
  const terms = [...new Set(alternatives.flat())];
  // Tags are asked word by word, which gives few ids each: no asset's tags have to be read.
  const tagsOf = (term: string) => sql`(SELECT q.ids FROM asked_tag q WHERE q.place = ${terms.indexOf(term) + 1})`;
  const ofAny = (condition: (term: string) => Sql) =>
    sql`(${join(
      alternatives.map((all) => sql`(${join(all.map(condition), ' AND ')})`),
      ' OR ',
    )})`;
  // Before any asset is looked at: where no tag has the words, none is.
  const known = ofAny((term) => sql`cardinality(${tagsOf(term)}) > 0`);
  const carried = ofAny((term) => sql`a.tag_ids && ${tagsOf(term)}`);
  const best = request.allTexts ? empty : sql`ORDER BY weight DESC, t.asset_id LIMIT ${RANKED_TEXTS + 1}`;
  const matching = sql`t.organization_id = ${organization} AND t.document @@ ${query}`;
  const weight = sql`ts_rank(t.document, ${query}) AS weight`;
  const all = filter === null && exclude.length === 0 && excluded.length === 0;
  return sql`
    worded AS (${
      all
        ? // Without a filter only the best have to be looked at further.
          sql`SELECT a.id AS asset_id, a.current_version_id AS version_id, t.weight
            FROM (SELECT t.asset_id, ${weight} FROM asset_text t WHERE ${matching} ${best}) t
            JOIN asset a ON a.organization_id = ${organization} AND a.id = t.asset_id`
        : sql`SELECT a.id AS asset_id, a.current_version_id AS version_id, ${weight}
            FROM asset_text t JOIN asset a ON a.organization_id = t.organization_id AND a.id = t.asset_id
            WHERE ${matching} AND ${passes} ${best}`
    }), asked_tag AS MATERIALIZED (
      SELECT u.place, ARRAY(SELECT g.id FROM tag g WHERE g.organization_id = ${organization} AND g.words @@ u.term::tsquery) AS ids
      FROM unnest(${terms}::text[]) WITH ORDINALITY AS u (term, place)
    ), tagged AS (
      SELECT a.id AS asset_id, a.current_version_id AS version_id FROM asset a WHERE ${known} AND ${carried} AND ${passes}
    ), ${called(name, organization, allowed)}`;
}

/** What bears the query as its name is found whatever the query leaves out: it may be called "Never without you". */
function called({ typed, key, tag }: WordQuery['name'], organization: Sql, allowed: Sql): Sql {
  const byTag = sql`UNION SELECT x.id FROM asset x WHERE x.organization_id = ${organization}
    AND x.tag_ids && ARRAY(SELECT g.id FROM tag g WHERE g.organization_id = ${organization} AND g.name = ${tag})`;
  return sql`
    called AS MATERIALIZED (
      SELECT x.id FROM asset x WHERE x.organization_id = ${organization} AND x.external_id = ${typed}
      UNION SELECT t.asset_id FROM asset_text t WHERE t.organization_id = ${organization} AND t.title_key = ${key}
      UNION SELECT t.asset_id FROM asset_text t WHERE t.organization_id = ${organization} AND t.file_key = ${key}
      ${tag === null ? empty : byTag}
    ), named AS (
      SELECT a.id AS asset_id, a.current_version_id AS version_id FROM called c JOIN asset a ON a.organization_id = ${organization} AND a.id = c.id
      WHERE ${allowed}
    )`;
}
