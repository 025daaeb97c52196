import { SaxesParser } from 'saxes';
import { decodeTextStream } from './text-encoding.js';
import { type ArchiveEntry, readArchiveEntry } from './archive.js';

/** One thing that XML says, by names without their prefixes. */
export interface XmlEvent {
  opened?: { name: string; attributes: ReadonlyMap<string, string> };
  text?: string;
  closed?: string;
}

/** An XML file in an archive, as it is read, many events at a time. Only the five entities of XML itself are known. @throws Error where it is not well-formed */
export async function* readXml({ file, entry }: { file: string; entry: ArchiveEntry }): AsyncGenerator<XmlEvent[]> {
  let events: XmlEvent[] = [];
  const parser = new SaxesParser({});
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const named = Object.entries(attributes as Record<string, string>).map(([key, value]) => [localName(key), value] as const);
    events.push({ opened: { name: localName(name), attributes: new Map(named) } });
  });
  parser.on('text', (text) => events.push({ text }));
  parser.on('cdata', (text) => events.push({ text }));
  parser.on('closetag', ({ name }) => events.push({ closed: localName(name) }));
  for await (const piece of decodeTextStream(await readArchiveEntry(file, entry))) {
    parser.write(piece);
    yield events;
    events = [];
  }
  parser.close();
  yield events;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
