-- Facts that more kinds of rule judge by, measured once per version. facts_revision says by which program a version was measured: those
-- of revision 1 lack the new facts, their rules answer NOT_EVALUATED, and the job `asset-remeasure` measures them again.
ALTER TABLE asset_version
  ADD COLUMN facts_revision int NOT NULL DEFAULT 1,
  ADD COLUMN has_icc_profile boolean,
  ADD COLUMN icc_profile text,
  ADD COLUMN density_dpi double precision,
  ADD COLUMN shadow_share double precision,
  ADD COLUMN highlight_share double precision,
  -- 16 x 16 cells, row by row, two bytes each: 5th and 95th percentile of luminance, coded as an sRGB grey
  ADD COLUMN luminance_grid bytea CHECK (octet_length(luminance_grid) = 512),
  ADD COLUMN digital_source_type text CHECK (length(digital_source_type) <= 200);
CREATE INDEX asset_version_facts_revision ON asset_version (organization_id, facts_revision);

ALTER TABLE rule DROP CONSTRAINT rule_kind_check;
ALTER TABLE rule ADD CONSTRAINT rule_kind_check CHECK (kind IN ('PALETTE', 'MIN_RESOLUTION', 'ALT_TEXT', 'RIGHTS_EXPIRY', 'PROHIBITED_CONTENT',
  'CONTRAST', 'ASPECT_RATIO', 'SAFE_ZONE', 'FILE_FORMAT', 'BYTE_SIZE', 'COLOR_ENCODING', 'SHARPNESS', 'EXPOSURE', 'REQUIRED_METADATA',
  'USAGE_RIGHTS', 'DUPLICATE', 'AI_PROVENANCE', 'REQUIRED_CONTENT', 'STYLE'));

-- Near duplicates: two hashes that differ in at most 3 of 64 bits agree in at least one of four bands of 16 bits.
CREATE INDEX asset_version_hash_1 ON asset_version (organization_id, substr(perceptual_hash, 1, 4));
CREATE INDEX asset_version_hash_2 ON asset_version (organization_id, substr(perceptual_hash, 5, 4));
CREATE INDEX asset_version_hash_3 ON asset_version (organization_id, substr(perceptual_hash, 9, 4));
CREATE INDEX asset_version_hash_4 ON asset_version (organization_id, substr(perceptual_hash, 13, 4));

-- WCAG 2.2 relative luminance, 0 to 1, of a grey coded as an sRGB value of 0 to 255. None of these is STRICT: PostgreSQL puts them
-- into the calling statement only then.
CREATE FUNCTION luminance_of_grey(grey double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN grey <= 10.31475 THEN grey / 255 / 12.92 ELSE power((grey / 255 + 0.055) / 1.055, 2.4) END
$$;

-- The other way round; what lies outside 0 to 1 gives a value outside 0 to 255.
CREATE FUNCTION grey_of_luminance(luminance double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 255 * CASE WHEN luminance <= 0.0031308 THEN luminance * 12.92 ELSE 1.055 * power(luminance, 1 / 2.4::double precision) - 0.055 END
$$;

-- WCAG 2.2 relative luminance, 0 to 1, of a colour #rrggbb.
CREATE FUNCTION luminance_of_hex(hex text) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 0.2126 * luminance_of_grey(get_byte(decode(substr(hex, 2, 6), 'hex'), 0))
    + 0.7152 * luminance_of_grey(get_byte(decode(substr(hex, 2, 6), 'hex'), 1))
    + 0.0722 * luminance_of_grey(get_byte(decode(substr(hex, 2, 6), 'hex'), 2))
$$;

-- WCAG 2.2 contrast ratio, 1 to 21, of two relative luminances.
CREATE FUNCTION contrast_ratio(l1 double precision, l2 double precision) RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN l1 >= l2 THEN (l1 + 0.05) / (l2 + 0.05) ELSE (l2 + 0.05) / (l1 + 0.05) END
$$;

-- CIELAB (D65) of a colour #rrggbb, by the arithmetic of src/media/lab-colour.ts.
CREATE FUNCTION lab_of_hex(hex text) RETURNS double precision[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ARRAY[116 * f[2] - 16, 500 * (f[1] - f[2]), 200 * (f[2] - f[3])] FROM (
    SELECT array_agg(CASE WHEN t > 216 / 24389.0::double precision THEN cbrt(t) ELSE 24389 / 27.0::double precision * t / 116 + 16 / 116.0::double precision END ORDER BY n) AS f
    FROM (SELECT luminance_of_grey(get_byte(c, 0)) AS r, luminance_of_grey(get_byte(c, 1)) AS g, luminance_of_grey(get_byte(c, 2)) AS b
      FROM (SELECT decode(substr(hex, 2, 6), 'hex') AS c) bytes) rgb,
    unnest(ARRAY[(0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047, 0.2126729 * r + 0.7151522 * g + 0.072175 * b,
      (0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883]) WITH ORDINALITY AS xyz (t, n)
  ) s
$$;

GRANT EXECUTE ON FUNCTION lab_of_hex(text), luminance_of_grey(double precision), grey_of_luminance(double precision), luminance_of_hex(text),
  contrast_ratio(double precision, double precision) TO vitrine_app;
