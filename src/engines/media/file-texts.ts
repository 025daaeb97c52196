/** When a file says that it came to be: texts as they stand, of any of the usual spellings. */
export interface FileDates {
  /** When the picture was taken. */
  original: string | null;
  /** When the work was made. */
  created: string | null;
  digitized: string | null;
  modified: string | null;
}

/** What a file says about itself beside XMP and IPTC: in EXIF, or in the tags of a video or document. */
export interface FileTexts {
  title: string | null;
  description: string | null;
  keywords: string[];
  creator: string | null;
  copyright: string | null;
  make: string | null;
  model: string | null;
  dates: FileDates;
}

const ORDER = ['original', 'created', 'digitized', 'modified'] as const;
const YEAR_ONLY = /^(\d{4})$/;
const DAY = /^(\d{4})[:./-]?(\d\d| {2})(?:[:./-]?(\d\d| {2}))?(?!\d)/;
const TIME = /^[T ](\d\d):?(\d\d)(?::?(\d\d)(\.\d{1,9})?)?\s*(Z|[+-][01]\d(?::?[0-5]\d)?)?/;

/**
 * When a picture was taken, as ISO 8601 with what is known: the first date that says something, in the order taken, made, digitized, changed over
 * all sources, of which the earlier ones are asked first. A year or a month alone is an answer too. Local time where no offset is told.
 */
export function takenAtOf(sources: readonly FileDates[]): string | null {
  for (const kind of ORDER) {
    for (const source of sources) {
      const date = isoDate(source[kind]);
      if (date !== null) return date;
    }
  }
  return null;
}

/** Null for what is no date: zeros and blanks, as cameras without a clock write. */
export function isoDate(text: string | null): string | null {
  const said = text?.trim() ?? '';
  if (YEAR_ONLY.test(said)) return Number(said) > 0 ? said : null;
  const day = DAY.exec(said);
  if (day === null || Number(day[1]) === 0) return null;
  const [year, month, date] = [day[1] as string, Number(day[2]), Number(day[3] ?? 0)];
  if (month > 12 || date > 31) return null;
  if (month === 0) return year;
  const known = `${year}-${day[2]}`;
  if (date === 0) return known;
  const whole = `${known}-${day[3]}`;
  // Date takes the 31st of a short month for the 1st of the next.
  if (new Date(`${whole}T00:00:00Z`).getUTCDate() !== date) return null;
  return whole + (isoTime(said.slice(day[0].length)) ?? '');
}

/** A time of day, with what is told of its fraction and offset; null where it cannot be one. */
function isoTime(text: string): string | null {
  const [all, hour, minute, second = '00', fraction = '', offset = ''] = TIME.exec(text) ?? [];
  if (all === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  const zone = offset === '' || offset === 'Z' ? offset : `${offset.slice(0, 3)}:${offset.slice(3).replace(':', '') || '00'}`;
  return `T${hour}:${minute}:${second}${fraction.replace(/\.?0+$/, '')}${zone}`;
}
