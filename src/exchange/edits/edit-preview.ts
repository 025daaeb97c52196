import type { AssetChange, EditOutcome } from '../../library/assets/asset-change.js';
import { formatGrants } from '../../library/assets/rights-grants.js';
import type { AssetEdit } from '../../library/assets/asset-edit.js';
import type { OrganizationTx } from '../../platform/database/database.js';
import type { Sql } from '../../platform/database/sql.js';
import { findNames, listVerdicts, lookAhead, type RuleVerdict } from './bulk-edit.queries.js';

/** What a bulk edit would do. */
export interface EditPreview {
  /** Assets that are selected. */
  total: number;
  /** Of them, those that were looked at: the others are like to be the same, and are not counted. */
  examined: number;
  changed: number;
  unchanged: number;
  rejected: number;
  /** Why assets would be left as they are, and how many for each reason. */
  reasons: { code: string; message: string; count: number }[];
  examples: { assetId: string; title: string; changes: FieldChange[] }[];
  /** Of the assets that would change, those that were judged as they would be. */
  judged: number;
  rules: RuleEffect[];
}

export interface FieldChange {
  field: string;
  before: string | null;
  after: string | null;
}

export interface RuleEffect {
  rule: string;
  title: string;
  severity: string;
  /** Assets that would be objected to, and are not now. */
  newlyObjected: number;
  /** Assets that are objected to, and would not be. */
  resolved: number;
}

const MAX_EXAMINED = 5000;
const CHUNK = 500;
/** Assets that are really changed and judged, and taken back: judging is what takes time. */
const MAX_JUDGED = 200;

type Changed = Extract<EditOutcome, { state: 'CHANGED' }>;

/** Tries a change on the assets of a SELECT of `asset_id`. Call it where everything written is taken back. */
export async function previewEdit(
  tx: OrganizationTx,
  edit: AssetEdit,
  assets: Sql,
  change: AssetChange,
  examples: number,
): Promise<EditPreview> {
  const { total, ids } = await lookAhead(tx, assets, MAX_EXAMINED);
  const names = await edit.resolve(tx, change);
  const count = { CHANGED: 0, UNCHANGED: 0, REJECTED: 0, GONE: 0 };
  const reasons = new Map<string, EditPreview['reasons'][number]>();
  const shown: Changed[] = [];
  for (let from = 0; from < ids.length; from += CHUNK) {
    for (const outcome of await edit.decide(tx, ids.slice(from, from + CHUNK), change, names, false)) {
      count[outcome.state] += 1;
      if (outcome.state === 'CHANGED' && shown.length < MAX_JUDGED) shown.push(outcome);
      if (outcome.state !== 'REJECTED') continue;
      const reason = reasons.get(outcome.code) ?? { code: outcome.code, message: outcome.message, count: 0 };
      reason.count += 1;
      reasons.set(outcome.code, reason);
    }
  }
  return {
    total,
    examined: ids.length,
    changed: count.CHANGED,
    unchanged: count.UNCHANGED,
    rejected: count.REJECTED,
    reasons: [...reasons.values()],
    examples: await describe(tx, shown.slice(0, examples)),
    judged: shown.length,
    rules: await judge(tx, edit, shown, change),
  };
}

async function judge(tx: OrganizationTx, edit: AssetEdit, changed: readonly Changed[], change: AssetChange): Promise<RuleEffect[]> {
  const versionIds = changed.map(({ row }) => row.current_version_id);
  const before = await listVerdicts(tx, versionIds);
  await edit.apply(
    tx,
    changed.map(({ assetId }) => assetId),
    change,
  );
  const after = await listVerdicts(tx, versionIds);
  const objections = (verdicts: readonly RuleVerdict[]) =>
    new Map(
      verdicts
        .filter(({ verdict }) => ['FAIL', 'NEEDS_REVIEW', 'ERROR'].includes(verdict))
        .map((row) => [`${row.rule} ${row.version_id}`, row]),
    );
  const [then, now] = [objections(before), objections(after)];
  const effects = new Map<string, RuleEffect>();
  const effectOf = ({ rule, title, severity }: RuleVerdict) => {
    const effect = effects.get(rule) ?? { rule, title, severity, newlyObjected: 0, resolved: 0 };
    effects.set(rule, effect);
    return effect;
  };
  for (const [key, row] of now) if (!then.has(key)) effectOf(row).newlyObjected += 1;
  for (const [key, row] of then) if (!now.has(key)) effectOf(row).resolved += 1;
  return [...effects.values()].sort((a, b) => b.newlyObjected - a.newlyObjected || a.rule.localeCompare(b.rule));
}

const TEXTS = [
  ['title', 'title'],
  ['description', 'description'],
  ['altText', 'alt_text'],
  ['rights.holder', 'rights_holder'],
  ['rights.license', 'rights_license'],
  ['rights.startsOn', 'rights_starts_on'],
  ['rights.expiresOn', 'rights_expires_on'],
] as const;

/** In words what would change of each asset. */
async function describe(tx: OrganizationTx, changed: readonly Changed[]): Promise<EditPreview['examples']> {
  const both = changed.flatMap(({ row, asset }) => [row, asset]);
  const names = await findNames(
    tx,
    both.flatMap(({ brand_id }) => brand_id ?? []),
    both.flatMap(({ tag_ids }) => tag_ids),
    changed.flatMap(({ before }) => [...before.joined, ...before.left]),
  );
  const name = (id: string | number | null) => (id === null ? null : (names.get(String(id)) ?? String(id)));
  const list = (ids: readonly (string | number)[]) => ids.map(name).sort().join('; ') || null;
  return changed.map(({ assetId, row, asset, before }) => {
    const pairs: [string, string | null, string | null][] = [
      ...TEXTS.map(([field, column]): [string, string | null, string | null] => [field, row[column] || null, asset[column] || null]),
      ['rights.grants', formatGrants(row.rights_grants) || null, formatGrants(asset.rights_grants) || null],
      ['brand', name(row.brand_id), name(asset.brand_id)],
      ['tags', list(row.tag_ids), list(asset.tag_ids)],
      ...[...new Set([...Object.keys(row.metadata), ...Object.keys(asset.metadata)])].map((key): [string, string | null, string | null] => [
        `metadata.${key}`,
        text(row.metadata[key]),
        text(asset.metadata[key]),
      ]),
      ['collections', list(before.left), list(before.joined)],
    ];
    return {
      assetId,
      title: row.title,
      changes: pairs.filter(([, old, next]) => old !== next).map(([field, old, next]) => ({ field, before: old, after: next })),
    };
  });
}

function text(value: unknown): string | null {
  return value == null ? null : String(value);
}
