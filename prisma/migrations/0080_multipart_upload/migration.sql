-- Uploads in parts, straight to the bucket: the size of a part from the moment one is asked for, the bucket's own id once it has one.
ALTER TABLE staged_upload
  ADD COLUMN part_byte_size bigint CHECK (part_byte_size > 0),
  ADD COLUMN multipart_id text,
  ADD CONSTRAINT staged_upload_multipart_check CHECK (multipart_id IS NULL OR part_byte_size IS NOT NULL);
