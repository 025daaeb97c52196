-- Bulk edits: one change to many assets, done in batches, with counts that the database keeps and checks, and an undo.

CREATE TABLE bulk_edit (
  organization_id uuid NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  state text NOT NULL DEFAULT 'RUNNING' CHECK (state IN ('RUNNING', 'COMPLETED', 'CANCELLED')),
  change jsonb NOT NULL CHECK (jsonb_typeof(change) = 'object'),
  undo_state text CHECK (undo_state IN ('RUNNING', 'COMPLETED')),
  -- Assets that were selected, written once in the transaction that lists them; null only inside it.
  input_count int CHECK (input_count >= 0),
  -- Items by state, kept by a trigger on bulk_edit_item.
  pending_count int NOT NULL DEFAULT 0 CHECK (pending_count >= 0),
  changed_count int NOT NULL DEFAULT 0 CHECK (changed_count >= 0),
  unchanged_count int NOT NULL DEFAULT 0 CHECK (unchanged_count >= 0),
  rejected_count int NOT NULL DEFAULT 0 CHECK (rejected_count >= 0),
  gone_count int NOT NULL DEFAULT 0 CHECK (gone_count >= 0),
  failed_count int NOT NULL DEFAULT 0 CHECK (failed_count >= 0),
  cancelled_count int NOT NULL DEFAULT 0 CHECK (cancelled_count >= 0),
  idempotency_key text CHECK (length(idempotency_key) BETWEEN 1 AND 200),
  request_sha256 text NOT NULL,
  created_by uuid NOT NULL,
  created_by_name text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  finished_at timestamptz(3),
  PRIMARY KEY (organization_id, id),
  UNIQUE (organization_id, idempotency_key),
  CONSTRAINT bulk_edit_adds_up CHECK (input_count IS NULL OR input_count = pending_count + changed_count + unchanged_count + rejected_count
    + gone_count + failed_count + cancelled_count),
  CONSTRAINT bulk_edit_over_is_over CHECK ((finished_at IS NOT NULL) = (state <> 'RUNNING')
    AND (finished_at IS NULL OR (pending_count = 0 AND input_count IS NOT NULL)))
);
CREATE INDEX bulk_edit_created ON bulk_edit (organization_id, created_at DESC, id DESC);

CREATE TABLE bulk_edit_item (
  organization_id uuid NOT NULL,
  edit_id uuid NOT NULL,
  position int NOT NULL CHECK (position >= 0),
  -- No key: the asset may go, and what was asked for stays on record.
  asset_id uuid NOT NULL,
  state text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'CHANGED', 'UNCHANGED', 'REJECTED', 'GONE', 'FAILED', 'CANCELLED')),
  code text,
  message text,
  field text,
  -- What undo needs: the asset's columns and memberships as they were, and its updated_at as this edit left it.
  before jsonb,
  left_at timestamptz(3),
  undo_code text CHECK (undo_code IN ('RESTORED', 'KEPT_CHANGED', 'GONE')),
  finished_at timestamptz(3),
  PRIMARY KEY (organization_id, edit_id, position),
  FOREIGN KEY (organization_id, edit_id) REFERENCES bulk_edit (organization_id, id) ON DELETE CASCADE,
  CHECK ((state = 'PENDING') = (finished_at IS NULL)),
  CHECK (state = 'PENDING' OR code IS NOT NULL),
  CHECK (state <> 'CHANGED' OR (before IS NOT NULL AND left_at IS NOT NULL))
);
CREATE INDEX bulk_edit_item_open ON bulk_edit_item (organization_id, edit_id, position) WHERE state = 'PENDING';
CREATE INDEX bulk_edit_item_undo ON bulk_edit_item (organization_id, edit_id, position DESC) WHERE state = 'CHANGED' AND undo_code IS NULL;

-- As for imports: one update an operation and statement. Whoever changes items locks them first and the operation last.
CREATE FUNCTION add_bulk_edit_counts(of_organization uuid, of_edit uuid, added text[], removed text[]) RETURNS void LANGUAGE sql AS $$
  UPDATE bulk_edit SET
    pending_count = pending_count + cardinality(array_positions(added, 'PENDING')) - cardinality(array_positions(removed, 'PENDING')),
    changed_count = changed_count + cardinality(array_positions(added, 'CHANGED')) - cardinality(array_positions(removed, 'CHANGED')),
    unchanged_count = unchanged_count + cardinality(array_positions(added, 'UNCHANGED')) - cardinality(array_positions(removed, 'UNCHANGED')),
    rejected_count = rejected_count + cardinality(array_positions(added, 'REJECTED')) - cardinality(array_positions(removed, 'REJECTED')),
    gone_count = gone_count + cardinality(array_positions(added, 'GONE')) - cardinality(array_positions(removed, 'GONE')),
    failed_count = failed_count + cardinality(array_positions(added, 'FAILED')) - cardinality(array_positions(removed, 'FAILED')),
    cancelled_count = cancelled_count + cardinality(array_positions(added, 'CANCELLED')) - cardinality(array_positions(removed, 'CANCELLED'))
  WHERE organization_id = of_organization AND id = of_edit
$$;
CREATE FUNCTION count_bulk_edit_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM add_bulk_edit_counts(organization_id, edit_id, array_agg(state), '{}') FROM new_items GROUP BY organization_id, edit_id;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM add_bulk_edit_counts(organization_id, edit_id, '{}', array_agg(state)) FROM old_items GROUP BY organization_id, edit_id;
  ELSE
    PERFORM add_bulk_edit_counts(n.organization_id, n.edit_id, array_agg(n.state), array_agg(o.state))
      FROM new_items n JOIN old_items o ON o.organization_id = n.organization_id AND o.edit_id = n.edit_id AND o.position = n.position
      WHERE n.state <> o.state GROUP BY n.organization_id, n.edit_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER bulk_edit_item_inserted AFTER INSERT ON bulk_edit_item REFERENCING NEW TABLE AS new_items FOR EACH STATEMENT
  EXECUTE FUNCTION count_bulk_edit_items();
CREATE TRIGGER bulk_edit_item_deleted AFTER DELETE ON bulk_edit_item REFERENCING OLD TABLE AS old_items FOR EACH STATEMENT
  EXECUTE FUNCTION count_bulk_edit_items();
CREATE TRIGGER bulk_edit_item_updated AFTER UPDATE ON bulk_edit_item REFERENCING NEW TABLE AS new_items OLD TABLE AS old_items FOR EACH STATEMENT
  EXECUTE FUNCTION count_bulk_edit_items();
GRANT EXECUTE ON FUNCTION add_bulk_edit_counts(uuid, uuid, text[], text[]) TO vitrine_app;

ALTER TABLE bulk_edit ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulk_edit FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON bulk_edit TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON bulk_edit TO vitrine_app;
ALTER TABLE bulk_edit_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE bulk_edit_item FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON bulk_edit_item TO vitrine_app USING (organization_id = app_organization_id()) WITH CHECK (organization_id = app_organization_id());
GRANT SELECT, INSERT, UPDATE, DELETE ON bulk_edit_item TO vitrine_app;

-- What a change did to memberships: several collections joined or left, where an import knew one. Under forced policies the owner of the
-- tables would see nothing to change.
ALTER TABLE import_item NO FORCE ROW LEVEL SECURITY;
UPDATE import_item SET before = jsonb_build_object('asset', before -> 'asset', 'left', '[]'::jsonb,
    'joined', CASE WHEN jsonb_typeof(before -> 'collectionId') = 'string' THEN jsonb_build_array(before -> 'collectionId') ELSE '[]'::jsonb END)
  WHERE before ? 'collectionId';
ALTER TABLE import_item FORCE ROW LEVEL SECURITY;
