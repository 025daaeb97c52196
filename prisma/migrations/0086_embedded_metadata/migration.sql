-- What files say about themselves (XMP, IPTC): kept with the version as it was read, taken for new assets unless the import says otherwise.
ALTER TABLE asset_version ADD COLUMN embedded_metadata jsonb CHECK (jsonb_typeof(embedded_metadata) = 'object');
ALTER TABLE import_operation ADD COLUMN read_metadata boolean NOT NULL DEFAULT true;
-- What the file said otherwise than the row, or could not be taken.
ALTER TABLE import_item ADD COLUMN notes text[] NOT NULL DEFAULT '{}';
