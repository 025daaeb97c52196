import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { dayOf, lastDay, rightsOf, runningPeriod, startOf, warningDay } from './rights.js';
import { type JudgeScope, type RuleModule, selectTargets } from './rule-module.js';
import { isOnlyMarks, writtenText } from './written-text.js';

const parameters = z.strictObject({
  warnDays: z
    .int()
    .min(0)
    .max(3650)
    .default(30)
    .describe('Days before the last day of the rights from which the asset needs review; 0: it never does.'),
  requireLicense: z.boolean().default(false).describe('Whether an asset without a licence text fails.'),
  requireDates: z.boolean().default(false).describe('Whether an asset without an expiry date fails; otherwise its rights do not end.'),
});

/**
 * Rights run by one grant at least, both of its days included, days being UTC days. What expires is the last one of those that follow
 * each other without a gap.
 */
export const rightsExpiry: RuleModule = {
  kind: 'RIGHTS_EXPIRY',
  description:
    'The rights have begun and have not expired, by one grant at least; shortly before the last of them expires the asset needs review. Both days count, in UTC.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  const today = dayOf(scope);
  const nothing = sql`NULL::text`;
  return sql`
    SELECT t.version_id, t.rule_id, t.asset_id, t.brand_id, t.severity, t.rule_revision,
      CASE t.outcome WHEN 'VALID' THEN 'PASS' WHEN 'UNLIMITED' THEN 'PASS' WHEN 'EXPIRING' THEN 'NEEDS_REVIEW' ELSE 'FAIL' END AS verdict,
      jsonb_strip_nulls(jsonb_build_object('startsOn', t.rights_starts_on, 'expiresOn', t.rights_expires_on, 'license', t.rights_license,
        'grants', nullif(t.grants, 0), 'coveredUntil', CASE WHEN t.grants > 0 THEN t.ends_on END)) AS measured,
      jsonb_build_object('warnDays', t.warn_days, 'requireLicense', t.require_license, 'requireDates', t.require_dates) AS required,
      jsonb_build_object('outcome', t.outcome) AS evidence,
      CASE t.outcome
        WHEN 'NO_LICENSE' THEN 'No licence is recorded. Record the licence under which this asset may be used.'
        WHEN 'NO_DATES' THEN 'No expiry date is recorded, and this brand asks for one.'
        WHEN 'EXPIRED' THEN format('The rights expired on %s. Renew them or withdraw the asset.', t.rights_expires_on)
        WHEN 'NOT_STARTED' THEN format('The rights begin on %s; the asset must not be used before.', t.next_start)
        WHEN 'EXPIRING' THEN format('The rights expire on %s. Renew them or plan a replacement.', t.ends_on)
        WHEN 'VALID' THEN format('The rights last until %s.', t.ends_on)
        ELSE 'The rights do not end.'
      END AS message,
      CASE t.outcome WHEN 'NOT_STARTED' THEN ${startOf(sql`t.next_start`)} WHEN 'VALID' THEN ${startOf(warningDay(sql`t.ends_on`, sql`t.warn_days`))}
        WHEN 'EXPIRING' THEN ${startOf(sql`t.ends_on + 1`)} END AS valid_until,
      NULL::int AS model_revision_id
    FROM (
      SELECT s.*, CASE
          WHEN s.require_license AND ${isOnlyMarks(writtenText(sql`s.rights_license`))} THEN 'NO_LICENSE'
          WHEN s.require_dates AND s.rights_expires_on IS NULL THEN 'NO_DATES'
          WHEN s.running IS NULL THEN CASE WHEN s.next_start IS NULL THEN 'EXPIRED' ELSE 'NOT_STARTED' END
          WHEN ${today} >= ${warningDay(sql`s.ends_on`, sql`s.warn_days`)} THEN 'EXPIRING'
          WHEN s.ends_on IS NOT NULL THEN 'VALID'
          ELSE 'UNLIMITED' END AS outcome
      FROM (
        SELECT target.*, p.*, r.*, ${lastDay(sql`r.running`)} AS ends_on
        FROM (${selectTargets('RIGHTS_EXPIRY', scope)}) target
        CROSS JOIN LATERAL (
          SELECT (target.parameters ->> 'warnDays')::int AS warn_days, (target.parameters ->> 'requireLicense')::boolean AS require_license,
            (target.parameters ->> 'requireDates')::boolean AS require_dates
        ) p
        CROSS JOIN LATERAL (
          SELECT ${runningPeriod(sql`periods`, today)} AS running, next_start, grants FROM (
            SELECT range_agg(g.period) AS periods, min(g.starts_on) FILTER (WHERE g.starts_on > ${today}) AS next_start,
              count(*) FILTER (WHERE g.is_grant) AS grants
            FROM ${rightsOf({ territories: nothing, channels: nothing, releases: nothing })}
          ) x
        ) r
      ) s
    ) t`;
}
