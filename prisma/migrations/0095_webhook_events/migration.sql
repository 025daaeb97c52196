-- Receivers of events of an organisation. Messages to them go the way of those to saved searches' webhooks: webhook_delivery.
CREATE TABLE webhook (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  url text NOT NULL CHECK (length(url) <= 2000),
  -- signs what is sent: a secret that the receiver has too, so it cannot be kept as a hash
  secret text NOT NULL,
  events text[] NOT NULL CHECK (cardinality(events) > 0),
  -- set when the receiver said that it is gone (HTTP 410)
  stopped_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, name)
);

-- What has happened and nobody was told yet: written in the transaction in which it happens, gone when its messages are noted.
CREATE TABLE webhook_event (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  type text NOT NULL,
  -- what is told, as it was then; ids are plain
  data jsonb NOT NULL,
  asset_ids uuid[] NOT NULL DEFAULT '{}',
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id)
);
CREATE INDEX webhook_event_order ON webhook_event (organization_id, created_at, id);

ALTER TABLE webhook_delivery ALTER COLUMN saved_search_id DROP NOT NULL;
ALTER TABLE webhook_delivery ADD COLUMN webhook_id uuid;
ALTER TABLE webhook_delivery ADD COLUMN type text NOT NULL DEFAULT 'saved_search.matched';
ALTER TABLE webhook_delivery ADD COLUMN data jsonb;
ALTER TABLE webhook_delivery ADD FOREIGN KEY (organization_id, webhook_id) REFERENCES webhook (organization_id, id) ON DELETE CASCADE;
ALTER TABLE webhook_delivery ADD CHECK ((saved_search_id IS NULL) <> (webhook_id IS NULL));
CREATE INDEX webhook_delivery_webhook ON webhook_delivery (organization_id, webhook_id, created_at DESC);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['webhook', 'webhook_event']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO vitrine_app', t);
  END LOOP;
END $$;

-- Whoever judges marks releases as broken or mended; that it is told hangs on nobody's remembering to.
CREATE FUNCTION release_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE event text := CASE WHEN NEW.broken_at IS NULL THEN 'release.mended' ELSE 'release.broken' END;
BEGIN
  INSERT INTO webhook_event (organization_id, type, asset_ids, data)
  SELECT NEW.organization_id, event, ARRAY[NEW.asset_id], jsonb_build_object(
    'asset', jsonb_build_object('id', a.id, 'externalId', a.external_id, 'title', a.title),
    'brand', (SELECT b.key FROM brand b WHERE b.organization_id = a.organization_id AND b.id = a.brand_id),
    'brokenSince', coalesce(NEW.broken_at, OLD.broken_at),
    'rules', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'key', r.key, 'title', r.title, 'message', f.message) ORDER BY r.key, r.id), '[]')
      FROM finding f JOIN rule r ON r.organization_id = f.organization_id AND r.id = f.rule_id
      WHERE f.organization_id = NEW.organization_id AND f.version_id = NEW.version_id AND f.severity = 'BLOCKER' AND f.verdict = 'FAIL'))
  FROM asset a
  WHERE a.organization_id = NEW.organization_id AND a.id = NEW.asset_id
    -- what nobody asked for is not kept
    AND EXISTS (SELECT 1 FROM webhook w WHERE w.organization_id = NEW.organization_id AND event = ANY (w.events) AND w.stopped_at IS NULL);
  RETURN NULL;
END $$;
CREATE TRIGGER release_event AFTER UPDATE ON version_release FOR EACH ROW
  WHEN (NEW.state = 'APPROVED' AND OLD.state = 'APPROVED' AND (OLD.broken_at IS NULL) <> (NEW.broken_at IS NULL))
  EXECUTE FUNCTION release_event();
