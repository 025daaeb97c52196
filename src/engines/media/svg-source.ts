import { decodeText } from '../../platform/files/text-encoding.js';

/** Encodings that XML names and every browser reads; the others have been used to hide markup from whoever checks it. */
const ENCODINGS = /^(?:us-ascii|ascii|iso-8859-\d{1,2}|latin-?1|windows-125\d|koi8-[ru]|shift_jis|euc-(?:jp|kr)|gb(?:k|2312|18030)|big5)$/i;
/** Characters of one entity, and of all of them where they stand. */
const MAX_ENTITY_LENGTH = 1_000;
const MAX_EXPANDED_LENGTH = 1_000_000;
const MAX_ENTITIES = 200;

/** Why a document is refused. */
export class SvgRefusal extends Error {}

/**
 * The text of an XML document: by its byte order mark, else by what it declares, else UTF-8, and Windows-1252 where it is not even that.
 * Null where the bytes are no text.
 * @throws SvgRefusal
 */
export function decodeXml(bytes: Uint8Array): { text: string; note: string | null } | null {
  const declaration = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 200)).toString('latin1');
  const declared = /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']/i.exec(declaration)?.[1]?.trim() ?? 'utf-8';
  // Bytes that say UTF-16 in ASCII are not: editors save such documents as UTF-8.
  if (/^utf-?(?:8|16)$/i.test(declared)) return decodeText(bytes);
  if (!ENCODINGS.test(declared)) throw new SvgRefusal(`declares the encoding ${declared.slice(0, 20)}, which is not read here`);
  try {
    return { text: new TextDecoder(declared, { fatal: true }).decode(bytes), note: null };
  } catch {
    return null;
  }
}

/**
 * What the entities of a DOCTYPE stand for. Those are text alone: drawing programs use them for the names of namespaces.
 * @param doctype between `<!DOCTYPE` and `>`
 * @param body the whole document, for how often each is used
 * @throws SvgRefusal for anything that points outside, brings markup or attributes along, or grows
 */
export function readEntities(doctype: string, body: string): Map<string, string> {
  const entities = new Map<string, string>();
  const subset = /\[([\s\S]*)\]\s*$/.exec(doctype)?.[1] ?? '';
  const item = /\s+|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!ELEMENT\s[^>]*>|<!(ENTITY)\s+([\w.:-]+)\s+(?:"([^"]*)"|'([^']*)')\s*>/y;
  while (item.lastIndex < subset.length) {
    const from = item.lastIndex;
    const match = item.exec(subset);
    if (match === null) throw new SvgRefusal(reasonOf(subset.slice(from)));
    const [, isEntity, name, double, single] = match;
    // The first declaration counts.
    if (isEntity === undefined || entities.has(name!)) continue;
    if (entities.size === MAX_ENTITIES) throw new SvgRefusal(`defines more than ${MAX_ENTITIES} entities`);
    entities.set(name!, expand(name!, double ?? single ?? '', entities));
  }
  let length = 0;
  for (const [, name] of body.matchAll(/&([\w.:-]+);/g)) length += entities.get(name!)?.length ?? 0;
  if (length > MAX_EXPANDED_LENGTH) throw new SvgRefusal('grows to millions of characters once its entities are expanded');
  return entities;
}

function reasonOf(declaration: string): string {
  if (/^<!ENTITY\s+%/.test(declaration) || declaration.startsWith('%')) return 'has parameter entities in its DOCTYPE';
  if (/^<!ENTITY\s+\S+\s+(?:SYSTEM|PUBLIC)\s/.test(declaration)) return 'defines an entity by something outside the file';
  if (declaration.startsWith('<!ATTLIST')) return 'gives elements further attributes in its DOCTYPE';
  return `has a DOCTYPE that is not understood here (${declaration.slice(0, 30).trim()})`;
}

function expand(name: string, literal: string, known: ReadonlyMap<string, string>): string {
  const value = literal.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([\w.:-]+));/gi, (_, hex?: string, decimal?: string, inner?: string) => {
    if (inner !== undefined) {
      const before = known.get(inner);
      if (before === undefined) throw new SvgRefusal(`defines the entity ${name} by another one (${inner}) that is not defined before it`);
      return before;
    }
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  });
  if (/[<&]/.test(value)) throw new SvgRefusal(`defines an entity (${name}) that holds markup`);
  if (value.length > MAX_ENTITY_LENGTH) throw new SvgRefusal(`defines an entity (${name}) of more than ${MAX_ENTITY_LENGTH} characters`);
  return value;
}
