import { createHash } from 'node:crypto';

const THINGS =
  'accordion alligator anchor ant axe backpack bagpipe basket bat bathtub bear bed bell boomerang boot bridge broccoli broom bucket bulldozer ' +
  'burger camel canoe cello chain cow crab crown dinosaur dolphin donkey door dragon drum eggplant elephant eye factory feather fence flag ' +
  'flamingo fork fountain fox frog giraffe goat grape hammer hammock handbag hedgehog helicopter igloo island jellyfish kangaroo kite ladder ' +
  'lemon lighthouse lion lobster magnet microphone microscope monkey mosque motorcycle mouse octopus onion owl paintbrush panda parachute ' +
  'peacock penguin piano pig pineapple pizza printer pumpkin rabbit racket rainbow refrigerator ring robot sandwich saxophone scorpion seahorse ' +
  'shark skateboard skull snail snake sock spider squirrel stethoscope sword tank telescope tent tie tiger toilet tomato toothbrush tractor ' +
  'trumpet turtle violin volcano wheelchair whale windmill wolf zebra';
const COMPOUNDS = [
  ...['bow tie', 'bowling pin', 'brick wall', 'cable car', 'chess piece', 'ferris wheel', 'hot dog', 'palm tree', 'puzzle piece'],
  ...['traffic light', 'fire engine', 'paper clip', 'railway track', 'swimming pool', 'wooden spoon'],
];

/**
 * Names of everyday things that can be drawn or photographed, far more of them than one library shows: most are about nothing in it, and
 * their scores say what scores look like by chance. The few that are in the library stand out and are left out of the estimate.
 */
export const BACKGROUND_PROMPTS: readonly string[] = [...THINGS.split(' '), ...COMPOUNDS].map(
  (name) => `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`,
);

/** Changes with the list, so that what was derived from another list is made anew. */
export const BACKGROUND_PROMPTS_REVISION = createHash('sha256').update(BACKGROUND_PROMPTS.join('\n')).digest('hex').slice(0, 12);
