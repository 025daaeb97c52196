import { etagOf } from '../../platform/graphql/etag.js';

export function brandEtag({ name, palette }: { name: string; palette: readonly { name: string; hex: string }[] }): string {
  return etagOf(
    name,
    palette.map((color) => [color.name, color.hex]),
  );
}
