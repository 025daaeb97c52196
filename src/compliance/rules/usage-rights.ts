import { z } from 'zod';
import { type Sql, sql } from '../../database/sql.js';
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
    territoriesKey: key('rightsTerritories').describe('Metadata field with the granted territories, separated by commas.'),
    channelsKey: key('rightsChannels').describe('Metadata field with the granted channels, separated by commas.'),
    releasesKey: key('rightsReleases').describe('Metadata field with the releases on file, separated by commas.'),
    whenMissing: z
      .enum(['NEEDS_REVIEW', 'FAIL', 'PASS'])
      .default('NEEDS_REVIEW')
      .describe('What to say when such a field is absent: nothing is known of the grant then.'),
  })
  .refine((value) => value.territories.length + value.channels.length + value.releases.length > 0, {
    path: ['territories'],
    message: 'ask for a territory, a channel or a release',
  });

/**
 * What is granted covers what is planned, now: places, channels and releases, while the rights run (`rights_starts_on` to
 * `rights_expires_on`, UTC days, both included). RIGHTS_EXPIRY warns before they end.
 */
export const usageRights: RuleModule = {
  kind: 'USAGE_RIGHTS',
  description:
    'The rights run today and cover the territories and channels in which the asset is used, and the releases that takes are on file. Grants are read from metadata fields.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const p = sql`target.parameters`;
  const granted = (keyName: Sql) =>
    sql`regexp_split_to_array(lower(btrim(nullif(btrim(target.metadata ->> (${p} ->> ${keyName})), ''))), '\\s*[,;]\\s*')`;
  const missing = (asked: Sql, has: Sql, any: Sql) => sql`(SELECT array_agg(x) FROM jsonb_array_elements_text(${p} -> ${asked}) x
    WHERE NOT x = ANY(${has}) AND NOT ${has} && ${any}::text[])`;
  const values = sql`g.*, ${missing(sql`'territories'`, sql`g.territories`, sql`'{worldwide,*}'`)} AS no_territory,
    ${missing(sql`'channels'`, sql`g.channels`, sql`'{all,*}'`)} AS no_channel, ${missing(sql`'releases'`, sql`g.releases`, sql`'{}'`)} AS no_release,
    (jsonb_array_length(${p} -> 'territories') > 0 AND g.territories IS NULL OR jsonb_array_length(${p} -> 'channels') > 0 AND g.channels IS NULL
      OR jsonb_array_length(${p} -> 'releases') > 0 AND g.releases IS NULL) AS unknown,
    ${scope.now}::timestamptz AS now, target.rights_starts_on::timestamp AT TIME ZONE 'UTC' AS starts_at,
    (target.rights_expires_on + 1)::timestamp AT TIME ZONE 'UTC' AS ends_at`;
  const from = sql`CROSS JOIN LATERAL (SELECT ${granted(sql`'territoriesKey'`)} AS territories, ${granted(sql`'channelsKey'`)} AS channels,
    ${granted(sql`'releasesKey'`)} AS releases OFFSET 0) g`;
  const outcome = sql`CASE
    WHEN s.now >= s.ends_at THEN 'EXPIRED' WHEN s.now < s.starts_at THEN 'NOT_STARTED'
    WHEN s.no_territory IS NOT NULL THEN 'TERRITORY' WHEN s.no_channel IS NOT NULL THEN 'CHANNEL' WHEN s.no_release IS NOT NULL THEN 'RELEASE'
    WHEN s.unknown THEN 'UNKNOWN' ELSE 'PASS' END`;
  return judgeEach(
    'USAGE_RIGHTS',
    scope,
    values,
    outcome,
    {
      verdict: sql`CASE t.outcome WHEN 'PASS' THEN 'PASS' WHEN 'UNKNOWN' THEN t.parameters ->> 'whenMissing' ELSE 'FAIL' END`,
      measured: sql`jsonb_strip_nulls(jsonb_build_object('territories', to_jsonb(t.territories), 'channels', to_jsonb(t.channels), 'releases', to_jsonb(t.releases),
        'startsOn', t.rights_starts_on, 'expiresOn', t.rights_expires_on))`,
      required: sql`jsonb_build_object('territories', t.parameters -> 'territories', 'channels', t.parameters -> 'channels', 'releases', t.parameters -> 'releases')`,
      evidence: sql`jsonb_build_object('outcome', t.outcome)`,
      message: sql`CASE t.outcome
        WHEN 'PASS' THEN 'The rights cover the use that is planned.'
        WHEN 'EXPIRED' THEN format('The rights expired on %s. Renew them or withdraw the asset.', t.rights_expires_on)
        WHEN 'NOT_STARTED' THEN format('The rights begin on %s; the asset must not be used before.', t.rights_starts_on)
        WHEN 'TERRITORY' THEN format('No rights for %s. Extend the licence or do not use the asset there.', array_to_string(t.no_territory, ', '))
        WHEN 'CHANNEL' THEN format('No rights for %s. Extend the licence or do not use the asset there.', array_to_string(t.no_channel, ', '))
        WHEN 'RELEASE' THEN format('No release on file: %s. Obtain it, or do not show what it is for.', array_to_string(t.no_release, ', '))
        ELSE 'What is granted is not recorded. Fill in the metadata fields about territories, channels and releases.' END`,
      validUntil: sql`CASE WHEN t.outcome = 'NOT_STARTED' THEN t.starts_at WHEN t.outcome <> 'EXPIRED' THEN t.ends_at END`,
    },
    from,
  );
}
