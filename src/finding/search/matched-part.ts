import { partThumbnailName, placeOfPart } from '../../engines/media/part-key.js';
import type { RankedRow } from './search.queries.js';

/** Which part of an asset matched. */
export interface MatchedPart {
  kind: 'FRAME' | 'PAGE' | 'REGION' | 'PASSAGE';
  timeMs: number | null;
  page: number | null;
  /** Pixels of the picture. */
  box: { x: number; y: number; width: number; height: number } | null;
  excerpt: string | null;
  /** Key of the part where it has a small picture of its own. */
  thumbnailOf: string | null;
}

/** The frame, page or region that was nearest, and the passage; empty where the whole picture was, or words alone matched. */
export function matchedPartsOf({ part, passage, excerpt, passage_page }: Partial<RankedRow>): MatchedPart[] {
  const none = { timeMs: null, page: null, box: null, excerpt: null, thumbnailOf: null };
  const found: MatchedPart[] = [];
  const place = part == null ? null : placeOfPart(part);
  const thumbnailOf = part != null && partThumbnailName(part) !== null ? part : null;
  if (place?.kind === 'FRAME') found.push({ ...none, kind: 'FRAME', timeMs: place.timeMs, thumbnailOf });
  if (place?.kind === 'PAGE') found.push({ ...none, kind: 'PAGE', page: place.page, thumbnailOf });
  if (place?.kind === 'TILE') {
    const { x, y, width, height } = place;
    found.push({ ...none, kind: 'REGION', box: { x, y, width, height } });
  }
  if (passage != null) found.push({ ...none, kind: 'PASSAGE', page: passage_page ?? null, excerpt: excerpt?.trim() ?? null });
  return found;
}
