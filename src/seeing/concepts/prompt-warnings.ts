/** What a CLIP model is weak at; the prompt is used all the same. */
export const WARNING_KINDS = ['COUNTS', 'NEGATES', 'PLACES', 'TRUNCATED'] as const;
export type WarningKind = (typeof WARNING_KINDS)[number];

export interface Warning {
  kind: WarningKind;
  /** The prompt as it was given. */
  prompt: string;
  message: string;
}

const SIGNS: readonly { kind: WarningKind; sign: RegExp; message: string }[] = [
  {
    kind: 'COUNTS',
    sign: /\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|several|exactly|\d+)\b(?!\s*(?:%|px|dpi|mm|cm))/iu,
    message:
      'This prompt counts. CLIP models tell kinds of things well and their number badly: expect pictures with more or fewer of them.',
  },
  {
    kind: 'NEGATES',
    sign: /\b(no|not|without|never|neither|nor|none|lacks?|lacking|except|excluding|isn['’]t|aren['’]t|doesn['’]t|don['’]t)\b|\bfree of\b/iu,
    message:
      'This prompt negates. CLIP models mostly ignore negations, so it is likely to find what it excludes. Name what is there instead, and put what is not into the counter-prompts.',
  },
  {
    kind: 'PLACES',
    sign: /\b(left|right|above|below|under|underneath|beneath|behind|beside|between|next to|in front of|on top of|(?:top|bottom|upper|lower)[ -](?:left|right|half|corner))\b/iu,
    message: 'This prompt says where things are. CLIP models see which things are in a picture far better than how they are arranged.',
  },
];

/** What in a prompt a CLIP model is known to be weak at (English words only: other languages are not checked). */
export function findWarnings(prompt: string): Warning[] {
  return SIGNS.flatMap(({ kind, sign, message }) => (sign.test(prompt) ? [{ kind, prompt, message }] : []));
}

export function truncationWarning(prompt: string, contextLength: number): Warning {
  return {
    kind: 'TRUNCATED',
    prompt,
    message: `The model reads the first ${contextLength} tokens of a text, templates included; the end of this one was not used.`,
  };
}
