import { readTagName } from './label.js';
import type { TagFamily, TagFamilyRow } from './tag.queries.js';

/** The one spelling of each name, once each. @throws VitrineError BAD_USER_INPUT */
export function spellNames(names: readonly string[]): string[] {
  return [...new Set(names.map((name, index) => readTagName(name, `tags[${index}]`)))];
}

/** What each name stands for in the hierarchy that `/` makes; a name that nothing bears, itself or below, is left out. */
export function toFamilies(names: readonly string[], rows: readonly TagFamilyRow[]): Map<string, TagFamily> {
  const families = new Map<string, TagFamily>();
  for (const [index, name] of names.entries()) {
    const spelled = readTagName(name, `tags[${index}]`);
    const mine = rows.filter((row) => row.name === spelled);
    if (mine.length === 0) continue;
    families.set(name, { id: mine.find((row) => row.own)?.id ?? null, descendantIds: mine.flatMap((row) => (row.own ? [] : [row.id])) });
  }
  return families;
}
