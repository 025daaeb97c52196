-- Assets that a rule must pass, or fail: run before the rule is published, and before a published rule changes.
CREATE TABLE rule_test_case (
  organization_id uuid NOT NULL,
  rule_id uuid NOT NULL,
  asset_id uuid NOT NULL,
  expected text NOT NULL CHECK (expected IN ('PASS', 'FAIL')),
  note text NOT NULL DEFAULT '' CHECK (length(note) <= 500),
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, rule_id, asset_id),
  FOREIGN KEY (organization_id, rule_id) REFERENCES rule (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, asset_id) REFERENCES asset (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX rule_test_case_asset ON rule_test_case (organization_id, asset_id);

ALTER TABLE rule_test_case ENABLE ROW LEVEL SECURITY;
ALTER TABLE rule_test_case FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON rule_test_case TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON rule_test_case TO vitrine_app;
