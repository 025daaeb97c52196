-- A rule's scope beside its tags: a filter of the search, as it was given; null: none. All of its conditions must hold, and one of the tags.
ALTER TABLE rule ADD COLUMN scope jsonb CHECK (jsonb_typeof(scope) = 'object');

-- The assets that are in the scope of a rule in force that has such a filter: written when the rule or the asset changes, so that any number of
-- rules are judged by one statement, whatever their filters ask.
CREATE TABLE rule_scope_asset (
  organization_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  PRIMARY KEY (organization_id, rule_id, asset_id),
  FOREIGN KEY (organization_id, rule_id) REFERENCES rule (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX rule_scope_asset_asset ON rule_scope_asset (organization_id, asset_id);

ALTER TABLE rule_scope_asset ENABLE ROW LEVEL SECURITY;
ALTER TABLE rule_scope_asset FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON rule_scope_asset TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, DELETE ON rule_scope_asset TO vitrine_app;
