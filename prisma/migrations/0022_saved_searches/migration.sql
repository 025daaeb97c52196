-- Searches kept by name. `search` holds the arguments as they came ({query, filter}), so that they are read and checked by the same code
-- as a search of today. With a webhook, assets that begin to match are announced.
CREATE TABLE saved_search (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  search jsonb NOT NULL CHECK (jsonb_typeof(search) = 'object'),
  webhook_url text CHECK (length(webhook_url) <= 2000),
  -- signs what is sent: a secret that the receiver has too, so it cannot be kept as a hash
  webhook_secret text,
  -- set when the receiver said that it is gone (HTTP 410)
  webhook_stopped_at timestamptz(3),
  evaluated_at timestamptz(3),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, name),
  CHECK ((webhook_url IS NULL) = (webhook_secret IS NULL))
);

-- Assets that have matched: each is announced once.
CREATE TABLE saved_search_match (
  organization_id uuid NOT NULL,
  saved_search_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  matched_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, saved_search_id, asset_id),
  FOREIGN KEY (organization_id, saved_search_id) REFERENCES saved_search (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX saved_search_match_asset ON saved_search_match (organization_id, asset_id);

-- One message to a webhook; sent until it is taken or the attempts are used up.
CREATE TABLE webhook_delivery (
  organization_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  saved_search_id uuid NOT NULL,
  asset_ids uuid[] NOT NULL,
  state text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'DELIVERED', 'FAILED')),
  attempts int NOT NULL DEFAULT 0,
  response_status int,
  error text,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  finished_at timestamptz(3),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id, saved_search_id) REFERENCES saved_search (organization_id, id) ON DELETE CASCADE,
  CHECK ((state = 'PENDING') = (finished_at IS NULL))
);
CREATE INDEX webhook_delivery_search ON webhook_delivery (organization_id, saved_search_id, created_at DESC);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['saved_search', 'saved_search_match', 'webhook_delivery']
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id())', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO vitrine_app', t);
  END LOOP;
END $$;
