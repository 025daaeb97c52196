/** What people call colours: the basic colour terms and turquoise. Which of them a colour is, `color_name` says (migration 0200). */
export const COLOR_NAMES = [
  'black',
  'white',
  'grey',
  'red',
  'orange',
  'yellow',
  'green',
  'turquoise',
  'blue',
  'purple',
  'pink',
  'brown',
] as const;

/** Least share of what is seen of a picture that the colours of one name take together for it to count as having that colour. */
export const NAMED_COLOR_SHARE = 0.1;
