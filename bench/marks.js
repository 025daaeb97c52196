// How well marks are found, on drawings with known truth: npm run bench marks -- [--marks FOLDER] [--pictures N] [--only CASE] [--verbose]
// FOLDER holds marks as SVG with one colour; without it, drawings of the sample objects serve as marks.
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { findMark, MARK_EDGE_PX } from '../dist/engines/mark-finding/mark-finder.js';
import { withoutOverlap } from '../dist/engines/mark-finding/mark-sighting.js';
import { loadOpenCv } from '../dist/engines/pixels/open-cv.js';
import { between, color, draw, ground, loadMarks, luma, overlap, pick, random, svgOf } from './support/mark-scenes.js';

const { values } = parseArgs({
  options: { marks: { type: 'string' }, pictures: { type: 'string' }, only: { type: 'string' }, verbose: { type: 'boolean' } },
});
const PICTURES = Number(values.pictures ?? 40);
/** Other marks that are looked for in the same picture. */
const OTHERS = 4;
const SIZES = [
  [1024, 768],
  [1024, 1024],
  [768, 1024],
  [1024, 512],
];
const CASES = {
  'plain ground': { ground: 'plain', share: [0.08, 0.4] },
  'graded ground': { ground: 'graded', share: [0.08, 0.4] },
  'small, 4 to 7% of the picture': { ground: 'plain', share: [0.04, 0.07] },
  'turned, up to 15°': { ground: 'plain', share: [0.1, 0.4], turn: 15 },
  recoloured: { ground: 'plain', share: [0.1, 0.4], recolor: true },
  'stretched, 0.8 to 1.25': { ground: 'plain', share: [0.1, 0.4], stretch: true },
  cluttered: { ground: 'clutter', share: [0.1, 0.4] },
  'cluttered and recoloured': { ground: 'clutter', share: [0.1, 0.4], recolor: true },
  'no mark, plain': { ground: 'plain', share: [0.1, 0.4], empty: true },
  'no mark, cluttered': { ground: 'clutter', share: [0.1, 0.4], empty: true },
  'no mark, clutter in colours of marks': { ground: 'own', share: [0.1, 0.4], empty: true },
};

/** One picture with one mark, or none, and the truth about it. */
async function scene(marks, { ground: kind, share, turn = 0, recolor = false, stretch = 1, empty = false }) {
  const [width, height] = pick(SIZES);
  const base = color();
  const lines = Array.from(
    { length: 3 },
    (_, n) =>
      `<rect x="${between(10, width / 2)}" y="${between(20, height - 40) + n}" width="${between(60, width / 2.5)}" height="${between(6, 20)}" fill="${color()}"/>`,
  );
  const layers = [
    {
      input: svgOf(width, height, ground(kind, base, width, height, kind === 'own' ? () => pick(marks).fill : color) + lines.join('')),
      left: 0,
      top: 0,
    },
  ];
  let truth = null;
  if (!empty) {
    const mark = pick(marks);
    let fill = recolor ? color() : mark.fill;
    // A mark that its ground swallows is nobody's to find.
    for (let n = 0; kind === 'plain' && Math.abs(luma(fill) - luma(base)) < 40 && n < 99; n++) fill = color();
    const drawn = await draw(mark, fill, Math.round(share * Math.max(width, height)) * 2);
    const raw = { raw: { width: drawn.width, height: drawn.height, channels: 4 } };
    const sized = await sharp(drawn.data, raw)
      .resize(Math.round((drawn.width / 2) * stretch), Math.round(drawn.height / 2), { fit: 'fill' })
      .png()
      .toBuffer();
    const input =
      turn === 0
        ? sized
        : await sharp(sized)
            .rotate(turn, { background: { r: 0, g: 0, b: 0, alpha: 0 } })
            .png()
            .toBuffer();
    const info = await sharp(input).metadata();
    if (info.width < width - 8 && info.height < height - 8) {
      const [left, top] = [Math.floor(between(4, width - info.width - 4)), Math.floor(between(4, height - info.height - 4))];
      layers.push({ input, left, top });
      truth = {
        id: mark.id,
        left: left / width,
        top: top / height,
        width: info.width / width,
        height: info.height / height,
        stretch,
        turn,
      };
    }
  }
  const canvas = sharp({ create: { width, height, channels: 3, background: base } }).composite(layers);
  const flat = await sharp(await canvas.png().toBuffer())
    .removeAlpha()
    .jpeg({ quality: 90 })
    .toBuffer();
  return { picture: { data: await sharp(flat).raw().toBuffer(), width, height, channels: 3 }, truth };
}

const median = (list) => [...list].sort((one, other) => one - other)[list.length >> 1] ?? Number.NaN;

const { cv } = await loadOpenCv();
const marks = await loadMarks(values.marks);
for (const mark of marks) {
  mark.fill = color();
  mark.picture = await draw(mark, mark.fill, MARK_EDGE_PX);
}
const day = new Date().toISOString();
console.log(
  `${cpus()[0].model}, Node ${process.version}, ${day}, load average ${loadavg()
    .map((value) => value.toFixed(1))
    .join(' ')}`,
);
console.log(
  `${PICTURES} pictures a case, ${marks.length} marks${values.marks ? '' : ' (sample objects)'}, ${1 + OTHERS} looked for in each\n`,
);
console.log('| case | with a mark | precision | recall | wrong | stretch error | turning error, ° | CPU ms a mark |');
console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const [name, { share, turn, stretch, ...rest }] of Object.entries(CASES)) {
  if (values.only && !name.startsWith(values.only)) continue;
  const sum = { shown: 0, right: 0, found: 0, ms: 0 };
  const errors = { stretch: [], turn: [] };
  const notes = [];
  for (let n = 0; n < PICTURES; n++) {
    const options = {
      ...rest,
      share: between(...share),
      turn: turn ? Math.round(between(-turn, turn)) : 0,
      stretch: stretch ? between(0.8, 1.25) : 1,
    };
    const { picture, truth } = await scene(marks, options);
    const others = marks
      .filter(({ id }) => id !== truth?.id)
      .sort(() => random() - 0.5)
      .slice(0, OTHERS);
    const wanted = [...marks.filter(({ id }) => id === truth?.id), ...others];
    const before = process.cpuUsage();
    const sightings = withoutOverlap(wanted.flatMap((mark) => findMark(cv, picture, mark)));
    const used = process.cpuUsage(before);
    sum.ms += (used.user + used.system) / 1000 / wanted.length;
    const hit = truth && sightings.find((sighting) => sighting.markId === truth.id && overlap(sighting.box, truth) > 0.5);
    sum.shown += truth ? 1 : 0;
    sum.found += sightings.length;
    sum.right += hit ? 1 : 0;
    if (hit) {
      errors.stretch.push(Math.abs(hit.stretch - truth.stretch));
      errors.turn.push(Math.abs(hit.rotationDeg - truth.turn));
    }
    if ((truth && !hit) || sightings.length > (hit ? 1 : 0))
      notes.push(
        `  ${truth?.id ?? 'nothing'}: ${sightings.map(({ markId, confidence }) => `${markId} ${confidence.toFixed(2)}`).join(', ') || 'nothing found'}`,
      );
  }
  const share3 = (part, whole) => (whole === 0 ? '' : (part / whole).toFixed(3));
  const measured = errors.stretch.length === 0 ? ['', ''] : [median(errors.stretch).toFixed(3), median(errors.turn).toFixed(1)];
  console.log(
    `| ${name} | ${sum.shown} | ${share3(sum.right, sum.found)} | ${share3(sum.right, sum.shown)} | ${sum.found - sum.right} | ${measured.join(' | ')} | ${(sum.ms / PICTURES).toFixed(0)} |`,
  );
  if (values.verbose && notes.length > 0) console.log(notes.join('\n'));
}
