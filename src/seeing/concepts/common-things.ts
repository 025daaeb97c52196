import { createHash } from 'node:crypto';

/**
 * What a picture may show instead: common things of all kinds. A concept has to beat them together, so that "none of these" is an answer
 * and not only the least bad label. Those that mean nearly the same as a concept are left out for it.
 */
export const COMMON_THINGS: readonly string[] = [
  // nature
  ...[
    'a forest',
    'a beach',
    'a mountain',
    'a river',
    'a flower',
    'a tree',
    'the night sky',
    'a cloud',
    'the sun',
    'snow',
    'a fire',
    'a rock',
  ],
  // animals
  ...['a dog', 'a cat', 'a horse', 'a cow', 'a bird', 'a fish', 'an insect', 'a snake', 'an elephant', 'a monkey', 'a shellfish'],
  // people
  ...['a man', 'a woman', 'a child', 'a crowd', 'a face', 'a hand', 'a sports player', 'a worker', 'a dancer', 'a wedding'],
  // food
  ...['fruit', 'vegetables', 'bread', 'meat', 'a cake', 'a cup of coffee', 'a bottle', 'a glass of wine', 'a plate of food', 'ice cream'],
  // traffic and buildings
  ...[
    'a car',
    'a truck',
    'a bicycle',
    'a train',
    'an airplane',
    'a boat',
    'a street',
    'a bridge',
    'a house',
    'a tower',
    'a church',
    'a factory',
  ],
  // rooms and furniture
  ...['a kitchen', 'a bedroom', 'an office', 'a shop', 'a chair', 'a table', 'a bed', 'a lamp', 'a window', 'a door', 'a mirror', 'cheese'],
  // clothing
  ...['a shirt', 'a dress', 'a shoe', 'a hat', 'a bag', 'glasses', 'jewellery', 'a watch', 'an umbrella'],
  // tools and devices
  ...['a computer', 'a phone', 'a camera', 'a television', 'a clock', 'a knife', 'a hammer', 'scissors', 'a key', 'a machine'],
  // play and culture
  ...[
    'a ball',
    'a toy',
    'a guitar',
    'a piano',
    'a book',
    'a newspaper',
    'a painting',
    'a statue',
    'a flag',
    'a coin',
    'a gift',
    'a balloon',
  ],
  // signs and graphics
  ...['a logo', 'text', 'a map', 'a chart', 'a diagram', 'an arrow', 'a heart', 'a star', 'a circle', 'a pattern', 'a plain background'],
  ...['a screenshot', 'a document', 'a traffic sign', 'a smiling face', 'a speech bubble', 'a barcode', 'a medical instrument'],
];

/** Changes with the list and the templates around its words, so that what was derived from other rivals is made anew. */
export function rivalRevision(templates: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([COMMON_THINGS, templates]))
    .digest('hex')
    .slice(0, 12);
}
