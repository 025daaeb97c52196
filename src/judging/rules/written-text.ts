import { type Sql, sql } from '../../platform/database/sql.js';

/**
 * What shows nothing at the ends of a text: every white space of Unicode, and characters without a shape. Spelled out: what `\s` and `btrim` take
 * for blank differs by server and its locale.
 */
const BLANK =
  '\t\n\v\f\r \u0085\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d' +
  '\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u202f\u205f\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u2800\u3000\u3164\ufe0f\ufeff\uffa0';
/** Marks that stand in a field where nothing was written. */
const MARKS = '.,;:!?…·•-–—_=+*~#/\\|<>()[]{}"\'`„“”‚‘’«»。、・';
/** Chinese characters, kana and Hangul syllables: each says as much as two letters or more. */
const DENSE = '[^\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\u{20000}-\u{3134f}]';

/** A text as it is read: without what cannot be seen at its ends; empty for NULL. */
export function writtenText(column: Sql): Sql {
  return sql`btrim(coalesce(${column}, ''), ${BLANK})`;
}

/** Whether a text, as {@link writtenText} gives it, has nothing in it but marks, such as `-`, `...` or `?`. True for the empty one. */
export function isOnlyMarks(text: Sql): Sql {
  return sql`btrim(${text}, ${BLANK + MARKS}) = ''`;
}

/** Length of a text in letters: a character of Chinese, Japanese or Korean counts as two. */
export function writtenLength(text: Sql): Sql {
  return sql`(length(${text}) + length(regexp_replace(${text}, ${DENSE}, '', 'g')))`;
}
