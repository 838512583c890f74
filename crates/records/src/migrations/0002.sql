-- What is made of a call after its end.

-- none, pending, done or failed.
ALTER TABLE calls ADD COLUMN after_state TEXT NOT NULL DEFAULT 'none';
-- Why it failed: a word for programs, and a sentence.
ALTER TABLE calls ADD COLUMN after_code TEXT;
ALTER TABLE calls ADD COLUMN after_reason TEXT;
ALTER TABLE calls ADD COLUMN summary TEXT;
-- An object of JSON.
ALTER TABLE calls ADD COLUMN fields TEXT;

CREATE INDEX calls_pending ON calls (call_id, id) WHERE after_state = 'pending';
