import { canonicalJson } from './canonical-json.js';
import type { FindingDetail } from './report-row.queries.js';
import type { ComplianceReport } from './report.service.js';

/** A picture of a worst asset, small enough for a page. */
export interface ReportPicture {
  jpeg: Buffer;
  width: number;
  height: number;
}

/** What a report that people read is made of. */
export interface ReportDocument {
  report: ComplianceReport;
  /** By version. Documents and files that cannot be read have none. */
  pictures: ReadonlyMap<string, ReportPicture>;
  /** By finding; those that do not stand any more have none. */
  details: ReadonlyMap<string, FindingDetail>;
}

/** A part of a picture, in shares of its width and height from the left and the top. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
  label: string | null;
}

/** A colour that a finding speaks of. `use` says what it counts as. */
export interface Patch {
  hex: string;
  share: number;
  use: string | null;
}

/**
 * Boxes in a finding's evidence: `areas` and `boxes` with left, top, right and bottom, `sightings` of marks with a `box` of left, top, width and
 * height. What reaches over the edge of the picture is cut there.
 */
export function boxesOf(evidence: Record<string, unknown> | null | undefined): Box[] {
  if (evidence == null) return [];
  return ['areas', 'boxes', 'sightings']
    .flatMap((name) => (Array.isArray(evidence[name]) ? (evidence[name] as unknown[]) : []))
    .flatMap(toBox);
}

function toBox(value: unknown): Box[] {
  const { box, name, mark } = (value ?? {}) as Record<string, unknown>;
  const edges = (box ?? value ?? {}) as Record<string, unknown>;
  const [left, top] = [edges.left, edges.top].map(Number) as [number, number];
  const right = edges.right === undefined ? left + Number(edges.width) : Number(edges.right);
  const bottom = edges.bottom === undefined ? top + Number(edges.height) : Number(edges.bottom);
  const cut = (edge: number) => Math.min(1, Math.max(0, edge));
  const [l, t, r, b] = [left, top, right, bottom].map(cut) as [number, number, number, number];
  // Comparisons with NaN are false: what is no box is left out.
  if (!(l < r && t < b)) return [];
  const label = mark ?? name;
  return [{ left: l, top: t, right: r, bottom: b, label: typeof label === 'string' ? label : null }];
}

/** Colour patches in a finding's evidence, largest first. */
export function patchesOf(evidence: Record<string, unknown> | null | undefined): Patch[] {
  const patches = evidence?.patches;
  if (!Array.isArray(patches)) return [];
  return patches.flatMap((patch: Record<string, unknown>) =>
    typeof patch.hex === 'string' && /^#[0-9a-f]{6}$/i.test(patch.hex) && typeof patch.share === 'number'
      ? [{ hex: patch.hex, share: patch.share, use: typeof patch.use === 'string' ? patch.use : null }]
      : [],
  );
}

/** `62.3 %`, or a dash for null. */
export function percent(value: number | null): string {
  return value === null ? '–' : `${(value * 100).toFixed(1)} %`;
}

/** `12,345`. */
export function count(value: number): string {
  return value.toLocaleString('en-GB');
}

/** `3 rules broken`. */
export function broken(rules: number): string {
  return `${count(rules)} ${rules === 1 ? 'rule' : 'rules'} broken`;
}

/** `24 November 2026, 06:30 UTC`. */
export function moment(date: Date): string {
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  return `${day}, ${date.toISOString().slice(11, 16)} UTC`;
}

export function titleOf({ scope }: ComplianceReport): string {
  return scope.brandName ?? 'All brands';
}

/** What narrows the report, in words; empty when nothing does. */
export function scopeLines({ scope }: ComplianceReport): string[] {
  return [
    scope.collectionName === null ? '' : `Collection: ${scope.collectionName}`,
    scope.tags === undefined ? '' : `Tags: ${scope.tags.join(', ')}`,
    scope.channel === undefined ? '' : `Channel: ${scope.channel}`,
    scope.metadata === undefined ? '' : `${scope.metadata.key}: ${scope.metadata.value}`,
    scope.uploader === undefined ? '' : `Uploaded by: ${scope.uploader}`,
    scope.ruleTitle === null ? '' : `Rule: ${scope.ruleTitle}`,
    scope.severity === undefined ? '' : `Severity: ${scope.severity}`,
    scope.filter === undefined ? '' : `Filter: ${canonicalJson(scope.filter)}`,
  ].filter((line) => line !== '');
}
