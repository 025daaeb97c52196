-- Mirrored, rotated and greyscale copies are near duplicates too.
ALTER TABLE near_duplicate DROP CONSTRAINT near_duplicate_relation_check;
ALTER TABLE near_duplicate ADD CONSTRAINT near_duplicate_relation_check
  CHECK (relation IN ('SAME_PIXELS', 'REENCODED', 'RESIZED', 'GREYSCALE', 'MIRRORED', 'ROTATED', 'CROPPED', 'RECOLORED', 'OTHER_SHOT'));
-- How the picture of version_a has to be turned to look like that of version_b: {mirrored, clockwise (degrees)}; null: not at all.
ALTER TABLE near_duplicate ADD COLUMN turn jsonb;

-- All pictures are compared anew, in the background.
TRUNCATE duplicate_scan;
