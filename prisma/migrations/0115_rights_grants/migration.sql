-- What the rights of an asset allow: a list of grants {territories, channels, releases, startsOn, expiresOn}, null where nothing is recorded
-- or no day limits it. In the asset's row, so that history, undo and exports have them with it (docs/decisions/0115). With grants,
-- rights_starts_on and rights_expires_on are the first and the last day of all of them; without, they are the one interval.
ALTER TABLE asset ADD COLUMN rights_grants jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(rights_grants) = 'array');

-- Names out of a text such as `DE, AT`, in lower case; NULL where it says nothing. Not STRICT, so that it is put into the calling statement.
CREATE FUNCTION rights_names(list text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT regexp_split_to_array(lower(nullif(btrim(list), '')), '\s*[,;]\s*')
$$;

-- The rights of an asset as rows: its grants, or its one interval with what its metadata says of places, channels and releases.
CREATE FUNCTION asset_rights(grants jsonb, first_day date, last_day date, places text, media text, permits text)
RETURNS TABLE (territories text[], channels text[], releases text[], starts_on date, expires_on date, period daterange, is_grant boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT g.territories, g.channels, g.releases, g."startsOn", g."expiresOn", daterange(g."startsOn", g."expiresOn", '[]'), TRUE
  FROM jsonb_to_recordset(grants) AS g (territories text[], channels text[], releases text[], "startsOn" date, "expiresOn" date)
  UNION ALL
  SELECT rights_names(places), rights_names(media), rights_names(permits), first_day, last_day,
    CASE WHEN first_day > last_day THEN 'empty'::daterange ELSE daterange(first_day, last_day, '[]') END, FALSE
  WHERE grants = '[]'
$$;

GRANT EXECUTE ON FUNCTION rights_names(text), asset_rights(jsonb, date, date, text, text, text) TO vitrine_app;

-- What a link is for, where that is known: it then needs rights that cover this.
ALTER TABLE delivery_link ADD COLUMN territory text, ADD COLUMN channel text;
