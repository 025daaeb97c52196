/** A stretch of a text: where it lies, in characters (code points), and its words as a model is to read them. */
export interface Passage {
  from: number;
  length: number;
  words: string;
}

/** Models read 32 to 77 tokens of a text, some 130 to 300 letters: what is longer would be cut off unread. */
const MAX_LENGTH = 160;
/** Some 40,000 characters: a long report, not a book. */
export const MAX_PASSAGES = 256;

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });
/** Paragraphs, pages, headings and list items begin something new. */
const BREAK = /\n\s*\n|\f|\n(?=#{1,6} |[-*+] |\d+[.)] )/;

/**
 * Cuts a text into passages of up to 160 characters that end where sentences do, as far as these are no longer than that. The first 256 are
 * given, and `isCut` says that there are more.
 */
export function passagesOf(text: string): { passages: Passage[]; isCut: boolean } {
  const passages: Passage[] = [];
  let from = 0;
  let length = 0;
  let open = '';
  const close = () => {
    const words = wordsOf(open);
    if (/[\p{L}\p{N}]/u.test(words)) passages.push({ from, length, words });
    from += length;
    length = 0;
    open = '';
  };
  for (const piece of piecesOf(text)) {
    const size = lengthOf(piece);
    if (length > 0 && (length + size > MAX_LENGTH || BREAK.test(open + piece.slice(0, 8)))) close();
    length += size;
    open += piece;
    if (passages.length > MAX_PASSAGES) return { passages: passages.slice(0, MAX_PASSAGES), isCut: true };
  }
  close();
  return { passages: passages.slice(0, MAX_PASSAGES), isCut: passages.length > MAX_PASSAGES };
}

/** A text in pieces that are short enough: its sentences, and what is longer cut after white space where there is some. */
function* piecesOf(text: string): Generator<string> {
  // No sentence goes on past the end of a line, and the segmenter's time grows with the square of the text it is given.
  for (const line of text.split(/(?<=[\n\f])/)) {
    for (const { segment } of sentences.segment(line)) {
      const characters = Array.from(segment);
      for (let from = 0; from < characters.length; ) {
        let to = Math.min(from + MAX_LENGTH, characters.length);
        if (to < characters.length) {
          const space = characters.slice(from, to).findLastIndex((character) => /\s/.test(character));
          if (space > MAX_LENGTH / 2) to = from + space + 1;
        }
        yield characters.slice(from, to).join('');
        from = to;
      }
    }
  }
}

function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** Without the marks of Markdown, which say nothing about what is meant. */
function wordsOf(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^\s*(?:#{1,6}|>|[-*+]|\d+[.)])\s+/gm, '')
    .replace(/[*_`|~]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
