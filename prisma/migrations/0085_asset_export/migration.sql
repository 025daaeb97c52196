-- What an export link stands for: the selection as it was asked for. The archive is made while it is sent, and never stored.
CREATE TABLE asset_export (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  request jsonb NOT NULL CHECK (jsonb_typeof(request) = 'object'),
  created_by uuid NOT NULL,
  created_by_name text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  expires_at timestamptz(3) NOT NULL,
  PRIMARY KEY (organization_id, id)
);
CREATE INDEX asset_export_expires ON asset_export (organization_id, expires_at);
ALTER TABLE asset_export ENABLE ROW LEVEL SECURITY;
ALTER TABLE asset_export FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON asset_export TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON asset_export TO vitrine_app;
