const MAX_BLOCK = 4 * 1024 * 1024;
// As an attribute, as an element with text, and as an element with rdf:resource. The prefix is the writer's choice.
const SPELLINGS = [
  /[\w.-]+:DigitalSourceType\s*=\s*["']([^"'<>]{1,300})["']/i,
  /<[\w.-]+:DigitalSourceType\s*>\s*([^<>]{1,300}?)\s*</i,
  /<[\w.-]+:DigitalSourceType\s[^<>]{0,300}?resource\s*=\s*["']([^"'<>]{1,300})["']/i,
];

/**
 * How a picture came to be, by its own word: the code of IPTC's digital source type in its XMP block, such as
 * `trainedAlgorithmicMedia`; null when it does not say. A claim, not a measurement: whoever edits the file can change it.
 * Source: IPTC Photo Metadata Standard 2023.2, "Digital Source Type" (Iptc4xmpExt:DigitalSourceType), values of the NewsCodes
 * scheme digitalsourcetype.
 */
export function readDigitalSourceType(xmp: Uint8Array | undefined): string | null {
  if (!xmp || xmp.length > MAX_BLOCK) return null;
  const text = new TextDecoder().decode(xmp);
  for (const spelling of SPELLINGS) {
    const value = spelling.exec(text)?.[1]?.trim();
    const code = value && /([A-Za-z][A-Za-z0-9]{0,99})\/?$/.exec(value)?.[1];
    if (code) return code;
  }
  return null;
}
