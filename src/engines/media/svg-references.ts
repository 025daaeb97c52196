import { TokenType, tokenize } from '@csstools/css-tokenizer';
import { SvgRefusal } from './svg-source.js';

/** Attributes that are read as CSS and whose values may point at something: SVG 2, presentation attributes; CSS Masking; CSS Images. */
const POINTING_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...['style', 'fill', 'stroke', 'filter', 'clip-path', 'mask', 'mask-image', 'mask-border-source', 'cursor', 'color-profile'],
  ...['marker', 'marker-start', 'marker-mid', 'marker-end', 'shape-inside', 'shape-subtract', 'shape-outside', 'offset-path'],
  ...['background', 'background-image', 'border-image', 'border-image-source', 'list-style', 'list-style-image', 'content', 'src'],
]);
/** Functions whose text is an address. */
const URL_FUNCTIONS: ReadonlySet<string> = new Set([
  'url',
  'src',
  'image',
  'image-set',
  '-webkit-image-set',
  'cross-fade',
  '-webkit-cross-fade',
]);
const RASTER_DATA = /^data:image\/(?:png|jpe?g|gif|webp)\s*(?:;[^,]*)?,/i;
const FONT_DATA = /^data:(?:font\/|application\/(?:x-)?font|application\/vnd\.ms-fontobject|application\/octet-stream)/i;
/** What a click may lead to. */
const LINK_PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:', 'tel:']);

/** What a document points at, gathered while it is read. */
export interface Reference {
  /** Of an element of the same document. */
  id: string | null;
  /** A picture that stands in the document itself. */
  picture: Buffer | null;
}

const NOTHING: Reference = { id: null, picture: null };

export function isPointingAttribute(name: string): boolean {
  return POINTING_ATTRIBUTES.has(name.toLowerCase());
}

/** What an address that is drawn or fetched points at. @throws SvgRefusal unless it stays in the file */
export function readReference(address: string, where: string): Reference {
  const target = address.trim();
  if (target === '') return NOTHING;
  if (target.startsWith('#')) return { ...NOTHING, id: decoded(target.slice(1)) };
  if (RASTER_DATA.test(target)) return { ...NOTHING, picture: dataOf(target) };
  const shown = `${where}="${target.slice(0, 60)}"`;
  if (/^data:/i.test(target)) throw new SvgRefusal(`holds data of a type that is not drawn here (${shown}); PNG, JPEG, GIF and WebP are`);
  throw new SvgRefusal(`refers to something outside the file (${shown})`);
}

/** Links are followed by a click and fetched by nobody: to the web, mail and telephones they may lead, and to a place in the file. @throws SvgRefusal */
export function checkLink(address: string, where: string): void {
  let protocol = '';
  try {
    // The same rules by which browsers read addresses; one without a protocol leads to the web.
    protocol = new URL(address, 'https://localhost/').protocol;
  } catch {
    // Leads nowhere.
    return;
  }
  if (!LINK_PROTOCOLS.has(protocol))
    throw new SvgRefusal(`has a link that is no web or mail address (${where}="${address.trim().slice(0, 60)}")`);
}

/** What a style sheet, a style attribute or one value points at. @throws SvgRefusal when it leads out of the file */
export function readStyle(css: string, where: string): Reference[] {
  if (!/[(@\\]/.test(css)) return [];
  const found: Reference[] = [];
  const open: string[] = [];
  let isNamespace = false;
  for (const token of tokenize({ css })) {
    const [type] = token;
    if (type === TokenType.AtKeyword) {
      const name = token[4].value.toLowerCase();
      if (name === 'import') throw new SvgRefusal('imports a style sheet (@import)');
      isNamespace = name === 'namespace';
    } else if (type === TokenType.Semicolon) isNamespace = false;
    else if (type === TokenType.Function) open.push(token[4].value.toLowerCase());
    else if (type === TokenType.OpenParen) open.push('(');
    else if (type === TokenType.CloseParen) open.pop();
    else if (!isNamespace && (type === TokenType.URL || (type === TokenType.String && URL_FUNCTIONS.has(open.at(-1) ?? '')))) {
      const address = token[4].value;
      if (!FONT_DATA.test(address.trim())) found.push(readReference(address, where));
    }
  }
  return found;
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

function dataOf(address: string): Buffer {
  const comma = address.indexOf(',');
  const data = address.slice(comma + 1);
  return /;\s*base64\s*$/i.test(address.slice(0, comma)) ? Buffer.from(data, 'base64') : Buffer.from(decoded(data), 'latin1');
}
