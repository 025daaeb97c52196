import type { SampleBrand } from './brand.types.js';
import { brandRules, rivals } from './brand-rules.js';
import { path, rect } from './svg-shapes.js';

/** Neutrals every brand may use beside its palette. */
export const NEUTRALS = { ink: '#222222', paper: '#ffffff' } as const;

const FENNIMOOR: SampleBrand = {
  key: 'fennimoor',
  name: 'Fennimoor',
  palette: [
    { name: 'Tomato', hex: '#d92b33', word: 'red' },
    { name: 'Butter', hex: '#fbc928', word: 'yellow' },
    { name: 'Kitchen Garden', hex: '#2f8f4a', word: 'green' },
    { name: 'Oat', hex: '#eddcba', word: 'beige' },
    { name: 'Plum', hex: '#75389f', word: 'purple' },
  ],
  // A tomato cut open, with an F-shaped core and a leaf.
  logo:
    path('M50 22 C66 12 94 20 94 54 C94 82 72 96 50 96 C28 96 6 82 6 54 C6 20 34 12 50 22Z', '#d92b33') +
    path('M50 22 Q52 4 74 4 Q74 22 50 22Z', '#2f8f4a') +
    path('M36 38 L68 38 L68 48 L47 48 L47 56 L64 56 L64 66 L47 66 L47 82 L36 82Z', '#ffffff'),
  guideline: {
    name: 'Fennimoor brand guideline',
    sections: [
      {
        title: 'Who we are',
        text: 'Fennimoor fills pantries with plain good food and the things that belong on a kitchen table. Our pictures are warm, simple and generous with empty space.',
      },
      {
        title: 'Colour',
        text: 'Tomato, Butter, Kitchen Garden, Oat and Plum carry every graphic. White and near-black are welcome beside them. No other colour may fill a noticeable part of a graphic; photographs are free.',
      },
      { title: 'Sharpness', text: 'Banners, posts, cards, backgrounds and photographs are at least 480 pixels wide and 240 pixels high.' },
      {
        title: 'Words for everyone',
        text: 'Each picture carries an alternative text of 15 to 200 characters that says what can be seen. A file name is not an alternative text.',
      },
      {
        title: 'Rights',
        text: 'A picture is taken down on the day its licence ends. A licence that ends within thirty days is renewed or replaced.',
      },
      {
        title: 'What we do not show',
        text: 'No smoking and no firearms, in any picture, drawn or photographed. Kitchen knives are tools of our trade and are fine.',
      },
    ],
    rules: brandRules('No smoking and no firearms', [
      { prompt: 'a cigarette', counterPrompts: rivals('cigarette') },
      { prompt: 'a gun', counterPrompts: rivals('gun') },
    ]),
  },
  campaigns: [
    { name: 'Spring Market', season: 'spring' },
    { name: 'Long Table', season: 'summer' },
    { name: 'Harvest Shelf', season: 'autumn' },
    { name: 'Winter Pantry', season: 'winter' },
  ],
  objects: [
    'apple',
    'banana',
    'pear',
    'cherries',
    'carrot',
    'cake',
    'ice cream',
    'cup',
    'bottle',
    'wine glass',
    'lamp',
    'chair',
    'clock',
    'candle',
    'house',
    'flower',
    'gift box',
    'shopping bag',
    'umbrella',
    'cat',
    'mushroom',
    'scissors',
    'book',
    'key',
    'heart',
    'knife',
    'leaf',
    'balloon',
  ],
  prohibited: ['cigarette', 'gun'],
  foreignColours: ['blue', 'turquoise', 'pink', 'sky blue'],
  document: {
    title: 'Fennimoor: how we talk about food',
    text: `# How we talk about food

We write the way a good neighbour talks over a garden fence. Short sentences. Real ingredients. No promises a carrot cannot keep.

## Words we like

- ripe, crisp, slow-baked, from the garden
- enough for everyone, second helping

## Words we leave out

- guilt-free, superfood, sinful
- anything that sounds like a medicine

## On the shelf

Product cards show one thing on a calm ground. The price stands at the bottom right, the name at the left. If a card needs an
explanation, the picture is wrong.
`,
  },
};

const KESTAVO: SampleBrand = {
  key: 'kestavo',
  name: 'Kestavo',
  palette: [
    { name: 'Midnight', hex: '#1d2d63', word: 'navy' },
    { name: 'Clear Sky', hex: '#78c0f2', word: 'sky blue' },
    { name: 'Ember', hex: '#f58220', word: 'orange' },
    { name: 'Lagoon', hex: '#10807f', word: 'teal' },
    { name: 'Dune', hex: '#e9d6b0', word: 'beige' },
  ],
  // Two peaks and a rising sun on a rounded tile.
  logo:
    rect(4, 4, 92, 92, '#1d2d63', '', 20) +
    '<circle cx="66" cy="34" r="14" fill="#f58220"/>' +
    path('M12 80 L40 32 L58 62 L66 50 L88 80Z', '#ffffff') +
    path('M40 32 L49 47 L41 52 L36 46 L30 49Z', '#78c0f2'),
  guideline: {
    name: 'Kestavo brand guideline',
    sections: [
      {
        title: 'Who we are',
        text: 'Kestavo makes travel and outdoor gear for families who leave early and come home late. Our pictures look far: sky, road, water, hills.',
      },
      {
        title: 'Colour',
        text: 'Midnight, Clear Sky, Ember, Lagoon and Dune carry every graphic, on white or near-black where that helps. Other colours belong in photographs only.',
      },
      { title: 'Sharpness', text: 'Nothing smaller than 480 by 240 pixels is published, icons and vector logos aside.' },
      {
        title: 'Words for everyone',
        text: 'The alternative text names the thing and the place in 15 to 200 characters. Never the file name, never just “image”.',
      },
      { title: 'Rights', text: 'Every file names its holder and the last day of its licence. After that day it may not be shown.' },
      { title: 'What we do not show', text: 'Children travel with us: no beer and no knives in any picture.' },
    ],
    rules: brandRules('No beer and no knives', [
      { prompt: 'a glass of beer', counterPrompts: rivals('beer glass', 'wine glass', 'cup') },
      { prompt: 'a knife', counterPrompts: rivals('knife') },
    ]),
  },
  campaigns: [
    { name: 'First Light', season: 'spring' },
    { name: 'Coast Road', season: 'summer' },
    { name: 'High Trails', season: 'autumn' },
    { name: 'Snow Line', season: 'winter' },
  ],
  objects: [
    'car',
    'bus',
    'truck',
    'train',
    'bicycle',
    'airplane',
    'sailboat',
    'rocket',
    'tree',
    'sun',
    'moon',
    'cloud',
    'mountain',
    'cactus',
    'star',
    'dog',
    'fish',
    'bird',
    'butterfly',
    'person',
    'shoe',
    'shirt',
    'hat',
    'glasses',
    'camera',
    'phone',
    'headphones',
    'guitar',
    'ball',
    'lock',
  ],
  prohibited: ['beer glass', 'knife'],
  foreignColours: ['red', 'magenta', 'purple', 'lime'],
  document: {
    title: 'Kestavo: packing list for the first cold weekend',
    text: `# Packing list for the first cold weekend

The car is small, the dog is not. This list leaves room for both.

1. One jacket each that keeps water out, one that keeps warmth in. Not the same jacket.
2. Dry socks in a bag of their own. Twice as many as you think.
3. A lamp for every head, and one for the tent.
4. Paper map. The phone will be cold too.
5. Something warm to drink before anything else happens.

## Before you lock the door

Tell somebody which valley you are going to and when you mean to be back.
`,
  },
};

/** The two invented brands of the sample library. */
export const SAMPLE_BRANDS: readonly SampleBrand[] = [FENNIMOOR, KESTAVO];
