import { type Document, DOMParser, type Element, type Node } from '@xmldom/xmldom';
import { decodeText } from '../../platform/files/text-encoding.js';
import { cleanText } from './text-document.js';

const RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
const XML = 'http://www.w3.org/XML/1998/namespace';
/** Namespaces of the properties that are read, under their usual prefixes. A packet may use others. */
const NAMESPACES = {
  dc: 'http://purl.org/dc/elements/1.1/',
  photoshop: 'http://ns.adobe.com/photoshop/1.0/',
  xmp: 'http://ns.adobe.com/xap/1.0/',
  xmpRights: 'http://ns.adobe.com/xap/1.0/rights/',
  xmpDM: 'http://ns.adobe.com/xmp/1.0/DynamicMedia/',
  exif: 'http://ns.adobe.com/exif/1.0/',
  tiff: 'http://ns.adobe.com/tiff/1.0/',
  Iptc4xmpCore: 'http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/',
  Iptc4xmpExt: 'http://iptc.org/std/Iptc4xmpExt/2008-02-29/',
  lr: 'http://ns.adobe.com/lightroom/1.0/',
  digiKam: 'http://www.digikam.org/ns/1.0/',
  MicrosoftPhoto: 'http://ns.microsoft.com/photo/1.0/',
} as const;

export type XmpProperty = `${keyof typeof NAMESPACES}:${string}`;

/** Larger packets are not read: no editor writes them, and parsing costs time. */
export const MAX_XMP_BYTE_SIZE = 1024 * 1024;

/**
 * The properties of an XMP packet, each known by its namespace and name, whatever prefix is written. Where a property stands twice, the first counts.
 * Source: XMP specification part 1 (ISO 16684-1), §7.
 */
export class XmpPacket {
  readonly #properties: ReadonlyMap<string, Element | string>;

  private constructor(properties: ReadonlyMap<string, Element | string>) {
    this.#properties = properties;
  }

  /** Null for bytes that are no XMP. Never throws. */
  static read(bytes: Uint8Array | undefined): XmpPacket | null {
    if (bytes === undefined || bytes.length > MAX_XMP_BYTE_SIZE) return null;
    const text = cleanText(decodeText(bytes)?.text ?? '');
    // No packet has a document type; whoever writes one is after entities.
    if (/<!DOCTYPE/i.test(text)) return null;
    const root = (parse(text) ?? parse(withUsualPrefixes(text)))?.getElementsByTagNameNS(RDF, 'RDF')[0];
    return root === undefined ? null : new XmpPacket(propertiesOf(root));
  }

  /** Trimmed; of several languages the default, else the first. Null where nothing is said. */
  text(name: XmpProperty): string | null {
    return this.#items(name)[0] ?? null;
  }

  /** The items of a list, or the one value, trimmed, without those that say nothing. */
  list(name: XmpProperty): string[] {
    return this.#items(name);
  }

  #items(name: XmpProperty): string[] {
    const [prefix, local] = name.split(':') as [keyof typeof NAMESPACES, string];
    const found = this.#properties.get(`${NAMESPACES[prefix]} ${local}`);
    if (found === undefined) return [];
    const texts = typeof found === 'string' ? [found] : itemsOf(found);
    return texts.map((text) => text.trim()).filter((text) => text !== '');
  }
}

function parse(text: string): Document | null {
  const [from, to] = [text.indexOf('<'), text.lastIndexOf('>')];
  if (from < 0 || to < from) return null;
  try {
    return new DOMParser({ onError: () => undefined }).parseFromString(text.slice(from, to + 1), 'application/xml');
  } catch {
    return null;
  }
}

/** Some programs forget to declare what they write. */
function withUsualPrefixes(text: string): string {
  const missing = Object.entries(NAMESPACES).filter(([prefix]) => !new RegExp(`xmlns:${prefix}\\s*=`).test(text));
  return text.replace(/<rdf:RDF\b/, `<rdf:RDF ${missing.map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`).join(' ')}`);
}

/** What the descriptions of a packet say, as attributes or as elements, by namespace and name. */
function propertiesOf(root: Element): Map<string, Element | string> {
  const properties = new Map<string, Element | string>();
  for (const description of elementsOf(root)) {
    const said: [Node & { localName: string | null; namespaceURI: string | null }, Element | string][] = [
      ...elementsOf(description).map((element) => [element, element] as [Element, Element]),
      ...Array.from(description.attributes, (attribute) => [attribute, attribute.value] as [typeof attribute, string]),
    ];
    for (const [{ namespaceURI, localName }, value] of said) {
      const key = `${namespaceURI} ${localName}`;
      if (!properties.has(key)) properties.set(key, value);
    }
  }
  return properties;
}

function itemsOf(property: Element): string[] {
  const list = elementsOf(property).find(({ namespaceURI, localName }) => namespaceURI === RDF && /^(Alt|Bag|Seq)$/.test(localName ?? ''));
  if (list === undefined) return [textOf(property)];
  const items = elementsOf(list);
  if (list.localName !== 'Alt') return items.map(textOf);
  const usual = items.find((item) => item.getAttributeNS(XML, 'lang') === 'x-default');
  return [...(usual === undefined ? [] : [usual]), ...items].map(textOf);
}

/** The text of a value, of one with qualifiers too; nothing of a structure. */
function textOf(element: Element): string {
  const resource = element.getAttributeNS(RDF, 'resource');
  if (resource) return resource;
  const inner = elementsOf(element);
  if (inner.length === 0) return element.textContent ?? '';
  const [first] = inner;
  const qualified = first?.namespaceURI === RDF && first.localName === 'Description' ? elementsOf(first) : inner;
  return qualified.find(({ namespaceURI, localName }) => namespaceURI === RDF && localName === 'value')?.textContent ?? '';
}

function elementsOf(parent: Element): Element[] {
  const found: Element[] = [];
  for (let child = parent.firstChild; child !== null; child = child.nextSibling) if (child.nodeType === 1) found.push(child as Element);
  return found;
}
