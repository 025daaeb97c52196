import type { Appearance } from '../../vocabulary/appearance.js';
import type { RawPicture } from './raw-picture.js';

// Looked up once: see same-look.ts.
const { abs, max, min } = Math;

/** The longer edge that pictures are looked at with: compression noise is gone by then, and what is drawn is not. */
export const APPEARANCE_EDGE_PX = 512;

/** From this many levels of a channel on, a step between neighbours is an edge. */
const EDGE = 32;
// Grain: pixels that differ softly both from the one at their side and from the one below. A smooth gradient differs in one direction alone, an even area in
// none. Photographs have it everywhere, or edges where they are sharp; drawings nearly nowhere, though poor compression adds some. `npm run bench domain` says
// how often this is right.
const PHOTO = { grain: 0.35, grainAndEdges: 0.6, flat: 0.35 };
const DRAWN = { grain: 0.35, flat: 0.2 };
const PAGE = { white: 0.55, chroma: 20, edges: 0.045, flat: 0.5 };
const NEAR_WHITE = 225;
/** Pictures smaller than this tell nothing surely. */
const MIN_PIXELS = 32 * 32;

/** What an opaque picture, scaled to {@link APPEARANCE_EDGE_PX}, is made like: by how its pixels differ from their neighbours. */
export function appearanceOf({ data, width, height, channels }: RawPicture): Exclude<Appearance, 'SCREENSHOT'> {
  const total = (width - 1) * (height - 1);
  if (total < MIN_PIXELS) return 'UNSURE';
  let [flat, grain, edges, white, chroma] = [0, 0, 0, 0, 0];
  for (let y = 0; y < height - 1; y++) {
    for (let x = 0; x < width - 1; x++) {
      const at = (y * width + x) * channels;
      const [right, below] = [at + channels, at + width * channels];
      let [across, down] = [0, 0];
      for (let c = 0; c < 3; c++) {
        const value = data[at + c]!;
        across = max(across, abs(value - data[right + c]!));
        down = max(down, abs(value - data[below + c]!));
      }
      if (across === 0 && down === 0) flat++;
      else if (across >= EDGE || down >= EDGE) edges++;
      else if (across > 0 && down > 0) grain++;
      const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
      const least = min(red, green, blue);
      if (least > NEAR_WHITE) white++;
      chroma += max(red, green, blue) - least;
    }
  }
  const share = (count: number) => count / total;
  if (share(grain) >= PHOTO.grain && share(grain + edges) >= PHOTO.grainAndEdges && share(flat) < PHOTO.flat) return 'PHOTOGRAPH';
  const isPage = share(white) >= PAGE.white && share(chroma) < PAGE.chroma && share(edges) >= PAGE.edges;
  if (isPage && share(flat) >= PAGE.flat) return 'DOCUMENT';
  return share(grain) < DRAWN.grain && share(flat) >= DRAWN.flat ? 'DRAWING' : 'UNSURE';
}
