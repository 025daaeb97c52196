import { kindTag, RULE_KINDS, type RuleKind, type SampleBrand, type SampleKind } from './brand.types.js';
import { ALT_TEXT, RULE_SCOPES } from './brand-rules.js';
import { colourDistance, toHex } from './colours.js';
import type { Random } from './random.js';
import type { ExpectedVerdict, FileFormat, PlannedAsset, Subject } from './sample.types.js';
import { writeTexts } from './sample-texts.js';
import type { BackgroundStyle, Layout } from './scene.drawings.js';

const COUNTS: Readonly<Record<SampleKind, number>> = {
  BANNER: 28,
  SOCIAL_POST: 30,
  PRODUCT_CARD: 28,
  ICON: 20,
  BACKGROUND: 12,
  PHOTO: 8,
  LOGO: 4,
  DOCUMENT: 1,
};

const FORMATS: Readonly<Record<SampleKind, readonly FileFormat[]>> = {
  BANNER: ['png', 'jpg', 'webp'],
  SOCIAL_POST: ['jpg', 'png', 'webp', 'jpg'],
  PRODUCT_CARD: ['webp', 'png', 'jpg'],
  ICON: ['svg', 'png', 'png', 'webp'],
  BACKGROUND: ['png', 'jpg', 'webp'],
  PHOTO: ['jpg'],
  LOGO: ['svg', 'png'],
  DOCUMENT: ['md'],
};

/** Normal sizes are well above the resolution rule, small ones well below. */
const SIZES: Readonly<Record<SampleKind, readonly (readonly [number, number])[]>> = {
  BANNER: [
    [960, 360],
    [970, 400],
    [1080, 420],
    [900, 320],
  ],
  SOCIAL_POST: [
    [720, 720],
    [640, 800],
    [720, 760],
  ],
  PRODUCT_CARD: [
    [540, 720],
    [560, 740],
  ],
  ICON: [
    [256, 256],
    [384, 384],
    [512, 512],
  ],
  BACKGROUND: [
    [900, 600],
    [800, 800],
    [960, 540],
  ],
  PHOTO: [
    [960, 640],
    [900, 600],
  ],
  LOGO: [
    [512, 512],
    [512, 512],
    [900, 260],
    [900, 260],
  ],
  DOCUMENT: [[0, 0]],
};

const VIOLATIONS: Readonly<Record<RuleKind, { count: number; kinds: readonly SampleKind[] }>> = {
  PALETTE: { count: 10, kinds: ['BANNER', 'SOCIAL_POST', 'PRODUCT_CARD', 'ICON', 'BACKGROUND'] },
  MIN_RESOLUTION: { count: 9, kinds: RULE_SCOPES.MIN_RESOLUTION },
  ALT_TEXT: { count: 12, kinds: ['BANNER', 'SOCIAL_POST', 'PRODUCT_CARD', 'ICON', 'BACKGROUND', 'PHOTO'] },
  RIGHTS_EXPIRY: { count: 10, kinds: ['BANNER', 'SOCIAL_POST', 'PRODUCT_CARD', 'BACKGROUND', 'PHOTO'] },
  PROHIBITED_CONTENT: { count: 10, kinds: ['BANNER', 'SOCIAL_POST', 'PRODUCT_CARD'] },
};

/** Everything about a brand's files but their pixels. With `now`, one licence ends fourteen days later (NEEDS_REVIEW). */
export function planBrand(brand: SampleBrand, random: Random, now?: Date): PlannedAsset[] {
  const slots = Object.entries(COUNTS).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, index) => ({ kind: kind as SampleKind, index })),
  );
  const violations = assignViolations(slots, random);
  const soon =
    now && random.pick(slots.flatMap(({ kind }, i) => (kind === 'BANNER' && !violations[i]!.includes('RIGHTS_EXPIRY') ? [i] : [])));
  let altFault = 0;
  let prohibitedTurn = 0;
  const order = random.shuffle(brand.objects);
  let objectTurn = 0;
  const nextObject = (): string => order[objectTurn++ % order.length]!;
  return slots.map(({ kind, index }, i) => {
    const broken = violations[i]!;
    const prohibited = broken.includes('PROHIBITED_CONTENT') ? brand.prohibited[prohibitedTurn++ % brand.prohibited.length]! : null;
    const subject = planSubject(brand, kind, index, broken, prohibited, nextObject, random);
    const format = FORMATS[kind][index % FORMATS[kind].length]!;
    const [width, height] = planSize(kind, index, broken.includes('MIN_RESOLUTION'), random);
    const number = String(index + 1).padStart(3, '0');
    const slug = kind.toLowerCase().replace('_', '-');
    const externalId = `${brand.key}-${slug}-${number}`;
    return {
      file: `${brand.key}/${slug}s/${externalId}.${format}`,
      externalId,
      brand,
      kind,
      format,
      width: kind === 'DOCUMENT' ? null : width,
      height: kind === 'DOCUMENT' ? null : height,
      subject,
      drawingSeed: random.integer(1, 0x7fffffff),
      violations: broken,
      expected: expectVerdicts(kind, broken, i === soon),
      ...writeTexts({
        brand,
        kind,
        index,
        subject,
        altFault: broken.includes('ALT_TEXT') ? altFault++ : null,
        altTextLimits: ALT_TEXT,
        expired: broken.includes('RIGHTS_EXPIRY'),
        expiringFrom: i === soon ? now : undefined,
        kindTag: kindTag(kind),
        random,
      }),
    };
  });
}

/** Most violations fall on assets that are otherwise clean; one of every kind joins an asset with another fault. */
function assignViolations(slots: readonly { kind: SampleKind }[], random: Random): RuleKind[][] {
  const assigned: RuleKind[][] = slots.map(() => []);
  for (const rule of RULE_KINDS) {
    const { count, kinds } = VIOLATIONS[rule];
    const eligible = random.shuffle(slots.flatMap(({ kind }, i) => (kinds.includes(kind) ? [i] : [])));
    const joined = eligible.filter((i) => assigned[i]!.length > 0).slice(0, 1);
    const clean = eligible.filter((i) => assigned[i]!.length === 0).slice(0, count - joined.length);
    for (const i of [...joined, ...clean]) assigned[i]!.push(rule);
  }
  return assigned;
}

function expectVerdicts(kind: SampleKind, broken: readonly RuleKind[], expiresSoon: boolean): Record<RuleKind, ExpectedVerdict> {
  const verdict = (rule: RuleKind): ExpectedVerdict => {
    if (!RULE_SCOPES[rule].includes(kind)) return 'NOT_APPLICABLE';
    if (broken.includes(rule)) return 'FAIL';
    return rule === 'RIGHTS_EXPIRY' && expiresSoon ? 'NEEDS_REVIEW' : 'PASS';
  };
  return Object.fromEntries(RULE_KINDS.map((rule) => [rule, verdict(rule)])) as Record<RuleKind, ExpectedVerdict>;
}

function planSize(kind: SampleKind, index: number, small: boolean, random: Random): readonly [number, number] {
  const [width, height] = kind === 'LOGO' ? SIZES.LOGO[index]! : random.pick(SIZES[kind]);
  if (!small) return [width, height];
  // At most 260 wide or 190 high: both sides stay below the rule's limits.
  const scale = Math.min(260 / width, 190 / height) * random.between(0.7, 1);
  return [Math.round(width * scale), Math.round(height * scale)];
}

const LANDSCAPE_COLOURS = ['red', 'blue', 'yellow', 'orange', 'white', 'purple'];

function planSubject(
  brand: SampleBrand,
  kind: SampleKind,
  index: number,
  broken: readonly RuleKind[],
  prohibited: string | null,
  nextObject: () => string,
  random: Random,
): Subject {
  const words = brand.palette.map((colour) => colour.word);
  const side = random.pick(['left', 'right'] as const);
  const plain = (colour: string): Subject['background'] => ({ style: 'plain', colour, second: colour });
  const apart = (from: string, others: readonly string[]): string[] =>
    others.filter((word) => colourDistance(paletteHex(brand, word), paletteHex(brand, from)) > 0.2);
  if (kind === 'DOCUMENT') return { layout: 'text', objects: [], background: plain('white'), side };
  if (kind === 'LOGO') return { layout: 'logo', objects: [], background: plain('white'), side };
  if (kind === 'PHOTO') {
    const outdoors = brand.objects.filter((object) =>
      ['tree', 'house', 'car', 'bus', 'bicycle', 'dog', 'flower', 'mushroom', 'cat', 'chair', 'person'].includes(object),
    );
    const objects = index % 4 === 3 ? [] : [{ object: outdoors[index % outdoors.length]!, colour: random.pick(LANDSCAPE_COLOURS) }];
    return { layout: 'landscape', objects, background: plain(random.pick(['sky blue', 'orange', 'lavender', 'turquoise', 'coral'])), side };
  }
  // On white, a post or banner would be nearly all neutral: only icons stand on white.
  const grounds = broken.includes('PALETTE') ? brand.foreignColours : kind === 'ICON' ? [...words, 'white'] : words;
  const turn = broken.includes('PALETTE') ? brand.foreignColours : words;
  // Turning through the grounds, not drawing them, gives every colour its share and plain backgrounds distinct bytes.
  const ground = kind === 'BACKGROUND' ? turn[index % turn.length]! : random.pick(grounds);
  if (kind === 'BACKGROUND') {
    const patterned = index >= words.length;
    const style: BackgroundStyle = patterned ? (['stripes', 'dots', 'checks', 'waves'] as const)[index % 4]! : 'plain';
    const partners = broken.includes('PALETTE')
      ? brand.foreignColours.filter((word) => word !== ground)
      : [...apart(ground, words), 'white'];
    return {
      layout: 'background',
      objects: [],
      background: { style, colour: ground, second: patterned ? random.pick(partners) : ground },
      side,
    };
  }
  const colours = random.shuffle(apart(ground, words));
  const trio = kind === 'SOCIAL_POST' && index % 5 === 4;
  const first = { object: prohibited ?? nextObject(), colour: colours[0]! };
  const objects = trio ? [first, { object: nextObject(), colour: colours[1] ?? colours[0]! }] : [first];
  const patterned = kind === 'SOCIAL_POST' && index % 6 === 5 && !broken.includes('PALETTE');
  const layout: Layout = { BANNER: 'banner', SOCIAL_POST: trio ? 'group' : 'post', PRODUCT_CARD: 'card', ICON: 'icon' }[kind] as Layout;
  const second = patterned ? 'white' : ground;
  return {
    layout,
    objects,
    background: { style: patterned && ground !== 'white' ? random.pick(['stripes', 'dots', 'checks']) : 'plain', colour: ground, second },
    side,
  };
}

/** A brand's own value for a colour word, the general one for words outside its palette. */
export function paletteHex(brand: SampleBrand, word: string): string {
  return brand.palette.find((colour) => colour.word === word)?.hex ?? toHex(word);
}
