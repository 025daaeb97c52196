-- Colour difference CIEDE2000 (kL = kC = kH = 1) of two CIELAB colours, after Sharma, Wu, Dalal: "The CIEDE2000 Color-Difference
-- Formula: Implementation Notes, Supplementary Test Data, and Mathematical Observations", Color Research and Application 30 (2005).
CREATE FUNCTION ciede2000(l1 double precision, a1 double precision, b1 double precision, l2 double precision, a2 double precision, b2 double precision)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 50 AS $$
DECLARE
  -- greatest(): a chroma below 1e-6 changes nothing, and its seventh power would be an underflow error
  mean7 CONSTANT double precision := power(greatest((sqrt(a1 * a1 + b1 * b1) + sqrt(a2 * a2 + b2 * b2)) / 2, 1e-6), 7);
  stretch CONSTANT double precision := 1 + 0.5 * (1 - sqrt(mean7 / (mean7 + 6103515625)));
  sa1 CONSTANT double precision := stretch * a1;
  sa2 CONSTANT double precision := stretch * a2;
  c1 CONSTANT double precision := sqrt(sa1 * sa1 + b1 * b1);
  c2 CONSTANT double precision := sqrt(sa2 * sa2 + b2 * b2);
  grey CONSTANT boolean := c1 * c2 = 0;
  h1 double precision := CASE WHEN c1 = 0 THEN 0 ELSE atan2d(b1, sa1) END;
  h2 double precision := CASE WHEN c2 = 0 THEN 0 ELSE atan2d(b2, sa2) END;
  dh double precision;
  h double precision;
  c CONSTANT double precision := (c1 + c2) / 2;
  c7 CONSTANT double precision := power(greatest(c, 1e-6), 7);
  off50 CONSTANT double precision := ((l1 + l2) / 2 - 50) ^ 2;
  t double precision;
  el double precision;
  ec double precision;
  eh double precision;
BEGIN
  IF h1 < 0 THEN h1 := h1 + 360; END IF;
  IF h2 < 0 THEN h2 := h2 + 360; END IF;
  dh := h2 - h1;
  h := h1 + h2;
  IF grey THEN
    dh := 0;
  ELSE
    IF abs(dh) > 180 THEN
      dh := dh - 360 * sign(dh);
      h := CASE WHEN h < 360 THEN h + 360 ELSE h - 360 END;
    END IF;
    h := h / 2;
  END IF;
  t := 1 - 0.17 * cosd(h - 30) + 0.24 * cosd(2 * h) + 0.32 * cosd(3 * h + 6) - 0.20 * cosd(4 * h - 63);
  el := (l2 - l1) / (1 + 0.015 * off50 / sqrt(20 + off50));
  ec := (c2 - c1) / (1 + 0.045 * c);
  eh := 2 * sqrt(c1 * c2) * sind(dh / 2) / (1 + 0.015 * c * t);
  RETURN sqrt(greatest(0, el * el + ec * ec + eh * eh
    - sind(60 * exp(-(((h - 275) / 25) ^ 2))) * 2 * sqrt(c7 / (c7 + 6103515625)) * ec * eh));
END $$;

GRANT EXECUTE ON FUNCTION ciede2000(double precision, double precision, double precision, double precision, double precision, double precision)
  TO vitrine_app;

-- The panel of one asset, and deleting an asset, look findings up by asset.
CREATE INDEX finding_asset ON finding (organization_id, asset_id);
