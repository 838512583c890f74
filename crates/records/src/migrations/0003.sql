-- Where an answer came from.

-- How it was found, if it was given before: exact or pattern.
ALTER TABLE turns ADD COLUMN cached TEXT;
-- Where the passages stand that were looked up for it: an array of JSON.
ALTER TABLE turns ADD COLUMN sources TEXT;
