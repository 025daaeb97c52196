import sharp from 'sharp';

/** A picture with rough structure of its own for every seed, so that perceptual hashes tell seeds apart and survive re-encoding. */
export async function structuredPicture(seed: number, format: 'png' | 'jpeg' | 'webp' = 'png', quality = 90): Promise<Buffer> {
  let state = seed * 2_654_435_761 + 12_345;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  };
  const rough = Buffer.from(Array.from({ length: 8 * 8 * 3 }, next));
  const picture = sharp(rough, { raw: { width: 8, height: 8, channels: 3 } }).resize(256, 256, { kernel: 'cubic', fit: 'fill' });
  if (format === 'webp') return picture.webp({ lossless: true }).toBuffer();
  return format === 'png' ? picture.png().toBuffer() : picture.jpeg({ quality }).toBuffer();
}
