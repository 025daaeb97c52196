import sharp from 'sharp';
import { structuredPicture } from '../support/structured-picture.js';

/** A JPEG with these metadata blocks. @param iptc datasets of record 2 of the IIM, by number */
export async function describedPicture(
  seed: number,
  { xmp, iptc, exif }: { xmp?: string; iptc?: readonly (readonly [number, string])[]; exif?: Record<string, string> },
): Promise<Buffer> {
  let pipeline = sharp(await structuredPicture(seed, 'png')).jpeg({ quality: 95 });
  if (exif) pipeline = pipeline.withExif({ IFD0: exif });
  if (xmp) pipeline = pipeline.withXmp(xmp);
  const picture = await pipeline.toBuffer();
  return iptc ? withIptc(picture, iptcBlock(iptc)) : picture;
}

/** A block as Photoshop writes it: one resource, with UTF-8 announced. */
export function iptcBlock(datasets: readonly (readonly [number, string])[]): Buffer {
  const records = [Buffer.from([0x1c, 1, 90, 0, 3, 0x1b, 0x25, 0x47])];
  for (const [number, value] of datasets) {
    const bytes = Buffer.from(value);
    records.push(Buffer.from([0x1c, 2, number, bytes.length >> 8, bytes.length & 255]), bytes);
  }
  const data = Buffer.concat(records);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(data.length);
  const head = Buffer.from('Photoshop 3.0\x008BIM\u0004\u0004\0\0', 'latin1');
  return Buffer.concat([head, size, data, Buffer.alloc(data.length % 2)]);
}

function withIptc(jpeg: Buffer, block: Buffer): Buffer {
  const head = Buffer.from([0xff, 0xed, (block.length + 2) >> 8, (block.length + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), head, block, jpeg.subarray(2)]);
}

/** An XMP packet with these properties, as XML inside rdf:Description. */
export function xmpPacket(properties: string): string {
  return `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
    <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
      xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/">${properties}</rdf:Description>
    </rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;
}

/** A text in one or more languages. */
export function alternatives(name: string, texts: Record<string, string>): string {
  const items = Object.entries(texts).map(([language, text]) => `<rdf:li xml:lang="${language}">${text}</rdf:li>`);
  return `<${name}><rdf:Alt>${items.join('')}</rdf:Alt></${name}>`;
}

export function bag(name: string, texts: readonly string[]): string {
  return `<${name}><rdf:Bag>${texts.map((text) => `<rdf:li>${text}</rdf:li>`).join('')}</rdf:Bag></${name}>`;
}
