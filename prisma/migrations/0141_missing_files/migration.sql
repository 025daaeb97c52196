-- Since when the file behind a version is not in storage, as the last check of storage found; null: it is there.
ALTER TABLE asset_version ADD COLUMN file_missing_since timestamptz(3);
CREATE INDEX asset_version_file_missing ON asset_version (organization_id, file_missing_since, id) WHERE file_missing_since IS NOT NULL;
