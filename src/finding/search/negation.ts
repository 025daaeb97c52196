/** A text and what it asks to leave out. */
export interface Negated {
  /** What the pictures should show; empty when the text only says what they should not. */
  text: string;
  /** What they should not show, in the order of the text. */
  without: { thing: string; isDashed: boolean }[];
}

/** What begins a negation. Longer forms first: the first that fits is taken. */
const NEGATIONS = [
  String.raw`(?:but\s+)?(?:with\s+no|without(?:\s+any)?|with\s+out|w/o)|neither`,
  String.raw`(?:but|and)\s+(?:not|no)(?:\s+any)?`,
  String.raw`(?:there\s+(?:is|are)\s+|has\s+|have\s+)no`,
  String.raw`(?:is|are|does|do)(?:\s+not|n['’]t)(?:\s+(?:have|show|contain|include))?(?:\s+any)?`,
  String.raw`except(?:\s+for)?|excluding|excludes?|apart\s+from|other\s+than|instead\s+of`,
  String.raw`no\s+hay(?:\s+ning[uú]n[ao]?)?|not|no`,
  String.raw`ohne(?:\s+(?:jede[nrs]?|irgendwelche))?|kein(?:e[nmrs]?)?|weder|nicht|außer|ausgenommen`,
  String.raw`sans(?:\s+aucune?)?|(?:(?:il\s+)?n['’]y\s+a\s+)?(?:pas\s+de|aucune?)|sauf|excepté`,
  String.raw`sin(?:\s+ning[uú]n[ao]?)?|ning[uú]n[ao]?|excepto`,
];
/** Words with which a negation says something else: "not only", "no entry", "sin city", "sans serif". */
const NOT_NEGATIONS =
  /^(?:(?:only|just|bad|yet|much|to|entry|exit|parking|vacancy|matter|doubt|city|embargo|duda|serif|nur|zuletzt)(?!\p{L})|\d|["“„«])/iu;
/** What is forbidden by a sign is what the sign shows: "no swimming sign", "do not enter symbol". */
const FORBIDDEN = /^(?:not|no|(?:do|does)(?:\s+not|n['’]t))\s/i;
const SIGN = /^[^,.;!?]*\S\s+(?:sign|symbol|icon|label|notice)s?(?!\p{L})/iu;
/** What follows the negated thing: "without people at sunset" is about people, and about a sunset. */
const SCOPE_END = new RegExp(
  String.raw`^(?:${[
    'on|in|at|with|under|over|near|by|against|behind|beside|above|below|during|while|but|where|that|which|for|from|inside|outside|having|showing|wearing',
    'mit|am|im|auf|bei|unter|über|neben|vor|hinter|zwischen|während|aber|für|aus',
    'avec|dans|sur|sous|à|au|aux|devant|derrière|mais|pendant|pour',
    'con|en|sobre|bajo|junto|delante|detrás|pero|durante|para',
  ].join('|')})(?![\p{L}\p{N}])`,
  'iu',
);
const NEGATION = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(?:(?:${NEGATIONS.join('|')})\s+(?=\S)|(?:(?:il\s+)?n['’]y\s+a\s+)?pas\s+d['’](?=\p{L}))`,
  'giu',
);
/** `-people` as in search engines; a dash inside a word or number is none. */
const DASH = /(?<=^|\s)[-–−](?=[\p{L}\p{Co}])/gu;
const SEPARATOR = /\s*(?:[,;&]|(?<!\p{L})(?:nor|or|and|und|oder|noch|et|ou|ni|y|o)(?!\p{L}))\s*/iu;
const ARTICLE = /^(?:(?:any|some|an?|the|no|not|eine?[nmrs]?|de[nrm]|die|das|une?|les?|la|las|los|el|un[ao]s|de)\s+|[dl]['’](?=\p{L}))/iu;
/** Words that joined what is left to what was taken away. */
const LINKS = 'and|or|but|und|oder|aber|et|ou|mais|y|pero';
const LINKS_BEFORE = new RegExp(String.raw`^(?:[\s,;.!?]|(?:${LINKS})(?![\p{L}\p{N}]))+`, 'giu');
const LINKS_BEHIND = new RegExp(String.raw`(?:[\s,;.!?]|(?<![\p{L}\p{N}])(?:${LINKS}|that|which|where|there))+$`, 'giu');

/**
 * Recognises what a text wants to leave out ("a beach without people", "a car, not red", "no text", "fruit except apples", "-logo"),
 * in English, German, French and Spanish. A CLIP model does not: it reads "no people" and looks for people. A text without any stays as it is.
 */
export function readNegations(query: string): Negated {
  const without: Negated['without'] = [];
  const kept: string[] = [];
  let rest = query;
  for (;;) {
    const start = findNegation(rest);
    if (start === null) break;
    kept.push(rest.slice(0, start.at));
    const { things, length } = readScope(rest.slice(start.at + start.length), start.dash);
    for (const thing of things) if (!without.some((known) => known.thing === thing)) without.push({ thing, isDashed: start.dash });
    rest = rest.slice(start.at + start.length + length);
  }
  kept.push(rest);
  return { text: without.length === 0 ? query.replace(/\s+/g, ' ').trim() : tidy(kept.join(' ')), without };
}

function findNegation(text: string): { at: number; length: number; dash: boolean } | null {
  NEGATION.lastIndex = 0;
  for (let match = NEGATION.exec(text); match !== null; match = NEGATION.exec(text)) {
    const after = text.slice(match.index + match[0].length);
    const isSign = FORBIDDEN.test(match[0]) && SIGN.test(after);
    if (isSign || NOT_NEGATIONS.test(after) || readScope(after, false).things.length === 0) continue;
    const dash = findDash(text);
    return dash !== null && dash.at < match.index ? dash : { at: match.index, length: match[0].length, dash: false };
  }
  return findDash(text);
}

function findDash(text: string) {
  DASH.lastIndex = 0;
  const match = DASH.exec(text);
  return match && { at: match.index, length: match[0].length, dash: true };
}

/** The things named from here on, and how much of the text they take. */
function readScope(text: string, dash: boolean): { things: string[]; length: number } {
  if (dash) {
    const word = /^(?:\p{Co}|[\p{L}\p{M}\p{N}'’-]+)/u.exec(text)?.[0] ?? '';
    return { things: word === '' ? [] : [word], length: word.length };
  }
  const words = [...text.matchAll(/(?:[^\s,;.!?]|[.](?=[^\s.]))+|[,;.!?]/g)];
  let end = 0;
  for (const [index, { 0: word, index: at }] of words.entries()) {
    const next = text.slice(at);
    if (/^[.;!?]$/.test(word) || (index > 0 && SCOPE_END.test(next))) break;
    // Another negation, or a comma before something that is no part of the list: its own turn.
    if (index > 0 && /^[,]$|^(?:and|or)$/i.test(word)) {
      const following = text.slice(at + word.length).trimStart();
      if (SCOPE_END.test(following) || startsNegation(following)) break;
      if (word === ',' && !continuesList(text.slice(at))) break;
    }
    if (index > 0 && startsNegation(next)) break;
    end = at + word.length;
  }
  const scope = text.slice(0, end);
  const things = scope
    .split(SEPARATOR)
    .map((thing) => tidy(thing).replace(ARTICLE, ''))
    .filter((thing) => /[\p{L}\p{N}\p{Co}]/u.test(thing));
  return { things, length: end };
}

/** "without people, cars or dogs": a comma goes on with the list where "or" or "and" closes it. */
function continuesList(text: string): boolean {
  return /^,\s*(?:[^\s,;.]+\s*){1,3}(?:,\s*(?:[^\s,;.]+\s*){1,3})*,?\s*(?<!\p{L})(?:or|and|nor|und|oder|et|ou|ni|y|o)(?!\p{L})/iu.test(
    text,
  );
}

function startsNegation(text: string): boolean {
  NEGATION.lastIndex = 0;
  const match = NEGATION.exec(text);
  return match !== null && match.index === 0;
}

function tidy(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/\s+([,;.!?])/g, '$1')
    .replace(LINKS_BEFORE, '')
    .replace(LINKS_BEHIND, '')
    .trim();
}
