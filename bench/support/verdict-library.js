// Drawn libraries with known truth for bench/verdicts.js, none of it from the sample library: pictures whose faults are put in one by one,
// and scenes of training's drawing program from seeds that training never used.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { rasterizeSvg } from '../../dist/engines/media/rasterize-svg.js';
import { withArticle } from '../../dist/program/samples/captions.js';
import { createRandom } from '../../dist/program/samples/random.js';
import { drawTrainingScene } from '../../dist/program/samples/training-scene.js';

export const PALETTE = [
  { name: 'Red', hex: '#c8102e' },
  { name: 'Blue', hex: '#003a70' },
  { name: 'Sand', hex: '#e8d9b5' },
];
const FOREIGN = ['#7ac143', '#8e3fa8', '#00b5cc'];
const FORBIDDEN = '#ff6a13';
/** What may be asked of the measured pictures, by kind. */
export const MEASURED_RULES = {
  PALETTE: { minShare: 0.7, maxDeltaE: 8, neutralAllowance: 0, forbidden: [{ color: FORBIDDEN, maxShare: 0.03 }] },
  CONTRAST: { overlays: [{ name: 'headline', left: 0, top: 0, width: 1, height: 0.25, textColor: '#ffffff' }], textBoxes: false },
  MIN_RESOLUTION: { minWidthPx: 600, minHeightPx: 400 },
  ASPECT_RATIO: { presets: ['square', 'hero-16-9', 'card-4-3'] },
  SAFE_ZONE: { presets: ['instagram-story'] },
  FILE_FORMAT: { allowed: ['image/jpeg', 'image/png'] },
  BYTE_SIZE: { maxBytes: 60_000 },
  COLOR_ENCODING: { iccProfile: 'REQUIRED', alpha: 'FORBIDDEN' },
  SHARPNESS: { minSharpness: 60 },
  EXPOSURE: { minMean: 0.2, maxMean: 0.8, maxShadowShare: 0.2, maxHighlightShare: 0.2 },
  ALT_TEXT: {},
  REQUIRED_METADATA: { fields: [{ key: 'photographer' }, { key: 'season', allowed: ['spring', 'autumn'] }] },
  RIGHTS_EXPIRY: { warnDays: 30 },
  USAGE_RIGHTS: { territories: ['de'], channels: ['web'] },
  DUPLICATE: {},
  AI_PROVENANCE: {},
};

/** Grants, from one day to another counted from today, and what they mean for web in Germany. */
const GRANTED = [
  {
    grants: [
      { territories: ['DE'], channels: ['web'] },
      { territories: ['AT'], channels: ['print'], to: -1 },
    ],
    usage: 'PASS',
    expiry: 'PASS',
  },
  {
    grants: [
      { territories: ['AT'], channels: ['web'] },
      { territories: ['DE'], channels: ['print'] },
    ],
    usage: 'FAIL',
    expiry: 'PASS',
  },
  {
    grants: [
      { territories: ['DE'], channels: ['web'], to: -1 },
      { territories: ['FR'], channels: ['all'] },
    ],
    usage: 'FAIL',
    expiry: 'PASS',
  },
  {
    grants: [
      { territories: ['worldwide'], channels: ['web'], to: 10 },
      { territories: ['DE'], channels: ['all'], from: 11, to: 400 },
    ],
    usage: 'PASS',
    expiry: 'PASS',
  },
  {
    grants: [
      { territories: ['DE'], channels: ['web'], to: 10 },
      { territories: ['DE'], channels: ['web'], from: 12 },
    ],
    usage: 'PASS',
    expiry: 'NEEDS_REVIEW',
  },
  { grants: [{ channels: ['web'], to: 400 }], usage: 'NEEDS_REVIEW', expiry: 'PASS' },
  {
    grants: [
      { territories: ['DE'], channels: ['web'], from: 5 },
      { territories: ['DE'], channels: ['web'], to: -5 },
    ],
    usage: 'FAIL',
    expiry: 'FAIL',
  },
];
const dated = ({ from, to, ...grant }, day) => ({
  ...grant,
  ...(from !== undefined && { startsOn: day(from) }),
  ...(to !== undefined && { expiresOn: day(to) }),
});

const luminance = (grey) => {
  const v = grey / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
};

/**
 * `count` pictures of stripes, texture and a head band, each with chance faults. One line of truth each: file, fields of the manifest, and
 * the verdict that each kind has to give.
 */
export async function writeMeasured(folder, count, seed, now) {
  await mkdir(folder, { recursive: true });
  const random = createRandom(seed);
  const day = (offset) => new Date(now.getTime() + offset * 86_400_000).toISOString().slice(0, 10);
  const truth = [];
  for (let index = 0; index < count; index += 1) {
    const expected = {};
    const verdict = (kind, kept) => {
      expected[kind] = kept === true ? 'PASS' : kept === false ? 'FAIL' : kept;
    };
    // Sizes: ratios clear of the tolerance either way.
    const [width, height] = random.pick([
      [640, 640],
      [960, 540],
      [800, 600],
      [540, 960],
      [720, 400],
      [500, 380],
      [900, 500],
      [590, 800],
    ]);
    verdict('MIN_RESOLUTION', width >= 600 && height >= 400);
    verdict(
      'ASPECT_RATIO',
      [1, 16 / 9, 4 / 3].some((ratio) => Math.abs(width / height / ratio - 1) <= 0.02),
    );
    // Body: stripes of colour, and in some of it texture.
    const foreignShare = random.pick([0, 0.1, 0.2, 0.4, 0.6]);
    const forbiddenShare = random.chance(0.25) ? 0.1 : 0;
    const isTexture = random.chance(0.4);
    const isBlurred = random.chance(0.5);
    const light = random.pick(['usual', 'usual', 'dark', 'light']);
    const head = random.pick([0x10, 0x30, 0x50, 0x6c, 0x82, 0xa0, 0xd0]);
    const pixels = isTexture
      ? texture(width, height, seed * 10_000 + index, light)
      : stripes(
          width,
          height,
          [
            ...share(
              PALETTE.map(({ hex }) => hex),
              1 - foreignShare - forbiddenShare,
            ),
            [random.pick(FOREIGN), foreignShare],
            [FORBIDDEN, forbiddenShare],
          ],
          random,
        );
    const headRows = Math.round(height * 0.25);
    let picture = sharp(pixels, { raw: { width, height, channels: 3 } });
    if (isTexture && isBlurred) picture = sharp(await picture.blur(6).raw().toBuffer(), { raw: { width, height, channels: 3 } });
    // The head band is a plain grey in half of the textures: there contrast is known.
    const hasHead = isTexture && random.chance(0.6);
    if (hasHead)
      picture = sharp(
        await picture
          .composite([
            { input: { create: { width, height: headRows + 2, channels: 3, background: { r: head, g: head, b: head } } }, left: 0, top: 0 },
          ])
          .removeAlpha()
          .raw()
          .toBuffer(),
        { raw: { width, height, channels: 3 } },
      );
    if (hasHead) verdict('CONTRAST', 1.05 / (luminance(head) + 0.05) >= 4.5);
    if (isTexture && !hasHead) {
      verdict('SHARPNESS', !isBlurred);
      verdict('EXPOSURE', light === 'usual');
    }
    if (!isTexture) verdict('PALETTE', foreignShare + forbiddenShare <= 0.3 && forbiddenShare === 0);
    // Encoding.
    const format = random.pick(['jpeg', 'png', 'webp']);
    const hasAlpha = format !== 'jpeg' && random.chance(0.3);
    const hasProfile = random.chance(0.6);
    const source = random.pick([null, null, 'digitalCapture', 'trainedAlgorithmicMedia', 'compositeWithTrainedAlgorithmicMedia']);
    // Not quite opaque: WebP leaves out an alpha channel that says nothing.
    if (hasAlpha) picture = picture.ensureAlpha(0.98);
    if (hasProfile) picture = picture.withIccProfile('srgb');
    if (source) picture = picture.withXmp(xmp(source, index));
    const file = `m${String(index).padStart(4, '0')}.${format === 'jpeg' ? 'jpg' : format}`;
    await writeFile(path.join(folder, file), await picture.toFormat(format, format === 'png' ? {} : { quality: 92 }).toBuffer());
    verdict('FILE_FORMAT', format !== 'webp');
    verdict('BYTE_SIZE', (await stat(path.join(folder, file))).size <= 60_000);
    verdict('COLOR_ENCODING', hasProfile && !hasAlpha);
    verdict('AI_PROVENANCE', source === null ? 'NEEDS_REVIEW' : source === 'digitalCapture');
    // What people say.
    const altText = random.pick([null, 'IMG_2041', 'Sky', 'Stripes in the colours of the house', `Texture of fine grain, number ${index}`]);
    verdict('ALT_TEXT', altText !== null && altText.length > 10);
    const photographer = random.pick(['Ada', '', 'Ben']);
    const season = random.pick(['spring', 'Autumn', 'winter']);
    verdict('REQUIRED_METADATA', photographer !== '' && season !== 'winter');
    const ends = random.pick([-1, 0, 10, 29, 30, 31, 400, null]);
    const places = random.pick(['DE, AT', 'AT', 'worldwide', null]);
    const channels = random.pick(['web, print', 'print']);
    const granted = random.chance(0.4) ? random.pick(GRANTED) : null;
    const ended = ends !== null && ends < 0;
    verdict('RIGHTS_EXPIRY', granted ? granted.expiry : ended ? 'FAIL' : ends !== null && ends < 30 ? 'NEEDS_REVIEW' : 'PASS');
    verdict(
      'USAGE_RIGHTS',
      granted ? granted.usage : ended || channels === 'print' || places === 'AT' ? 'FAIL' : places === null ? 'NEEDS_REVIEW' : 'PASS',
    );
    const isStory = width === 540 && height === 960;
    const box = random.pick(['0.1 0.2 0.7 0.3 #ffffff', '0.02 0.2 0.7 0.3', '0.1 0.7 0.7 0.2', null]);
    verdict('SAFE_ZONE', !isStory ? 'NOT_APPLICABLE' : box === null ? 'NOT_EVALUATED' : box.startsWith('0.1 0.2'));
    verdict('DUPLICATE', true);
    const fields = {
      externalId: `measured-${index}`,
      altText,
      brand: 'measured',
      rights: granted ? { grants: granted.grants.map((grant) => dated(grant, day)) } : ends === null ? {} : { expiresOn: day(ends) },
      metadata: {
        ...(photographer && { photographer }),
        season,
        ...(places && { rightsTerritories: places }),
        rightsChannels: channels,
        ...(box && { textBoxes: box }),
      },
    };
    truth.push({ file, fields, expected });
    // Some are there twice, as another export would make them.
    if (isTexture && random.chance(0.15)) {
      const twin = `m${String(index).padStart(4, '0')}-again.jpg`;
      await sharp(path.join(folder, file))
        .flatten({ background: '#ffffff' })
        .resize(Math.round(width * 0.8))
        .jpeg({ quality: 80 })
        .toFile(path.join(folder, twin));
      truth.push({
        file: twin,
        fields: { externalId: `measured-${index}-again`, brand: 'measured' },
        expected: { DUPLICATE: 'TWIN' },
        twinOf: `measured-${index}`,
      });
    }
  }
  await writeFile(
    path.join(folder, 'manifest.jsonl'),
    truth.map(({ file, fields }) => `${JSON.stringify({ file, ...fields })}\n`).join(''),
  );
  return truth;
}

function share(hexes, total) {
  return hexes.map((hex) => [hex, total / hexes.length]);
}

/** Vertical stripes in shuffled order, each colour over its share of the width. */
function stripes(width, height, parts, random) {
  const columns = [];
  for (const [hex, part] of parts) for (let n = Math.round(part * width); n > 0; n -= 1) columns.push(hex);
  while (columns.length < width) columns.push(parts[0][0]);
  const blocks = [];
  for (let at = 0; at < width; at += 40) blocks.push(columns.slice(at, Math.min(width, at + 40)));
  const order = random
    .shuffle(blocks)
    .flat()
    .slice(0, width)
    .map((hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));
  const row = Buffer.from(Uint8Array.from({ length: width * 3 }, (_, i) => order[Math.floor(i / 3)][i % 3]));
  return Buffer.concat(Array.from({ length: height }, () => row));
}

/** Grain over smooth light and dark, as photographs have them; `light` moves all of it. */
function texture(width, height, seed, light) {
  const random = createRandom(seed);
  const [from, to] = { usual: [70, 190], dark: [4, 40], light: [225, 253] }[light];
  const side = 9;
  const field = Array.from({ length: side * side }, () => from + random.next() * (to - from));
  const at = (x, y) => field[Math.min(side - 1, y) * side + Math.min(side - 1, x)];
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const [fx, fy] = [(x / width) * (side - 1), (y / height) * (side - 1)];
      const [ix, iy, dx, dy] = [Math.floor(fx), Math.floor(fy), fx % 1, fy % 1];
      const smooth = (at(ix, iy) * (1 - dx) + at(ix + 1, iy) * dx) * (1 - dy) + (at(ix, iy + 1) * (1 - dx) + at(ix + 1, iy + 1) * dx) * dy;
      const value = Math.max(0, Math.min(255, Math.round(smooth + (random.next() - 0.5) * 30)));
      data.fill(value, (y * width + x) * 3, (y * width + x) * 3 + 3);
    }
  return data;
}

function xmp(code, index) {
  const value = `http://cv.iptc.org/newscodes/digitalsourcetype/${code}`;
  const body =
    index % 2
      ? `Iptc4xmpExt:DigitalSourceType="${value}"/>`
      : `><Iptc4xmpExt:DigitalSourceType>${value}</Iptc4xmpExt:DigitalSourceType></rdf:Description>`;
  return `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" ${body}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>`;
}

/** Alternative texts of a scene in three styles. */
const ALT_TEXTS = {
  caption: ({ captions }) => captions[0],
  'object alone': ({ objects }) => withArticle(objects[0]),
  sentence: ({ objects, colours }) =>
    `The picture shows ${objects.map((object, n) => withArticle(`${colours[n]} ${object}`)).join(' and ')} for our spring campaign.`,
};

/** Gives each scene with objects an alternative text: its own, or in half of the cases that of a scene that shares no object with it. */
function describe(scenes, seed) {
  const random = createRandom(seed);
  const shown = scenes.filter(({ scene }) => scene.objects.length > 0);
  for (const row of shown) {
    const style = random.pick(Object.keys(ALT_TEXTS));
    const others = shown.filter(({ scene }) => !scene.objects.some((object) => row.scene.objects.includes(object)));
    const isRight = random.chance(0.5);
    row.alt = { style, isRight };
    row.fields.altText = ALT_TEXTS[style](isRight ? row.scene : random.pick(others).scene);
  }
}

/** Scenes: the first that come, and further ones until each of `wanted` objects is in `each` of them. Truth: objects, layout, alternative text. */
export async function writeScenes(folder, count, wanted, each, firstSeed) {
  await mkdir(folder, { recursive: true });
  const truth = [];
  const missing = new Map(wanted.map((object) => [object, each]));
  for (let seed = firstSeed; truth.length < count || [...missing.values()].some((left) => left > 0); seed += 1) {
    const scene = drawTrainingScene(seed);
    const needed = scene.objects.some((object) => (missing.get(object) ?? 0) > 0);
    if (truth.length >= count && !needed) continue;
    for (const object of new Set(scene.objects)) if (missing.has(object)) missing.set(object, missing.get(object) - 1);
    const file = `s${seed}.png`;
    await writeFile(
      path.join(folder, file),
      await rasterizeSvg(scene.svg, { width: scene.width, height: scene.height, format: 'png', quality: 90 }),
    );
    truth.push({ file, fields: { externalId: `scene-${seed}`, brand: 'scenes' }, objects: scene.objects, layout: scene.layout, scene });
  }
  describe(truth, firstSeed);
  await writeFile(
    path.join(folder, 'manifest.jsonl'),
    truth.map(({ file, fields }) => `${JSON.stringify({ file, ...fields })}\n`).join(''),
  );
  return truth;
}
