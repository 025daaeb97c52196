// `npm run bench domain`: how often what a picture is made like is told rightly. Draws scenes, pages and what a sensor would see; real photographs from
// `--photographs <folder>` (JPEG, looked for in folders below too). Options: --drawings N --photographs <folder>.
import 'reflect-metadata';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { rasterizeSvg } from '../dist/engines/media/rasterize-svg.js';
import { APPEARANCE_EDGE_PX, appearanceOf } from '../dist/engines/pixels/appearance.js';
import { drawTrainingScene } from '../dist/program/samples/training-scene.js';

const { values: options } = parseArgs({ options: { drawings: { type: 'string', default: '200' }, photographs: { type: 'string' } } });
const seen = new Map();

async function note(kind, bytes) {
  const scaled = sharp(bytes).rotate().flatten({ background: '#fff' }).toColourspace('srgb');
  const fit = { fit: 'inside', withoutEnlargement: true, kernel: 'linear' };
  const { data, info } = await scaled
    .resize(APPEARANCE_EDGE_PX, APPEARANCE_EDGE_PX, fit)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const began = process.cpuUsage();
  const found = appearanceOf({ data, width: info.width, height: info.height, channels: 3 });
  const { user, system } = process.cpuUsage(began);
  const row = seen.get(kind) ?? { total: 0, cpuMs: 0 };
  row.total += 1;
  row.cpuMs += (user + system) / 1000;
  row[found] = (row[found] ?? 0) + 1;
  seen.set(kind, row);
}

for (let n = 0; n < Number(options.drawings); n += 1) {
  const { svg, width, height } = drawTrainingScene(820_000 + n);
  const png = await rasterizeSvg(svg, { width: width * 3, height: height * 3, format: 'png' });
  await note('drawings', png);
  for (const quality of [90, 60, 30]) await note(`drawings as JPEG ${quality}`, await sharp(png).jpeg({ quality }).toBuffer());
  await note(
    'drawings in half the size',
    await sharp(png)
      .resize(Math.round(width * 1.5))
      .webp({ quality: 75 })
      .toBuffer(),
  );
}
for (let n = 0; n < 40; n += 1) {
  const lines = Array.from(
    { length: 16 + n },
    (_, i) =>
      `<text x="50" y="${50 + i * 26}" font-size="${14 + (n % 5) * 2}">Paragraph ${i * 7 + n}: what was agreed on stays so until both sign.</text>`,
  );
  await note(
    'pages of text',
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="${80 + lines.length * 26}"><rect width="100%" height="100%" fill="#fff"/>${lines.join('')}</svg>`,
    ),
  );
}
if (options.photographs) {
  for (const entry of await readdir(options.photographs, { recursive: true })) {
    if (!/\.jpe?g$/i.test(entry)) continue;
    const file = path.join(options.photographs, entry);
    await note('photographs', file);
    for (const quality of [60, 30]) await note(`photographs as JPEG ${quality}`, await sharp(file).rotate().jpeg({ quality }).toBuffer());
    await note('photographs at 320 pixels', await sharp(file).rotate().resize(320).jpeg({ quality: 80 }).toBuffer());
  }
}

const kinds = ['PHOTOGRAPH', 'DRAWING', 'DOCUMENT', 'UNSURE'];
console.log(
  `| of | n | ${kinds.map((kind) => kind.toLowerCase()).join(' | ')} | CPU ms each |\n| --- | ---: | ${kinds.map(() => '---:').join(' | ')} | ---: |`,
);
for (const [kind, row] of seen)
  console.log(`| ${kind} | ${row.total} | ${kinds.map((found) => row[found] ?? 0).join(' | ')} | ${(row.cpuMs / row.total).toFixed(1)} |`);
