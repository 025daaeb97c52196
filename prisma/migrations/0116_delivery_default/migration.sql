-- What delivery links of an organisation are when whoever makes one does not say. None: no row, and links deliver what is not approved too.
CREATE TABLE delivery_default (
  organization_id uuid PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
  only_approved boolean NOT NULL,
  set_by text NOT NULL,
  set_at timestamptz(3) NOT NULL
);
ALTER TABLE delivery_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE delivery_default FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON delivery_default TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON delivery_default TO vitrine_app;
