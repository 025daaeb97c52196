import type { XmpPacket, XmpProperty } from './xmp-packet.js';

/** Where programs keep keywords, and what parts the steps of those that are paths. */
const PLACES: readonly (readonly [XmpProperty, string])[] = [
  ['dc:subject', '|'],
  ['lr:hierarchicalSubject', '|'],
  ['digiKam:TagsList', '/'],
  ['MicrosoftPhoto:LastKeywordXMP', '/'],
];

/**
 * Keywords of a packet, paths with `/` between their steps, as tags have. Programs write each step of a path as a keyword of its own beside
 * it, and the beginnings of a longer path: those are left out.
 */
export function keywordsOf(xmp: XmpPacket | null): string[] {
  const all = PLACES.flatMap(([property, separator]) => xmp?.list(property).map((keyword) => stepsOf(keyword, separator)) ?? []);
  const paths = all.filter((steps) => steps.length > 1);
  const steps = new Set(paths.flat().map(keyOf));
  const beginnings = new Set(paths.flatMap((path) => path.slice(1).map((_, n) => keyOf(path.slice(0, n + 1).join('/')))));
  const kept = new Map<string, string>();
  for (const keyword of all.flatMap((path) => (path.length > 1 || !steps.has(keyOf(path[0] ?? '')) ? path.join('/') : [])))
    if (keyword !== '' && !beginnings.has(keyOf(keyword)) && !kept.has(keyOf(keyword))) kept.set(keyOf(keyword), keyword);
  return [...kept.values()];
}

function stepsOf(keyword: string, separator: string): string[] {
  return keyword
    .split(separator)
    .map((step) => step.trim())
    .filter((step) => step !== '');
}

function keyOf(keyword: string): string {
  return keyword.normalize('NFC').toLowerCase();
}
