import { type Sql, sql } from '../../platform/database/sql.js';

/**
 * CIEDE2000 of many pairs of colours: `key` and `delta_e`, from rows with `key`, `l1`, `a1`, `b1`, `l2`, `a2`, `b2`. The formula of the function
 * `ciede2000` (migration 0002), bit by bit the same, step by step over rows: half of the time of calling it for each pair.
 */
export function colorDifferences(pairs: Sql): Sql {
  // OFFSET 0 keeps the steps apart: put together, every value would be computed wherever it is used.
  return sql`
    SELECT key, sqrt(greatest(0, el * el + ec * ec + eh * eh
      - sind(60 * exp(-(((h - 275) / 25) ^ 2))) * 2 * sqrt(c7 / (c7 + 6103515625)) * ec * eh)) AS delta_e
    FROM (
      SELECT key, h, c7, (l2 - l1) / (1 + 0.015 * off50 / sqrt(20 + off50)) AS el, (c2 - c1) / (1 + 0.045 * c) AS ec,
        2 * sqrt(c1 * c2) * sind(dh / 2) / (1 + 0.015 * c * (1 - 0.17 * cosd(h - 30) + 0.24 * cosd(2 * h) + 0.32 * cosd(3 * h + 6)
          - 0.20 * cosd(4 * h - 63))) AS eh
      FROM (
        SELECT key, l1, l2, c1, c2, c, ((l1 + l2) / 2 - 50) ^ 2 AS off50, power(greatest(c, 1e-6), 7) AS c7,
          CASE WHEN c1 * c2 = 0 THEN 0 WHEN abs(h2 - h1) > 180 THEN h2 - h1 - 360 * sign(h2 - h1) ELSE h2 - h1 END AS dh,
          CASE WHEN c1 * c2 = 0 THEN h1 + h2 WHEN abs(h2 - h1) > 180 THEN (CASE WHEN h1 + h2 < 360 THEN h1 + h2 + 360 ELSE h1 + h2 - 360 END) / 2
            ELSE (h1 + h2) / 2 END AS h
        FROM (
          SELECT key, l1, l2, c1, c2, (c1 + c2) / 2 AS c,
            CASE WHEN c1 = 0 THEN 0 WHEN b1 < 0 THEN atan2d(b1, sa1) + 360 ELSE atan2d(b1, sa1) END AS h1,
            CASE WHEN c2 = 0 THEN 0 WHEN b2 < 0 THEN atan2d(b2, sa2) + 360 ELSE atan2d(b2, sa2) END AS h2
          FROM (
            SELECT key, l1, l2, b1, b2, sa1, sa2, sqrt(sa1 * sa1 + b1 * b1) AS c1, sqrt(sa2 * sa2 + b2 * b2) AS c2
            FROM (
              SELECT key, l1, l2, b1, b2, stretch * a1 AS sa1, stretch * a2 AS sa2
              FROM (
                SELECT key, l1, l2, a1, b1, a2, b2, 1 + 0.5 * (1 - sqrt(mean7 / (mean7 + 6103515625))) AS stretch
                FROM (
                  SELECT key, l1, l2, a1, b1, a2, b2, power(greatest((sqrt(a1 * a1 + b1 * b1) + sqrt(a2 * a2 + b2 * b2)) / 2, 1e-6), 7) AS mean7
                  FROM (${pairs}) pair OFFSET 0
                ) step1 OFFSET 0
              ) step2 OFFSET 0
            ) step3 OFFSET 0
          ) step4 OFFSET 0
        ) step5 OFFSET 0
      ) step6 OFFSET 0
    ) step7`;
}
