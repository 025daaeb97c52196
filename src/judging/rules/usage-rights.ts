import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { dayOf, lastDay, rightsOf, runningPeriod, startOf, warningDay } from './rights.js';
import { type JudgeScope, judgeEach, type RuleModule } from './rule-module.js';

const names = z.array(z.string().trim().toLowerCase().min(1).max(60)).max(300).default([]);
const key = (by: string) => z.string().min(1).max(100).default(by);

const parameters = z
  .strictObject({
    territories: names.describe(
      'Places where the asset is to be used, such as `de`; all of them have to be granted. `worldwide` and `*` grant any.',
    ),
    channels: names.describe(
      'Channels on which it is to be used, such as `web` or `print`; all of them have to be granted. `all` and `*` grant any.',
    ),
    releases: names.describe('Releases that have to be on file, such as `model` or `property`.'),
    territoriesKey: key('rightsTerritories').describe(
      'Metadata field with the granted territories, separated by commas; read of assets without grants.',
    ),
    channelsKey: key('rightsChannels').describe(
      'Metadata field with the granted channels, separated by commas; read of assets without grants.',
    ),
    releasesKey: key('rightsReleases').describe(
      'Metadata field with the releases on file, separated by commas; read of assets without grants.',
    ),
    whenMissing: z
      .enum(['NEEDS_REVIEW', 'FAIL', 'PASS'])
      .default('NEEDS_REVIEW')
      .describe('What to say when such a field is absent: nothing is known of the grant then.'),
    warnDays: z
      .int()
      .min(0)
      .max(3650)
      .optional()
      .describe(
        'Days before the last day on which this use is allowed from which the asset needs review; 0, or without it, RIGHTS_EXPIRY warns.',
      ),
  })
  .refine((value) => value.territories.length + value.channels.length + value.releases.length > 0, {
    path: ['territories'],
    message: 'ask for a territory, a channel or a release',
  });

/**
 * What is granted covers what is planned, now: every place with every channel, and the releases, each by one grant that runs (UTC days,
 * both included). An asset without grants has one: its days, and what its metadata says.
 */
export const usageRights: RuleModule = {
  kind: 'USAGE_RIGHTS',
  description:
    'The rights run today and cover the territories and channels in which the asset is used, and the releases that takes are on file. Each channel in each territory has to be allowed by one of the grants of the asset; without grants its dates and metadata fields are read.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const p = sql`target.parameters`;
  const today = dayOf(scope);
  const asked = (list: Sql) =>
    sql`(SELECT jsonb_array_elements_text(${p} -> ${list}) AS name UNION ALL SELECT NULL WHERE ${p} -> ${list} = '[]')`;
  const key = (name: Sql) => sql`${p} ->> ${name}`;
  const rights = rightsOf({
    territories: key(sql`'territoriesKey'`),
    channels: key(sql`'channelsKey'`),
    releases: key(sql`'releasesKey'`),
  });
  const from = sql`CROSS JOIN LATERAL (
    WITH g AS MATERIALIZED (SELECT g.*, g.period @> ${today} AS runs FROM ${rights}),
    told AS (
      SELECT u.territory, u.channel, coalesce(bool_or(x.place AND x.medium AND x.permit) FILTER (WHERE g.runs), FALSE) AS allowed,
        coalesce(bool_or((x.place AND x.medium AND x.permit) IS NULL) FILTER (WHERE g.runs), FALSE) AS unsure,
        bool_or(x.place IS NOT FALSE) FILTER (WHERE g.runs) AS place, bool_or(x.medium IS NOT FALSE) FILTER (WHERE g.runs) AS medium,
        range_agg(g.period) FILTER (WHERE x.place AND x.medium AND x.permit) AS periods
      FROM (SELECT t.name AS territory, c.name AS channel FROM ${asked(sql`'territories'`)} t CROSS JOIN ${asked(sql`'channels'`)} c) u
      CROSS JOIN g CROSS JOIN LATERAL (SELECT
        CASE WHEN u.territory IS NULL THEN TRUE ELSE g.territories && ARRAY[u.territory, 'worldwide', '*'] END AS place,
        CASE WHEN u.channel IS NULL THEN TRUE ELSE g.channels && ARRAY[u.channel, 'all', '*'] END AS medium,
        CASE WHEN ${p} -> 'releases' = '[]' THEN TRUE ELSE g.releases @> ARRAY(SELECT jsonb_array_elements_text(${p} -> 'releases')) END AS permit) x
      GROUP BY u.territory, u.channel
    )
    SELECT whole.*, array_agg(DISTINCT told.territory) FILTER (WHERE NOT told.place) AS no_territory,
      array_agg(DISTINCT told.channel) FILTER (WHERE NOT told.medium) AS no_channel,
      (SELECT array_agg(x) FROM jsonb_array_elements_text(${p} -> 'releases') x
        WHERE NOT EXISTS (SELECT 1 FROM g WHERE g.runs AND (g.releases @> ARRAY[x]) IS NOT FALSE)) AS no_release,
      array_agg(concat_ws(' in ', told.channel, told.territory) ORDER BY told.channel, told.territory)
        FILTER (WHERE NOT told.allowed AND NOT told.unsure) AS refused,
      bool_or(NOT told.allowed AND told.unsure) AS unknown,
      min(${lastDay(runningPeriod(sql`told.periods`, today))}) AS covered_until
    FROM told CROSS JOIN (
      SELECT bool_or(g.runs) AS runs, bool_or(g.is_grant) AS has_grants, min(g.starts_on) FILTER (WHERE g.starts_on > ${today}) AS next_start,
        least(min(g.starts_on) FILTER (WHERE g.starts_on > ${today}), min(g.expires_on + 1) FILTER (WHERE g.expires_on >= ${today})) AS next_change,
        jsonb_agg(jsonb_strip_nulls(jsonb_build_object('territories', to_jsonb(g.territories), 'channels', to_jsonb(g.channels),
          'releases', to_jsonb(g.releases), 'startsOn', g.starts_on, 'expiresOn', g.expires_on))) AS grants
      FROM g
    ) whole
    GROUP BY whole.runs, whole.has_grants, whole.next_start, whole.next_change, whole.grants
  ) g`;
  const warnsOn = warningDay(sql`s.covered_until`, sql`(s.parameters ->> 'warnDays')::int`);
  const outcome = sql`CASE
    WHEN NOT s.runs AND s.next_start IS NULL THEN 'EXPIRED' WHEN NOT s.runs THEN 'NOT_STARTED'
    WHEN s.no_territory IS NOT NULL THEN 'TERRITORY' WHEN s.no_channel IS NOT NULL THEN 'CHANNEL' WHEN s.no_release IS NOT NULL THEN 'RELEASE'
    WHEN s.refused IS NOT NULL THEN 'COMBINATION' WHEN s.unknown THEN 'UNKNOWN' WHEN ${today} >= ${warnsOn} THEN 'EXPIRING' ELSE 'PASS' END`;
  return judgeEach(
    'USAGE_RIGHTS',
    scope,
    sql`g.*`,
    outcome,
    {
      verdict: sql`CASE t.outcome WHEN 'PASS' THEN 'PASS' WHEN 'EXPIRING' THEN 'NEEDS_REVIEW' WHEN 'UNKNOWN' THEN t.parameters ->> 'whenMissing' ELSE 'FAIL' END`,
      measured: sql`CASE WHEN t.has_grants THEN jsonb_build_object('grants', t.grants) ELSE t.grants -> 0 END`,
      required: sql`jsonb_build_object('territories', t.parameters -> 'territories', 'channels', t.parameters -> 'channels', 'releases', t.parameters -> 'releases')`,
      evidence: sql`jsonb_strip_nulls(jsonb_build_object('outcome', t.outcome, 'refused', to_jsonb(t.refused),
        'coveredUntil', CASE WHEN t.outcome IN ('PASS', 'EXPIRING') THEN t.covered_until END))`,
      message: sql`CASE t.outcome
        WHEN 'PASS' THEN 'The rights cover the use that is planned.'
        WHEN 'EXPIRED' THEN format('The rights expired on %s. Renew them or withdraw the asset.', t.rights_expires_on)
        WHEN 'NOT_STARTED' THEN format('The rights begin on %s; the asset must not be used before.', t.next_start)
        WHEN 'TERRITORY' THEN format('No rights for %s. Extend the licence or do not use the asset there.', array_to_string(t.no_territory, ', '))
        WHEN 'CHANNEL' THEN format('No rights for %s. Extend the licence or do not use the asset there.', array_to_string(t.no_channel, ', '))
        WHEN 'RELEASE' THEN format('No release on file: %s. Obtain it, or do not show what it is for.', array_to_string(t.no_release, ', '))
        WHEN 'COMBINATION' THEN format('No grant that runs covers %s. Extend the licence or do not use the asset there.', array_to_string(t.refused, ', '))
        WHEN 'EXPIRING' THEN format('The rights to this use expire on %s. Renew them or plan a replacement.', t.covered_until)
        ELSE 'What is granted is not recorded. Record territories, channels and releases of the grants, or fill in the metadata fields about them.' END`,
      validUntil: sql`least(${startOf(sql`t.next_change`)}, CASE WHEN t.outcome = 'PASS' THEN ${startOf(warningDay(sql`t.covered_until`, sql`(t.parameters ->> 'warnDays')::int`))} END)`,
    },
    from,
  );
}
