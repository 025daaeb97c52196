import { COLOUR_SYNONYMS } from './colours.js';
import type { Random } from './random.js';
import type { BackgroundStyle, Layout } from './scene.drawings.js';

const PLURAL = new Set(['cherries', 'scissors', 'headphones', 'glasses', 'sunglasses']);

/** What a scene shows, in words. Colours are names, objects are listed object names. */
export interface SceneWords {
  layout: Layout;
  objects: readonly { object: string; colour: string; synonyms: readonly string[] }[];
  background: { style: BackgroundStyle; colour: string; second: string };
  side: 'left' | 'right';
}

/** "a red apple", "an orange car", "blue scissors". */
export function withArticle(phrase: string): string {
  const last = phrase.split(' ').at(-1)!;
  if (
    PLURAL.has(last) ||
    /^(mountains|people|clothes|clothing|spectacles|eyeglasses|earphones|shears|trainers|music|mail|love|footwear|headwear|furniture|alcohol|tobacco|smoking|wine|beer|reading|security|time|sunshine|weather)$/.test(
      last,
    )
  )
    return phrase;
  return `${/^[aeiou]/i.test(phrase) ? 'an' : 'a'} ${phrase}`;
}

/** Every caption is true of the scene and short enough to be typed into a search field; the first is the fullest. */
export function writeCaptions({ layout, objects, background, side }: SceneWords, random: Random): string[] {
  const colourWord = (name: string): string => (random.chance(0.25) ? random.pick(COLOUR_SYNONYMS[name] ?? [name]) : name);
  const ground = describeBackground(background, colourWord);
  if (layout === 'background') {
    return [ground, ground.replace('background', 'backdrop'), `plain ${ground}`, `${ground} without any object`].filter(
      (text) => background.style === 'plain' || !text.startsWith('plain'),
    );
  }
  if (layout === 'landscape') {
    const first = objects[0];
    const sky = colourWord(background.colour);
    const base = [
      'landscape with hills',
      `photo of a landscape with ${withArticle(`${sky} sky`)}`,
      'hills under the sun',
      'outdoor scene in the countryside',
    ];
    if (!first) return base;
    const thing = withArticle(`${colourWord(first.colour)} ${first.object}`);
    return [`${thing} in a landscape with hills`, `photo of ${thing} outdoors`, `${first.object} in the countryside`, ...base];
  }
  const coloured = objects.map((item) => `${colourWord(item.colour)} ${item.object}`);
  const bare = objects.map((item) => item.object);
  const listed = joinWords(coloured.map(withArticle));
  const first = coloured[0]!;
  const other = random.pick([bare[0]!, ...objects[0]!.synonyms]);
  if (layout === 'group') {
    const reversed = joinWords([...coloured].reverse().map(withArticle));
    return [
      `${listed} on ${withArticle(ground)}`,
      listed,
      reversed,
      joinWords(bare.map(withArticle)),
      bare.join(', '),
      coloured.join(' and '),
      first,
      bare[0]!,
    ];
  }
  const word = { object: '', icon: 'icon', banner: 'banner', card: 'product card', post: 'social media post' }[layout];
  const single = [
    `${withArticle(first)} on ${withArticle(ground)}`,
    withArticle(first),
    first,
    bare[0]!,
    `${first} on ${colourWord(background.colour)}`,
    `${withArticle(bare[0]!)} on ${withArticle(ground)}`,
    `picture of ${withArticle(first)}`,
    other,
    `${colourWord(objects[0]!.colour)} ${other}`,
  ];
  if (layout === 'object') return single;
  if (layout === 'icon')
    return [
      `icon of ${withArticle(first)}`,
      `${first} icon`,
      `${bare[0]} icon`,
      `icon of ${withArticle(bare[0]!)}`,
      ...single.slice(1, 4),
      other,
    ];
  return [
    `${word} with ${withArticle(first)}${layout === 'banner' ? ` on the ${side}` : ''}`,
    `${colourWord(background.colour)} ${word} with ${withArticle(first)}`,
    `${word} with ${withArticle(bare[0]!)}`,
    `${word} with text and ${withArticle(first)}`,
    `${bare[0]} ${word}`,
    ...single.slice(1, 4),
    other,
  ];
}

function describeBackground({ style, colour, second }: SceneWords['background'], word: (name: string) => string): string {
  if (style === 'plain') return `${word(colour)} background`;
  if (style === 'gradient') return `${word(colour)} and ${word(second)} gradient background`;
  const pattern = { stripes: 'striped', dots: 'dotted', checks: 'checked', waves: 'wavy' }[style];
  return `${pattern} ${word(colour)} and ${word(second)} background`;
}

function joinWords(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
