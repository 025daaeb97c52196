import { decodeTextStream } from '../../platform/files/text-encoding.js';

/** A line of a text, without its end. */
export interface TextLine {
  /** Counted from 1. */
  line: number;
  /** Null where it is longer than {@link MAX_LINE_CHARACTERS}. */
  text: string | null;
}

export const MAX_LINE_CHARACTERS = 200_000;

/** Lines of a text in whatever encoding, that end in LF, CR LF or CR. @param onNote told once, when the encoding had to be guessed */
export async function* readTextLines(content: AsyncIterable<Uint8Array>, onNote: (note: string) => void): AsyncGenerator<TextLine> {
  let line = 0;
  let held = '';
  let isTooLong = false;
  const next = (text: string): TextLine => {
    line += 1;
    const found = { line, text: isTooLong || text.length > MAX_LINE_CHARACTERS ? null : text };
    isTooLong = false;
    return found;
  };
  for await (const piece of decodeTextStream(content, onNote)) {
    // A CR at the end may be half of an end of line.
    const lines = (held + piece).split(/\r\n|\n|\r(?!$)/);
    held = lines.pop() as string;
    for (const text of lines) yield next(text);
    if (held.length <= MAX_LINE_CHARACTERS + 1) continue;
    isTooLong = true;
    held = held.endsWith('\r') ? '\r' : '';
  }
  const last = held.replace(/\r$/, '');
  if (last !== '' || isTooLong) yield next(last);
}

/** Lines one at a time, of which some may be put back. */
export class LineReader {
  readonly #lines: AsyncIterator<TextLine>;
  readonly #back: TextLine[] = [];

  constructor(lines: AsyncIterable<TextLine>) {
    this.#lines = lines[Symbol.asyncIterator]();
  }

  async next(): Promise<TextLine | null> {
    const put = this.#back.pop();
    if (put !== undefined) return put;
    const { done, value } = await this.#lines.next();
    return done ? null : value;
  }

  putBack(lines: readonly TextLine[]): void {
    this.#back.push(...[...lines].reverse());
  }
}
