import { VitrineError } from '../../errors.js';

/** What a checked SVG needs for rendering. */
export interface SafeSvg {
  /** Natural size in CSS pixels, not rounded. */
  width: number;
  height: number;
  /** Pictures embedded as data: URIs, still to be held against the pixel limit. */
  embedded: Buffer[];
  /** The document with its root element set to a pixel size. */
  sized(width: number, height: number): Buffer;
}

interface Element {
  name: string;
  children: Element[];
  /** ids of elements drawn through this one: href="#id" and url(#id). */
  references: string[];
}

const maxDepth = 200;
/** Elements drawn once every use, pattern and mask is expanded. librsvg stops at 500,000, seconds later. */
const maxDrawnElements = 100_000;
const forbiddenElements = new Set([
  'script',
  'handler',
  'listener',
  'foreignobject',
  'iframe',
  'object',
  'embed',
  'audio',
  'video',
  'canvas',
  'link',
  'html',
]);
/** Their href points at an element without drawing it. */
const pointingElements = new Set(['a', 'set', 'animate', 'animatemotion', 'animatetransform', 'animatecolor', 'mpath']);
const w3cDoctype = /^<!DOCTYPE\s+svg\s+PUBLIC\s+"-\/\/W3C\/\/DTD SVG [\w. ]+\/\/EN"\s+"https?:\/\/www\.w3\.org\/[\w./-]*"\s*>/;
const rasterData = /^data:image\/(?:png|jpe?g|gif|webp);base64,/i;
const token =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?([\w.:-]+)([\s\S]*?)\?>|<\/([\w.:-]+)\s*>|<([\w.:-]+)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const attribute = /([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Refuses an SVG that could run, fetch or explode anything: scripts, event handlers, foreign content, references out of the
 * file, entity definitions, more than 100,000 drawn elements (MEDIA_UNSUPPORTED), or that is not well-formed (MEDIA_CORRUPT).
 */
export function checkSvg(bytes: Uint8Array, fileName: string): SafeSvg {
  const refuse = (reason: string): never => {
    throw new VitrineError('MEDIA_UNSUPPORTED', `${fileName}: the SVG ${reason}. Remove that, or export it as PNG.`, { value: fileName });
  };
  const broken = (reason: string): never => {
    throw new VitrineError('MEDIA_CORRUPT', `${fileName}: the SVG ${reason}. Export it again.`, { value: fileName });
  };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('is not encoded as UTF-8');
  }
  if (text.includes('\0')) broken('holds NUL characters');
  // The W3C's own DOCTYPE says nothing and old drawing programs write it; any other could define entities or point outside.
  const doctypeAt = text.indexOf('<!DOCTYPE');
  if (doctypeAt >= 0) {
    const doctype = w3cDoctype.exec(text.slice(doctypeAt, doctypeAt + 400));
    if (!doctype) refuse('has a DOCTYPE of its own (entities)');
    text = text.slice(0, doctypeAt) + text.slice(doctypeAt + doctype![0].length);
  }

  const byId = new Map<string, Element>();
  const stack: Element[] = [];
  const embedded: Buffer[] = [];
  let root: { element: Element; from: number; to: number; attributes: Map<string, string>; tag: string; selfClosing: boolean } | null =
    null;

  const checkReference = (value: string, where: string): string | null => {
    const target = value.trim();
    if (target.startsWith('#')) return target.slice(1);
    if (rasterData.test(target)) embedded.push(Buffer.from(target.slice(target.indexOf(',') + 1), 'base64'));
    else if (target !== '') refuse(`refers to something outside the file (${where}="${target.slice(0, 60)}")`);
    return null;
  };
  const checkStyle = (css: string, where: string): string[] => {
    const plain = css
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/\\([0-9a-f]{1,6})\s?|\\(.)/gi, (_, hex: string, char: string) =>
        hex ? String.fromCodePoint(Math.min(Number.parseInt(hex, 16), 0x10ffff)) : char,
      );
    if (/@import/i.test(plain)) refuse('imports a style sheet (@import)');
    const ids: string[] = [];
    for (const match of plain.matchAll(/(?:url|src|image-set|image)\(\s*(["']?)([^)]*)\1\s*\)/gi)) {
      if (/^data:(?:font|application\/(?:x-)?font)/i.test(match[2]!)) continue;
      const id = checkReference(match[2]!.replace(/["']\s*$/, ''), where);
      if (id !== null) ids.push(id);
    }
    return ids;
  };

  token.lastIndex = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (token.lastIndex < text.length) {
    const from = token.lastIndex;
    const match = token.exec(text);
    if (!match) return broken(`is not well-formed near character ${from}`);
    const [whole, cdata, instruction, declaration, closing, opening, attributesText, selfClosing, characters] = match;
    if (instruction !== undefined) {
      if (/^xml-stylesheet$/i.test(instruction)) refuse('names a style sheet outside the file');
      const encoding = /encoding\s*=\s*["']([^"']+)/i.exec(declaration ?? '')?.[1];
      if (instruction === 'xml' && encoding !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(encoding))
        refuse(`declares the encoding ${encoding.slice(0, 20)}; UTF-8 is accepted`);
    } else if (closing !== undefined) {
      if (stack.pop()?.name !== closing) broken(`closes </${closing}> where it is not open`);
    } else if (opening !== undefined) {
      const local = localName(opening);
      if (forbiddenElements.has(local)) refuse(`contains <${opening}>`);
      if (stack.length >= maxDepth) refuse(`is nested more than ${maxDepth} levels deep`);
      const element: Element = { name: opening, children: [], references: [] };
      const attributes = new Map<string, string>();
      for (const [, name, double, single] of attributesText!.matchAll(attribute)) {
        const value = decodeEntities(double ?? single ?? '');
        const attributeName = localName(name!);
        attributes.set(name!, value);
        if (name === 'xmlns' || name!.startsWith('xmlns:')) continue;
        if (/^on[a-z]/.test(attributeName)) refuse(`has an event handler (${name})`);
        if (/^\s*(?:java|vb)script:/i.test(value)) refuse(`has a script in ${name}`);
        if (attributeName === 'attributename' && /^(?:xlink:)?(?:href|on\w+)$/i.test(value.trim())) refuse(`animates ${value}`);
        if (attributeName === 'id') byId.set(value, element);
        else if (attributeName === 'href' || attributeName === 'src') {
          const id = checkReference(value, name!);
          if (id !== null && !pointingElements.has(local)) element.references.push(id);
        } else if (/[(@\\]/.test(value)) element.references.push(...checkStyle(value, name!));
      }
      if (stack.length > 0) stack[stack.length - 1]!.children.push(element);
      else if (root !== null) broken('has more than one root element');
      else if (local !== 'svg') broken('does not begin with <svg>');
      else root = { element, from, to: token.lastIndex, attributes, tag: opening, selfClosing: selfClosing === '/' };
      if (selfClosing !== '/') stack.push(element);
    } else if (cdata !== undefined || characters !== undefined) {
      const content = cdata ?? decodeEntities(characters!);
      const inside = stack[stack.length - 1];
      if (!inside && content.trim() !== '') broken('has text outside its root element');
      if (inside && localName(inside.name) === 'style') inside.references.push(...checkStyle(content, 'style'));
    } else if (!whole.startsWith('<!--')) broken('is not well-formed');
  }
  if (root === null) return broken('has no root element');
  if (stack.length > 0) broken(`ends inside <${stack[stack.length - 1]!.name}>: it is truncated`);
  if (drawnElements(root.element, byId) > maxDrawnElements)
    refuse(`draws more than ${maxDrawnElements} elements once its references are expanded`);

  const { from, to, attributes, tag, selfClosing } = root;
  const size = naturalSize(attributes);
  if (!(size.width > 0 && size.height > 0 && size.width <= 1e6 && size.height <= 1e6)) {
    broken('has no usable size: give it a viewBox, or a width and height, between 0 and 1,000,000');
  }
  const kept = [...attributes]
    .filter(([name]) => name !== 'width' && name !== 'height')
    .map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`);
  if (!attributes.has('viewBox')) kept.push(` viewBox="0 0 ${size.width} ${size.height}"`);
  return {
    ...size,
    embedded,
    sized: (width, height) =>
      Buffer.from(
        `${text.slice(0, from)}<${tag}${kept.join('')} width="${width}" height="${height}"${selfClosing ? '/' : ''}>${text.slice(to)}`,
      ),
  };
}

/** How many elements are drawn with every reference expanded; stops counting past the limit. A cycle counts as too many. */
function drawnElements(root: Element, byId: Map<string, Element>): number {
  const known = new Map<Element, number>();
  const open = new Set<Element>();
  const count = (element: Element, depth: number): number => {
    const before = known.get(element);
    if (before !== undefined) return before;
    if (open.has(element) || depth > 2 * maxDepth) return Number.POSITIVE_INFINITY;
    open.add(element);
    let sum = 1;
    for (const child of element.children) sum += count(child, depth + 1);
    for (const id of element.references) {
      const target = byId.get(id);
      if (target && sum <= maxDrawnElements) sum += count(target, depth + 1);
    }
    open.delete(element);
    known.set(element, sum);
    return sum;
  };
  return count(root, 0);
}

const pixelsPerUnit: Record<string, number> = { '': 1, px: 1, pt: 96 / 72, pc: 16, mm: 96 / 25.4, cm: 96 / 2.54, in: 96 };

function naturalSize(attributes: Map<string, string>): { width: number; height: number } {
  const length = (value: string | undefined): number | null => {
    const match = /^\s*\+?(\d*\.?\d+(?:e[+-]?\d+)?)\s*(px|pt|pc|mm|cm|in)?\s*$/i.exec(value ?? '');
    return match ? Number(match[1]) * pixelsPerUnit[(match[2] ?? '').toLowerCase()]! : null;
  };
  const width = length(attributes.get('width'));
  const height = length(attributes.get('height'));
  if (width !== null && height !== null) return { width, height };
  const box = (attributes.get('viewBox') ?? '')
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  const boxWidth = box.length === 4 ? box[2]! : Number.NaN;
  const boxHeight = box.length === 4 ? box[3]! : Number.NaN;
  if (width !== null) return { width, height: (width * boxHeight) / boxWidth };
  if (height !== null) return { width: (height * boxWidth) / boxHeight, height };
  return { width: boxWidth, height: boxHeight };
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1).toLowerCase();
}

function decodeEntities(text: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return named[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

function escapeAttribute(value: string): string {
  return value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
