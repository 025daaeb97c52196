import type { SampleBrand, SampleKind } from './brand.types.js';
import { withArticle } from './captions.js';
import type { Random } from './random.js';
import type { ManifestTexts, Subject } from './sample.types.js';

interface TextRequest {
  brand: SampleBrand;
  kind: SampleKind;
  index: number;
  subject: Subject;
  /** Which fault the alternative text has, counted up; null for none. */
  altFault: number | null;
  altTextLimits: { minLength: number; maxLength: number };
  expired: boolean;
  /** A moment fourteen days before the licence ends. */
  expiringFrom?: Date;
  kindTag: string;
  random: Random;
}

const KIND_WORDS: Readonly<Record<SampleKind, string>> = {
  BANNER: 'banner',
  SOCIAL_POST: 'social post',
  PRODUCT_CARD: 'product card',
  ICON: 'icon',
  BACKGROUND: 'background',
  PHOTO: 'photograph',
  LOGO: 'logo',
  DOCUMENT: 'text',
};

const PLACES: Readonly<Record<SampleKind, readonly string[]>> = {
  BANNER: ['for the top of the shop page', 'for partner sites', 'for the newsletter header'],
  SOCIAL_POST: ['for the weekly feed', 'for the campaign opening', 'for stories and reposts'],
  PRODUCT_CARD: ['for the category page', 'for the seasonal catalogue'],
  ICON: ['for navigation and filters', 'for the app'],
  BACKGROUND: ['for slides and packaging mock-ups', 'for text on top'],
  PHOTO: ['for editorial pages', 'for the campaign story'],
  LOGO: ['for use as supplied'],
  DOCUMENT: ['for everyone who writes for us'],
};

const CHANNELS: Readonly<Record<SampleKind, readonly string[]>> = {
  BANNER: ['web', 'newsletter'],
  SOCIAL_POST: ['social'],
  PRODUCT_CARD: ['shop', 'print'],
  ICON: ['web', 'app'],
  BACKGROUND: ['print', 'web'],
  PHOTO: ['web', 'print'],
  LOGO: ['web', 'print'],
  DOCUMENT: ['internal'],
};

const HOLDERS = ['Studio Halverin', 'Marit Osterkamp', 'Ateliers Quenelle', 'Joao Brandel'];
const MARKETS = ['de', 'fr', 'uk', 'us', 'es'];

/** Titles, texts, tags, dates and metadata. Titles do not say what is drawn, so that a search has to look at the picture. */
export function writeTexts(request: TextRequest): ManifestTexts {
  const { brand, kind, index, random, subject } = request;
  const campaign = random.pick(brand.campaigns);
  const channel = random.pick(CHANNELS[kind]);
  const market = random.pick(MARKETS);
  const word = KIND_WORDS[kind];
  const year = random.integer(2023, 2026);
  const approved = random.chance(0.7);
  const owned = kind === 'LOGO' || kind === 'DOCUMENT' || kind === 'ICON' || random.chance(0.35);
  const startsOn = request.expired
    ? `${random.integer(2016, 2017)}-0${random.integer(1, 9)}-01`
    : `${random.integer(2019, 2022)}-0${random.integer(1, 9)}-15`;
  return {
    title:
      kind === 'DOCUMENT'
        ? brand.document.title
        : kind === 'LOGO'
          ? `${brand.name} logo ${index + 1}`
          : `${campaign.name} ${word} ${index + 1}`,
    altText: writeAltText(request),
    description: `${brand.name} ${word} of the ${campaign.name} campaign, ${random.pick(PLACES[kind])}.`,
    tags: [
      request.kindTag,
      `campaign/${campaign.name.toLowerCase().replaceAll(' ', '-')}`,
      `season/${campaign.season}`,
      `channel/${channel}`,
      `market/${market}`,
      approved ? 'status/approved' : 'status/draft',
      ...(subject.background.style !== 'plain' ? ['style/pattern'] : []),
    ],
    collection: kind === 'LOGO' || kind === 'DOCUMENT' ? `${brand.name} essentials` : `${brand.name} ${campaign.name}`,
    rights: {
      startsOn,
      expiresOn: expiry(request),
      holder: owned ? brand.name : random.pick(HOLDERS),
      license: owned ? 'OWNED' : random.pick(['RIGHTS_MANAGED', 'ROYALTY_FREE']),
    },
    metadata: {
      campaign: campaign.name,
      channel,
      market,
      year,
      printReady: channel === 'print',
      revision: random.integer(1, 5),
      ...(kind === 'PRODUCT_CARD'
        ? { sku: `${brand.key.slice(0, 2).toUpperCase()}-${random.integer(10000, 99999)}`, priceEur: random.integer(3, 180) }
        : {}),
      ...(kind === 'PHOTO' ? { photographer: random.pick(HOLDERS) } : {}),
    },
  };
}

/** Dates lie decades away on both sides, so that the expected verdict does not change with the calendar. */
function expiry({ expired, expiringFrom, random }: TextRequest): string {
  if (expired) return `${random.integer(2018, 2020)}-0${random.integer(1, 9)}-28`;
  const far = `${random.integer(2090, 2099)}-12-31`;
  return expiringFrom ? new Date(expiringFrom.getTime() + 14 * 86_400_000).toISOString().slice(0, 10) : far;
}

function writeAltText({ brand, kind, index, subject, altFault, altTextLimits }: TextRequest): string | null {
  if (kind === 'DOCUMENT') return null;
  const good = describe(brand, kind, index, subject);
  if (altFault === null) return good;
  const faults = [
    null,
    'image',
    `${brand.key}_${KIND_WORDS[kind].replace(' ', '_')}_final_v${index + 2}.png`,
    `${good} ${'This text goes on about the campaign, the season, the team and the weather, and says nothing more about the picture. '.repeat(Math.ceil(altTextLimits.maxLength / 80))}`.trim(),
  ];
  return faults[altFault % faults.length]!;
}

function describe(brand: SampleBrand, kind: SampleKind, index: number, { layout, objects, background, side }: Subject): string {
  const things = objects.map(({ object, colour }) => withArticle(`${colour} ${object}`)).join(' and ');
  const pattern = { plain: '', gradient: 'gradient ', stripes: 'striped ', dots: 'dotted ', checks: 'checked ', waves: 'wavy ' }[
    background.style
  ];
  const ground =
    background.style === 'plain' ? `${background.colour} background` : `${pattern}${background.colour} and ${background.second} background`;
  if (kind === 'LOGO') return index < 2 ? `The ${brand.name} mark on its own` : `The ${brand.name} mark with the name beside it`;
  if (layout === 'background') return background.style === 'plain' ? `Plain ${ground}` : `${ground[0]!.toUpperCase()}${ground.slice(1)}`;
  if (layout === 'landscape')
    return things
      ? `Hills under an open sky with ${things} in front`
      : `Hills and fields under ${withArticle(`open ${background.colour} sky`)}`;
  const sentence = {
    banner: `Banner with ${things} on the ${side}, on ${withArticle(ground)}`,
    card: `Product card showing ${things}, with name and price below`,
    post: `${things} above a few lines of text on ${withArticle(ground)}`,
    group: `${things} on ${withArticle(ground)}`,
    icon: `Icon of ${things}`,
  }[layout as 'banner' | 'card' | 'post' | 'group' | 'icon'];
  return `${sentence[0]!.toUpperCase()}${sentence.slice(1)}`;
}
