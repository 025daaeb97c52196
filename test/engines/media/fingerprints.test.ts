import sharp, { type Sharp } from 'sharp';
import { perceptualHashOf, pixelHashOf, sharpnessOf, turnedHash } from '../../../src/engines/media/fingerprints.js';
import { TURNS } from '../../../src/engines/pixels/turn.js';
import { wavesImage, wavesOf } from './support/pictures.js';

const distance = (one: string, other: string) => (BigInt(`0x${one}`) ^ BigInt(`0x${other}`)).toString(2).replace(/0/g, '').length;
const hashOf = async (image: Sharp) => perceptualHashOf(await image.resize(32, 32, { fit: 'fill' }).toColourspace('b-w').raw().toBuffer());

describe('perceptualHashOf', () => {
  it('stays within a few bits under scaling and compression, and not for another picture', async () => {
    const drawing =
      '<rect width="300" height="200" fill="#cde"/><circle cx="90" cy="80" r="60" fill="#c30"/><path d="M0 200L180 90L300 200z" fill="#364"/><rect x="210" y="20" width="40" height="70" fill="#111"/>';
    const image = () => sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200">${drawing}</svg>`)).flatten();
    const original = await hashOf(image());
    const small = await hashOf(sharp(await image().resize(120, 80).jpeg({ quality: 60 }).toBuffer()));
    const turned = await hashOf(sharp(await image().rotate(180).png().toBuffer()));
    expect(original).toMatch(/^[0-9a-f]{16}$/);
    expect(distance(original, small)).toBeLessThanOrEqual(6);
    expect(distance(original, turned)).toBeGreaterThan(16);
  });

  it('is 0 for an even picture', () => {
    expect(perceptualHashOf(new Uint8Array(1024).fill(90))).toBe('0000000000000000');
  });
});

describe('turnedHash', () => {
  const blobs =
    '<rect width="300" height="200" fill="#e8e4d8"/><circle cx="70" cy="60" r="55" fill="#a30"/><rect x="180" y="20" width="90" height="30" fill="#137"/><path d="M120 190L200 90L290 185z" fill="#6b4"/><rect x="20" y="140" width="50" height="50" fill="#111"/>';
  it.each(TURNS)('is nearly the hash of the picture turned by $clockwise, mirrored: $mirrored', async (turn) => {
    const upright = await sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200">${blobs}</svg>`))
      .flatten()
      .png()
      .toBuffer();
    const mirrored = turn.mirrored ? await sharp(upright).flop().toBuffer() : upright;
    const turned = await sharp(mirrored).rotate(turn.clockwise).png().toBuffer();
    const hash = await hashOf(sharp(upright));
    expect(distance(turnedHash(hash, turn), await hashOf(sharp(turned)))).toBeLessThanOrEqual(6);
    expect(distance(hash, await hashOf(sharp(turned)))).toBeGreaterThan(12);
  });
});

describe('pixelHashOf', () => {
  const data = wavesOf(40, 30);
  const hash = pixelHashOf({ data, width: 40, height: 30, channels: 3 });

  it('depends on every pixel and on the shape', () => {
    const changed = Buffer.from(data);
    changed[3599]! ^= 1;
    expect(pixelHashOf({ data: changed, width: 40, height: 30, channels: 3 })).not.toBe(hash);
    expect(pixelHashOf({ data, width: 30, height: 40, channels: 3 })).not.toBe(hash);
  });

  it('is the same with an opaque alpha channel, and blind to the colour of what is fully transparent', () => {
    const rgba = (red: number, alpha: number) => {
      const out = new Uint8Array(40 * 30 * 4);
      for (let i = 0; i < 1200; i++) out.set([...data.subarray(i * 3, i * 3 + 3), 255], i * 4);
      out.set([red, 0, 0, alpha], 0);
      return { data: out, width: 40, height: 30, channels: 4 as const };
    };
    const opaque = rgba(data[0]!, 255);
    opaque.data.set(data.subarray(0, 3), 0);
    expect(pixelHashOf(opaque)).toBe(hash);
    expect(pixelHashOf(rgba(10, 0))).toBe(pixelHashOf(rgba(200, 0)));
    expect(pixelHashOf(rgba(10, 1))).not.toBe(pixelHashOf(rgba(200, 1)));
  });
});

describe('sharpnessOf', () => {
  it('falls when the picture is blurred and is 0 without detail', async () => {
    const luma = (image: Sharp) => image.toColourspace('b-w').raw().toBuffer();
    const sharpPicture = sharpnessOf(await luma(wavesImage(200, 150)), 200, 150);
    const blurred = sharpnessOf(await luma(wavesImage(200, 150).blur(3)), 200, 150);
    expect(sharpPicture).toBeGreaterThan(5 * blurred);
    expect(sharpnessOf(new Uint8Array(100).fill(7), 10, 10)).toBe(0);
    expect(sharpnessOf(new Uint8Array(10), 1, 10)).toBe(0);
  });
});
