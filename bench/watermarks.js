// How well watermarks are found, on drawings with known truth: npm run bench watermarks -- [--marks FOLDER] [--photos FOLDER] [--pictures N] [--only CASE] [--verbose]
import { readdir } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { MARK_EDGE_PX } from '../dist/engines/mark-finding/mark-finder.js';
import { loadOpenCv } from '../dist/engines/pixels/open-cv.js';
import { findWatermarks } from '../dist/engines/mark-finding/watermark-finder.js';
import { drawWord, measureWord } from '../dist/program/samples/lettering.js';
import { between, color, draw, ground, loadMarks, luma, overlap, pick, random, svgOf } from './support/mark-scenes.js';

const { values } = parseArgs({
  options: {
    marks: { type: 'string' },
    photos: { type: 'string' },
    pictures: { type: 'string' },
    only: { type: 'string' },
    verbose: { type: 'boolean' },
  },
});
const PICTURES = Number(values.pictures ?? 8);
/** Defaults of the rule. */
const [SURE, REVIEW] = [0.62, 0.42];
const OPACITIES = [0.1, 0.2, 0.4, 0.7, 1];
const SIZES = [
  [1024, 768],
  [1024, 1024],
  [768, 1024],
  [1024, 512],
];
const WORDS = ['KESTAVO', 'FENNIMOOR', 'VITRINE', 'NORTE', 'MAKERS', 'SAMT', 'TRAFIK', 'MEMORIA'];
const ink = () => pick(['#ffffff', '#ffffff', '#000000', color()]);

const photos = values.photos ? (await readdir(values.photos)).filter((name) => /\.jpe?g$/i.test(name)).sort() : [];
/** Noise of several sizes, as cloth, grass and walls have it. */
async function texture(width, height) {
  const layers = [];
  for (const size of [2, 5, 13, 40]) {
    const [w, h] = [Math.ceil(width / size), Math.ceil(height / size)];
    const data = Buffer.from(Uint8Array.from({ length: w * h }, () => 128 + (random() + random() + random() - 1.5) * 70));
    layers.push(
      await sharp(data, { raw: { width: w, height: h, channels: 1 } })
        .resize(width, height, { kernel: 'cubic', fit: 'fill' })
        .raw()
        .toBuffer(),
    );
  }
  const [tint, base] = [channelsOf(color()), channelsOf(color())];
  const weights = [between(0.1, 0.5), between(0.1, 0.5), between(0.1, 0.6), between(0.2, 1)];
  const out = Buffer.alloc(width * height * 3);
  for (let at = 0; at < width * height; at++) {
    let value = 0;
    for (let n = 0; n < 4; n++) value += (layers[n][at] - 128) * weights[n];
    for (let c = 0; c < 3; c++) out[3 * at + c] = Math.max(0, Math.min(255, base[c] * 0.6 + 50 + value * (0.5 + tint[c] / 255)));
  }
  return sharp(out, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
function channelsOf(hex) {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

async function groundOf(kind, width, height, base) {
  if (kind === 'photo')
    return sharp(path.join(values.photos, pick(photos)))
      .resize(width, height, { fit: 'cover' })
      .png()
      .toBuffer();
  if (kind === 'textured') return texture(width, height);
  return sharp(svgOf(width, height, ground(kind, base, width, height)))
    .png()
    .toBuffer();
}

async function scene(kind, mark, opacity, tiled) {
  const [width, height] = pick(SIZES);
  const base = color();
  const share = tiled ? between(0.1, 0.3) : between(0.12, 0.6);
  const layers = [{ input: await groundOf(kind, width, height, base), left: 0, top: 0 }];
  const truth = { boxes: [] };
  if (mark) {
    let fill = mark.fill;
    for (let n = 0; kind === 'plain' && Math.abs(luma(fill) - luma(base)) < 60 && n < 99; n++) fill = ink();
    truth.recolored = fill !== mark.fill;
    const drawn = await draw(mark, fill, Math.round(share * Math.max(width, height)));
    const alpha = Buffer.from(drawn.data);
    for (let at = 3; at < alpha.length; at += 4) alpha[at] = Math.round(alpha[at] * opacity);
    const input = await sharp(alpha, { raw: { width: drawn.width, height: drawn.height, channels: 4 } })
      .png()
      .toBuffer();
    const info = { width: drawn.width, height: drawn.height };
    const place = async (left, top) => {
      const [x0, y0, x1, y1] = [
        Math.max(0, left),
        Math.max(0, top),
        Math.min(width, left + info.width),
        Math.min(height, top + info.height),
      ];
      if (x1 - x0 < 2 || y1 - y0 < 2) return;
      const part = await sharp(input)
        .extract({ left: x0 - left, top: y0 - top, width: x1 - x0, height: y1 - y0 })
        .png()
        .toBuffer();
      layers.push({ input: part, left: x0, top: y0 });
      truth.boxes.push({ left: x0 / width, top: y0 / height, width: (x1 - x0) / width, height: (y1 - y0) / height });
    };
    if (tiled) {
      const [dx, dy] = [Math.round(info.width * between(1.1, 1.6)), Math.round(info.height * between(1.1, 1.8))];
      const [ox, oy] = [Math.round(between(-dx, 0)), Math.round(between(-dy, 0))];
      const stagger = random() < 0.5 ? Math.round(dx / 2) : 0;
      for (let row = 0; oy + row * dy < height; row++)
        for (let col = -1; ox + col * dx < width; col++) await place(ox + col * dx + (row % 2) * stagger, oy + row * dy);
    } else if (info.width < width - 8 && info.height < height - 8) {
      await place(Math.floor(between(4, width - info.width - 4)), Math.floor(between(4, height - info.height - 4)));
    }
  }
  const flat = await sharp(
    await sharp({ create: { width, height, channels: 3, background: base } })
      .composite(layers)
      .png()
      .toBuffer(),
  )
    .removeAlpha()
    .jpeg({ quality: 88 })
    .toBuffer();
  return { picture: { data: await sharp(flat).raw().toBuffer(), width, height, channels: 3 }, truth };
}

const { cv } = await loadOpenCv();
const words = WORDS.map((word) => ({
  id: word,
  svgIn: (fill) =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 ${measureWord(word) + 4} 18">${drawWord(word, 0, 0, 14, fill)}</svg>`,
}));
const marks = [...words, ...(await loadMarks(values.marks)).slice(0, 24)];
for (const mark of marks) {
  mark.fill = ink();
  mark.picture = await draw(mark, mark.fill, MARK_EDGE_PX);
}
console.log(
  `${cpus()[0].model}, Node ${process.version}, ${new Date().toISOString()}, load average ${loadavg()
    .map((value) => value.toFixed(1))
    .join(' ')}`,
);
console.log(`${PICTURES} pictures a case, ${marks.length} watermarks, one looked for in each; sure from ${SURE}, review from ${REVIEW}\n`);
console.log('| ground | placed | opacity | pictures | sure | sure or review | right place | opacity error | CPU ms a picture |');
console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
const kinds = ['plain', 'graded', 'clutter', 'textured', ...(values.photos ? ['photo'] : [])];
const cases = kinds.flatMap((kind) => [
  ...[false, true].flatMap((tiled) => OPACITIES.map((opacity) => ({ kind, opacity, tiled }))),
  { kind, none: true },
  { kind, other: true, tiled: false },
  { kind, other: true, tiled: true },
]);
const totals = { shown: 0, sure: 0, review: 0, wrong: 0, wrongReview: 0, without: 0 };
const median = (list) => [...list].sort((one, other) => one - other)[list.length >> 1];
for (const { kind, opacity, tiled, none, other } of cases) {
  const placed = none ? 'none' : `${other ? 'another, ' : ''}${tiled ? 'tiled' : 'once'}`;
  if (values.only && !`${kind} ${placed} ${opacity ?? ''}`.includes(values.only)) continue;
  const sum = { shown: 0, sure: 0, review: 0, right: 0, ms: 0 };
  const errors = [];
  const notes = [];
  for (let n = 0; n < PICTURES; n++) {
    const wanted = pick(marks);
    const shown = none ? null : other ? pick(marks.filter((mark) => mark !== wanted)) : wanted;
    const { picture, truth } = await scene(kind, shown, other ? pick(OPACITIES) : opacity, tiled);
    if (!none && truth.boxes.length === 0) continue;
    sum.shown += 1;
    const before = process.cpuUsage();
    const found = findWatermarks(cv, picture, [{ id: wanted.id, picture: wanted.picture }]);
    const used = process.cpuUsage(before);
    sum.ms += (used.user + used.system) / 1000;
    const [best] = found;
    const right = best && !none && !other && best.boxes.some((box) => truth.boxes.some((place) => overlap(place, box) > 0.5));
    // A tiled watermark has to be told apart from a single one.
    const arranged = right && (tiled ? best.boxes.length >= 3 || truth.boxes.length < 3 : best.boxes.length === 1);
    sum.sure += best?.confidence >= SURE ? 1 : 0;
    sum.review += best?.confidence >= REVIEW ? 1 : 0;
    sum.right += arranged && best.confidence >= REVIEW ? 1 : 0;
    if (right && best.opacity !== null && !truth.recolored) errors.push(Math.abs(best.opacity - opacity));
    notes.push(
      `  ${shown?.id ?? 'nothing'}, ${truth.boxes.length} places: ${found.map((one) => `${one.markId} ${one.confidence.toFixed(2)} × ${one.boxes.length} at ${one.opacity?.toFixed(2)}`).join('; ') || 'nothing found'}${right ? '' : ' (not there)'}`,
    );
  }
  const without = none || other;
  totals.shown += without ? 0 : sum.shown;
  totals.without += without ? sum.shown : 0;
  for (const [key, wrong] of [
    ['sure', 'wrong'],
    ['review', 'wrongReview'],
  ])
    totals[without ? wrong : key] += sum[key];
  console.log(
    `| ${kind} | ${placed} | ${without ? '' : opacity} | ${sum.shown} | ${sum.sure} | ${sum.review} | ${without ? '' : sum.right} | ${errors.length ? median(errors).toFixed(2) : ''} | ${(sum.ms / Math.max(1, sum.shown)).toFixed(0)} |`,
  );
  if (values.verbose) console.log(notes.join('\n'));
}
const share3 = (part, whole) => (whole === 0 ? '' : (part / whole).toFixed(3));
console.log(
  `\n${totals.shown} pictures with the watermark, ${totals.without} without: sure: precision ${share3(totals.sure, totals.sure + totals.wrong)}, recall ${share3(totals.sure, totals.shown)}; with review: precision ${share3(totals.review, totals.review + totals.wrongReview)}, recall ${share3(totals.review, totals.shown)}`,
);
