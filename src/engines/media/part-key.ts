/**
 * Where a part lies in its file. Times in milliseconds, pages from 1, boxes in pixels of the file after EXIF rotation, passages in
 * characters (code points) of the document's text.
 */
export type PartPlace =
  | { kind: 'FRAME'; timeMs: number }
  | { kind: 'PAGE'; page: number }
  | { kind: 'TILE'; x: number; y: number; width: number; height: number }
  | { kind: 'TEXT'; from: number; length: number };

/** The part that every picture has: the picture itself, or the first page or frame. */
export const WHOLE = 'whole';

/** What keys of tiles are LIKE, in SQL. */
export const TILE_KEYS = 'tile:%';

/** How a part is named beside its version: `frame:1500`, `page:3`, `tile:0,512,512,512`, `text:0,180`. */
export function partKeyOf(place: PartPlace): string {
  switch (place.kind) {
    case 'FRAME':
      return `frame:${place.timeMs}`;
    case 'PAGE':
      return `page:${place.page}`;
    case 'TILE':
      return `tile:${place.x},${place.y},${place.width},${place.height}`;
    case 'TEXT':
      return `text:${place.from},${place.length}`;
  }
}

/** Null for the whole. */
export function placeOfPart(key: string): PartPlace | null {
  const [kind, rest = ''] = key.split(':');
  const [a = 0, b = 0, c = 0, d = 0] = rest.split(',').map(Number);
  if (kind === 'frame') return { kind: 'FRAME', timeMs: a };
  if (kind === 'page') return { kind: 'PAGE', page: a };
  if (kind === 'tile') return { kind: 'TILE', x: a, y: b, width: c, height: d };
  if (kind === 'text') return { kind: 'TEXT', from: a, length: b };
  return null;
}

/** Name of the small picture of a frame or page beside its file; null for parts that have none of their own. */
export function partThumbnailName(key: string): string | null {
  return /^(?:frame|page):\d+$/.test(key) ? `${key.replace(':', '-')}.webp` : null;
}
