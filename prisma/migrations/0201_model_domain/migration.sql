-- What a picture is made like, as measured; what kinds of pictures a model was trained on (NULL: all); and which vectors mean nothing, because
-- the picture is of another kind. The last is kept in the row of the vector, where all who compare it look.
ALTER TABLE asset_version ADD COLUMN appearance text CHECK (appearance IN ('PHOTOGRAPH', 'DRAWING', 'SCREENSHOT', 'DOCUMENT', 'UNSURE'));
ALTER TABLE model_revision ADD COLUMN domains text[];
ALTER TABLE asset_embedding ADD COLUMN is_foreign boolean NOT NULL DEFAULT false;

CREATE FUNCTION is_outside_domain(domains text[], appearance text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(appearance <> ALL (domains), false)
$$;

-- A text that was read is no picture, whatever the picture of its page looks like.
CREATE FUNCTION note_domain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.of_text THEN RETURN NEW; END IF;
  SELECT is_outside_domain(m.domains, v.appearance) INTO NEW.is_foreign FROM model_revision m, asset_version v
  WHERE m.id = NEW.model_revision_id AND v.organization_id = NEW.organization_id AND v.id = NEW.version_id;
  NEW.is_foreign := coalesce(NEW.is_foreign, false);
  RETURN NEW;
END $$;
CREATE TRIGGER note_domain BEFORE INSERT OR UPDATE OF vector ON asset_embedding FOR EACH ROW EXECUTE FUNCTION note_domain();

CREATE FUNCTION note_appearance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE asset_embedding e SET is_foreign = is_outside_domain(m.domains, NEW.appearance) FROM model_revision m
  WHERE e.organization_id = NEW.organization_id AND e.version_id = NEW.id AND m.id = e.model_revision_id AND NOT e.of_text
    AND e.is_foreign IS DISTINCT FROM is_outside_domain(m.domains, NEW.appearance);
  RETURN NULL;
END $$;
CREATE TRIGGER note_appearance AFTER UPDATE OF appearance ON asset_version FOR EACH ROW
  WHEN (NEW.appearance IS DISTINCT FROM OLD.appearance) EXECUTE FUNCTION note_appearance();
