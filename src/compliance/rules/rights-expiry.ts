import { z } from 'zod';
import { type Sql, sql } from '../../database/sql.js';
import { type JudgeScope, type RuleModule, selectTargets } from './rule-module.js';

const parameters = z.strictObject({
  warnDays: z.int().min(0).max(3650).default(30).describe('Days before the last day of the rights from which the asset needs review.'),
  requireLicense: z.boolean().default(false).describe('Whether an asset without a licence text fails.'),
  requireDates: z.boolean().default(false).describe('Whether an asset without an expiry date fails; otherwise its rights do not end.'),
});

/** Rights run from `rights_starts_on` to `rights_expires_on`, both days included, days being UTC days. */
export const rightsExpiry: RuleModule = {
  kind: 'RIGHTS_EXPIRY',
  description: 'The rights have begun and have not expired; shortly before they expire the asset needs review. Both days count, in UTC.',
  parameters,
  judge,
};

function judge(scope: JudgeScope): Sql {
  return sql`
    SELECT t.version_id, t.rule_id, t.asset_id, t.brand_id, t.severity, t.rule_revision,
      CASE t.outcome WHEN 'VALID' THEN 'PASS' WHEN 'UNLIMITED' THEN 'PASS' WHEN 'EXPIRING' THEN 'NEEDS_REVIEW' ELSE 'FAIL' END AS verdict,
      jsonb_strip_nulls(jsonb_build_object('startsOn', t.rights_starts_on, 'expiresOn', t.rights_expires_on, 'license', t.rights_license)) AS measured,
      jsonb_build_object('warnDays', t.warn_days, 'requireLicense', t.require_license, 'requireDates', t.require_dates) AS required,
      jsonb_build_object('outcome', t.outcome) AS evidence,
      CASE t.outcome
        WHEN 'NO_LICENSE' THEN 'No licence is recorded. Record the licence under which this asset may be used.'
        WHEN 'NO_DATES' THEN 'No expiry date is recorded, and this brand asks for one.'
        WHEN 'EXPIRED' THEN format('The rights expired on %s. Renew them or withdraw the asset.', t.rights_expires_on)
        WHEN 'NOT_STARTED' THEN format('The rights begin on %s; the asset must not be used before.', t.rights_starts_on)
        WHEN 'EXPIRING' THEN format('The rights expire on %s. Renew them or plan a replacement.', t.rights_expires_on)
        WHEN 'VALID' THEN format('The rights last until %s.', t.rights_expires_on)
        ELSE 'The rights do not end.'
      END AS message,
      CASE t.outcome WHEN 'NOT_STARTED' THEN t.starts_at WHEN 'VALID' THEN t.warns_at WHEN 'EXPIRING' THEN t.ends_at END AS valid_until,
      NULL::int AS model_revision_id
    FROM (
      SELECT s.*, CASE
          WHEN s.require_license AND btrim(coalesce(s.rights_license, '')) = '' THEN 'NO_LICENSE'
          WHEN s.require_dates AND s.rights_expires_on IS NULL THEN 'NO_DATES'
          WHEN s.now >= s.ends_at THEN 'EXPIRED'
          WHEN s.now < s.starts_at THEN 'NOT_STARTED'
          WHEN s.now >= s.warns_at THEN 'EXPIRING'
          WHEN s.rights_expires_on IS NOT NULL THEN 'VALID'
          ELSE 'UNLIMITED' END AS outcome
      FROM (
        SELECT target.*, p.*, ${scope.now}::timestamptz AS now,
          target.rights_starts_on::timestamp AT TIME ZONE 'UTC' AS starts_at,
          (target.rights_expires_on + 1)::timestamp AT TIME ZONE 'UTC' AS ends_at,
          (target.rights_expires_on + 1 - p.warn_days)::timestamp AT TIME ZONE 'UTC' AS warns_at
        FROM (${selectTargets('RIGHTS_EXPIRY', scope)}) target
        CROSS JOIN LATERAL (
          SELECT (target.parameters ->> 'warnDays')::int AS warn_days, (target.parameters ->> 'requireLicense')::boolean AS require_license,
            (target.parameters ->> 'requireDates')::boolean AS require_dates
        ) p
      ) s
    ) t`;
}
