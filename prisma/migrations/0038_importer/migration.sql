-- Who asked for an import: the one that its assets were uploaded by. Null in imports of before.
ALTER TABLE import_operation
  ADD COLUMN created_by uuid DEFAULT NULLIF(current_setting('app.actor_id', true), '')::uuid,
  ADD COLUMN created_by_name text DEFAULT NULLIF(current_setting('app.actor_name', true), '');
