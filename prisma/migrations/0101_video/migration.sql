-- Videos: a kind of their own, how long they are and how many frames a second they have.
ALTER TABLE asset DROP CONSTRAINT asset_kind_check, ADD CONSTRAINT asset_kind_check CHECK (kind IN ('IMAGE', 'DOCUMENT', 'VIDEO'));
ALTER TABLE asset_version DROP CONSTRAINT asset_version_kind_check,
  ADD CONSTRAINT asset_version_kind_check CHECK (kind IN ('IMAGE', 'DOCUMENT', 'VIDEO')),
  ADD COLUMN duration_ms int CHECK (duration_ms >= 0),
  ADD COLUMN frame_rate double precision CHECK (frame_rate > 0);
