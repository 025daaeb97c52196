-- What people call a colour: the eleven basic colour terms (Berlin and Kay 1969) and turquoise, by its place in OKLCH. From CIELAB (D65) by way of
-- XYZ (CIE 15) and OKLab (Ottosson 2020). The borders are ours, set by the names that many people gave: `npm run bench color-names`.
-- Step by step in PL/pgSQL: as one expression every step would be computed wherever the next one uses it, 2 ms a colour.
CREATE FUNCTION color_name(lab_l float8, lab_a float8, lab_b float8) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  fy float8 := (lab_l + 16) / 116;
  fx float8 := fy + lab_a / 500;
  fz float8 := fy - lab_b / 200;
  x float8 := 0.95047 * CASE WHEN fx > 6::float8 / 29 THEN fx ^ 3 ELSE (116 * fx - 16) * 27 / 24389 END;
  y float8 := CASE WHEN fy > 6::float8 / 29 THEN fy ^ 3 ELSE (116 * fy - 16) * 27 / 24389 END;
  z float8 := 1.08883 * CASE WHEN fz > 6::float8 / 29 THEN fz ^ 3 ELSE (116 * fz - 16) * 27 / 24389 END;
  long float8 := cbrt(0.8189330101 * x + 0.3618667424 * y - 0.1288597137 * z);
  medium float8 := cbrt(0.0329845436 * x + 0.9293118715 * y + 0.0361456387 * z);
  short float8 := cbrt(0.0482003018 * x + 0.2643662691 * y + 0.6338517070 * z);
  l float8 := 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short;
  a float8 := 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short;
  b float8 := 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short;
  c float8 := sqrt(a * a + b * b);
  h float8 := atan2d(b, a) + CASE WHEN b < 0 THEN 360 ELSE 0 END;
BEGIN
  RETURN CASE
    WHEN l < 0.13 OR l < 0.25 AND c < 0.035 THEN 'black'
    WHEN l > 0.93 AND c < 0.036 THEN 'white'
    WHEN c < 0.035 OR l < 0.5 AND c < 0.045 AND h BETWEEN 150 AND 260 THEN 'grey'
    WHEN h >= 340 AND h < 352 AND c < 0.1 AND l < 0.68 THEN 'purple'
    WHEN h >= 352 OR h < 20 THEN CASE
      WHEN l > 0.68 THEN 'pink'
      WHEN (h >= 352 OR h < 12) AND l > 0.5 AND c > 0.1 THEN 'pink'
      WHEN l < 0.3 AND c < 0.06 THEN 'brown'
      WHEN l > 0.55 AND c < 0.15 THEN 'pink'
      ELSE 'red' END
    WHEN h < 38 THEN CASE
      WHEN c < 0.09 THEN CASE WHEN l > 0.72 THEN 'pink' ELSE 'brown' END
      WHEN l > 0.72 AND c < 0.17 THEN 'pink'
      ELSE 'red' END
    WHEN h < 82 THEN CASE WHEN l < 0.55 OR c < 0.11 AND l < 0.88 THEN 'brown' ELSE 'orange' END
    WHEN h < 100 THEN CASE WHEN l < 0.68 OR c < 0.1 AND l < 0.82 THEN 'brown' ELSE 'yellow' END
    WHEN h < 116 THEN CASE WHEN l < 0.72 THEN 'green' ELSE 'yellow' END
    WHEN h < 170 THEN 'green'
    WHEN h < 202 THEN 'turquoise'
    WHEN h < 286 THEN 'blue'
    WHEN h < 340 THEN 'purple'
    ELSE CASE WHEN l > 0.5 THEN 'pink' ELSE 'purple' END
  END;
END $$;

ALTER TABLE version_color ADD COLUMN name text NOT NULL GENERATED ALWAYS AS (color_name(lab_l, lab_a, lab_b)) STORED;
