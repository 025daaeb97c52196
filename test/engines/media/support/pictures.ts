import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/** A folder for one test file's pictures, removed by `remove`. */
export function pictureFolder(): { file: (name: string, bytes: Uint8Array | string) => string; remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vitrine-media-'));
  return {
    file: (name, bytes) => {
      const target = path.join(folder, name);
      writeFileSync(target, bytes);
      return target;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Raw RGB of smooth waves with a little repeatable noise: no two rows or columns alike. */
export function wavesOf(width: number, height: number): Buffer {
  // Local names: a global looked up for every pixel is slow inside Jest.
  const { sin, cos, imul } = Math;
  const data = Buffer.alloc(width * height * 3);
  const columns = Float64Array.from({ length: width }, (_, x) => 60 * sin(x / 17) + 20 * cos(x / 5));
  let seed = 7;
  for (let y = 0, at = 0; y < height; y++) {
    const row = 40 * cos(y / 13) + 15 * sin(y / 3);
    for (let x = 0; x < width; x++, at += 3) {
      seed = (imul(seed, 1103515245) + 12345) >>> 0;
      const noise = (seed >>> 24) / 8;
      data[at] = 105 + columns[x]! + row / 2 + noise;
      data[at + 1] = 105 - columns[x]! / 2 + row + noise;
      data[at + 2] = 105 + columns[(x * 3) % width]! - row / 2 + noise;
    }
  }
  return data;
}

export function wavesImage(width: number, height: number): Sharp {
  return sharp(wavesOf(width, height), { raw: { width, height, channels: 3 } });
}

/** A PNG whose header claims a size that its data does not have. */
export function pngClaiming(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(1000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), frame.length - 4);
  return frame;
}

/** An SVG that is allowed but keeps the renderer busy, some 60 ms of processor time for each layer. */
export function slowSvg(layers: number): string {
  const layer = '<rect width="250" height="250" filter="url(#f)"/>'.repeat(layers);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000"><filter id="f"><feTurbulence baseFrequency="0.9" numOctaves="8"/></filter>${layer}</svg>`;
}
