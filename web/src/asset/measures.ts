import { bytes, day, m, number, percent } from '../messages/catalogue';

export interface Measure {
  label: string;
  measured: string | null;
  required: string | null;
}

type Facts = Record<string, unknown> | null;

/** What the names in `measured` and `required` are called; others are shown by the name the API gives them, in words. */
const LABELS: Record<string, () => string> = {
  width: () => m.measure.width,
  height: () => m.measure.height,
  length: () => m.measure.length,
  brandShare: () => m.measure.brandShare,
  allowedShare: () => m.measure.allowedShare,
  neutralShare: () => m.measure.neutralShare,
  share: () => m.measure.share,
  probability: () => m.measure.probability,
  concept: () => m.measure.concept,
  license: () => m.measure.license,
  startsOn: () => m.measure.starts,
  expiresOn: () => m.measure.expires,
  ratio: () => m.measure.ratio,
  sharpness: () => m.measure.sharpness,
  bytes: () => m.measure.bytes,
  worstRatio: () => m.measure.contrast,
  deltaE: () => m.measure.deltaE,
  similarity: () => m.measure.similarity,
  fileName: () => m.measure.fileName,
  warn: () => m.measure.warn,
  requireDates: () => m.measure.requireDates,
  requireLicense: () => m.measure.requireLicense,
  failAt: () => m.measure.failAt,
  reviewAt: () => m.measure.reviewAt,
  neutralAllowance: () => m.measure.neutralAllowance,
  mediaType: () => m.measure.mediaType,
  formats: () => m.measure.formats,
};

/** A required share is about the allowed one where a palette was measured. */
const MEANT: Record<string, string> = { share: 'allowedShare', ratio: 'worstRatio', neutralAllowance: 'neutralShare' };

/**
 * Measured beside required, by name: `minWidthPx: 640` of what is required belongs to `widthPx: 300` of what was measured.
 * The unit is the end of a name, as everywhere in the API.
 */
export function measuresOf(measured: Facts, required: Facts): Measure[] {
  const rows: Measure[] = [];
  const open = new Map(
    Object.entries(measured ?? {})
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [split(name).stem, { name, value }]),
  );
  const used = new Set<string>();
  const needs = Object.entries(required ?? {}).filter(([, value]) => value !== null);
  for (const [name, value] of needs) {
    const { stem, unit, bound } = split(name);
    const meant = open.has(stem) ? stem : MEANT[stem] !== undefined && open.has(MEANT[stem]) ? MEANT[stem] : null;
    const shown = word(value, unit || unitOf(stem));
    const needed =
      bound === 'min' ? m.value.atLeast(shown) : bound === 'max' || stem === 'neutralAllowance' ? m.value.atMost(shown) : shown;
    const before = meant === null ? undefined : rows.find((row) => row.label === label(meant));
    if (before?.required) {
      before.required = `${before.required}, ${needed}`;
      continue;
    }
    const found = meant === null ? undefined : open.get(meant);
    if (meant !== null) used.add(meant);
    rows.push({
      label: label(meant ?? stem),
      measured: found ? word(found.value, split(found.name).unit || unitOf(meant as string)) : null,
      required: needed,
    });
  }
  for (const [stem, { name, value }] of open)
    if (!used.has(stem)) rows.push({ label: label(stem), measured: word(value, split(name).unit || unitOf(stem)), required: null });
  // What has both sides comes first: it is what the verdict is about.
  return rows.toSorted((a, b) => Number(b.measured !== null && b.required !== null) - Number(a.measured !== null && a.required !== null));
}

function split(name: string): { stem: string; unit: string; bound: 'min' | 'max' | null } {
  const [, unit = ''] = /(Px|Characters|Days|Bytes)$/.exec(name) ?? [];
  const cut = unit === '' ? name : name.slice(0, -unit.length);
  const bound = /^(min|max)(?=[A-Z])/.exec(cut)?.[1] as 'min' | 'max' | undefined;
  const stem = bound ? cut.slice(3) : cut;
  return { stem: stem === '' ? 'bytes' : stem.charAt(0).toLowerCase() + stem.slice(1), unit, bound: bound ?? null };
}

const unitOf = (stem: string): string =>
  /share$|probability|allowance$|(fail|review|pass)At$/i.test(stem) ? 'Share' : /On$/.test(stem) ? 'On' : stem === 'bytes' ? 'Bytes' : '';

const label = (stem: string): string =>
  LABELS[stem]?.() ?? stem.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/^./, (first) => first.toUpperCase());

function word(value: unknown, unit: string): string {
  if (typeof value === 'boolean') return value ? m.value.yes : m.value.no;
  if (value === null || (Array.isArray(value) && value.length === 0)) return m.value.none;
  if (typeof value === 'number') {
    if (unit === 'Share') return percent(value);
    if (unit === 'Bytes') return bytes(value);
    const text = number(Math.abs(value) < 10 ? Math.round(value * 100) / 100 : Math.round(value));
    return unit === 'Px'
      ? m.value.px(text)
      : unit === 'Characters'
        ? m.value.characters(text)
        : unit === 'Days'
          ? m.value.days(text)
          : text;
  }
  if (typeof value === 'string') return unit === 'On' ? day(value) : value;
  if (Array.isArray(value)) return value.map((item) => word(item, unit)).join(', ');
  return Object.entries(value as object)
    .map(([name, item]) => `${label(name)}: ${word(item, unit)}`)
    .join(', ');
}
