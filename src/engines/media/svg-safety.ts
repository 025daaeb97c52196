import { SaxesParser, type SaxesTagNS } from 'saxes';
import { VitrineError } from '../../errors.js';
import { checkLink, isPointingAttribute, type Reference, readReference, readStyle } from './svg-references.js';
import { naturalSize } from './svg-size.js';
import { decodeXml, readEntities, SvgRefusal } from './svg-source.js';

/** What a checked SVG needs for rendering. */
export interface SafeSvg {
  /** Natural size in CSS pixels, not rounded. */
  width: number;
  height: number;
  /** Pictures embedded as data: URIs, still to be held against the pixel limit. */
  embedded: Buffer[];
  warnings: string[];
  /** The document as it was read (in UTF-8, without DOCTYPE, comments and instructions), its root element set to a pixel size. */
  sized(width: number, height: number): Buffer;
}

interface Element {
  /** As it stands, with its prefix. */
  name: string;
  local: string;
  /** Whether browsers and librsvg know its namespace; what others write for themselves is inert. */
  isKnown: boolean;
  children: Element[];
  /** ids of elements drawn through this one: href="#id" and url(#id). */
  references: string[];
  /** Of a style element. */
  css: string;
}

const maxDepth = 200;
/** Elements drawn once every use, pattern and mask is expanded. librsvg stops at 500,000, seconds later. */
const maxDrawnElements = 100_000;
const SVG = 'http://www.w3.org/2000/svg';
const HTML = 'http://www.w3.org/1999/xhtml';
const XLINK = 'http://www.w3.org/1999/xlink';
/** Namespaces that mean something to a browser; a document without one is taken for SVG. */
const KNOWN_NAMESPACES: ReadonlySet<string> = new Set(['', SVG, 'http://www.w3.org/1998/Math/MathML']);
const forbiddenElements = new Set(['script', 'handler', 'listener', 'iframe', 'object', 'embed', 'audio', 'video', 'canvas', 'link']);
const animatingElements = new Set(['set', 'animate', 'animatemotion', 'animatetransform', 'animatecolor']);
/** Their href points at an element without drawing it. */
const pointingElements = new Set(['a', 'mpath', ...animatingElements]);
const animatedValues = new Set(['from', 'to', 'by', 'values']);

/**
 * Refuses an SVG that could run, fetch or explode anything: scripts, event handlers, HTML, references out of the file (links that a click
 * follows are none), entities that are more than text, more than 100,000 drawn elements (MEDIA_UNSUPPORTED), or that is not well-formed
 * (MEDIA_CORRUPT). Judged is what an attribute is, not how it reads: names, labels and texts may hold anything.
 */
export function checkSvg(bytes: Uint8Array, fileName: string): SafeSvg {
  try {
    return new SvgReader().read(bytes);
  } catch (error) {
    if (error instanceof SvgRefusal)
      throw new VitrineError('MEDIA_UNSUPPORTED', `${fileName}: the SVG ${error.message}. Remove that, or export it as PNG.`, {
        value: fileName,
      });
    if (error instanceof SvgDamage)
      throw new VitrineError('MEDIA_CORRUPT', `${fileName}: the SVG ${error.message}. Export it again.`, { value: fileName });
    throw error;
  }
}

class SvgDamage extends Error {}

class SvgReader {
  readonly #byId = new Map<string, Element>();
  readonly #stack: Element[] = [];
  readonly #embedded: Buffer[] = [];
  /** What follows the start of the root element, written anew: nothing is drawn but what was read. */
  readonly #body: string[] = [];
  #root: { element: Element; tag: SaxesTagNS } | null = null;

  read(bytes: Uint8Array): SafeSvg {
    const decoded = decodeXml(bytes);
    if (decoded === null) throw new SvgDamage('is not text in the encoding that it declares');
    const { text, note } = decoded;
    const parser = new SaxesParser({ xmlns: true });
    const predefined = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
    parser.ENTITIES = Object.assign(Object.create(null), predefined);
    parser.on('error', (error) => {
      throw new SvgDamage(`is not well-formed (${error.message.slice(0, 120)})`);
    });
    parser.on('doctype', (doctype) => {
      parser.ENTITIES = Object.assign(Object.create(null), Object.fromEntries(readEntities(doctype, text)), predefined);
    });
    parser.on('processinginstruction', ({ target }) => {
      if (target.toLowerCase() === 'xml-stylesheet') throw new SvgRefusal('names a style sheet outside the file');
    });
    parser.on('opentag', (tag) => this.#open(tag));
    parser.on('closetag', () => this.#close());
    parser.on('text', (characters) => this.#text(characters));
    parser.on('cdata', (characters) => this.#text(characters));
    parser.write(text);
    const unclosed = this.#stack.at(-1);
    if (unclosed !== undefined) throw new SvgDamage(`ends inside <${unclosed.name}>: it is truncated`);
    parser.close();
    if (this.#root === null) throw new SvgDamage('has no root element');
    const { element, tag } = this.#root;
    if (drawnElements(element, this.#byId) > maxDrawnElements)
      throw new SvgRefusal(`draws more than ${maxDrawnElements} elements once its references are expanded`);
    const warnings = note === null ? [] : [note];
    if (tag.uri === '') warnings.push('It does not name the namespace of SVG: browsers do not show it.');
    return { ...this.#sizable(tag), embedded: this.#embedded, warnings };
  }

  #sizable({ name, uri, attributes }: SaxesTagNS): Pick<SafeSvg, 'width' | 'height' | 'sized'> {
    const values = new Map(Object.values(attributes).map((attribute) => [attribute.name, attribute.value]));
    const size = naturalSize(values);
    if (!(size.width > 0 && size.height > 0 && size.width <= 1e6 && size.height <= 1e6))
      throw new SvgDamage('has no usable size: give it a viewBox, or a width and height, between 0 and 1,000,000');
    if (!values.has('viewBox')) values.set('viewBox', `0 0 ${size.width} ${size.height}`);
    if (uri === '') values.set('xmlns', SVG);
    const body = this.#body.join('');
    return {
      ...size,
      sized: (width, height) => {
        const shown = new Map([...values, ['width', String(width)], ['height', String(height)]]);
        return Buffer.from(`${startTag(name, shown)}${body}</${name}>`);
      },
    };
  }

  #open(tag: SaxesTagNS): void {
    const { name, uri } = tag;
    const local = tag.local.toLowerCase();
    if (this.#stack.length >= maxDepth) throw new SvgRefusal(`is nested more than ${maxDepth} levels deep`);
    if (uri === HTML) throw new SvgRefusal(`contains HTML (<${name}>)`);
    const element: Element = { name, local, isKnown: KNOWN_NAMESPACES.has(uri), children: [], references: [], css: '' };
    if (element.isKnown && forbiddenElements.has(local)) throw new SvgRefusal(`contains <${name}>`);
    for (const { name: attribute, uri: space, local: own, value } of Object.values(tag.attributes)) {
      if (space === '' && own === 'id') this.#byId.set(value, element);
      if (element.isKnown) this.#judge(element, attribute, space, own.toLowerCase(), value);
    }
    if (element.isKnown && animatingElements.has(local)) this.#judgeAnimation(element, tag);
    const parent = this.#stack.at(-1);
    this.#stack.push(element);
    if (parent !== undefined) {
      parent.children.push(element);
      this.#body.push(startTag(name, new Map(Object.values(tag.attributes).map((attribute) => [attribute.name, attribute.value]))));
      return;
    }
    if (local !== 'svg' || !element.isKnown) throw new SvgDamage('does not begin with <svg>');
    this.#root = { element, tag };
  }

  #close(): void {
    const element = this.#stack.pop()!;
    if (element.isKnown && element.local === 'style') this.#keep(element, readStyle(element.css, 'style'));
    if (this.#stack.length > 0) this.#body.push(`</${element.name}>`);
  }

  #text(characters: string): void {
    const element = this.#stack.at(-1);
    if (element === undefined) return;
    if (element.local === 'style') element.css += characters;
    this.#body.push(escaped(characters));
  }

  #judge(element: Element, name: string, space: string, local: string, value: string): void {
    if (space === '' && /^on[a-z]/.test(local)) throw new SvgRefusal(`has an event handler (${name})`);
    if (local === 'href' && (space === '' || space === XLINK)) {
      if (element.local === 'a') checkLink(value, name);
      else this.#keep(element, [readReference(value, name)]);
    } else if (space === '' && isPointingAttribute(local)) {
      // An address as it is in `src`, a value of CSS elsewhere.
      this.#keep(element, local === 'src' ? [readReference(value, name)] : readStyle(value, name));
    }
  }

  /** An animation sets what it names to other values: those are judged as what they become. */
  #judgeAnimation(element: Element, tag: SaxesTagNS): void {
    const attributes = Object.values(tag.attributes).filter(({ uri }) => uri === '');
    const target = attributes.find(({ local }) => local.toLowerCase() === 'attributename')?.value.trim() ?? '';
    const local = target.slice(target.indexOf(':') + 1).toLowerCase();
    if (local === 'href' || /^on[a-z]/.test(local)) throw new SvgRefusal(`animates ${target}`);
    if (!isPointingAttribute(local)) return;
    for (const { name, value } of attributes) if (animatedValues.has(name.toLowerCase())) this.#keep(element, readStyle(value, name));
  }

  #keep(element: Element, references: readonly Reference[]): void {
    for (const { id, picture } of references) {
      if (picture !== null) this.#embedded.push(picture);
      if (id !== null && !pointingElements.has(element.local)) element.references.push(id);
    }
  }
}

/** How many elements are drawn with every reference expanded; stops counting past the limit. A cycle counts as too many. */
function drawnElements(root: Element, byId: ReadonlyMap<string, Element>): number {
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

function startTag(name: string, attributes: ReadonlyMap<string, string>): string {
  return `<${name}${[...attributes].map(([key, value]) => ` ${key}="${escaped(value)}"`).join('')}>`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"\n\r\t]/g, (char) => ESCAPES[char]!);
}
