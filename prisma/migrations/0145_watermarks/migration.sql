-- Watermarks are marks that are looked for faint and repeated: a sighting of one has several boxes, and an opacity.
ALTER TABLE brand_mark DROP CONSTRAINT brand_mark_role_check;
-- APPROVED: the mark as it should be; WRONG: an old or forbidden one, whose presence is a fault; WATERMARK: judged by rules of that kind alone
ALTER TABLE brand_mark ADD CONSTRAINT brand_mark_role_check CHECK (role IN ('APPROVED', 'WRONG', 'WATERMARK'));

-- All places, as shares of the picture's width and height, the first being that of the columns box_*.
ALTER TABLE mark_sighting ADD COLUMN boxes jsonb;
UPDATE mark_sighting SET boxes = jsonb_build_array(jsonb_build_object('left', box_left, 'top', box_top, 'width', box_width, 'height', box_height));
ALTER TABLE mark_sighting ALTER COLUMN boxes SET NOT NULL;
-- Of watermarks, 0 to 1; null where it cannot be told.
ALTER TABLE mark_sighting ADD COLUMN opacity double precision CHECK (opacity BETWEEN 0 AND 1);

ALTER TABLE rule DROP CONSTRAINT rule_kind_check;
ALTER TABLE rule ADD CONSTRAINT rule_kind_check CHECK (kind IN ('PALETTE', 'MIN_RESOLUTION', 'ALT_TEXT', 'RIGHTS_EXPIRY', 'PROHIBITED_CONTENT',
  'CONTRAST', 'ASPECT_RATIO', 'SAFE_ZONE', 'FILE_FORMAT', 'BYTE_SIZE', 'COLOR_ENCODING', 'SHARPNESS', 'EXPOSURE', 'REQUIRED_METADATA',
  'USAGE_RIGHTS', 'DUPLICATE', 'AI_PROVENANCE', 'REQUIRED_CONTENT', 'STYLE', 'LOGO', 'DETECTED_OBJECTS', 'WATERMARK'));
