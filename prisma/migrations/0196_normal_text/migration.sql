-- Texts in their one form, as the program now reads them at every door (src/platform/words/text-form.ts): NFC, without what nobody sees.
CREATE FUNCTION normal_text(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT normalize(regexp_replace(given, '[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]', '', 'g'), NFC)
$$;

-- Triggers of these tables write history, changes and search rows: for the owner, who need not be a superuser, all policies rest meanwhile.
CREATE TEMP TABLE forced ON COMMIT DROP AS
  SELECT c.oid::regclass AS name FROM pg_class c WHERE c.relforcerowsecurity AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'asset'::regclass);
DO $$
DECLARE t regclass;
BEGIN
  FOR t IN SELECT name FROM forced LOOP EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', t); END LOOP;
END $$;

UPDATE asset SET title = COALESCE(NULLIF(btrim(normal_text(title)), ''), title), description = normal_text(description), alt_text = normal_text(alt_text),
  file_name = COALESCE(NULLIF(normal_text(file_name), ''), file_name)
WHERE (title, description, alt_text, file_name) IS DISTINCT FROM (normal_text(title), normal_text(description), normal_text(alt_text), normal_text(file_name));

-- Of two keys that are then alike, one counts.
UPDATE asset a SET metadata = (
  SELECT jsonb_object_agg(COALESCE(NULLIF(normal_text(m.key), ''), m.key),
    CASE WHEN jsonb_typeof(m.value) = 'string' THEN to_jsonb(normal_text(m.value #>> '{}')) ELSE m.value END)
  FROM jsonb_each(a.metadata) m)
WHERE a.metadata <> '{}' AND a.metadata::text <> normal_text(a.metadata::text);

UPDATE asset a SET external_id = normal_text(external_id)
WHERE external_id <> normal_text(external_id) AND normal_text(external_id) <> ''
  AND (SELECT count(*) FROM asset o WHERE o.organization_id = a.organization_id AND normal_text(o.external_id) = normal_text(a.external_id)) = 1;

-- Tags that are one in this form, and as a path without empty steps, become one: the one that is written so, else the oldest.
CREATE TEMP TABLE tag_form ON COMMIT DROP AS
  SELECT organization_id, id, name, form, first_value(id) OVER (PARTITION BY organization_id, form ORDER BY name <> form, id) AS kept
  FROM (SELECT organization_id, id, name, lower(array_to_string(ARRAY(
      SELECT btrim(u.step) FROM unnest(string_to_array(normal_text(name), '/')) WITH ORDINALITY AS u (step, place)
      WHERE btrim(u.step) <> '' ORDER BY u.place), '/')) AS form FROM tag) f
  WHERE form <> '' AND length(form) <= 100;
DELETE FROM tag_form WHERE name = form;
UPDATE asset a SET tag_ids = ARRAY(SELECT DISTINCT COALESCE(f.kept, t) AS tag FROM unnest(a.tag_ids) AS t LEFT JOIN tag_form f ON f.id = t ORDER BY tag)
  WHERE a.tag_ids && ARRAY(SELECT id FROM tag_form WHERE id <> kept);
UPDATE asset_embedding e SET tag_ids = ARRAY(SELECT DISTINCT COALESCE(f.kept, t) AS tag FROM unnest(e.tag_ids) AS t LEFT JOIN tag_form f ON f.id = t ORDER BY tag)
  WHERE e.tag_ids && ARRAY(SELECT id FROM tag_form WHERE id <> kept);
UPDATE rule r SET scope_tag_ids = ARRAY(SELECT DISTINCT COALESCE(f.kept, t) AS tag FROM unnest(r.scope_tag_ids) AS t LEFT JOIN tag_form f ON f.id = t ORDER BY tag)
  WHERE r.scope_tag_ids && ARRAY(SELECT id FROM tag_form WHERE id <> kept);
DELETE FROM tag WHERE id IN (SELECT id FROM tag_form WHERE id <> kept);
UPDATE tag g SET name = f.form, words_revision = 0 FROM tag_form f WHERE f.id = g.id AND f.id = f.kept;

-- References that are checked at the end of a transaction are checked now: a table with checks to come cannot be altered.
SET CONSTRAINTS ALL IMMEDIATE;
DO $$
DECLARE t regclass;
BEGIN
  FOR t IN SELECT name FROM forced LOOP EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t); END LOOP;
END $$;
DROP FUNCTION normal_text(text);

-- What the indexes of titles for autocomplete ask (0023): below a policy only what is leakproof may use them.
DO $$
BEGIN
  ALTER FUNCTION lower(text) LEAKPROOF;
  ALTER FUNCTION textlike(text, text) LEAKPROOF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'not a superuser: suggestions work, but read all titles for what is rare';
END $$;
