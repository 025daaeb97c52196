import type { EmbeddedMetadata } from '../../engines/media/embedded-metadata.js';
import { keyOf } from '../../platform/files/file-name.js';
import type { PlannedItem } from './import-source.js';

const SIDECAR = /\.xmp$/i;

/**
 * Gives files the XMP files that lie beside them: `photo.jpg.xmp` is of that file, `photo.xmp` of all that are called `photo` and have none of
 * their own. Those are no items any more; one that lies beside nothing is.
 */
export function withSidecars(items: readonly PlannedItem[]): PlannedItem[] {
  const sidecars = items.filter(({ label, error }) => error === null && SIDECAR.test(label));
  if (sidecars.length === 0) return [...items];
  const byName = new Map(sidecars.map((item) => [keyOf(item.label.replace(SIDECAR, '')), item]));
  const used = new Set<PlannedItem>();
  const paired = items.map((item): PlannedItem => {
    if (item.source === null || SIDECAR.test(item.label)) return item;
    const sidecar = byName.get(keyOf(item.label)) ?? byName.get(keyOf(item.label.replace(/\.[^./]+$/, '')));
    if (sidecar?.source == null) return item;
    used.add(sidecar);
    const notes = [...(item.source.notes ?? []), `Read with what ${JSON.stringify(sidecar.label)} beside it says.`];
    return { ...item, source: { ...item.source, sidecar: sidecar.source, notes } };
  });
  return paired.filter((item) => !used.has(item));
}

/** The same of a listing. In one by name, files that belong together follow each other: it is not held as a whole. */
export async function* sidecarsAmong(items: AsyncIterable<PlannedItem>, order: 'by name' | 'in any order'): AsyncGenerator<PlannedItem> {
  let together: PlannedItem[] = [];
  let name: string | null = null;
  for await (const item of items) {
    const next = order === 'in any order' ? null : keyOf(/^(?:.*\/)?[^./]*/.exec(item.label)?.[0] ?? '');
    if (next !== name && together.length > 0) {
      yield* withSidecars(together);
      together = [];
    }
    name = next;
    together.push(item);
  }
  yield* withSidecars(together);
}

/** What a file and the XMP file beside it say together; that one was written later, and wins. */
export function saidTogether(embedded: EmbeddedMetadata | null, beside: EmbeddedMetadata | null): EmbeddedMetadata | null {
  if (embedded === null || beside === null) return beside ?? embedded;
  const said = Object.entries(beside).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0));
  return { ...embedded, ...Object.fromEntries(said) };
}
