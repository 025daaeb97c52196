import { type Sql, sql } from '../../platform/database/sql.js';

/**
 * Boxes that an asset's metadata field `textBoxes` declares (see library/assets/text-boxes.ts), one row each: `n` from 1, left, top, right and
 * bottom as shares of the picture, and `color` or null. Nothing where the field is absent; rows of nulls where it cannot be read.
 */
export function textBoxesOf(metadata: Sql): Sql {
  return sql`
    SELECT b.n, m[1]::float8 AS x1, m[2]::float8 AS y1, m[1]::float8 + m[3]::float8 AS x2, m[2]::float8 + m[4]::float8 AS y2, lower(m[5]) AS color
    FROM regexp_split_to_table(btrim(${metadata} ->> 'textBoxes', '; '), '\\s*;\\s*') WITH ORDINALITY AS b (text, n)
    LEFT JOIN LATERAL regexp_match(b.text, ${BOX}) AS m ON TRUE`;
}

const NUMBER = '(0|1|[01]?[.][0-9]{1,9}|1[.]0{1,9})';
const BOX = `^\\s*${NUMBER}\\s+${NUMBER}\\s+${NUMBER}\\s+${NUMBER}(?:\\s+(#[0-9a-fA-F]{6}))?\\s*$`;
