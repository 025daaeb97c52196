import type { FileTexts } from './file-texts.js';

/** Clocks that were never set count from here. */
const ZERO = /^(1904|1970)-01-01T00:00:00/;

/** What a video says about itself, from the tags that ffprobe names: those of MP4, QuickTime's keys, and those of Matroska and WebM. */
export function videoTexts(tags: Readonly<Record<string, string>>): FileTexts {
  const named = new Map(Object.entries(tags).map(([name, value]) => [name.toLowerCase(), value.trim()]));
  const first = (...names: string[]) =>
    names.flatMap((name) => [`com.apple.quicktime.${name}`, name]).flatMap((name) => named.get(name) || [])[0] ?? null;
  const date = (...names: string[]) => {
    const said = first(...names);
    return said !== null && ZERO.test(said) ? null : said;
  };
  return {
    title: first('title'),
    description: first('description', 'synopsis', 'summary', 'comment'),
    keywords: first('keywords')?.split(/[;,]/) ?? [],
    creator: first('artist', 'author', 'director'),
    copyright: first('copyright'),
    make: first('make'),
    model: first('model'),
    dates: {
      original: date('creationdate'),
      created: date('date_recorded', 'date'),
      // Universal time, of the file as its encoder wrote it.
      digitized: date('creation_time'),
      modified: null,
    },
  };
}
