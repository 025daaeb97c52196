-- A link that delivers only what is released at the moment of the click.
ALTER TABLE delivery_link ADD COLUMN only_approved boolean NOT NULL DEFAULT false;
