import { z } from 'zod';
import { type Sql, sql } from '../../platform/database/sql.js';
import { CHANNEL_PRESETS } from './channel-presets.js';
import type { RuleKind } from '../../vocabulary/compliance.js';
import { type JudgeScope, selectRules } from './rule-module.js';

const keys = CHANNEL_PRESETS.map((preset) => preset.key);
const side = z.number().gt(0).max(1_000_000);
const margin = z.number().min(0).max(0.49);

/** Formats of one's own, beside the presets. */
const format = z.strictObject({
  name: z.string().trim().min(1).max(100).describe('What findings call it.'),
  width: side.describe('Width; only its ratio to the height matters.'),
  height: side.describe('Height.'),
  safeZone: z
    .strictObject({ top: margin, right: margin, bottom: margin, left: margin })
    .optional()
    .describe('Margins to keep free, as shares (0 to 0.49) of width and height.'),
});

/** Parameters of kinds that go by formats; something has to be asked for. */
export const formatParameters = z
  .strictObject({
    presets: z
      .array(z.enum(keys as [string, ...string[]]))
      .max(50)
      .default([])
      .describe('Usual formats of channels, by key.'),
    formats: z.array(format).max(50).default([]).describe('Formats of your own.'),
    tolerance: z.number().min(0).max(0.5).default(0.02).describe('How far the ratio of width to height may be off, as a share of it.'),
  })
  .refine((value) => value.presets.length + value.formats.length > 0, {
    path: ['presets'],
    message: `at least one entry here or in formats; presets: ${keys.join(', ')}`,
  });

const rows = CHANNEL_PRESETS.map(({ key, name, width, height, safeZone }) => ({ key, name, width, height, ...safeZone }));

/** Formats of the rules of a kind as `format` (rule_id, name, ratio and the safe zone's margins), one row each. */
export function formatsOf(kind: RuleKind, scope: JudgeScope): Sql {
  return sql`
    SELECT r.rule_id, f.name, f.width / f.height AS ratio, f."top", f."right", f.bottom, f."left"
    FROM (${selectRules(kind, scope)}) r
    CROSS JOIN LATERAL (
      SELECT p.name, p.width, p.height, p."top", p."right", p.bottom, p."left"
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        AS p (key text, name text, width float8, height float8, "top" float8, "right" float8, bottom float8, "left" float8)
      WHERE r.parameters -> 'presets' ? p.key
      UNION ALL
      SELECT o ->> 'name', (o ->> 'width')::float8, (o ->> 'height')::float8, coalesce((o #>> '{safeZone,top}')::float8, 0),
        coalesce((o #>> '{safeZone,right}')::float8, 0), coalesce((o #>> '{safeZone,bottom}')::float8, 0), coalesce((o #>> '{safeZone,left}')::float8, 0)
      FROM jsonb_array_elements(r.parameters -> 'formats') o
    ) f`;
}
