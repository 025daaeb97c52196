// Redraws an icon as other hands would: flat colours of a small palette, dark lines around every shape, fewer details. Works on the SVG, so that lines
// run around each shape (also where its neighbour has the same colour) and stay smooth, which no filter on pixels can do.
import svgpath from 'svgpath';

const SHAPE = /<(path|circle|ellipse|rect|polygon|polyline)\b([^>]*?)\/?>/g;
const GEOMETRY_ONLY = /<(defs|clipPath|mask|filter)\b.*?<\/\1>/gs;
const INKS = ['#000000', '#000000', '#000000', '#111122', '#1f1a17', '#333333', '#3b2314', '#1b2a4a'];
const PALETTE = ['#ffffff', '#f2f2f2', '#d0d0d0', '#9b9b9a', '#606060', '#333333', '#000000', '#e83a3a', '#a3241f', '#f59a9a', '#f08a2c', '#c4581c', '#fbe04b', '#f2c230', '#b8d94c', '#63b24a', '#2f7a3e', '#9bdcf0',
  '#4aa8dc', '#2b5fb0', '#27346f', '#c9a5e0', '#8a4fb5', '#f3b6d2', '#e0569a', '#a97142', '#6f4527', '#d9b38c', '#fce3c0', '#3fbfb0'];
const NAMED = { white: '#ffffff', black: '#000000', red: '#ff0000' };

const toRgb = (text) => {
  const hex = (NAMED[text] ?? text).slice(1);
  const full = hex.length === 3 ? [...hex].map((c) => c + c).join('') : hex.slice(0, 6);
  return [0, 2, 4].map((at) => Number.parseInt(full.slice(at, at + 2), 16));
};
const toHex = (rgb) => `#${rgb.map((v) => Math.max(0, Math.min(255, Math.round(v))).toString(16).padStart(2, '0')).join('')}`;
const attribute = (text, name) => new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(text)?.[1];
const numbers = (text) => (text ?? '').match(/-?[\d.]+/g)?.map(Number) ?? [];

/** Mean colour of each gradient; one that is mostly transparent becomes 'none'. Some take their stops from another. -> id to colour */
function gradientColours(body) {
  const found = new Map();
  const borrowed = new Map();
  for (const [, head, stops = ''] of body.matchAll(/<(?:linear|radial)Gradient\b([^>]*?)(?:\/>|>(.*?)<\/(?:linear|radial)Gradient>)/gs)) {
    const id = attribute(head, 'id');
    const href = attribute(head, '(?:xlink:)?href');
    if (href) borrowed.set(id, href.slice(1));
    const colours = [...stops.matchAll(/<stop\b([^>]*?)\/?>/g)].map(([, stop]) => [toRgb(attribute(stop, 'stop-color') ?? '#000'), Number(attribute(stop, 'stop-opacity') ?? 1)]);
    const weight = colours.reduce((sum, [, opacity]) => sum + opacity, 0);
    if (colours.length > 0) found.set(id, weight < 0.7 * colours.length ? 'none' : toHex([0, 1, 2].map((i) => colours.reduce((sum, [rgb, opacity]) => sum + rgb[i] * opacity, 0) / weight)));
  }
  for (const [id, from] of borrowed) if (!found.has(id)) found.set(id, found.get(from) ?? 'none');
  return found;
}

/** Longer side of a shape, as a share of the drawing's. */
function extent(tag, text, box) {
  if (tag === 'circle') return (2 * Number(attribute(text, 'r') ?? 0)) / box;
  if (tag === 'ellipse') return (2 * Math.max(Number(attribute(text, 'rx') ?? 0), Number(attribute(text, 'ry') ?? 0))) / box;
  if (tag === 'rect') return Math.max(Number(attribute(text, 'width') ?? 0), Number(attribute(text, 'height') ?? 0)) / box;
  let points = numbers(attribute(text, 'points'));
  if (tag === 'path') {
    points = [];
    svgpath(attribute(text, 'd') ?? '').abs().unarc().unshort().iterate(([, ...values], _, x, y) => {
      if (values.length > 1) points.push(...values);
      else points.push(x, y);
    });
  }
  const along = (offset) => {
    const values = points.filter((_, i) => i % 2 === offset);
    return values.length === 0 ? 0 : Math.max(...values) - Math.min(...values);
  };
  return Math.max(along(0), along(1)) / box;
}

/**
 * @param body inner SVG of an icon, `box` its longer side in its own units
 * @param style 'outlined' or 'flat'
 * @param random () => number in [0, 1)
 * @returns the inner SVG drawn anew, and by how much the view box grows on each side
 */
export function restyle(body, box, style, random) {
  const gradients = gradientColours(body);
  const usesPalette = random() < 0.6;
  const paper = style === 'outlined' && random() < 0.12;
  const fewer = random() < 0.6 ? 0.04 + random() * 0.06 : 0;
  const width = style === 'outlined' ? box * (0.014 + random() * 0.03) : 0;
  const ink = INKS[Math.floor(random() * INKS.length)];
  const shift = [0, 1, 2].map(() => (random() - 0.5) * 30);
  const shades = PALETTE.map((colour) => toRgb(colour).map((v) => v + (random() - 0.5) * 24));
  const made = new Map();
  const recolour = (colour) => {
    if (!/^#|^(white|black|red)$/.test(colour)) return colour;
    if (!made.has(colour)) {
      const rgb = toRgb(colour);
      const distance = (other) => 2 * (rgb[0] - other[0]) ** 2 + 4 * (rgb[1] - other[1]) ** 2 + 3 * (rgb[2] - other[2]) ** 2;
      const nearest = shades.reduce((best, other) => (distance(other) < distance(best) ? other : best));
      const dark = Math.max(...rgb) < 70;
      made.set(colour, paper && !dark ? '#ffffff' : toHex(usesPalette ? nearest : rgb.map((v, i) => v + shift[i])));
    }
    return made.get(colour);
  };
  const kept = [];
  const keep = (text) => `\u0000${kept.push(text) - 1}\u0000`;
  let drawn = body.replace(GEOMETRY_ONLY, keep).replace(/\b(fill|stroke)="url\(#([^)]+)\)"/g, (_, name, id) => `${name}="${gradients.get(id) ?? 'none'}"`).replace(/\bfilter="[^"]*"/g, '');
  drawn = drawn.replace(/\b(fill|stroke)="([^"]+)"/g, (_, name, colour) => `${name}="${recolour(colour)}"`);
  let shapes = 0;
  drawn = drawn.replace(SHAPE, (whole, tag, text) => {
    const opacity = Number(attribute(text, 'opacity') ?? 1) * Number(attribute(text, 'fill-opacity') ?? 1);
    if (opacity < 0.5) return '';
    const size = extent(tag, text, box);
    // Small light shapes on top are shine and shade; small dark ones are eyes.
    const fill = attribute(text, 'fill');
    if (shapes++ > 0 && size < fewer && fill && fill !== 'none' && Math.max(...toRgb(fill)) > 110) return '';
    const plain = text.replace(/\s(fill-)?opacity="[^"]*"/g, '');
    if (width === 0 || attribute(text, 'stroke') || fill === 'none' || size < 0.12) return `<${tag}${plain}/>`;
    return `<${tag}${plain.replace(/\sstroke-[a-z]+="[^"]*"/g, '')} stroke="${ink}" stroke-width="${width.toFixed(3)}"/>`;
  });
  drawn = drawn.replace(/\u0000(\d+)\u0000/g, (_, index) => kept[Number(index)]);
  return { body: `<g stroke-linejoin="round" stroke-linecap="round">${drawn}</g>`, margin: width / 2 };
}
