import { type Sql, sql } from '../../platform/database/sql.js';
import type { JudgeScope } from './rule-module.js';

/** Rights are judged by days of UTC, both ends included. */
export function dayOf({ now }: JudgeScope): Sql {
  return sql`(${now}::timestamptz AT TIME ZONE 'UTC')::date`;
}

/** The moment at which a day begins. */
export function startOf(day: Sql): Sql {
  return sql`(${day})::timestamp AT TIME ZONE 'UTC'`;
}

/** The rights of `target` as rows `g`: its grants, or its one interval with what these metadata fields say. */
export function rightsOf(keys: { territories: Sql; channels: Sql; releases: Sql }): Sql {
  const said = (key: Sql) => sql`target.metadata ->> (${key})`;
  return sql`(SELECT * FROM asset_rights(target.rights_grants, target.rights_starts_on, target.rights_expires_on,
    ${said(keys.territories)}, ${said(keys.channels)}, ${said(keys.releases)}) OFFSET 0) g`;
}

/** Of periods, the one around a day, with all that it joins on to without a gap; NULL when none runs then. */
export function runningPeriod(periods: Sql, day: Sql): Sql {
  return sql`(SELECT r FROM unnest(${periods}) r WHERE r @> ${day})`;
}

/** The last day of a period; NULL when it does not end. */
export function lastDay(period: Sql): Sql {
  return sql`upper(${period}) - 1`;
}

/** The first day on which a warning is due, so many days before the last one; with 0 the day after that, when there is nothing to warn of. */
export function warningDay(last: Sql, warnDays: Sql): Sql {
  return sql`(${last} - CASE ${warnDays} WHEN 0 THEN -1 ELSE ${warnDays} END)`;
}
